"""A look judged by itself, where no watchlist says what is right: whether all agree, and whether names deceive."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from nswatch.judge.lookalike import Lookalike, near_miss
from nswatch.judge.route53 import explain
from nswatch.model import Result
from nswatch.tell import harmless
from nswatch_cli.check import differences, words
from nswatch_cli.check.expected import lined_up
from nswatch_cli.check.values import Compared, Look, Remark, ServerAnswer, Status, gives

_DISGUISES = frozenset({"leading zero", "homoglyph", "diacritic", "invisible character", "swapped", "doubled"})
"""What nobody does to the names of two of their own servers. Another TLD, another number, an inserted word or a hyphen
many operators do: ns1-01.azure-dns.com beside ns2-01.azure-dns.net."""
_COMPARED = 26
"""So many hosts are compared with one another: a hostile answer may hold a hundred."""


def deceiving(look: Look) -> list[Remark]:
    """Return what the name servers' names give away by themselves: imitations of one another, impossible ones."""
    names = _names(look, gives(look.parents))
    return _lookalikes(look, names) + _route53(names)


def remarks_without_watchlist(look: Look, found: Sequence[Compared], names: Sequence[Remark]) -> list[Remark]:
    """Return what is odd about a delegation that at least one server of the parent gives (or denies).

    ``names`` is what `deceiving` returns.
    """
    groups = gives(look.parents)
    remarks = list(names)
    if not any(groups):
        return [_gone(look, groups[frozenset()])]
    if len(groups) > 1:
        remarks.append(_disagreement(look, groups))
    remarks += _ds(look)
    too_large = [answer for answer in look.parents if answer.result == Result.OVER_CAP.value]
    if too_large:
        sentence = f"{words.servers(answer.host for answer in too_large)} gives an answer too large to be read"
        remarks.append(Remark("delegation_unreadable", Status.WARNING, sentence, servers=tuple(too_large)))
    remarks += _own_ns(look, groups)
    remarks += differences.servers_disagree(look, found)
    remarks += _in_caches(look, found, names)
    remarks += differences.bogus(look)
    return remarks + differences.glue_differs(look)


def _in_caches(look: Look, found: Sequence[Compared], names: Sequence[Remark]) -> list[Remark]:
    imitated = {host for remark in names for host in remark.expected}
    remarks = differences.resolvers_disagree(look, found, doubt=bool(imitated))
    if len(remarks) != 1 or not imitated & set(remarks[0].seen):
        return remarks
    return [replace(remarks[0], explanation="the names that are imitated: whoever asks there is still led right")]


def _names(look: Look, groups: dict[frozenset[str], list[ServerAnswer]]) -> list[str]:
    """Return the name servers' names from all sides, the suspicious ones first.

    That is: what few of the parent's servers give, what most give, what only the zone or a cache still holds.
    """
    support = Counter(host for each, servers in groups.items() for host in each for _ in servers)
    delegated = sorted((host for host in support if not host.startswith("(")), key=lambda host: (support[host], host))
    others = {host for answer in (*look.children, *look.resolvers) for host in answer.apex or ()}
    return [*delegated, *sorted(others - set(delegated))]


def _ds(look: Look) -> list[Remark]:
    """Tell of servers of the parent that hold another DS RRset than most."""
    groups: dict[tuple[str, ...], list[ServerAnswer]] = {}
    for answer in look.parents:
        if answer.facts is not None and answer.facts.ds is not None:
            groups.setdefault(answer.facts.ds, []).append(answer)
    if len(groups) < 2:
        return []
    usual, *others = sorted(groups, key=lambda ds: (-len(groups[ds]), ds))
    servers = tuple(answer for ds in others for answer in groups[ds])
    seen = tuple(value for ds in others for value in ds)
    names = words.servers(answer.host for answer in servers)
    told = "another DS" if all(others) else "no DS"
    sentence = f"{names} gives {told}, where most servers of {words.zone(look.zone)} give {'one' if usual else 'none'}"
    return [Remark("parent_servers_disagree", Status.WARNING, sentence, usual, seen, servers)]


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
    told = words.some([f"{words.host(host)}: {why}" for host, why in odd], 2)
    sentence = harmless.words(f"names that look like Route 53's and cannot be: {told}", 480)
    detail = {"hosts": [{"host": host, "kind": "impossible", "explanation": why} for host, why in odd]}
    return [Remark("route53_mismatch", Status.CRITICAL, sentence, (), tuple(host for host, _ in odd), detail=detail)]


def _lookalikes(look: Look, hosts: list[str]) -> list[Remark]:
    found = [pair for one, two in combinations(hosts[:_COMPARED], 2) if (pair := _disguise(one, two)) is not None]
    candidates = {pair.candidate for pair in found}
    best: dict[str, Lookalike] = {}
    for pair in sorted(found, key=lambda pair: (pair.genuine in candidates, -pair.score)):
        best.setdefault(pair.candidate, pair)
    if not best:
        return []
    pairs = [best[candidate] for candidate in sorted(best)]
    told = harmless.words(words.some(list(dict.fromkeys(pair.sentence() for pair in pairs)), 2), 360)
    details = [pair.as_detail() for pair in pairs]
    count = words.number(len(pairs), "name server")
    delegated = best.keys() <= {host for each in gives(look.parents) for host in each}
    where = f"{words.zone(look.zone)} gives {count} that" if delegated else count
    return [
        Remark(
            "nameserver_lookalike",
            Status.CRITICAL,
            f"{where} imitate{'' if len(pairs) > 1 else 's'} {'others' if len(pairs) > 1 else 'another'}: {told}",
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
