"""A hijack that came and went before anybody looked: judged afterwards, moment by moment, from the observations.

A look judges what stands. What stood between two looks and is over, since the stream was late or the comparator did
not run, is in the history alone; a company whose mail was read for ten minutes must still be told.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType

from nswatch.judge.correlate import story_of
from nswatch.judge.judgement import ForgedData, Judgement
from nswatch.judge.policy import Cause
from nswatch.model import OF_DNS, Finding, Key, Observation, Severity, View
from nswatch.moments import iso
from nswatch.record.log import Event
from nswatch.record.recorder import next_view
from nswatch.respond import events
from nswatch.respond.events import EventType
from nswatch.respond.incident import Incident, State

MOST_CHANGES = 100
"""So many passes that changed something are judged afterwards, the last ones: each takes milliseconds."""

LED_ASTRAY = frozenset({Cause.DELEGATION, Cause.ZONE_CONTENT, Cause.CACHES})
"""What is told although it is over: people, or their mail, were led elsewhere. A server that was down for a while, and
is up again, wakes nobody."""

_PASSES_APART = timedelta(minutes=1)
_A_MOMENT = timedelta(seconds=1)

Doubts = Mapping[Key, datetime]
JudgeAt = Callable[[Sequence[View], Doubts, datetime], Judgement]
"""Judges views at a moment, with the doubts of the judgement before."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """A cause that was page-worthy for a while: what stood then, and the last moment at which it was known to."""

    cause: Cause
    findings: tuple[Finding, ...]
    forged: tuple[ForgedData, ...]
    last: datetime

    @property
    def since(self) -> datetime:
        """When it was first seen."""
        return min(finding.since for finding in self.findings if finding.severity is Severity.PAGE)


def missed(
    domain: str,
    views: Sequence[View],
    observations: Iterable[Observation],
    judge: JudgeAt,
    now: datetime,
    doubts: Doubts = MappingProxyType({}),
) -> list[Missed]:
    """Return what paged for a while and then no more, by the ``observations`` that changed something, in any order.

    ``views`` are those that stand now: one without an observation stood all the time. What stood before the first
    observation of a key is not known, and counts as nothing: that makes findings fewer, and never more. ``doubts`` is
    what was known all the time, and is in no view (the keys that were vouched for: a roll-over is no change).
    """
    changes = sorted((each for each in observations if each.key.source in OF_DNS), key=_moment)
    passes = [list(of_pass) for _, of_pass in groupby(changes, lambda each: (each.key.region, each.pass_time))]
    if len(passes) > MOST_CHANGES:
        logger.warning("%s: of %d changes that nobody judged in time the last are judged", domain, len(passes))
    moved = {each.key for each in changes}
    standing = {view.key: view for view in views if view.key.source in OF_DNS and view.key not in moved}
    alive = _newest_passes(views)
    began: dict[Cause, Missed] = {}
    over: list[Missed] = []
    for place, of_pass in enumerate(passes):
        for observation in of_pass:
            standing[observation.key] = next_view(standing.get(observation.key), observation)
        following = _moment(passes[place + 1][0]) if place + 1 < len(passes) else now
        if place < len(passes) - MOST_CHANGES:
            continue
        for at in _moments(_moment(of_pass[-1]), following):
            judgement = judge(_as_of(at, standing.values(), alive), doubts, at)
            doubts = judgement.doubts
            urgent = _urgent(judgement, at)
            over += [began.pop(cause) for cause in began.keys() - urgent.keys()]
            began |= {cause: _fuller(began.get(cause), seen) for cause, seen in urgent.items()}
    return [*over, *began.values()]


def _moment(observation: Observation) -> datetime:
    return observation.received or observation.sent


def _moments(at: datetime, following: datetime) -> Iterator[datetime]:
    """Yield when to judge what stands from one change to the next: at once, and at its end, which may confirm it."""
    yield at
    if following - at > _PASSES_APART:
        yield following - _A_MOMENT


def _newest_passes(views: Iterable[View]) -> dict[str, datetime]:
    newest: dict[str, datetime] = {}
    for view in views:
        if view.key.source in OF_DNS:
            newest[view.key.region] = max(view.last_seen, newest.get(view.key.region, view.last_seen))
    return newest


def _as_of(at: datetime, views: Iterable[View], alive: Mapping[str, datetime]) -> list[View]:
    """Return the views as they were known at a moment: to stand until their region's newest pass by then."""
    known = []
    for view in views:
        newest = alive.get(view.key.region, view.last_seen)
        passes_since = -((at - newest) // _PASSES_APART) if newest > at else 0
        until = max(newest - passes_since * _PASSES_APART, view.first_pass)
        if view.first_pass <= at:
            known.append(replace(view, last_seen=until))
    return known


def _urgent(judgement: Judgement, at: datetime) -> dict[Cause, Missed]:
    """Return what pages, with all that is told of its cause."""
    told: dict[Cause, list[Finding]] = {}
    for finding in judgement.findings:
        if finding.severity is not Severity.LOG and not finding.residual:
            told.setdefault(story_of(finding), []).append(finding)
    return {
        cause: Missed(cause, tuple(found), tuple(judgement.forged), at)
        for cause, found in told.items()
        if cause in LED_ASTRAY and any(finding.severity is Severity.PAGE for finding in found)
    }


def _fuller(before: Missed | None, now: Missed) -> Missed:
    """Return what was seen of a cause when most was, until now."""
    if before is None or _extent(now) > _extent(before):
        return now
    return replace(before, last=now.last)


def _extent(each: Missed) -> tuple[int, int]:
    return len(each.findings), sum(len(finding.sightings) for finding in each.findings)


def unknown_to(
    incident: Incident | None, group: str, episode: int, found: Sequence[Missed], now: datetime
) -> list[Event]:
    """Return the events of what the newest incident, ``episode``, does not tell already; all are of one episode.

    Who looks afterwards finds what was told in time as well: a cause that the log knows from that time, or from later,
    is left alone. The look at what stands now, which comes behind, says that each is over.
    """
    new: list[Event] = []
    fresh = incident is None or incident.state is State.RESOLVED
    over = incident.resolved_at if incident is not None else None
    for each in sorted(found, key=lambda each: (each.since, each.cause)):
        before = None if incident is None else incident.causes.get(each.cause)
        if before is not None and (before.cleared_at is None or before.cleared_at >= each.since):
            continue
        if fresh and over is not None and over >= each.since:
            continue
        number = episode + 1 if fresh else episode
        round_ = 1 if fresh or before is None else before.round + 1
        if any(event.data.get("cause") == each.cause for event in new):
            continue
        logger.warning("%s: %s came and went before anybody looked, since %s", group, each.cause, iso(each.since))
        raised = events.raised(group, number, (each.cause, round_), Severity.PAGE, each.findings, now, until=each.last)
        new.append(raised)
        known = {} if fresh or incident is None else incident.forged
        for data in each.forged:
            key = (data.host, data.address, data.ttl)
            if data.standing and key not in known:
                at = max(data.first_seen, each.since)
                new.append(events.forged(EventType.FORGED_SEEN, group, number, key, 1, at))
    return new
