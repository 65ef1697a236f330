"""The events of an incident, and their JSON.

Ids are built from what happened (cause, round, value), never from a local clock, so that two hubs that judge the same
evidence write the same event and a merge is a union (decision 12).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from nswatch.judge.policy import Cause
from nswatch.model import Finding, Severity, Sighting, Source, Transport
from nswatch.moments import iso, parse_iso
from nswatch.record.log import Event


class EventType(StrEnum):
    """What can happen to an incident."""

    RAISED = "raised"
    """A cause became active, or more urgent: {cause, round, urgency, findings, told}.

    {paged} where another cause's page told it, {until} where it was over by then.
    """
    PART = "part"
    """A page of it went out as a notice: the same change was paged for another domain: {cause, of}, of an incident."""
    CHANGED = "changed"
    """An active cause shows other codes or values: {cause, round, findings}."""
    CLEARED = "cleared"
    """No finding of a cause is active any more, but for what caches still hold: {cause, round, residual}."""
    FORGED_SEEN = "forged_seen"
    """A server began to give forged data: {host, address, ttl, round}."""
    FORGED_GONE = "forged_gone"
    """It stopped; ``at`` is when it was last seen: {host, address, ttl, round}."""
    REMINDED = "reminded"
    """Nobody acknowledged: {number}."""
    ACKNOWLEDGED = "acknowledged"
    """A person took it: {by}."""
    NOTED = "noted"
    """A person wrote something down: {by, text}."""
    RESOLVED = "resolved"
    """It is over: {by} (a person, or "" when the exposure clock ran out), {text}."""


def raised(
    group: str,
    episode: int,
    cause_and_round: tuple[Cause, int],
    urgency: Severity,
    findings: Sequence[Finding],
    told: datetime,
    *,
    paged: bool = False,
    until: datetime | None = None,
) -> Event:
    """Return the event that a cause became active (or more urgent) at the first sighting of what is so urgent.

    ``cause_and_round`` is what it says. ``told`` is when that was decided: a reminder counts from then. ``paged`` says
    that all of it that pages was part of another cause's page; ``until`` is when it was last seen, where it was over
    before it was told.
    """
    cause, round_ = cause_and_round
    at = min(finding.since for finding in findings if finding.severity is urgency)
    data = _with_findings({"cause": cause, "round": round_, "urgency": urgency, "told": iso(told)}, findings)
    data |= {"paged": True} if paged else {}
    data |= {} if until is None else {"until": iso(until)}
    return Event(group, episode, f"{cause}/{round_}/raised/{urgency}", EventType.RAISED, at, data)


def changed(
    group: str, episode: int, before: tuple[Cause, int, int], findings: Sequence[Finding], at: datetime
) -> Event:
    """Return the event that an active cause shows other codes or values than before.

    ``before`` is (cause, round, how many such events the round has seen): what comes back to a former state is one too.
    """
    cause, round_, changes = before
    urgency = max((finding.severity for finding in findings), key=lambda severity: severity.rank)
    data = _with_findings({"cause": cause, "round": round_, "urgency": urgency}, findings)
    id_ = f"{cause}/{round_}/changed/{changes + 1}/{data['shape']}"
    return Event(group, episode, id_, EventType.CHANGED, at, data)


def cleared(
    group: str, episode: int, cause: Cause, round_: int, at: datetime, residual: Sequence[Finding] = ()
) -> Event:
    """Return the event that nothing of a cause is active any more; ``residual`` is what caches still hold of it."""
    data = {"cause": cause, "round": round_, "residual": [finding_to_json(finding) for finding in residual]}
    return Event(group, episode, f"{cause}/{round_}/cleared", EventType.CLEARED, at, data)


def forged(
    type_: EventType, group: str, episode: int, source: tuple[str, str, int], round_: int, at: datetime
) -> Event:
    """Return the event that a server began, or stopped, to give forged data; ``source`` is (host, address, TTL)."""
    host, address, ttl = source
    data = {"host": host, "address": address, "ttl": ttl, "round": round_}
    return Event(group, episode, f"forged/{host}/{address}/{ttl}/{round_}/{type_}", type_, at, data)


def part(group: str, episode: int, message: str, of: str, at: datetime) -> Event:
    """Return the event that a page, by its message id, told that it is part of the incident ``of``."""
    return Event(group, episode, f"part/{message}", EventType.PART, at, {"cause": message.split("/")[1], "of": of})


def reminded(group: str, episode: int, page_count: int, number: int, at: datetime) -> Event:
    """Return the ``number``-th reminder (from 1) that the ``page_count``-th page is not acknowledged."""
    return Event(group, episode, f"reminded/{page_count}/{number}", EventType.REMINDED, at, {"number": number})


def said(type_: EventType, group: str, episode: int, by: str, text: str, at: datetime) -> Event:
    """Return what a person did: acknowledged, noted or resolved. The same words at the same second are one event."""
    digest = hashlib.sha256(f"{by}\n{text}\n{iso(at)}".encode()).hexdigest()[:12]
    return Event(group, episode, f"said/{type_}/{digest}", type_, at, {"by": by, "text": text})


def expired(group: str, episode: int, at: datetime) -> Event:
    """Return the event that the exposure clock ran out at ``at``."""
    return Event(group, episode, "resolved/clock", EventType.RESOLVED, at, {"by": "", "text": ""})


_WHO_SEES_IT = frozenset({"regions_disagree", "resolvers_disagree"})
"""Codes that say who sees a value: while it spreads through caches they come and go, and a story stays the same."""


_ROTATING = frozenset({"address_changed", "dnssec_bogus"})
"""Codes of which another value is no news: strangers' addresses come in turn, and so do reasons not to validate."""

