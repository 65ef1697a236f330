"""What stands against a group at a moment: how a look is asked for, and how a domain is looked at."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nswatch.errors import Conflict, StoreUnavailable
from nswatch.expect.approved import ending_unapplied, window_edges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, PlannedChange, read_entry
from nswatch.judge.dnssec import vouched_in
from nswatch.judge.judgement import ForgedData, Judgement, judge_domain
from nswatch.model import OF_DNS, Finding, Key, Severity, Source, View
from nswatch.moments import iso, parse_iso
from nswatch.record.apply import unwatch
from nswatch.record.catchup import catch_up, take_shard
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import shard_of
from nswatch.record.log import Event
from nswatch.record.port import Head, RoundBriefing, WatchlistHead
from nswatch.respond.fold import fold
from nswatch.respond.incident import known_values
from nswatch.respond.past import Doubts, Missed, missed
from nswatch.respond.siblings import beside_siblings

SHARDS_AT_ONCE = 5
"""How many shards of a watchlist that missed this hub a round takes over: each is a hundred domains to be written."""

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
    passes: Mapping[str, datetime] = field(default_factory=dict)
    """Each region's newest pass over the domain that this hub holds."""
    missed: tuple[Missed, ...] = ()
    """What paged for a while before the look, and no more; also what was told in time."""


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
        self._collectors = sorted([home.hub, *(other.hub for other in others)])
        self._aws = aws
        self._codes = codes
        self.shards = 1
        """How many shards the watchlist in force had when the vantage was last looked at."""

    def judge(self, domain: str, head: Head, log: Log, now: datetime, since: datetime | None = None) -> Look:
        """Look at a domain: what the regions see, against what was approved. Raises NswatchError.

        ``since`` asks for what came and went from then on, too.
        """
        expectation = self._home.expectation(domain)
        if expectation is None:
            return Look(None, 0, ())
        seen = self._home.seen(domain, expectation.shard, self._regions, now, self._collectors)
        if seen.newest_version > seen.held_version and self._take_over(domain, seen.held_version):
            was, expectation = expectation, self._home.expectation(domain)
            if expectation is None:
                return Look(None, 0, ())
            if expectation.shard != was.shard:
                seen = self._home.seen(domain, expectation.shard, self._regions, now, self._collectors)
        entry = read_entry(domain, expectation.entry)
        followed = {host for host, _ in head.followed}
        forgotten = head.remembered_until is not None and now >= head.remembered_until
        known = known_values(fold(log.read()[1]), now) if head.episode and not forgotten else {}
        doubts_before = _doubts_from_json(head.doubts)
        judge_at = partial(judge_domain, entry, followed=followed, aws=self._aws(), known=known)
        judgement = judge_at(seen.views, doubts_before, now)
        if any(finding.code == "ds_changed" for finding in judgement.findings):
            vouched = self._vouched_elsewhere(domain)
            if vouched.keys() - doubts_before.keys():
                judgement = judge_at(seen.views, vouched | doubts_before, now)
        known_of_keys = vouched_in(judgement.doubts)
        past = () if since is None else self._missed(domain, seen.views, judge_at, known_of_keys, since, now)
        ending = tuple(ending_unapplied(entry, now))
        following = next((edge for edge in window_edges(entry) if edge > now), None)
        if following != expectation.due_at:
            self._home.schedule_expectation(domain, following)
        doubts = tuple(_doubts_to_json(judgement.doubts.items()))
        findings = self._judged(judgement.findings)
        findings = beside_siblings(self._home, self._collectors, entry, findings, seen.views, now)
        return Look(
            entry,
            expectation.shard,
            findings,
            judgement.forged,
            doubts,
            judgement.look_again,
            ending,
            _newest_passes(self._regions, seen.views),
            past,
        )

    def _missed(
        self,
        domain: str,
        views: Sequence[View],
        judge_at: Callable[[Sequence[View], Doubts, datetime], Judgement],
        doubts: Doubts,
        since: datetime,
        now: datetime,
    ) -> tuple[Missed, ...]:
        """Return what came and went since a moment, but not what another watchlist than the present one approved."""
        head = self._home.watchlist_head()
        since = since if head is None else max(since, head.applied_at)
        observations = self._home.observed(domain, self._regions, since)
        found = missed(domain, views, observations, judge_at, now, doubts)
        kept = (replace(each, findings=self._judged(each.findings)) for each in found)
        return tuple(each for each in kept if any(finding.severity is Severity.PAGE for finding in each.findings))

    def _vouched_elsewhere(self, domain: str) -> dict[Key, datetime]:
        """Return the keys of which the other hubs know that they were vouched for, since when: those that can be asked.

        A roll-over is seen while it happens. A hub that was away then, or is new, would find a key that nobody vouched
        for, and the other one would say each time that nothing stands.
        """
        vouched: dict[Key, datetime] = {}
        for other in self._others:
            try:
                vouched |= vouched_in(_doubts_from_json(other.head(domain).doubts))
            except StoreUnavailable as error:
                logger.warning("%s cannot be asked for the keys of %s: %s", other.hub, domain, error)
        return vouched

    def catch_up(self, now: datetime) -> bool:
        """Go on taking over a newer watchlist of another hub; return whether this hub judges by the newest now.

        An `apply` may have missed this hub while it was down. A call takes at most `SHARDS_AT_ONCE`, and the next goes
        on from there; the head moves when all are here.
        """
        held = self._home.watchlist_head()
        for other, newer in self._newer(0 if held is None else held.version):
            try:
                if catch_up(self._home, other, newer, now, SHARDS_AT_ONCE):
                    logger.info("caught up with watchlist version %d of %s", newer.version, other.hub)
                    return True
            except StoreUnavailable as error:
                logger.warning("%s holds a newer watchlist that cannot be taken over: %s", other.hub, error)
            except Conflict:
                return True
        return False

    def _take_over(self, domain: str, held: int) -> bool:
        """Take over the shard of a domain that is looked at; judging by what was approved before pages falsely."""
        for other, newer in self._newer(held):
            shard = shard_of(domain, newer.shards)
            try:
                take_shard(self._home, other, newer, shard)
                if domain not in self._home.shard_entries(newer.version, shard):
                    unwatch(self._home, domain, newer.applied_at)
            except StoreUnavailable as error:
                logger.warning("%s holds a newer watchlist that cannot be taken over: %s", other.hub, error)
            else:
                return True
        return False

    def _newer(self, held: int) -> Iterator[tuple[DynamoHubStore, WatchlistHead]]:
        """Yield the other hubs that can be asked and hold a newer watchlist than ``held``, the newest first."""
        found = list[tuple[DynamoHubStore, WatchlistHead]]()
        for other in self._others:
            try:
                head = other.watchlist_head()
            except StoreUnavailable as error:
                logger.warning("%s cannot be asked for a newer watchlist: %s", other.hub, error)
                continue
            if head is not None and head.version > held:
                found.append((other, head))
        yield from sorted(found, key=lambda each: each[1].version, reverse=True)

    def passes(self, briefing: RoundBriefing) -> dict[str, datetime]:
        """Return each region's newest pass, the oldest over its shards; none of a region that never made one."""
        watchlist = briefing.watchlist
        if watchlist is None:
            return {}
        self.shards = watchlist.shards
        return {
            region: min(beats.get(shard, watchlist.applied_at) for shard in range(watchlist.shards))
            for region, beats in briefing.heartbeats.items()
            if beats
        }

    def _judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if self._codes is None or finding.code in self._codes)


def row_of(finding: Finding) -> str:
    """Return what a head remembers of an open finding."""
    return f"{finding.code}#{finding.subject}"


def code_and_subject(row: str) -> tuple[str, str]:
    """Return what `row_of` put together."""
    code, _, subject = row.partition("#")
    return code, subject


def _newest_passes(regions: Iterable[str], views: Iterable[View]) -> dict[str, datetime]:
    """Return each region's newest pass that got through the domain; one of which nothing is held made none yet."""
    passes = dict.fromkeys(regions, datetime.min.replace(tzinfo=UTC))
    for view in views:
        if view.key.source in OF_DNS:
            passes[view.key.region] = max(view.last_seen, passes[view.key.region])
    return passes


def _doubts_to_json(doubts: Iterable[tuple[Key, datetime]]) -> list[Any]:
    return [
        [[key.region, str(key.source), key.server, key.qname, key.qtype], iso(since)] for key, since in sorted(doubts)
    ]


def _doubts_from_json(document: Iterable[Any]) -> dict[Key, datetime]:
    return {
        Key(region, Source(source), server, qname, qtype): parse_iso(since)
        for (region, source, server, qname, qtype), since in document
    }
