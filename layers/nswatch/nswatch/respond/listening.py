"""What a hub knows of another one's collector, and of what hears CloudTrail, and what it makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.judge.collectors import collector_silent
from nswatch.judge.hubs import dead_letters
from nswatch.judge.trails import trail_silent
from nswatch.model import Finding
from nswatch.record.collected import CollectorReport
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.trail_store import TrailReport
from nswatch.record.watch_store import HubReport, Signs

_REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Listened:
    """The newest report of a collector (None: never one), and since when this hub listens for the next."""

    report: CollectorReport | None
    waiting_since: datetime

    def judged(self, hub: str, now: datetime, *, was: bool) -> list[Finding]:
        """Return whether it does not do its work."""
        if self.report is None:
            return collector_silent(hub, None, None, {}, self.waiting_since, now, was=was)
        report = self.report
        return collector_silent(hub, report.at, report.done, report.failing, self.waiting_since, now, was=was)

    def letters(self, hub: str) -> list[Finding]:
        """Return whether work of it was given up."""
        if self.report is None:
            return []
        return dead_letters(hub, "collector", self.report.dead_letters, self.report.at, was=False)


def listen(
    home: DynamoHubStore, hub: str, signs: Signs, release: str, waiting_since: datetime, now: datetime
) -> Listened | None:
    """Return what is known of another hub's collector; None where there is none to wait for yet.

    The first report is waited for once that hub runs the same ``release``: an earlier one has no collector.
    """
    report, theirs = signs.collectors.get(hub), signs.hubs.get(hub)
    if report is not None:
        return Listened(report, waiting_since)
    if theirs is None or theirs.release != release:
        return None
    if hub not in signs.awaited:
        home.await_collector(hub, now)
    return Listened(None, max(waiting_since, signs.awaited.get(hub, now)))


def trail_moments(signs: Signs) -> dict[str, datetime]:
    """Return what a hub's report has of what hears CloudTrail: when it ``reported``, and the last call by service."""
    return {**signs.heard, **({} if signs.trail is None else {_REPORTED: signs.trail.at})}


def judge_trail(
    trail: TrailReport, reports: Sequence[HubReport], waiting_since: datetime, now: datetime, *, was: bool
) -> list[Finding]:
    """Judge what hears CloudTrail by what any hub holds of it: both tell it in one group, and must not differ."""
    heard: dict[str, datetime] = {}
    for report in reports:
        for what, at in report.trail.items():
            heard[what] = max(at, heard.get(what, at))
    reported = heard.pop(_REPORTED, trail.at)
    return trail_silent(trail.region, reported, heard, waiting_since, now, was=was)
