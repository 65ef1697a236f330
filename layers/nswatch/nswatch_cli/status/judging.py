"""Whether the installation works, as its hubs say: OK, WARNING (it still pages), CRITICAL (it may not), UNKNOWN."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from nswatch.judge.collectors import collector_silent
from nswatch.judge.vantage import SILENT_AFTER, STARTS_WITHIN
from nswatch.model import Severity
from nswatch.record.collected import CollectorReport
from nswatch.record.watch_store import HubReport
from nswatch.trail import GAP
from nswatch_cli.status.reading import HubView

_GIVEN_UP = timedelta(days=7)
"""Whoever has stopped the trail for good is reminded for so long."""


class Level(IntEnum):
    """How bad it is; the number is the exit status, as for a monitoring plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class RegionState:
    """One region, by all hubs together. ``passes`` is its newest pass by hub, None where that hub knows none.

    ``version`` is the watchlist that its newest pass went by, ``canary`` the newest pass whose canary was found.
    """

    region: str
    release: str
    passes: dict[str, datetime | None]
    version: int
    dead_letters: int | None
    canary: datetime | None

    @property
    def last_pass(self) -> datetime | None:
        """Its newest pass that any hub knows."""
        return max((at for at in self.passes.values() if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Status:
    """The whole: its level, what is wrong (the worst first), and what is known of regions and hubs."""

    level: Level
    problems: tuple[str, ...]
    regions: tuple[RegionState, ...]
    hubs: tuple[HubView, ...]
    version: int
    at: datetime


def own_report(view: HubView, views: Sequence[HubView]) -> HubReport | None:
    """Return what a hub says of itself, the newest that any hub holds."""
    reports = [each.reports[view.hub] for each in views if view.hub in each.reports]
    return max(reports, key=lambda report: report.at, default=None)


def collector_report(view: HubView, views: Sequence[HubView]) -> CollectorReport | None:
    """Return what a hub's collector says of itself, the newest that any hub holds."""
    reports = [each.collectors[view.hub] for each in views if view.hub in each.collectors]
    return max(reports, key=lambda report: report.at, default=None)


def judge(views: Sequence[HubView], regions: Sequence[str], now: datetime) -> Status:
    """Return how the installation does; ``regions`` are its regions, those that the hubs know where none are named."""
    answering = [view for view in views if not view.error]
    named = tuple(regions) or tuple(sorted({region for view in answering for region in view.beats}))
    states = tuple(_state(region, answering) for region in named)
    held = [view.watchlist.version for view in answering if view.watchlist is not None]
    version = max([*held, *(state.version for state in states)], default=0)
    found = sorted(_problems(views, states, version, now), key=lambda each: -each[0])
    if not answering:
        found = [(Level.UNKNOWN, "no hub can be asked: " + "; ".join(view.error for view in views))]
    level = max((each[0] for each in found), default=Level.OK)
    return Status(level, tuple(text for _, text in found), states, tuple(views), version, now)


def _state(region: str, views: Sequence[HubView]) -> RegionState:
    beats = [beat for view in views if (beat := view.beat(region)) is not None]
    newest = max(beats, key=lambda beat: beat.pass_time, default=None)
    report = max((view.regions[region] for view in views if region in view.regions), key=lambda r: r.at, default=None)
    proofs = [mark.proven for view in views if (mark := view.canaries.get(region)) and mark.proven is not None]
    release = newest.release if newest is not None else ""
    return RegionState(
        region=region,
        release=release or (report.release if report is not None else ""),
        passes={view.hub: (beat.pass_time if (beat := view.beat(region)) is not None else None) for view in views},
        version=newest.watchlist_version if newest is not None else 0,
        dead_letters=report.dead_letters if report is not None else None,
        canary=max(proofs, default=None),
    )


def _problems(
    views: Sequence[HubView], states: Sequence[RegionState], version: int, now: datetime
) -> Iterator[tuple[Level, str]]:
    answering = [view for view in views if not view.error]
    for view in views:
        if view.error:
            yield Level.WARNING, f"hub {view.hub} cannot be asked: {view.error}"
    if not any(view.watchlist for view in answering):
        yield Level.WARNING, "no watchlist is in force: nothing is watched (nswatch watchlist apply)"
        return
    for view in answering:
        yield from _hub_problems(view, own_report(view, answering), version, now)
        yield from _collector_problems(view, collector_report(view, answering), now)
    yield from _trail_problems(answering, states, now)
    blind = {region for view in answering if (report := own_report(view, answering)) for region in report.blind}
    yield from _critical(answering, states, blind, now)
    for state in states:
        yield from _region_problems(state, version, now)
        if state.region in blind:
            found = "was never found" if state.canary is None else f"was found last {_since(state.canary, now)}"
            yield Level.WARNING, f"region {state.region}: its canary {found}"


def _critical(
    answering: Sequence[HubView], states: Sequence[RegionState], blind: set[str], now: datetime
) -> Iterator[tuple[Level, str]]:
    """Yield what keeps pages from coming."""
    rounds = [view for view in answering if _late(view.last_round, now)]
    if len(rounds) == len(answering):
        yield Level.CRITICAL, "no hub that can be asked judges: nobody would be paged"
    topics = [report.topics.get(Severity.PAGE) for view in answering if (report := own_report(view, answering))]
    if topics and all(topic is not None and topic.confirmed == 0 for topic in topics):
        yield Level.CRITICAL, "nobody has confirmed a route for pages: nobody would be woken"
    applied = max(view.watchlist.applied_at for view in answering if view.watchlist is not None)
    starting = now - applied < STARTS_WITHIN
    silent = [state for state in states if _late(state.last_pass, now) and not (starting and state.last_pass is None)]
    if silent and 2 * (len(states) - len(silent)) <= len(states):
        yield Level.CRITICAL, f"only {len(states) - len(silent)} of {len(states)} regions report"
    reporting = [state for state in states if state not in silent]
    if blind and 2 * len(blind) >= len(reporting):
        yield Level.CRITICAL, f"the canary is not found in {', '.join(sorted(blind))}: what is seen is not judged"


def _late(at: datetime | None, now: datetime) -> bool:
    return at is None or now - at >= SILENT_AFTER


def _since(at: datetime, now: datetime) -> str:
    return f"{(now - at).total_seconds():.0f} s ago"


def _hub_problems(view: HubView, report: HubReport | None, version: int, now: datetime) -> Iterator[tuple[Level, str]]:
    hub = f"hub {view.hub}"
    if _late(view.last_round, now):
        looked = "never looked" if view.last_round is None else f"looked last {_since(view.last_round, now)}"
        yield Level.WARNING, f"{hub}: its comparator {looked}"
    held = view.watchlist.version if view.watchlist is not None else 0
    if held < version:
        yield Level.WARNING, f"{hub}: holds watchlist version {held}, not {version}: it missed an apply"
    if report is None:
        return
    if report.dead_letters:
        yield Level.WARNING, f"{hub}: {report.dead_letters} dead letters of the comparator"
    for channel, topic in report.topics.items():
        if topic.unconfirmed:
            yield Level.WARNING, f"{hub}: not confirmed for {channel}: {', '.join(topic.unconfirmed)}"
        elif topic.confirmed == 0:
            yield Level.WARNING, f"{hub}: nobody has confirmed a route for {channel}s"
    for other, since in report.unreachable.items():
        yield Level.WARNING, f"{hub}: cannot write to {other}, the first time {_since(since, now)}"


def _collector_problems(view: HubView, report: CollectorReport | None, now: datetime) -> Iterator[tuple[Level, str]]:
    """Yield what is wrong with a collector; one of which nobody has heard may belong to a release without any."""
    if report is None or view.watchlist is None:
        return
    applied = view.watchlist.applied_at
    for finding in collector_silent(view.hub, report.at, report.done, report.failing, applied, now, was=True):
        yield Level.WARNING, f"hub {view.hub}: its collector: {', '.join(finding.seen)}"
    if report.dead_letters:
        yield Level.WARNING, f"hub {view.hub}: {report.dead_letters} dead letters of the collector"


def _trail_problems(
    views: Sequence[HubView], states: Sequence[RegionState], now: datetime
) -> Iterator[tuple[Level, str]]:
    """Yield which service's calls CloudTrail tells of no more (where it never did nobody misses it), and what hears it.

    By whichever hub knows the newest.
    """
    reports = [view.trail_report for view in views if view.trail_report is not None]
    report = max(reports, key=lambda each: each.at, default=None)
    if report is not None and report.region in {state.region for state in states}:
        if now - report.at >= GAP:
            yield Level.WARNING, f"region {report.region}: what hears CloudTrail reported last {_since(report.at, now)}"
        if report.dead_letters:
            yield Level.WARNING, f"region {report.region}: {report.dead_letters} dead letters of the trail"
    heard: dict[str, datetime] = {}
    for view in views:
        for service, each in view.trail.items():
            heard[service] = max(each.at, heard.get(service, each.at))
    for service, at in sorted(heard.items()):
        if GAP < now - at < _GIVEN_UP:
            what = f"CloudTrail told last of a call to {service} {_since(at, now)}"
            yield Level.WARNING, f"{what}: did somebody stop the trail?"


def _region_problems(state: RegionState, version: int, now: datetime) -> Iterator[tuple[Level, str]]:
    if _late(state.last_pass, now):
        passed = (
            "it has made no pass" if state.last_pass is None else f"its last pass was {_since(state.last_pass, now)}"
        )
        yield Level.WARNING, f"region {state.region}: {passed}"
        return
    for hub, at in state.passes.items():
        if _late(at, now):
            heard = "knows no pass of it" if at is None else f"heard of it last {_since(at, now)}"
            yield Level.WARNING, f"region {state.region}: hub {hub} {heard}"
    if state.version < version:
        yield Level.WARNING, f"region {state.region}: goes by watchlist version {state.version}, not {version}"
    if state.dead_letters:
        yield Level.WARNING, f"region {state.region}: {state.dead_letters} dead letters of the probe"
