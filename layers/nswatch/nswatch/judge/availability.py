"""`nameserver_lame` and `nameservers_unreachable`: delegated servers that do not answer as authoritative servers.

Lame is a server that replies without authority for the zone (RFC 9499: lame delegation): REFUSED, SERVFAIL, AA=0,
another error, or nothing that can be read. Here, and nowhere else, most regions decide (decision 5), and nothing counts
before a second pass. An address that nobody could ask (no IPv6 here) has no view, and counts neither way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from nswatch.judge.belief import CONFIRMED_WITHIN, reports, sightings_of_result
from nswatch.judge.evidence import Evidence
from nswatch.judge.policy import Cause, severity_of
from nswatch.model import Finding, Key, Result, Severity, View


class Behaviour(StrEnum):
    """How a server behaves towards a region. In the key of a doubt it stands for the type."""

    ANSWERS = "answers"
    LAME = "lame"
    SILENT = "silent"


_LAME = frozenset(
    {Result.REFUSED, Result.SERVFAIL, Result.NOT_AUTHORITATIVE, Result.OTHER_ERROR, Result.MALFORMED, Result.BOGUS}
)
_NO_REPLY = frozenset({Result.TIMEOUT, Result.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Server:
    """One delegated address (or a host that has none) as one region sees it, by the apex's SOA and NS.

    ``confirmed``: it behaved so in an earlier pass too.
    """

    hosts: tuple[str, ...]
    behaviour: Behaviour
    view: View
    since: datetime
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Availability:
    """The findings, the doubts for the next judgement, and when to look again."""

    findings: tuple[Finding, ...]
    doubts: Mapping[Key, datetime]
    ends: tuple[datetime, ...]


def availability(evidence: Evidence, doubts: Mapping[Key, datetime]) -> Availability:
    """Judge the delegated servers of every region that reports."""
    regions = _regions(evidence, doubts)
    bad = [server for servers in regions.values() for server in servers if server.behaviour is not Behaviour.ANSWERS]
    since = {replace(server.view.key, qtype=server.behaviour): server.since for server in bad}
    ends = () if all(server.confirmed for server in bad) else (evidence.now + CONFIRMED_WITHIN,)
    findings = [*_lame(evidence, regions), *_unreachable(evidence, regions)]
    return Availability(tuple(findings), since, ends)


def _regions(evidence: Evidence, doubts: Mapping[Key, datetime]) -> dict[str, list[Server]]:
    """Return each reporting region's delegated servers, as far as they count."""
    by_address: dict[tuple[str, str], list[View]] = {}
    hosts: dict[str, tuple[str, ...]] = {}
    for view, at in evidence.apex:
        here = tuple(host for host in at if host in evidence.hosts.delegated)
        if here and reports(view, evidence.now):
            by_address.setdefault((view.key.region, view.key.server), []).append(view)
            hosts[view.key.server] = here
    regions: dict[str, list[Server]] = {}
    for (region, address), views in sorted(by_address.items()):
        behaviour, view = _behaviour(views)
        regions.setdefault(region, []).append(_server(hosts[address], behaviour, view, doubts))
    for view in evidence.walks:
        host = view.key.qname
        homeless = host in evidence.hosts.delegated and not evidence.places.of.get(host)
        unknown = view.key.qtype == "A" and view.result is not Result.ANSWER
        if homeless and unknown and reports(view, evidence.now):
            regions.setdefault(view.key.region, []).append(_server((host,), Behaviour.SILENT, view, doubts))
    return regions


def _behaviour(views: Iterable[View]) -> tuple[Behaviour, View]:
    """Return how a server behaves, and the view that shows it.

    What is not answered well is asked again in every pass, what is may not have been: so the lame answer counts, and
    between silence and an answer the newer change does.
    """
    newest = sorted(views, key=lambda view: (view.result_since, view.key.qtype), reverse=True)
    lame = [view for view in newest if view.result in _LAME]
    if lame:
        return Behaviour.LAME, lame[-1]
    behaviour = Behaviour.SILENT if newest[0].result in _NO_REPLY else Behaviour.ANSWERS
    return behaviour, newest[0]


