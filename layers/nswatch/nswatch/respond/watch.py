"""Watching the watcher: what a hub says of itself every minute, and what it makes of the other one and of the regions.

Each round a hub writes a report into both hubs' tables, before it judges. From its own table it judges the *other*
hub, in a group that it alone holds: whoever is about to fail is not asked to tell it. The group of the regions is
shared, so that both hubs must see the same in it: what one alone misses stands in its report, and counts in both.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from nswatch.errors import DeliveryFailed, StoreUnavailable
from nswatch.expect.canary import CANARY
from nswatch.judge.canary import blind_since, monitor_blind, proven
from nswatch.judge.hubs import dead_letters, hub_silent, topic_unconfirmed, topics_settled
from nswatch.judge.vantage import SILENT_AFTER, heard_at, silent_regions, silent_since
from nswatch.model import Clock, Finding, Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Head, RoundBriefing, WatchlistHead
from nswatch.record.watch_store import HubReport, Signs, TopicReport
from nswatch.respond.groups import VANTAGE, hub_group
from nswatch.respond.listening import Listened, judge_trail, listen, trail_moments
from nswatch.respond.look import Log, Look, LookAt, code_and_subject

LOOKS_EVERY = timedelta(minutes=5)
"""How often a hub asks who is subscribed to its topics: the answer seldom changes, and each question is paid for."""
IN_FLIGHT = timedelta(seconds=30)
"""So long after its turn a pass may be recorded, and brought by the stream."""
CHANNELS = (Severity.PAGE, Severity.NOTICE)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """A topic's subscriptions: how many are confirmed and pending, and the confirmed routes (``email:a@b.example``)."""

    confirmed: int
    pending: int
    routes: frozenset[str]


