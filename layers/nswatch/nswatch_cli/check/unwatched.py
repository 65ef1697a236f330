"""A look judged by itself, where no watchlist says what is right: whether all agree, and whether names deceive."""

from itertools import combinations

from nswatch.judge.lookalike import Lookalike, near_miss
from nswatch.judge.route53 import explain
from nswatch.model import Result
from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.expected import lined_up
from nswatch_cli.check.values import Look, Remark, ServerAnswer, Status, gives

_DISGUISES = frozenset({"leading zero", "homoglyph", "diacritic", "invisible character", "swapped", "doubled"})
"""What nobody does to the names of two of their own servers. Another TLD, another number, an inserted word or a hyphen
many operators do: ns1-01.azure-dns.com beside ns2-01.azure-dns.net."""
_COMPARED = 26
"""So many hosts are compared with one another: a hostile answer may hold a hundred."""


def remarks_without_watchlist(look: Look) -> list[Remark]:
    """Return what is odd about a delegation that at least one server of the parent gives (or denies)."""
    groups = gives(look.parents)
    remarks: list[Remark] = []
    if not any(groups):
        return [_gone(look, groups[frozenset()])]
    if len(groups) > 1:
        remarks.append(_disagreement(look, groups))
    too_large = [answer for answer in look.parents if answer.result == Result.OVER_CAP.value]
    if too_large:
        sentence = f"{words.servers(answer.host for answer in too_large)} gives an answer too large to be read"
        remarks.append(Remark("delegation_unreadable", Status.WARNING, sentence, servers=tuple(too_large)))
    remarks += _own_ns(look, groups)
    hosts = sorted({host for each in groups for host in each if not host.startswith("(")})
    return remarks + _route53(hosts) + _lookalikes(hosts)


def _gone(look: Look, servers: list[ServerAnswer]) -> Remark:
    where = words.count_of(len({answer.host for answer in servers}), len({answer.host for answer in look.parents}))
    zone = words.zone(look.zone)
    if all(answer.result == Result.NXDOMAIN.value for answer in servers):
        sentence = f"it does not exist in {zone} (NXDOMAIN) {where}"
    else:
        sentence = f"{zone} does not delegate it (the name is there, without a zone of its own) {where}"
    return Remark("delegation_gone", Status.CRITICAL, sentence, servers=tuple(servers))


def _disagreement(look: Look, groups: dict[frozenset[str], list[ServerAnswer]]) -> Remark:
    usual, *others = groups
    servers = [answer for each in others for answer in groups[each]]
    seen = tuple(sorted({host for each in others for host in each}))
    told = []
    for each in others:
        names = words.servers(answer.host for answer in groups[each])
        extra, left_out = each - usual, usual - each
        parts = [
            *([f"+ {words.hosts(extra)}"] if extra else []),
            *([f"- {words.hosts(left_out)}"] if left_out and each else []),
        ]
        told.append(f"{names} differs ({'; '.join(parts) or 'no delegation'})")
    shown = "; ".join(told[:2]) + (f"; and {len(told) - 2} more answers" if len(told) > 2 else "")
    sentence = f"the servers of {words.zone(look.zone)} disagree: {shown}"
    return Remark("parent_servers_disagree", Status.WARNING, sentence, tuple(sorted(usual)), seen, tuple(servers))


def _own_ns(look: Look, groups: dict[frozenset[str], list[ServerAnswer]]) -> list[Remark]:
    other = [answer for answer in look.children if answer.apex is not None and answer.apex not in groups]
    if not other:
        return []
    usual = next(iter(groups))
    seen = frozenset[str]().union(*(answer.apex or frozenset() for answer in other))
    only_parent = usual - seen
    only_child = seen - usual
    parts = [
        *([f"only {words.zone(look.zone)} names {words.hosts(only_parent)}"] if only_parent else []),
        *([f"only the zone names {words.hosts(only_child)}"] if only_child else []),
    ]
    if not parts:
        names = words.servers(answer.host for answer in other)
        parts = [f"{names} names {words.number(len(other[0].apex or ()), 'name server')} of {len(usual)}"]
    sentence = f"{words.zone(look.zone)} and the zone itself differ: {'; '.join(parts)}"
    servers = tuple(other)
    expected = tuple(sorted(usual))
    return [Remark("parent_child_mismatch", Status.WARNING, sentence, expected, tuple(sorted(seen)), servers)]


def _route53(hosts: list[str]) -> list[Remark]:
    odd = [(host, why) for host in hosts if (why := explain(host))]
    if not odd:
        return []
    told = "; ".join(f"{words.host(host)}: {why}" for host, why in odd[:2])
    more = f"; and {len(odd) - 2} more" if len(odd) > 2 else ""
    sentence = harmless.words(f"names that look like Route 53's and cannot be: {told}{more}", 480)
    detail = {"hosts": [{"host": host, "kind": "impossible", "explanation": why} for host, why in odd]}
    return [Remark("route53_mismatch", Status.WARNING, sentence, (), tuple(host for host, _ in odd), detail=detail)]


def _lookalikes(hosts: list[str]) -> list[Remark]:
    pairs = [pair for one, two in combinations(hosts[:_COMPARED], 2) if (pair := _disguise(one, two)) is not None]
    if not pairs:
        return []
    told = "; ".join(harmless.words(pair.sentence(), 160) for pair in pairs[:3])
    details = [pair.as_detail() for pair in pairs]
    return [
        Remark(
            "nameserver_lookalike",
            Status.WARNING,
            f"delegated name servers are look-alikes of one another: {told}",
            tuple(pair.genuine for pair in pairs),
            tuple(pair.candidate for pair in pairs),
            lines=lined_up(details),
            detail={"pairs": details},
        )
    ]


def _disguise(one: str, two: str) -> Lookalike | None:
    # Where one of the two can't be Route 53's, it is the one that deceives.
    candidate, genuine = (two, one) if explain(two) and not explain(one) else (one, two)
    pair = near_miss(candidate, genuine)
    return pair if pair is not None and _DISGUISES & set(pair.kinds) else None
