"""Which questions a pass asks: coverage over time, for any number of servers and regions."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.model import Source
from nswatch.observe.plan import (
    AUTHORITATIVE_CAP,
    Ask,
    Target,
    Turn,
    authoritative,
    everywhere,
    parent_servers,
    recursive,
    turn_of,
    turn_start,
)

DOMAIN = "example.com"
RRSETS = [(f"r{i}.example.com", "A") for i in range(40)]


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


@pytest.mark.parametrize("everything", [False, True])
def test_plan_is_empty_when_there_are_no_servers(everything: bool) -> None:
    turn = Turn(1, 0, 1)
    assert parent_servers([], turn) == ((), ())
    assert authoritative(DOMAIN, [], [], RRSETS, turn, everything=everything) == ()
    assert recursive(DOMAIN, [], RRSETS, turn, everything=everything) == ()


def pairs(asks: Iterable[Ask]) -> list[tuple[str, str, str]]:
    return [(ask.target.address, ask.qname, ask.qtype) for ask in asks]


@given(st.integers(1, 13), st.integers(0, 6), TICKS, REGIONS)
def test_authoritative_asks_each_server_each_record_when_three_passes_are_made(
    n: int, records: int, tick: int, region: tuple[int, int]
) -> None:
    asked: set[tuple[str, str, str]] = set()
    for passed in range(3):
        now = pairs(authoritative(DOMAIN, targets(n), [], RRSETS[:records], Turn(tick + passed, *region)))
        assert len(now) == len(set(now))
        assert len({address for address, *_ in now}) == max(min(2, n), -(-n // 3))
        asked |= set(now)
    rrsets = [(DOMAIN, "NS"), (DOMAIN, "SOA"), *RRSETS[:records]]
    assert asked == {(target.address, *rrset) for target in targets(n) for rrset in rrsets}


@given(st.integers(1, 40), st.integers(0, 40), TICKS, REGIONS)
def test_authoritative_asks_all_in_time_when_there_are_more_questions_than_a_pass_may_ask(
    n: int, records: int, tick: int, region: tuple[int, int]
) -> None:
    rrsets = RRSETS[:records]
    share = max(min(2, n), -(-n // 3))
    parts = -(-records // max(1, AUTHORITATIVE_CAP // share - 2)) if records else 1
    asked: set[tuple[str, str, str]] = set()
    for passed in range(3 * parts):
        now = pairs(authoritative(DOMAIN, targets(n), [], rrsets, Turn(tick + passed, *region)))
        assert len(now) <= max(AUTHORITATIVE_CAP, 3 * share)
        asked |= set(now)
    every = [(DOMAIN, "NS"), (DOMAIN, "SOA"), *rrsets]
    assert asked == {(target.address, *rrset) for target in targets(n) for rrset in every}


@given(st.integers(1, 9), st.integers(0, 12), TICKS, REGIONS)
def test_recursive_asks_each_resolver_each_record_when_three_passes_are_made(
    n: int, records: int, tick: int, region: tuple[int, int]
) -> None:
    resolvers = [target.address for target in targets(n)]
    asked: set[tuple[str, str, str]] = set()
    for passed in range(3):
        asks = recursive(DOMAIN, resolvers, RRSETS[:records], Turn(tick + passed, *region))
        assert {ask.source for ask in asks} == {Source.RECURSIVE}
        assert len({ask.target for ask in asks}) == -(-n // 3)
        asked |= set(pairs(asks))
    assert asked == {(address, *rrset) for address in resolvers for rrset in [(DOMAIN, "NS"), *RRSETS[:records]]}


@given(st.integers(1, 13), TICKS, REGIONS, st.data())
def test_plan_asks_again_in_every_pass_what_was_not_expected(
    n: int, tick: int, region: tuple[int, int], data: st.DataObject
) -> None:
    rrsets = [(DOMAIN, "NS"), (DOMAIN, "SOA"), *RRSETS]
    possible = [(target.address, *rrset) for target in targets(n) for rrset in rrsets]
    again = data.draw(st.sets(st.sampled_from(possible)))
    turn = Turn(tick, *region)
    now = pairs(authoritative(DOMAIN, targets(n), [], RRSETS, turn, again))
    assert again <= set(now)
    assert len(now) == len(set(now))
    assert set(now) == set(pairs(authoritative(DOMAIN, targets(n), [], RRSETS, turn))) | again
    resolved = pairs(recursive(DOMAIN, [target.address for target in targets(n)], RRSETS, turn, again))
    assert {grain for grain in again if grain[1:] != (DOMAIN, "SOA")} <= set(resolved)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_plan_starts_apart_when_regions_share_a_tick(count: int) -> None:
    addresses = [target.address for target in targets(count)]
    firsts = {recursive(DOMAIN, addresses, [], Turn(100, index, count))[0].target for index in range(count)}
    assert len(firsts) == count
    servers = {
        frozenset(ask.target for ask in authoritative(DOMAIN, targets(4), [], [], Turn(100, index, 2)))
        for index in range(2)
    }
    assert len(servers) == 2


@given(COUNTS, COUNTS, TICKS, REGIONS)
def test_authoritative_asks_forged_servers_everything_always(
    n: int, forged: int, tick: int, region: tuple[int, int]
) -> None:
    always = targets(forged, "203.0.113.")
    now = authoritative(DOMAIN, targets(n), always, RRSETS, Turn(tick, *region))
    every = [(DOMAIN, "NS"), (DOMAIN, "SOA"), *RRSETS]
    assert {(target.address, *rrset) for target in always for rrset in every} <= set(pairs(now))
    usual = [place for place, ask in enumerate(now) if ask.target not in always]
    assert usual == list(range(len(usual)))


def test_authoritative_asks_everything_when_told_to() -> None:
    asks = authoritative(DOMAIN, targets(13), [], RRSETS, Turn(5, 0, 1), everything=True)
    assert len(asks) == 13 * (2 + len(RRSETS))


def test_authoritative_asks_an_address_once_when_it_has_several_names() -> None:
    same = [Target("b.example", "192.0.2.1"), Target("a.example", "192.0.2.1")]
    asks = authoritative(DOMAIN, same, [Target("c.example", "192.0.2.1")], [], Turn(0, 0, 1))
    assert [ask.target.host for ask in asks] == ["c.example"] * 2


def test_everywhere_asks_no_resolver_for_the_soa() -> None:
    asks = everywhere(DOMAIN, [(DOMAIN, "SOA"), (DOMAIN, "NS")], targets(1), ["192.0.2.99"])
    assert [(ask.source, ask.qtype) for ask in asks] == [
        (Source.AUTHORITATIVE, "NS"),
        (Source.RECURSIVE, "NS"),
        (Source.AUTHORITATIVE, "SOA"),
    ]


def test_everywhere_asks_all_servers_and_resolvers_once() -> None:
    asks = everywhere(DOMAIN, [(DOMAIN, "MX")], [*targets(2), *targets(1)], ["192.0.2.99", "192.0.2.99"])
    assert [(ask.source, ask.target.address) for ask in asks] == [
        (Source.AUTHORITATIVE, "192.0.2.0"),
        (Source.AUTHORITATIVE, "192.0.2.1"),
        (Source.RECURSIVE, "192.0.2.99"),
    ]


MINUTE = datetime(2026, 5, 30, 12, 0, tzinfo=UTC)


@given(st.floats(0, 59.999), REGIONS)
def test_turn_start_is_in_the_next_minute_when_this_one_has_begun(seconds: float, region: tuple[int, int]) -> None:
    index, count = region
    start = turn_start(MINUTE + timedelta(seconds=seconds), index, count)
    assert start == MINUTE + timedelta(milliseconds=60_000 + 60_000 * index // count)


@given(st.integers(1, 9))
def test_turn_start_spreads_the_minute_when_there_are_regions(count: int) -> None:
    starts = [turn_start(MINUTE, index, count) for index in range(count)]
    gaps = {(late - early).total_seconds() for early, late in pairwise([*starts, starts[0] + timedelta(minutes=1)])}
    assert all(gap == pytest.approx(60 / count, abs=1e-3) for gap in gaps)


def test_turn_of_counts_minutes_when_passes_are_a_minute_apart() -> None:
    ticks = [turn_of(turn_start(MINUTE + timedelta(minutes=i), 2, 3), 2, 3).tick for i in range(5)]
    assert ticks == [ticks[0] + i for i in range(5)]
