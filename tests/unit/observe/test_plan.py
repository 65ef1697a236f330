"""Which questions a pass asks: coverage over time, for any number of servers and regions."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.observe.plan import Target, Turn, apex_servers, parent_servers, turn_of, turn_start


def targets(count: int, prefix: str = "192.0.2.") -> list[Target]:
    return [Target(f"ns{i}.example", f"{prefix}{i}") for i in range(count)]


COUNTS = st.integers(1, 40)
TICKS = st.integers(0, 40_000_000)
REGIONS = st.integers(1, 9).flatmap(lambda count: st.tuples(st.integers(0, count - 1), st.just(count)))


@given(COUNTS, TICKS, REGIONS)
def test_parent_servers_asks_all_when_half_as_many_passes_are_made(n: int, tick: int, region: tuple[int, int]) -> None:
    asked: set[Target] = set()
    for passed in range(-(-n // 2)):
        now, reserve = parent_servers(targets(n), Turn(tick + passed, *region))
        assert len(now) == min(2, n)
        assert sorted((*now, *reserve)) == sorted(targets(n))
        asked |= set(now)
    assert asked == set(targets(n))


@given(COUNTS, TICKS, REGIONS, st.sets(st.integers(0, 39)))
def test_parent_servers_asks_suspects_when_it_is_not_their_turn(
    n: int, tick: int, region: tuple[int, int], suspects: set[int]
) -> None:
    turn = Turn(tick, *region)
    addresses = {f"192.0.2.{i}" for i in suspects}
    now, reserve = parent_servers(targets(n), turn, addresses)
    assert set(parent_servers(targets(n), turn)[0]) <= set(now)
    assert not {target.address for target in reserve} & addresses


def test_parent_servers_start_apart_when_regions_share_a_tick() -> None:
    firsts = [parent_servers(targets(13), Turn(100, index, 5))[0] for index in range(5)]
    assert len({target for now in firsts for target in now}) == 10


def test_parent_servers_do_not_depend_on_order_when_the_same_are_given() -> None:
    turn = Turn(7, 1, 3)
    assert parent_servers(targets(9), turn) == parent_servers(targets(9)[::-1], turn)


@pytest.mark.parametrize("choose", [lambda t: parent_servers([], t), lambda t: (apex_servers([], [], t), ())])
def test_plan_is_empty_when_there_are_no_servers(choose) -> None:
    assert choose(Turn(1, 0, 1)) == ((), ())


@given(COUNTS, TICKS, REGIONS)
def test_apex_servers_asks_each_expected_one_when_three_passes_are_made(
    n: int, tick: int, region: tuple[int, int]
) -> None:
    asked: set[Target] = set()
    for passed in range(3):
        now = apex_servers(targets(n), [], Turn(tick + passed, *region))
        assert len(now) <= max(2, -(-n // 3))
        asked |= set(now)
    assert asked == set(targets(n))


@given(COUNTS, COUNTS, TICKS, REGIONS)
def test_apex_servers_asks_forged_ones_always_when_there_are_some(
    n: int, forged: int, tick: int, region: tuple[int, int]
) -> None:
    always = targets(forged, "203.0.113.")
    now = apex_servers(targets(n), always, Turn(tick, *region), {"192.0.2.0"})
    assert set(always) <= set(now)
    assert Target("ns0.example", "192.0.2.0") in now
    assert len(now) == len({target.address for target in now})


def test_apex_servers_asks_an_address_once_when_it_has_several_names() -> None:
    same = [Target("b.example", "192.0.2.1"), Target("a.example", "192.0.2.1")]
    assert apex_servers(same, [Target("c.example", "192.0.2.1")], Turn(0, 0, 1)) == (Target("c.example", "192.0.2.1"),)


MINUTE = datetime(2026, 5, 30, 12, 0, tzinfo=UTC)


@given(st.floats(0, 59.999), REGIONS)
def test_turn_start_is_in_the_next_minute_when_this_one_has_begun(seconds: float, region: tuple[int, int]) -> None:
    index, count = region
    start = turn_start(MINUTE + timedelta(seconds=seconds), index, count)
    assert start == MINUTE + timedelta(seconds=60 + 60 * index / count)


@given(st.integers(1, 9))
def test_turn_start_spreads_the_minute_when_there_are_regions(count: int) -> None:
    starts = [turn_start(MINUTE, index, count) for index in range(count)]
    gaps = {(late - early).total_seconds() for early, late in pairwise([*starts, starts[0] + timedelta(minutes=1)])}
    assert all(gap == pytest.approx(60 / count, abs=1e-5) for gap in gaps)


def test_turn_of_counts_minutes_when_passes_are_a_minute_apart() -> None:
    ticks = [turn_of(turn_start(MINUTE + timedelta(minutes=i), 2, 3), 2, 3).tick for i in range(5)]
    assert ticks == [ticks[0] + i for i in range(5)]


def test_turn_of_counts_passes_when_they_are_closer() -> None:
    ticks = [turn_of(MINUTE + timedelta(seconds=15 * i), 0, 1, every=15).tick for i in range(5)]
    assert ticks == [ticks[0] + i for i in range(5)]
    assert turn_of(MINUTE, 0, 1, every=300) == turn_of(MINUTE, 0, 1)
