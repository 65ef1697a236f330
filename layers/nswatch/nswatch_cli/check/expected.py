"""A look judged by the watchlist with the product's own rules."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from nswatch.expect.approved import Approved
from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.judgement import JUDGED, judge_domain
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Severity, Source, Transport
from nswatch.tell import harmless
from nswatch_cli.check import differences, words
from nswatch_cli.check.telling import sentence_of
from nswatch_cli.check.values import Compared, Look, Mark, Remark, ServerAnswer, Status, gives, key_of
from nswatch_cli.check.views import views_of

_STATUS = {Severity.PAGE: Status.CRITICAL, Severity.NOTICE: Status.WARNING, Severity.LOG: Status.OK}
_SHOWN_PAIRS = 4


def remarks_by_watchlist(
    look: Look, expectations: Expectations, found: Sequence[Compared], own: Sequence[Remark]
) -> list[Remark]:
    """Return what departs from the watchlist; a severity of the policy (or the entry's override) becomes a status.

    ``own`` are what a check says of the zone's servers by itself: the words for it where the product judges the same.
    """
    entry, allowed, now = expectations.entry, expectations.allowed, expectations.at
    views = list(views_of(look, now))
    # A person looks once. What came over TCP can't be spoofed from off the path, so it counts like two passes.
    doubts = {view.key: view.first_pass for view in views if view.transport is Transport.TCP}
    judgement = judge_domain(entry, views, doubts, now, aws=expectations.networks.aws)
    alike = {host for finding in judgement.findings if finding.code == "nameserver_lookalike" for host in finding.seen}
    mine = [*own, *differences.glue_differs(look, entry.baseline.glue)]
    waiting = unjudged(look, expectations, found)
    in_words = {remark.code: remark for remark in [*mine, *waiting]}
    remarks = []
    for finding in judgement.findings:
        said = in_words.pop(finding.code, None)
        if said is not None:
            remarks.append(_told(finding, said))
        else:
            remarks.append(_remark(finding, look, allowed, alike))
    if _departing(look, allowed) and all(finding.code != "delegation_changed" for finding in judgement.findings):
        remarks.append(_unconfirmed(look, allowed))
    # What TCP has confirmed, and the rules do not find, is no finding.
    settled = {remark.code for remark in waiting if remark.code in JUDGED and not _waits(remark)}
    rest = [remark for code, remark in in_words.items() if code not in settled]
    return [*remarks, *_lagging(look, allowed), *rest]


def _waits(remark: Remark) -> bool:
    """Whether the product would look again before it believes this."""
    return any(answer.transport is Transport.UDP for answer in remark.servers)


def _told(finding: Finding, said: Remark) -> Remark:
    """Return the product's finding in the words that a check has for it."""
    expected, seen = finding.expected or said.expected, finding.seen or said.seen
    detail = {**said.detail, **finding.detail}
    status = _STATUS[finding.severity]
    return replace(said, status=status, expected=expected, seen=seen, detail=detail, finding=finding)


def _remark(finding: Finding, look: Look, allowed: Approved, alike: Collection[str]) -> Remark:
    departing = _departing(look, allowed)
    lines: tuple[str, ...] = ()
    servers: Sequence[ServerAnswer] = departing
    match finding.code:
        case "nameserver_lookalike":
            pairs = finding.detail["pairs"]
            sentence = "; ".join(harmless.words(pair["sentence"], 160) for pair in pairs[:_SHOWN_PAIRS])
            lines = lined_up(pairs)
        case "route53_mismatch":
            rows = finding.detail["hosts"]
            told = [f"{words.host(row['host'])}: {row['explanation']}" for row in rows]
            sentence = harmless.words(words.some(told, 2), 480)
        case "delegation_changed":
            sentence = _departure(look, allowed, departing, alike)
        case _:
            servers = [ServerAnswer(seen.server_name, seen.server) for seen in finding.sightings]
            sentence = sentence_of(finding, look.domain)
    return Remark(
        finding.code,
        _STATUS[finding.severity],
        sentence,
        finding.expected,
        finding.seen,
        tuple(dict.fromkeys(servers)),
        lines,
        finding.detail,
        finding,
    )


def unjudged(look: Look, expectations: Expectations, found: Sequence[Compared]) -> list[Remark]:
    """Return what the watchlist does not explain in the answers, in words, each code once.

    Where the product's own rules find the same code, theirs is the verdict; they may also have reason to wait.
    """
    entry = expectations.entry
    remarks: dict[str, Remark] = {}
    for each in found:
        for group in each.groups if each.watched else ():
            if group.mark not in differences.DEPARTS:
                continue
            if group.servers:
                code = "answer_missing" if group.mark is Mark.MISSING else _CODES.get(each.record.qtype, "txt_changed")
                told = differences.told(code, look, [(each, group, group.servers)])
                remarks[code] = merged(remarks.get(code), told[0])
    odd = [(each, group, group.resolvers) for each in found if each.watched for group in each.groups
           if group.mark in differences.DEPARTS and group.resolvers]  # fmt: skip
    for remark in (*_cached_ns(look, expectations), *differences.told("resolvers_disagree", look, odd)):
        remarks[remark.code] = merged(remarks.get(remark.code), remark)
    remarks |= {remark.code: remark for remark in differences.bogus(look)}
    return [replace(remark, status=_weight(code, entry)) for code, remark in remarks.items()]


_CODES = {"SOA": "soa_changed", "MX": "mx_changed", "CNAME": "cname_changed", "A": "address_changed",
          "AAAA": "address_changed"}  # fmt: skip


def _weight(code: str, entry: DomainEntry) -> Status:
    """Return how much a departure weighs that the product's rules have not found: they wait to see it again."""
    status = _STATUS[severity_of(code, entry.severity)]
    return Status.WARNING if code in JUDGED and status is Status.CRITICAL else status


def merged(one: Remark | None, other: Remark) -> Remark:
    """Return two remarks of one code as one."""
    if one is None:
        return other
    return replace(
        one,
        sentence=f"{one.sentence}; {other.sentence}",
        expected=tuple(dict.fromkeys((*one.expected, *other.expected))),
        seen=tuple(dict.fromkeys((*one.seen, *other.seen))),
        servers=tuple(dict.fromkeys((*one.servers, *other.servers))),
        detail={"records": [*one.detail.get("records", ()), *other.detail.get("records", ())]},
    )


def _cached_ns(look: Look, expectations: Expectations) -> list[Remark]:
    """Tell of resolvers whose NS RRset is neither approved nor one that a cache may still hold."""
    odd = []
    for answer in look.resolvers:
        verdict = expectations.verdict(key_of(Source.RECURSIVE, answer, look.domain, "NS"), answer.facts)
        if verdict in (Verdict.UNEXPECTED, Verdict.MISSING):
            odd.append(answer)
    return differences.caching(look, odd, expectations.allowed.current)


def lined_up(pairs: Iterable[dict[str, list[str]]]) -> tuple[str, ...]:
    """Return look-alikes above what they imitate, with the difference marked, for monospace text."""
    lines: list[str] = []
    for pair in list(pairs)[:_SHOWN_PAIRS]:
        seen, genuine, marks = pair["aligned"]
        lines += [f"seen     {seen}", f"genuine  {genuine}", f"         {marks}".rstrip()]
    return tuple(lines)


def _departing(look: Look, allowed: Approved) -> list[ServerAnswer]:
    fine = {*allowed.ns_sets, *allowed.late_ns}
    published = any(answer.delegated in allowed.ns_sets for answer in look.parents)
    return [
        answer
        for answer in look.parents
        if answer.delegated is not None and answer.delegated not in (fine if published else allowed.ns_sets)
    ]


def _departure(look: Look, allowed: Approved, servers: list[ServerAnswer], alike: Collection[str] = ()) -> str:
    where = words.count_of(len({answer.host for answer in servers}), len({answer.host for answer in look.parents}))
    zone = words.zone(look.zone)
    given = frozenset[str]().union(*(answer.delegated or frozenset() for answer in servers))
    strangers = given - allowed.hosts
    if strangers:
        one = len(strangers) == 1
        what = "a name server that is" if one else f"{len(strangers)} name servers that are"
        deceiving = len(strangers & set(alike))
        told = f" ({words.number(deceiving, 'look-alike')} of approved ones)" if deceiving else ""
        return f"{zone} gives {what} not approved {where}: {words.hosts(strangers)}{told}"
    if not given:
        results = " and ".join(sorted({answer.result.upper() for answer in servers}))
        return f"{zone} has no delegation of it any more {where} ({results})"
    left_out = allowed.current - given
    if left_out:
        return (
            f"{zone} leaves out {words.number(len(left_out), 'approved name server')} {where}: {words.hosts(left_out)}"
        )
    return f"{zone} gives approved name servers in a set that is not approved {where}"


def _unconfirmed(look: Look, allowed: Approved) -> Remark:
    servers = _departing(look, allowed)
    sentence = f"{_departure(look, allowed, servers)}; TCP did not confirm it, look again"
    seen = sorted({host for answer in servers for host in answer.delegated or ()})
    expected = tuple(sorted(allowed.current))
    return Remark("delegation_changed", Status.WARNING, sentence, expected, tuple(seen), tuple(servers))


def _lagging(look: Look, allowed: Approved) -> list[Remark]:
    """Tell of servers that still give the set which an `apply` replaced, while others give an approved one."""
    groups = gives(look.parents)
    behind = [answer for past in allowed.late_ns for answer in groups.get(past, ())]
    if not behind or not any(each in allowed.ns_sets for each in groups):
        return []
    names = words.servers(answer.host for answer in behind)
    sentence = f"{names} still gives the name servers that the approved ones replaced"
    seen = tuple(sorted({host for answer in behind for host in answer.delegated or ()}))
    expected = tuple(sorted(allowed.current))
    return [Remark("parent_server_lagging", Status.WARNING, sentence, expected, seen, tuple(behind))]