class Surroundings(Protocol):
    """What a hub can be asked about itself beside its table."""

    def dead_letters(self) -> int | None:
        """Return how many messages the comparator's dead-letter queue holds; None when that cannot be known now."""
        ...

    def subscriptions(self, channel: Severity) -> Subscriptions | None:
        """Return who is subscribed to the topic of a channel; None where there is no such topic.

        Raises DeliveryFailed when it cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """What one round makes of the monitor itself: how to look at the regions, and at each other hub, by group.

    ``sound`` says that this hub is not blind, and that its page topic reaches somebody; ``done`` that it was judged.
    ``behind`` are the regions whose newest pass the stream should have brought by now, and has not. ``back`` says that
    another hub takes writes again.
    """

    looks: Mapping[str, LookAt]
    sound: bool
    done: bool = True
    behind: frozenset[str] = frozenset()
    back: bool = False


class Watcher:
    """Watches the monitor for one hub. ``release`` is this hub's; ``codes`` limits what is judged, None is every."""

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        regions: Sequence[str],
        surroundings: Surroundings,
        release: str,
        clock: Clock,
        codes: frozenset[str] | None = None,
    ) -> None:
        self._home = home
        self._others = others
        self._regions = regions
        self._surroundings = surroundings
        self._release = release
        self._clock = clock
        self._codes = codes

    def see_canary(self, region: str) -> None:
        """Judge one region's canary, as the stream has brought it, and note the pass when it came out as a finding."""
        pass_time = proven(self._home.views(region, CANARY), self._clock())
        if pass_time is None:
            logger.warning("the canary of %s raises no finding: its path is broken", region)
        else:
            self._home.prove_canary(region, pass_time)

    def watch(
        self,
        briefing: RoundBriefing,
        heard: Mapping[str, tuple[datetime, datetime]],
        waiting_since: datetime,
        now: datetime,
    ) -> Watch:
        """Report to both hubs, and judge. ``briefing`` is the round's; ``heard`` are the regions' newest passes.

        Those are by the regions' clocks, each with the moment at which this hub first saw it by its own. Raises
        StoreUnavailable for this hub's own table only.
        """
        passes = {region: heard_at(*moments) for region, moments in heard.items()}
        watchlist = briefing.watchlist
        hubs = (self._home.hub, *(other.hub for other in self._others))
        signs = self._home.signs(hubs, self._regions)
        before = signs.hubs.get(self._home.hub)
        report = self._own_report(before, watchlist, now)
        if watchlist is not None:
            began = max(waiting_since, watchlist.applied_at)
            already = {region for region in self._regions if _open(briefing.head, "vantage_silent", region)}
            silent = silent_since(self._regions, passes, began, now, already)
            reporting = [region for region in self._regions if region in passes and region not in silent]
            lags = {region: passes[region] - at for region, (at, _) in heard.items()}
            missed = self._blind(signs, reporting, lags, began, now)
            report = replace(report, silent=silent, blind=missed, trail=trail_moments(signs))
        report = self._tell(report, now)
        if watchlist is None:
            return Watch({}, sound=False)
        fresh = [one for hub, one in signs.hubs.items() if hub != self._home.hub and now - one.at < SILENT_AFTER]
        about_regions = self._judge_regions([report, *fresh], signs, briefing.head)
        if signs.trail is not None and signs.trail.region in self._regions:
            was = _open(briefing.head, "trail_silent", signs.trail.region)
            about_regions += judge_trail(signs.trail, [report, *fresh], began, now, was=was)
        looks: dict[str, LookAt] = {VANTAGE: partial(self._look_at_regions, about_regions)}
        for other in self._others:
            theirs = signs.hubs.get(other.hub)
            collector = listen(self._home, other.hub, signs, self._release, began, now)
            looks[hub_group(other.hub)] = partial(
                self._look_at_hub, other.hub, theirs, report, watchlist, began, collector
            )
        page_topic = report.topics.get(Severity.PAGE)
        reached = page_topic is not None and page_topic.confirmed > 0
        blind = any(finding.severity is Severity.PAGE for finding in about_regions)
        back = before is not None and bool(before.unreachable.keys() - report.unreachable.keys())
        behind = frozenset(_behind(heard, signs, now))
        return Watch(looks, sound=reached and not blind, behind=behind, back=back)

    # What this hub says of itself

    def _own_report(self, before: HubReport | None, watchlist: WatchlistHead | None, now: datetime) -> HubReport:
        version = 0 if watchlist is None else watchlist.version
        report = HubReport(self._home.hub, now, self._release, version, self._surroundings.dead_letters())
        if before is not None:
            report = replace(report, topics=before.topics, topics_at=before.topics_at, unreachable=before.unreachable)
        asked = before.topics_at if before is not None and before.watchlist_version == version else None
        if watchlist is None or (asked is not None and now - asked < LOOKS_EVERY):
            return report
        topics = {}
        for channel in CHANNELS:
            try:
                found = self._surroundings.subscriptions(channel)
            except DeliveryFailed as error:
                logger.warning("who is subscribed to the %s topic is not known: %s", channel, error)
                return report
            if found is not None:
                named = watchlist.alerts.get(channel, ())
                topics[str(channel)] = _topic_report(found, named, report.topics.get(channel), now)
        return replace(report, topics=topics, topics_at=now)

    def _tell(self, report: HubReport, now: datetime) -> HubReport:
        """Write the report into the other hubs and here; return it with what of that failed."""
        unreachable = {}
        for other in self._others:
            try:
                other.write_hub_report(report)
            except StoreUnavailable as error:
                unreachable[other.hub] = report.unreachable.get(other.hub, now)
                logger.warning("%s takes no report: %s", other.hub, error)
        report = replace(report, unreachable=unreachable)
        self._home.write_hub_report(report)
        return report

    def _blind(
        self,
        signs: Signs,
        reporting: Sequence[str],
        lags: Mapping[str, timedelta],
        waiting_since: datetime,
        now: datetime,
    ) -> dict[str, datetime]:
        """Return the regions whose canary this hub misses.

        ``lags`` is by how much their clocks are behind. The first canary of a region is waited for once the region
        reports: a probe of an earlier release knows none.
        """
        marks = signs.canaries
        proofs = {
            region: mark.proven + lags.get(region, timedelta())
            for region, mark in marks.items()
            if mark.proven is not None
        }
        waiting = {region: mark.waiting_since for region, mark in marks.items() if mark.waiting_since is not None}
        new = [region for region in reporting if region in signs.regions and region not in marks]
        self._home.await_canaries(new, now)
        return blind_since(reporting, proofs, waiting, waiting_since, now)

    # What it makes of the others

    def _judge_regions(self, reports: Sequence[HubReport], signs: Signs, head: Head) -> list[Finding]:
        """Judge the regions by what any hub misses: the group is shared, and one hub's news is the other's too."""
        silent: dict[str, datetime] = {}
        blind: dict[str, tuple[datetime, str]] = {}
        for report in reports:
            for region, last in report.silent.items():
                silent[region] = min(last, silent.get(region, last))
        silent = {region: last for region, last in silent.items() if region in self._regions}
        reporting = [region for region in self._regions if region not in silent]
        for report in reports:
            for region in report.blind.keys() & set(reporting):
                missed = (report.blind[region], report.hub)
                blind[region] = min(missed, blind.get(region, missed))
        found = [*silent_regions(self._regions, silent), *monitor_blind(blind, reporting)]
        for region, its in signs.regions.items():
            was = _open(head, "dead_letters", region)
            letters = dead_letters(region, "probe", its.dead_letters, its.at, was=was)
            if not letters and signs.trail is not None and signs.trail.region == region:
                letters = dead_letters(region, "trail", signs.trail.dead_letters, signs.trail.at, was=False)
            found += letters
        return found

    def _look_at_regions(self, found: Sequence[Finding], _group: str, _head: Head, _log: Log, _now: datetime) -> Look:
        return Look(None, 0, self._judged(found))

    def _look_at_hub(
        self,
        hub: str,
        theirs: HubReport | None,
        ours: HubReport,
        watchlist: WatchlistHead,
        waiting_since: datetime,
        collector: Listened | None,
        _group: str,
        head: Head,
        _log: Log,
        now: datetime,
    ) -> Look:
        was = _open(head, "hub_silent", hub)
        last = None if theirs is None else theirs.at
        found = hub_silent(hub, last, ours.unreachable.get(hub), waiting_since, now, was=was)
        # A hub that has just come back is given a round in which its collector reports too.
        if collector is not None and not found and not was:
            found += collector.judged(hub, now, was=_open(head, "collector_silent", hub))
        if theirs is not None:
            was = _open(head, "dead_letters", hub)
            letters = dead_letters(hub, "comparator", theirs.dead_letters, theirs.at, was=was)
            found += letters or (collector.letters(hub) if collector is not None else [])
            for channel, topic in sorted(theirs.topics.items()):
                if topics_settled(topic.since, watchlist.applied_at, theirs.at):
                    found += topic_unconfirmed(
                        hub,
                        Severity(channel),
                        topic.confirmed,
                        topic.unconfirmed,
                        topic.since,
                        watchlist.applied_at,
                        alone=_tells_nobody(ours.topics.get(Severity.NOTICE), watchlist, now),
                    )
        return Look(None, 0, self._judged(found))

    def _judged(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if self._codes is None or finding.code in self._codes)


