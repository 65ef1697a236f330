"""When a collector's turns come, and what of a shard each takes."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.collect.turns import MINUTE, ROUND, is_due, minutes_due, shards_due

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAINS = [f"d{number}.example" for number in range(100)]


def minutes(count: int) -> list[datetime]:
    return [NOON + number * MINUTE for number in range(count)]


@pytest.mark.parametrize("shards", [1, 7, 100])
def test_shards_are_due_once_in_a_round_at_each_collector(shards: int) -> None:
    for place in (0, 1):
        due = Counter(shard for minute in minutes(10) for shard in shards_due(minute, shards, place, 2))
        assert due == dict.fromkeys(range(shards), 1)


def test_shards_are_due_five_minutes_apart_when_there_are_two_collectors() -> None:
    (first,) = [minute for minute in minutes(10) if shards_due(minute, 1, 0, 2)]
    (second,) = [minute for minute in minutes(10) if shards_due(minute, 1, 1, 2)]
    assert abs(first - second) == ROUND / 2


def test_shards_are_spread_over_the_minutes_when_there_are_many() -> None:
    assert {len(shards_due(minute, 100, 0, 2)) for minute in minutes(10)} == {10}


@pytest.mark.parametrize(
    ("queued", "due"),
    [
        pytest.param(None, [0], id="never"),
        pytest.param(0, [], id="this-minute"),
        pytest.param(-1, [0], id="last-minute"),
        pytest.param(-3, [-2, -1, 0], id="two-missed"),
        pytest.param(-600, list(range(-9, 1)), id="ten-hours-missed"),
        pytest.param(30, [0], id="clock-set-back"),
    ],
)
def test_minutes_are_due_once_when_the_schedule_drifts(queued: int | None, due: list[int]) -> None:
    before = None if queued is None else NOON + queued * MINUTE
    now = NOON + timedelta(seconds=17)
    assert minutes_due(now, before) == tuple(NOON + number * MINUTE for number in due)


@pytest.mark.parametrize(
    ("every", "turns"),
    [
        pytest.param(timedelta(minutes=1), 1, id="faster-than-a-round"),
        pytest.param(timedelta(minutes=10), 1, id="each-round"),
        pytest.param(timedelta(hours=1), 6, id="hourly"),
        pytest.param(timedelta(days=1), 144, id="daily"),
    ],
)
def test_domain_is_due_once_in_the_interval_of_a_source(every: timedelta, turns: int) -> None:
    for place in (0, 1):
        due = Counter(
            domain
            for turn in range(turns)
            for domain in DOMAINS
            if is_due(domain, NOON + turn * ROUND, every, place, 2)
        )
        assert due == dict.fromkeys(DOMAINS, 1)


def test_domains_are_spread_over_the_turns_when_a_source_is_slow() -> None:
    sizes = [sum(is_due(each, NOON + turn * ROUND, timedelta(hours=1), 0, 2) for each in DOMAINS) for turn in range(6)]
    assert sum(sizes) == 100
    assert max(sizes) < 35


def test_collectors_take_turns_when_a_source_is_slow() -> None:
    hourly = timedelta(hours=1)
    turns = [
        next(turn for turn in range(6) if is_due("a.example", NOON + turn * ROUND, hourly, place, 2))
        for place in (0, 1)
    ]
    assert abs(turns[0] - turns[1]) == 3
