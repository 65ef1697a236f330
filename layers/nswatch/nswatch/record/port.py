"""What the rooms ask of one hub's record, and the values that go in and out.

A store is one hub. Nothing here reads or writes two hubs: who wants both asks two stores (decision 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from nswatch.model import Heartbeat, Key, Observation, Severity, View
from nswatch.record.log import Event


@dataclass(frozen=True, slots=True)
class WatchlistHead:
    """Which watchlist is in force: its version, its shards, who is told (``alerts``: channel to routes).

    ``short`` are the shards with domains whose parent is asked more often than once a minute: shard to the intervals
    that occur, in seconds.
    """

    version: int
    shards: int
    applied_at: datetime
    applied_by: str
    digest: str
    alerts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    short: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The newest pass over one shard: its heartbeat, and the stamp of all that stands.

    Whoever changes what stands puts another ``stamp`` there, so that a worker may go by its memory while the hub shows
    the stamp that the memory is of. It is opaque; one that begins with ``?`` says that a writer had begun and had not
    ended, and is nobody's memory's.
    """

    heartbeat: Heartbeat
    stamp: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a pass begins with: the watchlist in force, the newest pass before it, and whom to keep asking.

    ``followed`` are the formerly forged servers: domain to (host, address) pairs.
    """

    watchlist: WatchlistHead | None
    fingerprint: Fingerprint | None
    followed: Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class RegionReport:
    """What a region's schedule says of itself every minute.

    ``queued`` is the last turn whose shards were sent to the queue (None: none yet), ``release`` the probe's.
    ``dead_letters`` is the depth of the probe's dead-letter queue there, None when it cannot be read.
    """

    at: datetime
    queued: datetime | None
    release: str
    dead_letters: int | None


@dataclass(frozen=True, slots=True)
class ScheduleBriefing:
    """What a region's schedule begins with: the watchlist in force, and the region's last report."""

    watchlist: WatchlistHead | None
    report: RegionReport | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One domain's entry (canonical JSON) as the watchlist's ``version`` has it; ``due_at`` is its next timer."""

    domain: str
    version: int
    shard: int
    entry: Mapping[str, Any]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An observation that differs from the view before it, and the view that it makes."""

    observation: Observation
    view: View
    before: View | None


class OutboxStatus(StrEnum):
    """Where a message is."""

    PENDING = "pending"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message that a hub owes. It is sent by this hub not before ``send_at``, unless it shows as sent by then.

    ``body`` is what the topic takes (JSON by protocol); ``sns_id`` the topic's message id once sent. ``common`` are the
    keys of what it tells of, where one change may have hit several domains, and ``part_of`` the id of the incident that
    told of that change first: then this one went out as a notice. ``tried_at`` is when this hub first published it
    without learning whether the topic took it.
    """

    group: str
    episode: int
    id: str
    channel: Severity
    subject: str
    body: str
    send_at: datetime
    status: OutboxStatus = OutboxStatus.PENDING
    sns_id: str = ""
    sent_by: str = ""
    sent_at: datetime | None = None
    common: tuple[str, ...] = ()
    part_of: str = ""
    tried_at: datetime | None = None

    @property
    def kind(self) -> str:
        """Why it is sent: the first part of its id (``page``, ``reminder``, ``window``, …)."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Sending:
    """How a message was sent: the topic's message id, by which hub, and when."""

    sns_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Leave:
    """What a hub answers to another one that is about to send a message; ``sent`` where it knows it as sent."""

    granted: bool
    sent: Sending | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The state of one group that decisions are serialised on. ``counter`` 0 means: not there yet.

    ``enqueued`` are the ids of the episode's messages that are in the outbox, as long as they may matter.
    ``severities`` is what the rows of the open findings say, where that is known. ``doubts`` is a judgement's, as JSON
    ([[region, source, server, qname, qtype], moment]). ``due_at`` is the next moment at which something is to be done.
    ``opened_at`` is set while the episode's incident is not resolved; ``folded`` counts the events of its log so far.
    ``remembered_until`` is until when a resolved one still explains what caches hold; None where that is not known.
    """

    counter: int = 0
    episode: int = 0
    state: str = ""
    urgency: str = ""
    enqueued: frozenset[str] = frozenset()
    doubts: Sequence[Any] = ()
    open_codes: frozenset[str] = frozenset()
    severities: Mapping[str, str] = field(default_factory=dict)
    followed: Sequence[Sequence[str]] = ()
    told_windows: frozenset[str] = frozenset()
    opened_at: datetime | None = None
    remembered_until: datetime | None = None
    folded: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One domain's views, the watchlist's version that the hub holds, and the newest that a probe went by."""

    views: tuple[View, ...]
    held_version: int
    newest_version: int


