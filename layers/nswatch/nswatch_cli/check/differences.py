"""Records about which servers or resolvers differ, told as one finding for each kind of difference."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nswatch.expect.networks import AwsRanges
from nswatch.judge.route53_servers import strangers
from nswatch.model import Facts, Result
from nswatch.observe.servers import Lookup
from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.compare import values_of
from nswatch_cli.check.values import Compared, Group, Look, Mark, Remark, ServerAnswer, Status, gives

DEPARTS = (Mark.WRONG, Mark.MISSING)
_TOLD = 3
_VALUE = 60


def servers_disagree(look: Look, found: Sequence[Compared]) -> list[Remark]:
    """Tell of the zone's servers that give something else than most of them."""
    odd = [(each, group) for each in found for group in each.groups if group.mark in DEPARTS and group.servers]
    return told("servers_disagree", look, [(each, group, group.servers) for each, group in odd])


def resolvers_disagree(look: Look, found: Sequence[Compared], *, doubt: bool = False) -> list[Remark]:
    """Tell of resolvers that give something else than the zone's servers, unless those may be forged (``doubt``)."""
    odd = [(each, group, group.resolvers) for each in found for group in each.groups
           if group.mark in DEPARTS and group.resolvers and not group.servers]  # fmt: skip
    remarks = _cached_ns(look, doubt=doubt) + told("resolvers_disagree", look, odd)
    if len(remarks) < 2:
        return remarks
    first, second = remarks
    detail = {"records": [*first.detail["records"], *second.detail["records"]]}
    sentence, servers = f"{first.sentence}; {second.sentence}", tuple(dict.fromkeys((*first.servers, *second.servers)))
    return [Remark(first.code, Status.WARNING, sentence, first.expected, first.seen, servers, detail=detail)]


def bogus(look: Look) -> list[Remark]:
    """Tell of resolvers that answer only as long as they need not validate."""
    failing = {answer.address: answer for record in look.records for answer in record.resolvers if _is_bogus(answer)}
    failing |= {answer.address: answer for answer in look.resolvers if _is_bogus(answer)}
    if not failing:
        return []
    signed = any(answer.facts is not None and answer.facts.ds for answer in look.parents)
    why = "" if signed else ", though the parent holds no DS"
    sentence = f"{words.listed(failing)} cannot validate it and answers only with checking disabled (CD){why}"
    own = "" if signed else "nothing is signed here: the resolver fails by itself, or was given a forged DS"
    return [Remark("dnssec_bogus", Status.WARNING, sentence, servers=tuple(failing.values()), explanation=own)]


def glue_differs(look: Look, known: Iterable[str] = ()) -> list[Remark]:
    """Tell of glue that is not what the host's own zone says; hosts in ``known`` are judged by their baseline."""
    told, servers = [], dict[str, tuple[str, ...]]()
    for each in look.hosts:
        glue = look.glue.get(each.host, ())
        if each.host in known or each.result is not Lookup.FOUND:
            continue
        same = [address for address in glue if (":" in address) == (":" in each.addresses[0])]
        # Where the parent leaves some out it only says less; what it adds leads elsewhere.
        if set(same) - set(each.addresses):
            told.append(f"{words.host(each.host)} is {', '.join(each.addresses)}, its glue says {', '.join(same)}")
            servers[each.host] = each.addresses
    if not told:
        return []
    expected = tuple(address for addresses in servers.values() for address in addresses)
    seen = tuple(address for host in servers for address in look.glue[host])
    return [Remark("glue_differs", Status.WARNING, words.some(told, _TOLD), expected, seen)]


def beside_route53(look: Look, aws: AwsRanges, told: Iterable[str] = ()) -> list[Remark]:
    """Tell of addresses behind Route 53's names that are not Route 53's; hosts in ``told`` are in a finding already."""
    at: dict[str, list[str]] = {host: list(addresses) for host, addresses in look.glue.items()}
    for each in look.hosts:
        at.setdefault(each.host, []).extend(each.addresses)
    odd = strangers({host: dict.fromkeys(found) for host, found in at.items() if host not in set(told)}, aws)
    if not odd:
        return []
    said = [f"{words.host(host)} is at {words.listed(addresses)}" for host, addresses in sorted(odd.items())]
    sentence = f"{words.some(said, _TOLD)}, outside of the networks that AWS publishes for Route 53"
    seen = tuple(dict.fromkeys(address for addresses in odd.values() for address in addresses))
    return [Remark("not_at_route53", Status.WARNING, sentence, seen=seen)]


def _is_bogus(answer: ServerAnswer) -> bool:
    return answer.result == Result.BOGUS.value


