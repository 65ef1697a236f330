"""An incident: its causes, who gave forged data, and the messages that it owes.

`nswatch.respond.fold` makes it from its events.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from nswatch.judge.policy import Cause
from nswatch.model import Finding, Severity, Value
from nswatch.record.log import Event
from nswatch.respond.events import Row

HEALTHY_HOUR = timedelta(hours=1)
"""A cause in `SHORT_LIVED` is over after this long without a finding; coming back within it is a notice."""

SHORT_LIVED = frozenset({Cause.AVAILABILITY, Cause.VANTAGE, Cause.MONITOR})

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
