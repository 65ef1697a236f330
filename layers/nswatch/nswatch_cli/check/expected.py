"""A look judged by the watchlist with the product's own rules."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from nswatch.expect.approved import Approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.judgement import judge_domain
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Key, Severity, Source, Transport, View
from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.values import Look, Remark, ServerAnswer, Status, gives

REGION = "here"
_STATUS = {Severity.PAGE: Status.CRITICAL, Severity.NOTICE: Status.WARNING, Severity.LOG: Status.OK}
_SHOWN_PAIRS = 4


def remarks_by_watchlist(look: Look, entry: DomainEntry, allowed: Approved, now: datetime) -> list[Remark]:
    """Return what departs from ``entry``; a severity of the policy (or the entry's override) becomes a status."""
    views = [view for answer in look.parents if (view := _view(answer, look, now)) is not None]
    # A person looks once. What came over TCP can't be spoofed from off the path, so it counts like two passes.
    doubts = {view.key: now - timedelta(seconds=1) for view in views if view.transport is Transport.TCP}
    judgement = judge_domain(entry, views, doubts, now)
    alike = {host for finding in judgement.findings if finding.code == "nameserver_lookalike" for host in finding.seen}
    remarks = [_remark(finding, look, allowed, alike) for finding in judgement.findings]
    if judgement.look_again is not None:
        remarks.append(_unconfirmed(look, allowed))
    remarks += _lagging(look, allowed)
    remarks += _own_ns(look, entry, allowed)
    return remarks


def _view(answer: ServerAnswer, look: Look, now: datetime) -> View | None:
    if answer.facts is None or answer.transport is None or answer.delegated is None:
        return None
    key = Key(REGION, Source.PARENT, answer.address, look.domain, "NS")
    facts = answer.facts
    return View(key, answer.host, facts, answer.transport, now, now, now, facts.result, now)


def _remark(finding: Finding, look: Look, allowed: Approved, alike: Collection[str]) -> Remark:
    servers = _departing(look, allowed)
    lines: tuple[str, ...] = ()
    match finding.code:
        case "nameserver_lookalike":
            pairs = finding.detail["pairs"]
            sentence = "; ".join(harmless.words(pair["sentence"], 160) for pair in pairs[:_SHOWN_PAIRS])
            lines = lined_up(pairs)
        case "route53_mismatch":
            rows = finding.detail["hosts"]
            told = [f"{words.host(row['host'])}: {row['explanation']}" for row in rows[:_SHOWN_PAIRS]]
            sentence = harmless.words("; ".join(told), 480)
        case _:
            sentence = _departure(look, allowed, servers, alike)
    return Remark(
        finding.code,
        _STATUS[finding.severity],
        sentence,
        finding.expected,
        finding.seen,
        tuple(servers),
        lines,
        finding.detail,
    )


def lined_up(pairs: Iterable[dict[str, list[str]]]) -> tuple[str, ...]:
    """Return look-alikes above what they imitate, with the difference marked, for monospace text."""
    lines: list[str] = []
    for pair in list(pairs)[:_SHOWN_PAIRS]:
        seen, genuine, marks = pair["aligned"]
        lines += [f"seen     {seen}", f"genuine  {genuine}", f"         {marks}".rstrip()]
    return tuple(lines)


def _departing(look: Look, allowed: Approved) -> list[ServerAnswer]:
    fine = {*allowed.ns_sets, *allowed.superseded_ns}
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
    behind = [answer for past in allowed.superseded_ns for answer in groups.get(past, ())]
    if not behind or not any(each in allowed.ns_sets for each in groups):
        return []
    names = words.servers(answer.host for answer in behind)
    sentence = f"{names} still gives the name servers that the approved ones replaced"
    seen = tuple(sorted({host for answer in behind for host in answer.delegated or ()}))
    expected = tuple(sorted(allowed.current))
    return [Remark("parent_server_lagging", Status.WARNING, sentence, expected, seen, tuple(behind))]


def _own_ns(look: Look, entry: DomainEntry, allowed: Approved) -> list[Remark]:
    """Tell of approved servers whose own NS RRset is not approved: the zone's content says something else."""
    fine = {*allowed.ns_sets, *allowed.superseded_ns}
    other = [
        answer
        for answer in look.children
        if answer.host in allowed.hosts and answer.apex is not None and answer.apex not in fine
    ]
    if not other:
        return []
    status = _STATUS[severity_of("parent_child_mismatch", entry.severity)]
    seen = frozenset[str]().union(*(answer.apex or frozenset() for answer in other))
    names = words.servers(answer.host for answer in other)
    sentence = f"the zone's own NS at {names} is not approved: {words.hosts(seen - allowed.current or seen)}"
    expected = tuple(sorted(allowed.current))
    return [Remark("parent_child_mismatch", status, sentence, expected, tuple(sorted(seen)), tuple(other))]
