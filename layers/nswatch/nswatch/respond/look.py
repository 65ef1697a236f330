"""What stands against a group at a moment: a domain by what the record holds, the vantage by who reports."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nswatch.errors import Conflict, StoreUnavailable
from nswatch.expect.approved import ending_unapplied, window_edges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, PlannedChange, read_entry
from nswatch.judge.judgement import ForgedData, judge_domain
from nswatch.judge.vantage import silent_regions
from nswatch.model import Finding, Key, Source
from nswatch.moments import iso, parse_iso
from nswatch.record.apply import entries_in_force, put_in_force
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.log import Event
from nswatch.record.port import Head, RoundBriefing
from nswatch.respond.incident import fold, known_values

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a group found, before anything is decided."""

    entry: DomainEntry | None
    shard: int
    findings: tuple[Finding, ...]
    forged: tuple[ForgedData, ...] = ()
    doubts: tuple[Any, ...] = ()
    look_again: datetime | None = None
    ending: tuple[PlannedChange, ...] = ()


LookAt = Callable[[str, Head, "Log", datetime], Look]
"""Looks at a group, given its head and its newest episode's log, at a moment."""


class Log:
    """The log of a group's newest episode, read when it is first needed."""

    def __init__(self, home: DynamoHubStore, group: str, known: int) -> None:
        self._home = home
        self._group = group
        self._known = known
        self._read: tuple[int, list[Event]] | None = None

    def read(self) -> tuple[int, list[Event]]:
        """Return the newest episode and its events: the other hub may have begun one that the head has not seen."""
        if self._read is None:
            events = self._home.events(self._group, self._known)
            episode = max((event.episode for event in events), default=self._known)
            self._read = episode, [event for event in events if event.episode == episode]
        return self._read


class Looker:
    """Looks at groups from one hub's record. ``codes`` limits what is judged; None judges every code."""

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        regions: Sequence[str],
        aws: Callable[[], AwsRanges],
        codes: frozenset[str] | None = None,
    ) -> None:
        self._home = home
        self._others = others
        self._regions = regions
        self._aws = aws
        self._codes = codes
        self.shards = 1
        """How many shards the watchlist in force had when the vantage was last looked at."""

    def judge(self, domain: str, head: Head, log: Log, now: datetime) -> Look:
        """Look at a domain: what the regions see, against what was approved. Raises NswatchError."""
        expectation = self._home.expectation(domain)
        if expectation is None:
            return Look(None, 0, ())
        seen = self._home.seen(domain, expectation.shard, self._regions, now)
        if seen.newest_version > seen.held_version and self.catch_up():
            expectation = self._home.expectation(domain)
            if expectation is None:
                return Look(None, 0, ())
        entry = read_entry(domain, expectation.entry)
        followed = {host for host, _ in head.followed}
        known = known_values(fold(log.read()[1]), now) if head.episode else {}
        doubts_before = _doubts_from_json(head.doubts)
        judgement = judge_domain(entry, seen.views, doubts_before, now, followed, aws=self._aws(), known=known)
        ending = tuple(ending_unapplied(entry, now))
        following = next((edge for edge in window_edges(entry) if edge > now), None)
        if following != expectation.due_at:
            self._home.schedule_expectation(domain, following)
        doubts = tuple(_doubts_to_json(judgement.doubts.items()))
        findings = self._judged(judgement.findings)
        return Look(entry, expectation.shard, findings, judgement.forged, doubts, judgement.look_again, ending)

    def catch_up(self) -> bool:
        """Put a newer watchlist of another hub into force here; return whether this hub holds the newest now.

        An `apply` may have missed this hub while it was down, and judging by what was approved before pages falsely.
        """
        for other in self._others:
            try:
                newer = other.watchlist_head()
                if newer is None:
                    continue
                entries = entries_in_force(other, newer)
                put_in_force(self._home, entries, newer.alerts, newer.applied_by, newer.applied_at, newer.version)
            except StoreUnavailable as error:
                logger.warning("%s holds a newer watchlist that cannot be read: %s", other.hub, error)
            except Conflict:
                return True
            else:
                logger.info("caught up with watchlist version %d of %s", newer.version, other.hub)
                return True
        return False

    def listen(
        self, briefing: RoundBriefing, waiting_since: datetime, _group: str, head: Head, _log: Log, now: datetime
    ) -> Look:
        """Look at the vantage: which regions are silent, of those that were waited for since ``waiting_since``."""
        watchlist = briefing.watchlist
        if watchlist is None:
            return Look(None, 0, ())
        self.shards = watchlist.shards
        heartbeats = briefing.heartbeats or self._home.heartbeats(self._regions, watchlist.shards)
        passes = {
            region: min(beats.get(shard, watchlist.applied_at) for shard in range(watchlist.shards))
            for region, beats in heartbeats.items()
            if beats
        }
        already = {subject for code, subject in map(code_and_subject, head.open_codes) if code == "vantage_silent"}
        began = max(waiting_since, watchlist.applied_at)
        return Look(None, 0, self._judged(silent_regions(self._regions, passes, began, now, already)))

    def _judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if self._codes is None or finding.code in self._codes)


def row_of(finding: Finding) -> str:
    """Return what a head remembers of an open finding."""
    return f"{finding.code}#{finding.subject}"


def code_and_subject(row: str) -> tuple[str, str]:
    """Return what `row_of` put together."""
    code, _, subject = row.partition("#")
    return code, subject


def _doubts_to_json(doubts: Iterable[tuple[Key, datetime]]) -> list[Any]:
    return [
        [[key.region, str(key.source), key.server, key.qname, key.qtype], iso(since)] for key, since in sorted(doubts)
    ]


def _doubts_from_json(document: Iterable[Any]) -> dict[Key, datetime]:
    return {
        Key(region, Source(source), server, qname, qtype): parse_iso(since)
        for (region, source, server, qname, qtype), since in document
    }
