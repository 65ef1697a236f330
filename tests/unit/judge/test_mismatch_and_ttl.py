"""Parent and child that differ, and TTLs that moved."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.judge.record import (
    DATA,
    DOMAIN,
    ENTRY,
    FORGED_DATA,
    FORGED_HOSTS,
    HOSTS,
    HOUR,
    LAST,
    MINUTE,
    MX,
    NOW,
    NS,
    Record,
    answer,
    hijacked,
    in_order,
)

from nswatch.expect.watchlist import Answer, Baseline, Delegation, PlannedChange, Superseded
from nswatch.model import Facts, Transport

OTHER = ("ns1.dnshost.example", "ns9.evil.example")


def test_parent_child_mismatch_is_found_when_a_delegated_server_serves_another_ns_set() -> None:
    found = in_order().server(NS, answer(*OTHER, ttl=172800), hosts=HOSTS[:1]).findings()
    assert set(found) == {"parent_child_mismatch"}
    finding = found["parent_child_mismatch"]
    assert (finding.severity, finding.expected, finding.seen) == ("notice", HOSTS, OTHER)
    assert finding.detail["parent"] == "example"
    assert finding.detail["parent_gives"] == [list(HOSTS)]


def test_parent_child_mismatch_is_found_when_a_forged_server_relays_the_genuine_set() -> None:
    found = hijacked(DATA).findings()
    assert found["parent_child_mismatch"].seen == HOSTS
    assert "parent_child_mismatch" not in hijacked(FORGED_DATA).codes()


def test_parent_child_mismatch_is_not_found_at_servers_that_nobody_is_sent_to() -> None:
    assert "parent_child_mismatch" not in hijacked(FORGED_DATA).server(NS, answer(*OTHER), hosts=HOSTS).codes()


def test_one_datagram_is_no_mismatch() -> None:
    facts = answer(*OTHER, ttl=172800)
    record = in_order().server(NS, facts, hosts=HOSTS[:1], regions=["ap-1"], over=Transport.UDP, first=LAST)
    assert record.codes() == set()


def test_sets_may_differ_while_both_are_approved() -> None:
    new = Delegation(ns=frozenset(FORGED_HOSTS), soa_mname="ns1.dnsh0st.example")
    change = PlannedChange("CHG-1", NOW - HOUR, NOW + HOUR, ("a", "b"), new)
    record = in_order(replace(ENTRY, planned_changes=(change,)))
    assert record.server(NS, answer(*FORGED_HOSTS, ttl=172800)).codes() == set(), "the child goes first"
    record = hijacked(DATA)
    record.entry = replace(ENTRY, planned_changes=(change,))
    assert record.codes() == set(), "the parent goes first"


@pytest.mark.parametrize(("age", "found"), [(HOUR, False), (49 * HOUR, True)])
def test_replaced_set_at_the_child_is_fine_for_two_days(age: timedelta, found: bool) -> None:
    old = Superseded(NOW - age, Delegation(ns=frozenset(OTHER)))
    record = in_order(replace(ENTRY, superseded=(old,))).server(NS, answer(*OTHER, ttl=172800), hosts=HOSTS[:1])
    assert ("parent_child_mismatch" in record.codes()) is found


def mx(ttl: int) -> Facts:
    return answer(*DATA[MX][0], ttl=ttl)


@pytest.mark.parametrize(
    ("ttl", "found"),
    [(60, True), (900, True), (901, False), (3600, False), (14399, False), (14400, True), (604800, True), (0, True)],
)
def test_ttl_changed_is_found_from_fourfold_on(ttl: int, found: bool) -> None:
    findings = in_order().server(MX, mx(ttl)).findings()
    assert set(findings) == ({"ttl_changed"} if found else set())
    if found:
        assert (findings["ttl_changed"].severity, findings["ttl_changed"].seen) == ("notice", (str(ttl),))
        row = findings["ttl_changed"].detail["rrsets"][0]
        assert (row["name"], row["type"], row["expected"], row["seen"]) == (*MX, 3600, ttl)


@pytest.mark.parametrize(("baseline", "ttl", "found"), [(0, 1, False), (0, 3, False), (0, 4, True), (3, 0, False)])
def test_ttl_of_nothing_counts_as_a_second(baseline: int, ttl: int, found: bool) -> None:
    entry = replace(ENTRY, baseline=Baseline(ttls={MX: baseline}))
    record = in_order(entry).server(MX, mx(ttl))
    assert (record.codes() == {"ttl_changed"}) is found


ONE = {"hosts": HOSTS[:1], "regions": ["ap-1"]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(lambda r: r.server(MX, mx(60), **ONE, first=LAST), False, id="one-view-once"),
        pytest.param(lambda r: r.server(MX, mx(60), **ONE, first=LAST - 3 * MINUTE), True, id="one-view-lastingly"),
        pytest.param(lambda r: r.server(MX, mx(60), hosts=HOSTS[:1], regions=["ap-1", "eu-1"], first=LAST), True,
                     id="two-regions"),
        pytest.param(lambda r: r.server(MX, mx(60), regions=["ap-1"], first=LAST), True, id="two-servers"),
        pytest.param(lambda r: r.server(MX, mx(60), **ONE, first=LAST)
                     .server(MX, mx(59), hosts=HOSTS[1:], regions=["ap-1"], first=LAST), False, id="two-that-differ"),
    ],
)  # fmt: skip
def test_ttl_is_believed_when_it_does_not_count_down(change: Callable[[Record], Record], found: bool) -> None:
    judgement = change(in_order()).judge()
    assert ({finding.code for finding in judgement.findings} == {"ttl_changed"}) is found
    assert found or judgement.look_again is not None


def test_ttl_of_a_cache_says_nothing() -> None:
    assert in_order().resolver(MX, mx(1)).codes() == set()


def test_ttl_is_not_judged_while_the_rrset_is_to_be_changed() -> None:
    change = PlannedChange("CHG-1", NOW - HOUR, NOW + MINUTE, ("a", "b"),
                           answers=(Answer(DOMAIN, "MX", values=("1 mx.new.example",)),))  # fmt: skip
    record = in_order(replace(ENTRY, planned_changes=(change,))).server(MX, mx(60))
    assert record.codes() == set()
    assert record.codes(change.ends) >= {"ttl_changed"}
    moving = PlannedChange("CHG-2", NOW - HOUR, NOW + HOUR, ("a", "b"), Delegation(ns=frozenset(FORGED_HOSTS)))
    record = in_order(replace(ENTRY, planned_changes=(moving,))).server(NS, answer(*HOSTS, ttl=300))
    assert record.codes() == set()
    assert record.server(MX, mx(60)).codes() == {"ttl_changed"}, "the window is about something else"


def test_ttl_of_a_forged_server_is_the_delegations_story() -> None:
    assert hijacked().findings()["ttl_changed"].cause == "delegation"
    assert hijacked().server(MX, mx(7)).findings()["ttl_changed"].cause == ""
