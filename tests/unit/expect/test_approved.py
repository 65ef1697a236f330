from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.expect.approved import approved, ending_unapplied, window_edges
from nswatch.expect.watchlist import (
    Answer,
    Delegation,
    DomainEntry,
    PlannedChange,
    Registration,
    Superseded,
    Web,
)

START = datetime(2026, 12, 1, tzinfo=UTC)
END = START + timedelta(hours=4)
OLD = frozenset({"ns1.old.example", "ns2.old.example"})
NEW = frozenset({"ns1.new.example", "ns2.new.example"})
MX = Answer("example.com", "MX", values=("10 mx1.old.example.",))
NEW_MX = Answer("example.com", "MX", values=("10 mx1.new.example.",))
CHANGE = PlannedChange(
    "CHG-1", START, END, ("alice", "bob"), Delegation(ns=NEW, soa_mname="ns1.new.example"), answers=(NEW_MX,)
)
ENTRY = DomainEntry(
    "example.com",
    Delegation(ns=OLD, soa_mname="ns1.old.example", dnssec="unsigned"),
    answers=(MX,),
    planned_changes=(CHANGE,),
)
SECOND = timedelta(seconds=1)
assert CHANGE.delegation is not None
CHANGED = CHANGE.delegation


@pytest.mark.parametrize(
    ("at", "ns_sets"),
    [
        pytest.param(START - SECOND, (OLD,), id="before"),
        pytest.param(START, (OLD, NEW), id="first-moment"),
        pytest.param(END - SECOND, (OLD, NEW), id="last-second"),
        pytest.param(END, (OLD,), id="end-is-outside"),
    ],
)
def test_approved_holds_the_planned_set_when_its_window_is_open(at, ns_sets):
    result = approved(ENTRY, at)
    assert result.ns_sets == ns_sets
    assert result.current == OLD
    assert result.hosts == frozenset().union(*ns_sets)


def test_approved_holds_no_mixture_when_a_change_is_half_done():
    assert frozenset({"ns1.old.example", "ns1.new.example"}) not in approved(ENTRY, START).ns_sets


def test_approved_gives_alternatives_for_every_value_when_a_window_is_open():
    result = approved(ENTRY, START)
    assert result.soa_mnames == ("ns1.old.example", "ns1.new.example")
    assert result.answers_for("example.com", "MX") == (MX, NEW_MX)
    assert result.dnssec == ("unsigned",)


def test_approved_asks_nothing_when_only_the_plan_names_a_value():
    entry = replace(ENTRY, delegation=Delegation(ns=OLD), answers=())
    result = approved(entry, START)
    assert result.soa_mnames == ()
    assert result.dnssec == ()
    assert result.answers_for("example.com", "MX") == ()


def test_approved_holds_every_open_plan_when_windows_overlap():
    third = frozenset({"ns1.third.example", "ns2.third.example"})
    other = replace(CHANGE, id="CHG-2", starts=START + timedelta(hours=1), delegation=Delegation(ns=third))
    entry = replace(ENTRY, planned_changes=(CHANGE, other))
    assert approved(entry, START + timedelta(hours=2)).ns_sets == (OLD, NEW, third)


def test_approved_names_a_set_once_when_the_plan_is_applied_already():
    entry = replace(ENTRY, delegation=Delegation(ns=NEW))
    assert approved(entry, START).ns_sets == (NEW,)


@pytest.mark.parametrize(
    ("age", "superseded"),
    [
        pytest.param(timedelta(0), (OLD,), id="just-replaced"),
        pytest.param(timedelta(hours=48) - SECOND, (OLD,), id="within-48h"),
        pytest.param(timedelta(hours=48), (), id="after-48h"),
        pytest.param(-SECOND, (), id="not-yet-replaced"),
    ],
)
def test_approved_keeps_a_replaced_set_apart_when_it_is_recent(age, superseded):
    entry = replace(ENTRY, delegation=Delegation(ns=NEW), superseded=(Superseded(START, Delegation(ns=OLD)),))
    result = approved(replace(entry, planned_changes=()), START + age)
    assert result.superseded_ns == superseded
    assert result.ns_sets == (NEW,)


@pytest.mark.parametrize(
    ("age", "late", "once"),
    [
        pytest.param(timedelta(days=7) - SECOND, (OLD,), (OLD,), id="within-a-week"),
        pytest.param(timedelta(days=7), (), (OLD,), id="after-a-week"),
        pytest.param(timedelta(days=90) - SECOND, (), (OLD,), id="within-90-days"),
        pytest.param(timedelta(days=90), (), (), id="after-90-days"),
    ],
)
def test_approved_keeps_a_replaced_set_for_lagging_servers_and_for_caches(age, late, once):
    entry = replace(ENTRY, delegation=Delegation(ns=NEW), superseded=(Superseded(START, Delegation(ns=OLD)),))
    result = approved(replace(entry, planned_changes=()), START + age)
    assert (result.late_ns, result.once_ns) == (late, once)


def test_approved_does_not_repeat_a_replaced_set_when_it_is_approved_again():
    entry = replace(ENTRY, superseded=(Superseded(START, Delegation(ns=OLD)), Superseded(START, answers=(MX,))))
    assert approved(entry, START).superseded_ns == ()


def test_window_edges_are_start_last_hour_and_end_when_a_change_is_planned():
    assert window_edges(ENTRY) == [START, END - timedelta(hours=1), END]


def test_window_edges_do_not_precede_the_start_when_the_window_is_short():
    short = replace(CHANGE, ends=START + timedelta(minutes=30))
    assert window_edges(replace(ENTRY, planned_changes=(short,))) == [START, START + timedelta(minutes=30)]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        pytest.param(END - timedelta(hours=1, seconds=1), False, id="more-than-an-hour"),
        pytest.param(END - timedelta(hours=1), True, id="an-hour"),
        pytest.param(END - SECOND, True, id="last-second"),
        pytest.param(END, False, id="over"),
        pytest.param(START - SECOND, False, id="not-begun"),
    ],
)
def test_ending_unapplied_names_the_change_when_its_last_hour_runs(at, told):
    assert ending_unapplied(ENTRY, at) == ([CHANGE] if told else [])


@pytest.mark.parametrize(
    ("change", "entry", "applied"),
    [
        pytest.param(CHANGE, replace(ENTRY, delegation=CHANGED, answers=(NEW_MX,)), True, id="all"),
        pytest.param(CHANGE, replace(ENTRY, delegation=CHANGED), False, id="mx-missing"),
        pytest.param(CHANGE, replace(ENTRY, delegation=Delegation(ns=NEW), answers=(NEW_MX,)), False, id="soa-missing"),
        pytest.param(
            PlannedChange("R", START, END, ("a", "b"), registration=Registration(registrar="B")),
            replace(ENTRY, registration=Registration("B", ("serverHold",))),
            True,
            id="registrar-without-locks",
        ),
        pytest.param(
            PlannedChange("R", START, END, ("a", "b"), registration=Registration(registrar="B")),
            replace(ENTRY, registration=Registration("A")),
            False,
            id="registrar-missing",
        ),
        pytest.param(PlannedChange("W", START, END, ("a", "b"), web=Web(issuers=("X",))), ENTRY, False, id="no-web"),
    ],
)
def test_ending_unapplied_is_silent_when_the_entry_holds_the_values(change, entry, applied):
    entry = replace(entry, planned_changes=(change,))
    assert (ending_unapplied(entry, END - SECOND) == []) is applied
