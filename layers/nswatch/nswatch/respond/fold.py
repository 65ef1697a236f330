"""The fold: what the set of an incident's events says, whatever order they were written in (decision 12).

`fold` is a pure function: it sorts the events. Timeline, concurrency of two hubs and replay all rest on that. Messages
are derived too: a message has an id that depends on the event that caused it, so that an outbox that puts every message
it does not hold yet neither forgets one nor sends one twice.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from nswatch.errors import DEFECTS
from nswatch.judge.policy import EVENTS, Cause
from nswatch.model import Finding, Severity
from nswatch.moments import parse_iso
from nswatch.record.log import Event
from nswatch.respond.events import EventType, Row, digest, essence, finding_from_json, shape
from nswatch.respond.incident import (
    HEALTHY_HOUR,
    SHORT_LIVED,
    CauseState,
    Forged,
    Incident,
    Message,
    MessageKind,
    State,
)

MOST_TOLD = 200
"""So many states of a cause are told. Whoever gives other values in each pass fills nobody's mailbox, nor the head."""

MOST_PAGES, STORM = 3, timedelta(minutes=15)
"""So often a cause that comes and goes pages within so long a time; then it is a notice. Two hubs that see different
things, and each set the other one right, would otherwise page in every round."""

logger = logging.getLogger(__name__)


def fold(events: Iterable[Event]) -> Incident | None:
    """Return the incident that the events of *one* episode make, or None for no events at all.

    Events are taken once by id; where two hubs wrote the same id with different moments the earlier one counts. What
    cannot be read (a later release wrote it, or it is broken) is left out: the rest of the story must still be told.
    """
    unique: dict[str, Event] = {}
    for event in events:
        same = unique.get(event.id)
        if same is None or event.at < same.at:
            unique[event.id] = event
    known = [event for event in unique.values() if event.type in _ORDER]
    ordered = sorted(known, key=lambda event: (event.at, _ORDER[EventType(event.type)], event.id))
    incident: Incident | None = None
    for event in ordered:
        story = incident or Incident(group=event.group, episode=event.episode, opened_at=event.at)
        try:
            _APPLY[EventType(event.type)](story, event)
        except DEFECTS:
            logger.exception("%s-%d: %s cannot be read, and is left out", event.group, event.episode, event.id)
            continue
        story.timeline.append(event)
        incident = story
    return incident


def _raise(incident: Incident, event: Event) -> None:
    data = event.data
    cause, urgency = Cause(data["cause"]), Severity(data["urgency"])
    findings = tuple(finding_from_json(document) for document in data["findings"])
    before = incident.causes.get(cause)
    until = parse_iso(data["until"]) if "until" in data else None
    now = CauseState(cause, data["round"], urgency, findings, event.at, until=until)
    now.told.add(_shown(now, event))
    _remember(incident, cause, findings)
    known_events = before is None and _happened(findings) <= incident.told_events and _nothing_else(findings)
    if before is not None and before.round > now.round:
        return
    incident.causes[cause] = now
    came_back = before is not None and before.cleared_at is not None
    if before is not None:
        now.over_before = before.cleared_at or before.over_before
    if before is not None and before.active:
        now.raised_at, now.changes = before.raised_at, before.changes
        now.told |= before.told
        if before.urgency.rank >= urgency.rank:
            now.urgency = before.urgency
            return
    if urgency is Severity.PAGE:
        incident.urgency = Severity.PAGE
    if urgency is incident.urgency:
        incident.state, incident.recovering_since = State.OPEN, None
    if came_back:
        incident.parts.pop(cause, None)
    known = "paged" in data or (came_back and (_relapse(before, event.at) or _is_storm(incident, now, event.at)))
    if urgency is Severity.PAGE and not known:
        incident.pages += 1
        incident.last_page_at = max(event.at, parse_iso(data["told"])) if "told" in data else event.at
        incident.reminders = 0
        incident.acknowledged_at = None
        _owe(incident, event, MessageKind.PAGE, Severity.PAGE, cause)
    elif urgency is not Severity.LOG and not known_events:
        _owe(incident, event, MessageKind.NOTICE, Severity.NOTICE, cause)
    incident.told_events |= _happened(findings)


def _relapse(before: CauseState | None, at: datetime) -> bool:
    """Whether a short-lived cause came back within its healthy hour after a page: then a notice is enough."""
    return (
        before is not None
        and before.cause in SHORT_LIVED
        and before.urgency is Severity.PAGE
        and before.cleared_at is not None
        and at - before.cleared_at < HEALTHY_HOUR
    )


def _is_storm(incident: Incident, state: CauseState, at: datetime) -> bool:
    """Whether one cause has paged so often lately that another page tells nobody anything."""
    pages = [one for one in incident.messages if one.kind is MessageKind.PAGE and one.cause is state.cause]
    return len([one for one in pages if at - one.at < STORM]) >= MOST_PAGES


def _part(incident: Incident, event: Event) -> None:
    incident.parts[Cause(event.data["cause"])] = event.data["of"]