def _cached_ns(look: Look, *, doubt: bool) -> list[Remark]:
    known = {*gives(look.parents), *(answer.apex for answer in look.children)} - {None}
    odd = [answer for answer in look.resolvers if answer.facts is not None and answer.facts.result.definite]
    odd = [answer for answer in odd if (answer.apex or frozenset()) not in known]
    usual = next(iter(gives(look.parents)), frozenset[str]())
    if not known or not odd:
        return []
    (remark,) = caching(look, odd, usual)
    if doubt:
        return [remark]
    now = f"{words.zone(look.zone)} now gives {words.hosts(usual) or 'no name server'}"
    return [replace(remark, sentence=f"{now}; {remark.sentence}")]


def caching(look: Look, odd: Sequence[ServerAnswer], usual: frozenset[str]) -> list[Remark]:
    """Tell of resolvers that hold an NS RRset which is neither the parent's nor the zone's."""
    if not odd:
        return []
    given = frozenset[str]().union(*(answer.apex or frozenset() for answer in odd))
    what = words.hosts(given - usual or given) if given else "no NS at all"
    left = max(_ttls(odd), default=None)
    names = words.listed(answer.name for answer in odd)
    until = "" if left is None else f", for {left} s more"
    sentence = f"{names} ha{'s' if len(odd) == 1 else 've'} {what} in the cache{until}"
    row = {"name": look.domain, "type": "NS", "expected": sorted(usual), "seen": sorted(given)}
    detail = {"records": [row | {"servers": [answer.name for answer in odd]}]}
    return [
        Remark(
            "resolvers_disagree",
            Status.WARNING,
            sentence,
            tuple(sorted(usual)),
            tuple(sorted(given)),
            tuple(odd),
            detail=detail,
        )
    ]


def told(code: str, look: Look, odd: Sequence[tuple[Compared, Group, tuple[ServerAnswer, ...]]]) -> list[Remark]:
    """Return one remark (or none) about records that some servers give differently."""
    if not odd:
        return []
    parts: dict[str, list[str]] = {}
    rows = []
    for each, group, who in odd:
        record = each.record
        expected = list(each.expected) or list(texts(record.qtype, each.groups[0].facts))
        seen = list(texts(record.qtype, group.facts))
        label = words.record(record.qname, record.qtype, look.domain)
        other = "approved is" if each.watched else "elsewhere it is"
        names = words.listed(answer.name for answer in who)
        parts.setdefault(names, []).append(f"{label} is {_some(seen)} ({other} {_some(expected)})")
        rows.append({"name": record.qname, "type": record.qtype, "expected": expected, "seen": seen,
                     "servers": [answer.name for answer in who]})  # fmt: skip
    servers = tuple(dict.fromkeys(answer for _, _, who in odd for answer in who))
    sentence = words.some([f"at {names} {words.some(said, _TOLD, ', ')}" for names, said in parts.items()], _TOLD)
    if code == "resolvers_disagree":
        sentence += _cache(odd)
    return [
        Remark(
            code,
            Status.WARNING,
            sentence,
            tuple(dict.fromkeys(value for row in rows for value in row["expected"])),
            tuple(dict.fromkeys(value for row in rows for value in row["seen"])),
            servers,
            detail={"records": rows},
        )
    ]


def _cache(odd: Sequence[tuple[Compared, Group, tuple[ServerAnswer, ...]]]) -> str:
    """Say how long caches keep it, and where that is longer than the zone's servers would let them."""
    longest = 0
    for each, _, who in odd:
        given, kept = _ttls(each.groups[0].servers), _ttls(who)
        if given and kept and max(kept) > max(given):
            return f"; kept for {max(kept)} s, where the zone says {max(given)} s: it never came from there"
        longest = max([longest, *kept])
    return f"; cached for {longest} s more" if longest else ""


def _ttls(answers: Iterable[ServerAnswer]) -> list[int]:
    return [answer.facts.ttl for answer in answers if answer.facts is not None and answer.facts.ttl is not None]


def texts(qtype: str, facts: Facts) -> tuple[str, ...]:
    """Return what an answer holds, or in words that it is empty."""
    if facts.result is Result.ANSWER:
        return values_of(qtype, facts) if qtype == "SOA" else facts.values
    if facts.aliases:
        return (f"an alias of {', '.join(facts.aliases)}",)
    return ("no such name",) if facts.result is Result.NXDOMAIN else ("none",)


def _some(values: Sequence[str]) -> str:
    return words.some([harmless.value(value, _VALUE) for value in values], 2, ", ")