def _open(head: Head, code: str, subject: str) -> bool:
    return (code, subject) in map(code_and_subject, head.open_codes)


def _tells_nobody(topic: TopicReport | None, watchlist: WatchlistHead, now: datetime) -> bool:
    """Whether nobody has been subscribed to a topic for so long that it is no passing state."""
    return topic is not None and topic.confirmed == 0 and topics_settled(topic.since, watchlist.applied_at, now)


def _behind(heard: Mapping[str, tuple[datetime, datetime]], signs: Signs, now: datetime) -> Iterator[str]:
    """Yield the regions whose newest pass came a while ago, and whose canary of it did not."""
    for region, (pass_time, _) in heard.items():
        mark = signs.canaries.get(region)
        if now - pass_time >= IN_FLIGHT and (mark is None or mark.proven is None or mark.proven < pass_time):
            yield region


def _topic_report(found: Subscriptions, named: Sequence[str], before: TopicReport | None, now: datetime) -> TopicReport:
    """Return what is to be said of a topic's subscriptions; ``named`` are the watchlist's routes to it."""
    unconfirmed = tuple(sorted(set(named) - found.routes))
    same = before is not None and (before.confirmed > 0, before.unconfirmed) == (found.confirmed > 0, unconfirmed)
    return TopicReport(found.confirmed, found.pending, unconfirmed, before.since if before and same else now)