def _change(incident: Incident, event: Event) -> None:
    state = incident.causes.get(Cause(event.data["cause"]))
    if state is None or state.round != event.data["round"]:
        return
    before, state.findings = state.findings, tuple(finding_from_json(document) for document in event.data["findings"])
    state.changes += 1
    _remember(incident, state.cause, state.findings)
    told = _shown(state, event)
    if told in state.told or len(state.told) >= MOST_TOLD or _only_told_events(incident, before, state.findings):
        return
    state.told.add(told)
    incident.told_events |= _happened(state.findings)
    _owe(incident, event, MessageKind.UPDATE, Severity.NOTICE, state.cause)


def _only_told_events(incident: Incident, before: Sequence[Finding], now: Sequence[Finding]) -> bool:
    """Whether findings differ only in what happened once: it ran out, or was told with another cause of the incident.

    A touch that was told with a hijack stays by itself when the hijack is over; that is no news.
    """
    came, went = set(shape(now)) - set(shape(before)), set(shape(before)) - set(shape(now))
    return came <= incident.told_events and all(code in EVENTS for code, _, _ in went) and came | went != set()


def _happened(findings: Sequence[Finding]) -> set[Row]:
    """Return the rows of a shape that tell what happened once."""
    return {row for row in shape(findings) if row[0] in EVENTS}


def _nothing_else(findings: Sequence[Finding]) -> bool:
    return all(finding.code in EVENTS for finding in findings)


def _shown(state: CauseState, event: Event) -> str:
    """Take the shape of an event's findings over, and return the digest of what a person is told of it.

    An event of an earlier version holds neither.
    """
    state.shape = event.data.get("shape") or digest(shape(state.findings))
    state.shortened = "shortened" in event.data
    return event.data.get("essence") or digest(essence(state.findings))


def _remember(incident: Incident, cause: Cause, findings: Iterable[Finding]) -> None:
    incident.values.setdefault(cause, set()).update(value for finding in findings for value in finding.values)


def _clear(incident: Incident, event: Event) -> None:
    state = incident.causes.get(Cause(event.data["cause"]))
    if state is None or state.round != event.data["round"]:
        return
    state.cleared_at = event.at
    state.residual = tuple(finding_from_json(document) for document in event.data.get("residual", ()))
    _remember(incident, state.cause, state.residual)
    standing = any(cause.urgency.rank >= incident.urgency.rank for cause in incident.active)
    if not standing and incident.state is State.OPEN:
        incident.state, incident.recovering_since = State.RECOVERING, event.at
        _owe(incident, event, MessageKind.RECOVERING, Severity.NOTICE, state.cause)


def _forged_seen(incident: Incident, event: Event) -> None:
    data = event.data
    key = (data["host"], data["address"], data["ttl"])
    before = incident.forged.get(key)
    if before is None or before.round < data["round"]:
        incident.forged[key] = Forged(*key, data["round"], event.at)


def _forged_gone(incident: Incident, event: Event) -> None:
    data = event.data
    forged = incident.forged.get((data["host"], data["address"], data["ttl"]))
    if forged is not None and forged.round == data["round"]:
        forged.last_seen = event.at


def _remind(incident: Incident, event: Event) -> None:
    incident.reminders = max(incident.reminders, event.data["number"])
    incident.reminded_at = event.at
    channel = Severity.PAGE if event.data["number"] == 1 else Severity.NOTICE
    _owe(incident, event, MessageKind.REMINDER, channel, None)


def _acknowledge(incident: Incident, event: Event) -> None:
    incident.acknowledged_at, incident.acknowledged_by = event.at, event.data["by"]


def _note(incident: Incident, event: Event) -> None:
    """Say nothing more: a note lives in the timeline."""


def _resolve(incident: Incident, event: Event) -> None:
    if incident.state is State.RESOLVED:
        return
    incident.state, incident.resolved_at, incident.resolved_by = State.RESOLVED, event.at, event.data["by"]
    _owe(incident, event, MessageKind.RESOLVED, Severity.NOTICE, None)


def _owe(incident: Incident, event: Event, kind: MessageKind, channel: Severity, cause: Cause | None) -> None:
    incident.messages.append(Message(f"{kind}/{event.id}", kind, channel, cause, event.at))


_APPLY = {
    EventType.RAISED: _raise,
    EventType.PART: _part,
    EventType.CHANGED: _change,
    EventType.CLEARED: _clear,
    EventType.FORGED_SEEN: _forged_seen,
    EventType.FORGED_GONE: _forged_gone,
    EventType.REMINDED: _remind,
    EventType.ACKNOWLEDGED: _acknowledge,
    EventType.NOTED: _note,
    EventType.RESOLVED: _resolve,
}

_ORDER: Mapping[EventType, int] = {type_: position for position, type_ in enumerate(_APPLY)}
"""Among events of one moment: a cause is raised before it is cleared, and resolving comes last."""
