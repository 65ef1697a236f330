"""What a hub knows of another one's collector, and what it makes of it."""

from dataclasses import dataclass
from datetime import datetime

from nswatch.judge.collectors import collector_silent
from nswatch.judge.hubs import dead_letters
from nswatch.model import Finding
from nswatch.record.collected import CollectorReport
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.watch_store import Signs


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
