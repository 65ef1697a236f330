"""An incident: what a fold over its events says, and the messages that it owes to people.

`fold` is a pure function of the *set* of events, whatever order they were written in: it sorts them. Timeline,
concurrency of two hubs and replay all rest on that (decision 12).

The messages are derived too. A message has an id that depends on the event that caused it, so that an outbox that puts
every message it does not hold yet neither forgets one nor sends one twice.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from nswatch.errors import DEFECTS
from nswatch.judge.policy import EVENTS, Cause
from nswatch.model import Finding, Severity, Value
from nswatch.moments import parse_iso
from nswatch.record.log import Event
from nswatch.respond.events import EventType, Row, digest, essence, finding_from_json, shape

logger = logging.getLogger(__name__)

HEALTHY_HOUR = timedelta(hours=1)
"""A cause in `SHORT_LIVED` is over after this long without a finding; coming back within it is a notice."""

SHORT_LIVED = frozenset({Cause.AVAILABILITY, Cause.VANTAGE, Cause.MONITOR})


MOST_TOLD = 200
"""So many states of a cause are told. Whoever gives other values in each pass fills nobody's mailbox, nor the head."""

REMEMBERED = timedelta(days=7)
"""So long after its end an incident still explains what a cache holds of it (the longest that caches keep anything)."""


class State(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


class MessageKind(StrEnum):
    """Why a message is sent."""

    PAGE = "page"
    NOTICE = "notice"
    UPDATE = "update"
    REMINDER = "reminder"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Message:
    """One message that an incident owes. ``channel`` is PAGE or NOTICE; ``at`` is when its reason came about."""

    id: str
    kind: MessageKind
    channel: Severity
    cause: Cause | None
    at: datetime


@dataclass(slots=True)
class CauseState:
    """One cause of an incident: active, or cleared and perhaps coming back (then ``round`` grows).

    ``residual`` is what only caches still held when it was cleared. ``changes`` counts how often other values came
    within the round, ``told`` are the digests of those that people have been told: what flaps is told once. ``shape``
    is the digest of the findings, which may be ``shortened`` here. ``over_before`` is when a more urgent round ended.
    ``until`` is when it was last seen, where it was over before anybody looked: that is told all the same.
    """

    cause: Cause
    round: int
    urgency: Severity
    findings: tuple[Finding, ...]
    raised_at: datetime
    cleared_at: datetime | None = None
    over_before: datetime | None = None
    until: datetime | None = None
    residual: tuple[Finding, ...] = ()
    changes: int = 0
    told: set[str] = field(default_factory=set)
    shape: str = ""
    shortened: bool = False

    @property
    def active(self) -> bool:
        """Whether findings of this cause stand."""
        return self.cleared_at is None


@dataclass(slots=True)
class Forged:
    """One server that gives, or gave, forged data: until when was it seen to (None: still), and its longest TTL."""

    host: str
    address: str
    ttl: int
    round: int
    first_seen: datetime
    last_seen: datetime | None = None


@dataclass(slots=True)
class Incident:
    """What is known of one incident. ``urgency`` is PAGE once any cause was page-worthy, and stays so.

    ``values`` are the unexplained RRsets that it has ever shown, by cause: what a cache still holds of them is no news.
    ``parts`` are the causes that another incident was paged for, by its id. ``told_events`` is what happened once
    (`nswatch.judge.policy.EVENTS`) and was told, whichever cause it was told with.
    """

    group: str
    episode: int
    opened_at: datetime
    urgency: Severity = Severity.NOTICE
    state: State = State.OPEN
    causes: dict[Cause, CauseState] = field(default_factory=dict)
    forged: dict[tuple[str, str, int], Forged] = field(default_factory=dict)
    values: dict[Cause, set[Value]] = field(default_factory=dict)
    parts: dict[Cause, str] = field(default_factory=dict)
    told_events: set[Row] = field(default_factory=set)
    recovering_since: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    last_page_at: datetime | None = None
    pages: int = 0
    reminders: int = 0
    reminded_at: datetime | None = None
    messages: list[Message] = field(default_factory=list)
    timeline: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The incident's name for people and commands: ``example.com-1``."""
        return f"{self.group}-{self.episode}"

    @property
    def part_of(self) -> frozenset[str]:
        """The incidents that tell all of it that pages; none where anything that pages is its own."""
        paged = {state.cause for state in self.active if state.urgency is Severity.PAGE}
        return frozenset(self.parts[cause] for cause in paged) if paged <= self.parts.keys() else frozenset()

    @property
    def active(self) -> list[CauseState]:
        """The causes that stand, the most urgent first, then in the order they came."""
        standing = [cause for cause in self.causes.values() if cause.active]
        return sorted(standing, key=lambda cause: (-cause.urgency.rank, cause.raised_at))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that stand now, or where none does those that stood last."""
        causes = self.active or sorted(self.causes.values(), key=lambda cause: -cause.urgency.rank)
        return tuple(finding for cause in causes for finding in cause.findings)


def known_values(incident: Incident | None, now: datetime) -> dict[str, frozenset[Value]]:
    """Return the unexplained RRsets that an incident has shown, by cause, while caches may still hold them."""
    over = incident is None or (incident.resolved_at is not None and now - incident.resolved_at >= REMEMBERED)
    if incident is None or over:
        return {}
    return {cause.value: frozenset(values) for cause, values in incident.values.items()}


def incident_id(text: str) -> tuple[str, int]:
    """Return (group, episode) of an incident's id; ValueError when it is none."""
    group, dash, episode = text.rpartition("-")
    if not dash or not group or not episode.isdigit():
        raise ValueError(f"{text!r} is not an incident's id; they look like example.com-1")
    return group, int(episode)


def still_matters(message: Message, incident: Incident) -> bool:
    """Whether a message that nobody owed until now is worth sending, or what it tells is over already.

    A hub that comes back from an outage finds a whole story in its log, which the other hub has told meanwhile.
    """
    if not may_matter(message, incident):
        return False
    if message.kind is MessageKind.RESOLVED:
        return True
    if message.kind is MessageKind.RECOVERING:
        return incident.state is State.RECOVERING
    if incident.state is State.RESOLVED:
        return False
    # While an incident recovers, what comes that wakes nobody is news like at any other time.
    return message.cause is not None or incident.state is State.OPEN


def may_matter(message: Message, incident: Incident) -> bool:
    """Whether a message is of the newest round of what it tells: one of an earlier round never matters again.

    There are few of the newest round, however often a cause came and went before.
    """
    if message.kind is MessageKind.RESOLVED:
        return True
    if message.kind is MessageKind.RECOVERING:
        return incident.recovering_since is not None and message.at >= incident.recovering_since
    if message.kind is MessageKind.REMINDER:
        return incident.reminded_at is None or message.at >= incident.reminded_at
    cause = None if message.cause is None else incident.causes.get(message.cause)
    return cause is None or ((cause.active or cause.until is not None) and cause.raised_at <= message.at)


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
    known = "paged" in data or (came_back and _relapse(before, event.at))
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
