"""What the record says of near misses, and of names that are free: written, read and fuzzed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.expect.approved import approved
from nswatch.expect.near_misses import (
    Newcomer,
    Register,
    bases_of,
    digest_of,
    own_names,
    read_register,
)
from nswatch.expect.watchlist import Delegation, DomainEntry, PlannedChange, Superseded

T0 = datetime(2026, 3, 1, tzinfo=UTC)
NEWCOMER = Newcomer("dnsh0st.net", T0 + timedelta(hours=3), "2026-03-01T02:59:00Z", "Registrar A", ("a.x.example",))
REGISTER = Register(T0, "d", frozenset({"dnshosts.net"}), frozenset({"dnshos.net"}), {NEWCOMER.name: NEWCOMER})


def test_register_is_read_as_it_was_written() -> None:
    assert read_register(REGISTER.values()) == REGISTER
    assert list(REGISTER.values()) == sorted(REGISTER.values())


@pytest.mark.parametrize(
    "values",
    [(), ("since yesterday",), ("of d",), ("since 2026-03-01T00:00:00",), ("there x.net", "new {}")],
    ids=["nothing", "no moment", "no baseline", "no offset", "parts alone"],
)
def test_register_is_none_when_there_is_no_baseline(values: tuple[str, ...]) -> None:
    assert read_register(values) is None


ODD = ['{"name":1}', "[" * 20, '"x"', "null", "[]", '{"name":"a","since":3}', '{"name":"a","since":"2026"}']
KINDS = st.sampled_from(["since", "of", "there", "unasked", "new", "else"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds("{} {}".format, KINDS, st.text(max_size=30) | st.sampled_from(ODD))))
def test_register_leaves_out_what_is_not_understood(texts: list[str]) -> None:
    found = read_register(("since 2026-03-01T00:00:00Z", *texts))
    assert found is not None
    assert found.since == T0
    assert all(isinstance(each, Newcomer) for each in found.new.values())
    read_register(texts)


def test_digest_is_that_of_the_names_whatever_their_order() -> None:
    assert digest_of(["a.net", "b.net"]) == digest_of(["b.net", "a.net"]) != digest_of(["a.net"])


def entry(**parts: object) -> DomainEntry:
    return DomainEntry("www.watched.co.uk", Delegation(ns=frozenset({"ns1.dnshost.net", "ns2.dnshost.net"})), **parts)  # type: ignore[arg-type]


def planned(host: str, starts: datetime, ends: datetime) -> PlannedChange:
    return PlannedChange("CHG-1", starts, ends, ("alice", "bob"), delegation=Delegation(ns=frozenset({host})))


def test_bases_are_the_registered_domains_of_the_domain_and_its_name_servers() -> None:
    assert bases_of(entry(), T0) == ("watched.co.uk", "dnshost.net")


@pytest.mark.parametrize(
    ("starts", "ends", "counts"),
    [(1, 2, True), (-1, 1, True), (-2, -1, False)],
    ids=["approved for later", "open", "over"],
)
def test_bases_hold_planned_name_servers_until_their_window_ends(starts: int, ends: int, counts: bool) -> None:
    hours = [T0 + timedelta(hours=each) for each in (starts, ends)]
    change = planned("ns1.other.org", *hours)
    assert ("other.org" in bases_of(entry(planned_changes=(change,)), T0)) is counts


def test_own_names_are_all_that_the_watchlist_names_or_named() -> None:
    past = Superseded(T0 - timedelta(hours=1), Delegation(ns=frozenset({"ns.once.net"})))
    change = planned("ns1.later.org", T0 + timedelta(days=1), T0 + timedelta(days=2))
    watched = entry(planned_changes=(change,), superseded=(past,), fallback_domain="safe.example")
    names = own_names(watched, approved(watched, T0))
    assert names == {"watched.co.uk", "dnshost.net", "once.net", "later.org", "safe.example"}
