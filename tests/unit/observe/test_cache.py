"""How long walks remember: a change below a top-level domain is seen within three passes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.observe.cache import Cut, WalkCache
from nswatch.observe.servers import Addresses, Lookup, Server

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.from_regex(r"ns[0-9]{1,4}\.z[0-9]{1,3}\.(com|net|org)", fullmatch=True)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def after(self, seconds: float) -> None:
        self.now = START + timedelta(seconds=seconds)


@given(NAMES, st.integers(0, 10**6))
def test_cache_forgets_what_is_below_a_tld_within_150_seconds(name: str, ttl: int) -> None:
    clock = Clock()
    cache = WalkCache(clock)
    cache.keep_addresses(Addresses(name, ("192.0.2.1",), Lookup.FOUND, ttl))
    zone = name.partition(".")[2]
    cache.keep_cut(Cut(zone, ()), ttl)
    clock.after(59)
    assert cache.addresses(name) is not None
    assert cache.closest(name) is not None
    clock.after(150)
    assert cache.addresses(name) is None
    assert cache.closest(name) is None
    assert cache.addresses(name, stale=True) is not None


@pytest.mark.parametrize(("ttl", "seconds"), [(0, 60), (172800, 3600), (900, 900)])
def test_cache_keeps_a_tld_for_its_ttl(ttl: int, seconds: int) -> None:
    clock = Clock()
    cache = WalkCache(clock)
    cache.keep_cut(Cut("com", (Server("a", ()),)), ttl, until=START)
    clock.after(seconds - 1)
    assert cache.closest("x.com", steady=True) is not None
    clock.after(seconds)
    assert cache.closest("x.com") is None


def test_cache_ends_with_what_it_was_found_by() -> None:
    clock = Clock()
    cache = WalkCache(clock)
    cache.keep_addresses(Addresses("ns.x.com", (), Lookup.FOUND, 300), until=START + timedelta(seconds=20))
    clock.after(20)
    assert cache.addresses("ns.x.com") is None


@pytest.mark.parametrize(("minute", "left"), [(1, 40), (2, range(10, 30)), (3, 0)])
def test_cache_ends_apart_for_different_names(minute: int, left: int | range) -> None:
    clock = Clock()
    cache = WalkCache(clock)
    hosts = [f"ns-{i}.awsdns-{i}.com" for i in range(40)]
    for host in hosts:
        cache.keep_addresses(Addresses(host, (), Lookup.FOUND, 172800))
    clock.after(60 * minute)
    held = sum(cache.addresses(host) is not None for host in hosts)
    assert held == left if isinstance(left, int) else held in left
