"""What a region's schedule queues and reports, whatever its hubs and its queue do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.errors import NswatchError, StoreUnavailable
from nswatch.record.port import RegionReport, ScheduleBriefing, WatchlistHead
from nswatch.schedule import DELEGATION, Schedule, ShardMessage

START = datetime(2026, 11, 23, 10, 0, 2, tzinfo=UTC)
HEAD = WatchlistHead(3, 2, START, "alice", "", {}, {1: (15, 20)})
REGIONS = ("ap-northeast-1", "eu-west-1", "us-west-2")


@dataclass
class Hub:
    """A hub's table as the schedule sees it."""

    hub: str = "ap-northeast-1"
    head: WatchlistHead | None = HEAD
    report: RegionReport | None = None
    readable: bool = True
    writable: bool = True

    def schedule_briefing(self, region: str) -> ScheduleBriefing:
        assert region == "eu-west-1"
        if not self.readable:
            raise StoreUnavailable("down")
        return ScheduleBriefing(self.head, self.report)

    def write_region_report(self, region: str, report: RegionReport) -> None:
        assert region == "eu-west-1"
        if not self.writable:
            raise StoreUnavailable("down")
        self.report = report


@dataclass
class Queued:
    """A queue that can refuse."""

    messages: list[ShardMessage] = field(default_factory=list)
    refuses: bool = False

    def send(self, messages: Sequence[ShardMessage]) -> None:
        if self.refuses:
            raise NswatchError("refused")
        self.messages += messages

    def dead_letters(self) -> int | None:
        return 7


def fire(queue: Queued, *hubs: Hub, seconds: float = 0) -> int:
    schedule = Schedule("eu-west-1", REGIONS, hubs, queue, lambda: START + timedelta(seconds=seconds), "1.2")  # type: ignore[arg-type]
    return schedule.fire()


def test_schedule_queues_all_shards_and_the_short_passes_between_when_it_fires() -> None:
    queue, hub = Queued(), Hub()
    assert fire(queue, hub) == 2 + 6
    turn = START.replace(second=20) + timedelta(minutes=1)
    assert queue.messages[:2] == [ShardMessage(0, turn, 78), ShardMessage(1, turn, 88)]
    assert {message.shard for message in queue.messages[2:]} == {1}
    assert {message.only for message in queue.messages[2:]} == {DELEGATION}
    assert [message.turn - turn for message in queue.messages[2:]] == [
        timedelta(seconds=seconds) for seconds in (6.666, 15, 26.666, 30, 45, 46.666)
    ]
    assert all(message.delay >= (message.turn - START).total_seconds() for message in queue.messages)
    assert max(message.delay for message in queue.messages) < 900


def test_schedule_spreads_shards_until_the_next_regions_turn_when_there_are_many() -> None:
    queue = Queued()
    fire(queue, Hub(head=replace(HEAD, shards=100, short={})))
    waits = [message.delay - 78 for message in queue.messages]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0, 60 // len(REGIONS) - 1)
    assert len({message.turn for message in queue.messages}) == 1


def test_schedule_reports_to_both_hubs_when_it_has_queued() -> None:
    hubs = Hub(), Hub("eu-west-1")
    fire(Queued(), *hubs)
    expected = RegionReport(START, START.replace(second=20) + timedelta(minutes=1), "1.2", 7)
    assert [hub.report for hub in hubs] == [expected, expected]


def test_schedule_queues_nothing_twice_when_it_fires_again_in_the_minute() -> None:
    queue, hub = Queued(), Hub()
    assert fire(queue, hub) > 0
    assert fire(queue, hub, seconds=30) == 0
    assert fire(queue, hub, seconds=60) > 0
    turns = [message.turn for message in queue.messages if message.shard == 0]
    assert len(turns) == len(set(turns)) == 2


def test_schedule_goes_by_the_hub_that_knows_most_when_one_missed_a_report() -> None:
    queue, hubs = Queued(), (Hub(), Hub("eu-west-1", writable=False))
    fire(queue, *hubs)
    assert fire(queue, *hubs, seconds=30) == 0
    assert hubs[1].report is None


def test_schedule_works_by_the_other_hub_when_one_cannot_be_read() -> None:
    queue = Queued()
    newer = replace(HEAD, version=4, shards=1, short={})
    assert fire(queue, Hub(readable=False), Hub("eu-west-1", head=newer)) == 1
    assert fire(Queued(), Hub(), Hub("eu-west-1", head=newer)) == 1


def test_schedule_raises_when_no_hub_can_be_read() -> None:
    with pytest.raises(StoreUnavailable):
        fire(Queued(), Hub(readable=False), Hub(readable=False))


def test_schedule_queues_the_turn_again_when_the_queue_refused_it() -> None:
    queue, hub = Queued(refuses=True), Hub()
    with pytest.raises(NswatchError):
        fire(queue, hub)
    assert hub.report is None
    queue.refuses = False
    assert fire(queue, hub, seconds=30) > 0


def test_schedule_reports_and_queues_nothing_when_nothing_is_watched_yet() -> None:
    queue, hub = Queued(), Hub(head=None)
    assert fire(queue, hub) == 0
    assert queue.messages == []
    assert hub.report == RegionReport(START, None, "1.2", 7)