def _server(hosts: tuple[str, ...], behaviour: Behaviour, view: View, doubts: Mapping[Key, datetime]) -> Server:
    since = min(view.result_since, doubts.get(replace(view.key, qtype=behaviour), view.result_since))
    return Server(hosts, behaviour, view, since, confirmed=view.last_seen > since)


def _lame(evidence: Evidence, regions: Mapping[str, Sequence[Server]]) -> list[Finding]:
    """Return `nameserver_lame`: a page when no delegated server answers, at least one being lame, in most regions.

    Detail: ``{"all": whether that is so, "servers": [{"host", "address", "result", "regions": [who sees it]}]}``.
    """
    if _pending(regions, _is_lame):
        return []
    lame = [server for servers in regions.values() for server in servers
            if server.behaviour is Behaviour.LAME and server.confirmed]  # fmt: skip
    if not lame:
        return []
    affected = [region for region, servers in regions.items() if _is_lame(servers) and _confirmed(servers)]
    everywhere = 2 * len(affected) > len(regions)
    graded = Severity.PAGE if everywhere else Severity.NOTICE
    return [_finding("nameserver_lame", evidence, lame, graded, {"all": everywhere})]


def _unreachable(evidence: Evidence, regions: Mapping[str, Sequence[Server]]) -> list[Finding]:
    """Return `nameservers_unreachable`: from some region no delegated server replies; from most, a page.

    Detail: ``{"all": whether most regions see it, "regions": [who does], "reporting": [who reports],
    "servers": [{"host", "address", "result", "regions"}]}``.
    """
    dark = {region: servers for region, servers in regions.items() if _is_dark(servers) and _confirmed(servers)}
    if not dark or _pending(regions, _is_dark):
        return []
    most = 2 * len(dark) > len(regions)
    silent = [server for servers in dark.values() for server in servers]
    detail = {"all": most, "regions": sorted(dark), "reporting": sorted(regions)}
    graded = Severity.PAGE if most else Severity.NOTICE
    return [_finding("nameservers_unreachable", evidence, silent, graded, detail)]


def _is_lame(servers: Sequence[Server]) -> bool:
    """Whether none of a region's servers answers, at least one being lame."""
    kinds = {server.behaviour for server in servers}
    return Behaviour.ANSWERS not in kinds and Behaviour.LAME in kinds


def _is_dark(servers: Sequence[Server]) -> bool:
    return {server.behaviour for server in servers} == {Behaviour.SILENT}


def _confirmed(servers: Sequence[Server]) -> bool:
    return all(server.confirmed for server in servers)


def _pending(regions: Mapping[str, Sequence[Server]], fails: Callable[[Sequence[Server]], bool]) -> bool:
    """Whether the next pass of some regions may make a page of what is a notice so far: then it is told once, then."""
    failing = [servers for servers in regions.values() if fails(servers)]
    confirmed = [servers for servers in failing if _confirmed(servers)]
    return 2 * len(confirmed) <= len(regions) < 2 * len(failing)


def _finding(
    code: str, evidence: Evidence, servers: Sequence[Server], graded: Severity, detail: dict[str, object]
) -> Finding:
    entry = evidence.expectations.entry
    rows: dict[tuple[str, str, str], set[str]] = {}
    for server in servers:
        for host in server.hosts:
            row = host, server.view.key.server, str(server.view.result)
            rows.setdefault(row, set()).add(server.view.key.region)
    listed = [
        {"host": host, "address": address, "result": result, "regions": sorted(seen)}
        for (host, address, result), seen in sorted(rows.items())
    ]
    strangers = all(set(server.hosts) <= evidence.hosts.unapproved for server in servers)
    return Finding(
        code=code,
        subject=entry.domain,
        severity=severity_of(code, entry.severity, graded),
        expected=("an authoritative answer",),
        seen=tuple(sorted({host for server in servers for host in server.hosts})),
        since=min(server.since for server in servers),
        sightings=sightings_of_result(server.view for server in servers),
        detail=detail | {"servers": listed},
        cause=Cause.DELEGATION if strangers else "",
    )
