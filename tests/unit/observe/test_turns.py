"""When turns come: each once, however the schedule drifts; short ones evenly between them, from somewhere."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.moments import iso, parse_iso
from nswatch.observe.plan import Target, parent_servers, share, turn_of, turn_start
from nswatch.observe.turns import TOO_LATE, is_short_turn, short_turn_of, short_turns, turns_due

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REGIONS = st.integers(1, 9).flatmap(lambda count: st.tuples(st.integers(0, count - 1), st.just(count)))
SHORT = st.sampled_from((15, 20, 30))


def turns_between(first: datetime, last: datetime, region: tuple[int, int]) -> list[datetime]:
    """Every turn of a region from ``first`` on to ``last``."""
    minutes = range(int((last - START) / MINUTE) + 3)
    turns = [START + minute * MINUTE + share(*region) for minute in minutes]
    return [turn for turn in turns if first <= turn <= last]


@given(
    st.lists(st.floats(0.001, 200), min_size=1, max_size=60),
    REGIONS,
)
def test_each_turn_is_queued_once_when_the_schedule_drifts(gaps: list[float], region: tuple[int, int]) -> None:
    """Left out are those alone that were over a minute past when it fired again, two minutes later or more."""
    now, queued = START, None
    firings, seen = [now], Counter[datetime]()
    for gap in (0.0, *gaps):
        now += timedelta(seconds=gap)
        firings.append(now)
        for turn in turns_due(now, queued, *region):
            assert now - turn <= TOO_LATE
            seen[turn] += 1
            queued = parse_iso(iso(turn))
    for turn in turns_between(min(seen), turn_start(now, *region), region):
        fired = next(moment for moment in firings if turn_start(moment, *region) >= turn)
        assert seen[turn] == (0 if fired - turn > TOO_LATE else 1)
    if max(late - early for early, late in pairwise(firings)) <= 2 * MINUTE:
        assert set(seen) == set(turns_between(min(seen), turn_start(now, *region), region))


@pytest.mark.parametrize(
    ("seconds", "number"),
    [
        pytest.param([59.9, 120.1], [1, 2], id="one-minute-was-left-out"),
        pytest.param([0, 59.9, 60.1], [1, 0, 1], id="twice-in-a-minute"),
        pytest.param([0, 0], [1, 0], id="repeated"),
        pytest.param([0, 600], [1, 3], id="after-ten-minutes"),
    ],
)
def test_turns_due_are_as_many_when_fired(seconds: list[float], number: list[int]) -> None:
    queued, due = None, []
    for second in seconds:
        turns = turns_due(START + timedelta(seconds=second), queued, 1, 3)
        due.append(len(turns))
        queued = turns[-1] if turns else queued
    assert due == number


@pytest.mark.parametrize(("ahead", "number"), [(90, 0), (150, 1), (86400, 1)], ids=["90s", "150s", "a-day"])
def test_turns_due_forget_what_was_queued_when_the_clock_was_set_back(ahead: int, number: int) -> None:
    queued = START + timedelta(seconds=ahead)
    assert len(turns_due(START, queued, 0, 1)) == number


@given(SHORT, st.integers(1, 9))
def test_parent_is_asked_from_somewhere_every_interval_divided_by_the_regions(every: int, count: int) -> None:
    """One region's turns may lie closer together, but nowhere is a gap longer than that."""
    moments = set()
    for minute in range(3):
        for index in range(count):
            full = START + minute * MINUTE + share(index, count)
            moments |= {full, *short_turns(full, [every], index, count)}
    within = sorted(moment for moment in moments if START + MINUTE <= moment <= START + 2 * MINUTE)
    longest = max(late - early for early, late in pairwise([START + MINUTE, *within, START + 2 * MINUTE]))
    assert longest <= timedelta(seconds=every / count, milliseconds=3)


@given(SHORT, REGIONS)
def test_one_region_asks_at_least_every_interval_when_passes_are_short(every: int, region: tuple[int, int]) -> None:
    full = turn_start(START, *region)
    moments = [full, *short_turns(full, [every], *region), full + MINUTE]
    assert max(late - early for early, late in pairwise(moments)) <= timedelta(seconds=every)
    assert 60 // every <= len(moments) - 1 <= 60 // every + 1


@given(st.sets(SHORT, min_size=1), REGIONS)
def test_short_turn_is_known_again_when_its_message_comes(intervals: set[int], region: tuple[int, int]) -> None:
    full = turn_start(START, *region)
    turns = [parse_iso(iso(turn)) for turn in short_turns(full, intervals, *region)]
    assert not is_short_turn(full, 60, *region)
    for every in intervals:
        mine = [turn for turn in turns if is_short_turn(turn, every, *region)]
        assert mine == list(short_turns(full, [every], *region))


@pytest.mark.parametrize("every", [60, 120, 25, 7, 1, 4])
def test_there_are_no_short_turns_when_the_interval_is_none_that_divides_a_minute(every: int) -> None:
    assert short_turns(START, [every], 0, 1) == ()


@given(SHORT, st.integers(1, 13), REGIONS)
def test_short_passes_ask_other_servers_than_the_full_one_before_when_there_are_others(
    every: int, servers: int, region: tuple[int, int]
) -> None:
    targets = [Target(f"ns{i}.example", f"192.0.2.{i}") for i in range(servers)]
    full = turn_start(START, *region)
    asked = Counter[Target](parent_servers(targets, turn_of(full, *region))[0])
    passes = short_turns(full, [every], *region)
    for turn in passes:
        short = short_turn_of(turn, *region)
        assert short.tick == turn_of(full, *region).tick
        asked.update(parent_servers(targets, short)[0])
    shifted = len(passes) == 60 // every
    if servers >= 2 * 60 // every:
        assert max(asked.values()) <= (2 if shifted else 1)
