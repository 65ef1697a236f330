"""What a region's schedule does every minute: the messages of its turns into its queue, and a report to each hub."""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nswatch.errors import StoreUnavailable
from nswatch.model import Clock
from nswatch.moments import iso
from nswatch.observe.turns import short_turns, turns_due
from nswatch.record.port import ProbeStore, RegionReport, ScheduleBriefing, WatchlistHead

DELEGATION = "delegation"
"""The ``only`` of a message that asks for a short pass."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShardMessage:
    """One shard's work at one turn, to be delivered in ``delay`` seconds.

    ``only`` is empty for a full pass, and `DELEGATION` for one that asks only the parent.
    """

    shard: int
    turn: datetime
    delay: int
    only: str = ""


class Queue(Protocol):
    """The shard queue of this region."""

    def send(self, messages: Sequence[ShardMessage]) -> None:
        """Send messages; raises NswatchError when some were not taken, after trying all."""
        ...

    def dead_letters(self) -> int | None:
        """Return how many messages were given up, about; None when that cannot be told."""
        ...


class Schedule:
    """The schedule of one region, whose place among ``regions`` says when its turns come."""

    def __init__(
        self,
        region: str,
        regions: Sequence[str],
        hubs: Sequence[ProbeStore],
        queue: Queue,
        clock: Clock,
        release: str,
    ) -> None:
        self._region = region
        self._place = regions.index(region), len(regions)
        self._hubs = hubs
        self._queue = queue
        self._clock = clock
        self._release = release

    def fire(self) -> int:
        """Queue every shard for the turns that are due, report to the hubs, and return how many messages were queued.

        Each turn is queued once, however the schedule drifts: the report remembers the last one. It moves on only when
        all of a turn's messages were taken; then some may come twice, which harms nothing. None is queued before the
        first `apply`. Raises StoreUnavailable when no hub can be read, and what the queue raises.
        """
        briefings = self._briefings()
        heads = [briefing.watchlist for briefing in briefings if briefing.watchlist is not None]
        reports = [briefing.report for briefing in briefings if briefing.report is not None]
        queued = max((report.queued for report in reports if report.queued is not None), default=None)
        messages = list[ShardMessage]()
        if heads:
            head = max(heads, key=lambda head: head.version)
            turns = turns_due(self._clock(), queued, *self._place)
            messages = [message for turn in turns for message in self._messages(head, turn)]
            self._queue.send(messages)
            queued = turns[-1] if turns else queued
        else:
            logger.warning("nothing is watched yet: no hub holds a watchlist (nswatch watchlist apply FILE)")
        self._report(RegionReport(self._clock(), queued, self._release, self._queue.dead_letters()))
        return len(messages)

    def _messages(self, head: WatchlistHead, turn: datetime) -> Iterator[ShardMessage]:
        for shard in range(head.shards):
            yield ShardMessage(shard, turn, self._delay(turn) + self._stagger(shard, head.shards))
        for shard, intervals in sorted(head.short.items()):
            for short in short_turns(turn, intervals, *self._place):
                yield ShardMessage(shard, short, self._delay(short), DELEGATION)

    def _stagger(self, shard: int, shards: int) -> int:
        """Return how many seconds a shard waits, so that a turn's work is spread until the next region's turn begins.

        A hundred messages at one moment would ask for a hundred workers, and Lambda polls a queue with few at first.
        """
        _, regions = self._place
        return 60 * shard // (shards * regions)

    def _delay(self, turn: datetime) -> int:
        return max(0, math.ceil((turn - self._clock()).total_seconds()))

    def _briefings(self) -> list[ScheduleBriefing]:
        briefings, errors = [], []
        for hub in self._hubs:
            try:
                briefings.append(hub.schedule_briefing(self._region))
            except StoreUnavailable as error:
                logger.warning("%s cannot be read by the schedule: %s", hub.hub, error)
                errors.append(str(error))
        if not briefings:
            raise StoreUnavailable(f"no hub can be read: {'; '.join(errors)}")
        return briefings

    def _report(self, report: RegionReport) -> None:
        for hub in self._hubs:
            try:
                hub.write_region_report(self._region, report)
            except StoreUnavailable as error:
                logger.warning("%s did not take the report of %s: %s", hub.hub, iso(report.at), error)