Row = tuple[str, str, tuple[str, ...]]
"""Code, subject and values seen."""
Shape = tuple[Row, ...]


def shape(findings: Sequence[Finding]) -> Shape:
    """Return what makes findings the same: codes, subjects and values seen, not who sees them.

    That the site is slower meanwhile belongs to it, and not by how much.
    """
    told = [finding for finding in findings if finding.code not in _WHO_SEES_IT] or findings
    slower = [("latency_shifted", "", ())] if any("latency" in finding.detail for finding in findings) else []
    rows = sorted((each.code, each.subject, () if each.code in _ROTATING else each.seen) for each in told)
    return (*rows, *slower)


def essence(findings: Sequence[Finding]) -> Shape:
    """Return what a person is told anew when it changes: the shape of the most urgent findings.

    A slower site is no news of its own: the next message tells of it.
    """
    urgency = max((finding.severity.rank for finding in findings), default=0)
    return shape([replace(finding, detail={}) for finding in findings if finding.severity.rank == urgency])


LARGEST = 200_000
"""How long an event's JSON may be: an item of the table ends at 400 KB, and evidence is kept elsewhere anyway."""


def _with_findings(data: dict[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the data with its findings; where they are too long (a hijacker chooses them) with what matters most.

    ``shape`` and ``essence`` are digests of them as they were.
    """
    told = [finding_to_json(finding) for finding in findings]
    whole = {"shape": digest(shape(findings)), "essence": digest(essence(findings))}
    steps: list[tuple[str, int | None]] = [
        ("detail", None),
        ("sightings", 20),
        ("seen", 20),
        ("values", 20),
        ("values", 0),
    ]
    for key, kept in steps:
        if len(json.dumps(told)) <= LARGEST:
            break
        whole["shortened"] = key
        for finding in told:
            finding[key] = finding[key][:kept] if kept is not None else {}
    return data | whole | {"findings": told}


def digest(of: Shape) -> str:
    """Return what stands for a shape in an event."""
    return hashlib.sha256(repr(of).encode()).hexdigest()[:12]


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain JSON values; `finding_from_json` is the inverse."""
    return {
        "code": finding.code,
        "subject": finding.subject,
        "severity": finding.severity,
        "expected": list(finding.expected),
        "seen": list(finding.seen),
        "since": iso(finding.since),
        "sightings": [[s.region, s.source, s.server, s.server_name, s.transport, iso(s.at)] for s in finding.sightings],
        "detail": json.loads(json.dumps(finding.detail)),
        "values": [[qname, qtype, list(values)] for qname, qtype, values in finding.values],
        "cause": finding.cause,
        "residual": finding.residual,
        "common": finding.common,
    }


def finding_from_json(document: Mapping[str, Any]) -> Finding:
    """Return the finding that `finding_to_json` wrote."""
    return Finding(
        code=document["code"],
        subject=document["subject"],
        severity=Severity(document["severity"]),
        expected=tuple(document["expected"]),
        seen=tuple(document["seen"]),
        since=parse_iso(document["since"]),
        sightings=tuple(
            Sighting(region, Source(source), server, name, Transport(transport), parse_iso(at))
            for region, source, server, name, transport, at in document["sightings"]
        ),
        detail=document["detail"],
        values=tuple((qname, qtype, tuple(values)) for qname, qtype, values in document.get("values", ())),
        cause=document.get("cause", ""),
        residual=document.get("residual", False),
        common=document.get("common", ""),
    )