@dataclass(frozen=True, slots=True)
class RoundBriefing:
    """What a comparator's scheduled round begins with: when it last looked, and the vantage group's head.

    ``heartbeats`` are the newest passes by region and shard; ``newest_version`` is the newest watchlist that a probe
    went by. ``heard`` is each region's oldest of them as the last round saw it, with the moment of the round that saw
    it first. ``changed`` are the domains that a region saw change lately, with the newest pass that did.
    """

    last_run: datetime | None
    waiting_since: datetime | None
    watchlist: WatchlistHead | None
    head: Head
    heartbeats: Mapping[str, Mapping[int, datetime]]
    newest_version: int
    heard: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    changed: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One row of the index of incidents that are not resolved; ``state`` is ``open`` or ``recovering``."""

    group: str
    episode: int
    state: str
    urgency: Severity
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """One row of the index of open findings."""

    group: str
    code: str
    subject: str
    severity: Severity
    since: datetime
    summary: str


class DueKind(StrEnum):
    """What a due item is about."""

    GROUP = "group"
    EXPECTATION = "expectation"
    OUTBOX = "outbox"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that has run out: look at ``group`` again, send one of its messages, or copy one of its events."""

    kind: DueKind
    group: str
    at: datetime
    sort_key: str


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one decision about a group writes, at once or not at all.

    ``opened`` and ``closed`` are rows of the index of open findings, ``closed`` as (code, subject). ``follow`` is
    (shard, [(host, address)]) when the servers to keep asking changed.
    """

    head: Head
    events: Sequence[Event] = ()
    messages: Sequence[OutboxItem] = ()
    opened: Sequence[OpenFinding] = ()
    closed: Sequence[tuple[str, str]] = ()
    follow: tuple[int, Sequence[Sequence[str]]] | None = None


class ProbeStore(Protocol):
    """What a probe asks of one hub."""

    hub: str

    def briefing(self, region: str, shard: int) -> Briefing:
        """Return what a pass of one region over one shard begins with, in one call."""
        ...

    def schedule_briefing(self, region: str) -> ScheduleBriefing:
        """Return what a region's schedule begins with, in one call."""
        ...

    def write_region_report(self, region: str, report: RegionReport) -> None:
        """Record what a region says of itself, in place of what it said before."""
        ...

    def watchlist_head(self) -> WatchlistHead | None:
        """Return which watchlist is in force, or None before the first `apply`."""
        ...

    def shard_entries(self, version: int, shard: int) -> Mapping[str, Mapping[str, Any]]:
        """Return the canonical entries of one shard of one version, by domain."""
        ...

    def views(self, region: str, domain: str) -> list[View]:
        """Return what stands for one domain from one region; ``last_seen`` is the pass that wrote each."""
        ...

    def views_of(self, region: str, domains: Sequence[str]) -> Mapping[str, Sequence[View]]:
        """Return the same for several domains, by domain."""
        ...

    def write_canary(self, views: Sequence[View]) -> None:
        """Have a region's views of the canary stand, whatever stood: every pass is a change (`nswatch.expect.canary`).

        Nothing is appended: there is no history to keep.
        """
        ...

    def write_changes(self, changes: Sequence[Change]) -> bool:
        """Append the observations and move the views on; safe to repeat.

        A late view does not replace a newer one, but stands beside it for a while; False says that there was one.
        """
        ...

    def forget(self, region: str, domain: str, keys: Sequence[Key]) -> None:
        """Let views stand no longer; what was appended stays."""
        ...

    def restamp(self, region: str, shard: int, stamp: str) -> str | None:
        """Put a stamp on what stands, whatever pass is the newest; return the one before, None before any pass."""
        ...

    def write_fingerprint(self, fingerprint: Fingerprint, over: str | None = None) -> None:
        """Move the heartbeat on, and with it the stamp.

        Conflict when the record already holds this pass or a newer one, or another stamp than ``over`` (None: any).
        """
        ...
