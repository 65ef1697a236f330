"""`ds_changed` and `dnssec_bogus`, one record changed server by server."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.judge.record import (
    CHANGED,
    ENTRY,
    FORGED_HOSTS,
    HOUR,
    LAST,
    MX,
    NOW,
    NS,
    PARENTS,
    T0,
    Record,
    answer,
    in_order,
    referral,
)

from nswatch.expect.watchlist import Baseline, Delegation, DomainEntry, PlannedChange, Superseded
from nswatch.model import Facts, Result, Transport

OLD = "4711 13 2 " + "a" * 64
NEW = "815 13 2 " + "b" * 64
SAME_KEY = "4711 13 4 " + "c" * 96
FORGED = "4711 13 2 " + "d" * 64


def signed(*ds: str, hosts: tuple[str, ...] | None = None) -> Facts:
    facts = referral() if hosts is None else referral(hosts, ())
    return replace(facts, ds=ds)


def entry(dnssec: str | None, *baseline: str) -> DomainEntry:
    delegation = replace(ENTRY.delegation, dnssec=dnssec)
    return replace(ENTRY, delegation=delegation, baseline=replace(ENTRY.baseline, ds=baseline))


def record(dnssec: str | None = "signed", *baseline: str) -> Record:
    found = in_order(entry(dnssec, *(baseline or (OLD,))))
    return found.parent(signed(*(baseline or (OLD,))), first=T0, over=Transport.UDP)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param((OLD,), False, id="the baseline's"),
        pytest.param((SAME_KEY,), False, id="the same key by another digest"),
        pytest.param((OLD, NEW), False, id="another key beside it"),
        pytest.param((), True, id="gone"),
        pytest.param((NEW,), True, id="another key"),
        pytest.param((FORGED,), True, id="the same tag, another key"),
    ],
)
def test_ds_changed_is_found_when_no_known_key_is_left(given: tuple[str, ...], found: bool) -> None:
    assert ("ds_changed" in record().parent(signed(*given)).codes()) is found


def test_ds_changed_says_what_was_approved_and_what_is_given() -> None:
    finding = record().parent(signed(NEW)).findings()["ds_changed"]
    assert (finding.expected, finding.seen, finding.since) == ((OLD,), (NEW,), CHANGED)
    assert finding.detail["answers"][0]["servers"] == len(PARENTS)


def test_ds_changed_is_not_found_when_the_watchlist_says_nothing_of_dnssec() -> None:
    assert record(None).parent(signed()).codes() == set()


def test_ds_changed_is_found_when_an_unsigned_domain_gets_a_ds() -> None:
    found = in_order(entry("unsigned")).parent(signed(NEW)).findings()["ds_changed"]
    assert (found.expected, found.seen) == ((), (NEW,))


def test_ds_that_nobody_proved_absent_is_unknown() -> None:
    assert record().parent(replace(referral(), ds=None)).codes() == set()


def test_ds_changed_is_believed_like_any_word_of_the_registry() -> None:
    one = record().parent(signed(NEW), servers=PARENTS[:1], regions=["ap-1"], over=Transport.UDP)
    assert one.codes() == set()
    assert one.judge().look_again is not None
    assert "ds_changed" in one.parent(signed(NEW), over=Transport.UDP).codes()


def test_ds_changed_and_delegation_changed_are_both_found_when_both_are_replaced() -> None:
    assert {"ds_changed", "delegation_changed"} <= record().parent(signed(hosts=FORGED_HOSTS)).codes()


def test_only_the_delegation_is_told_when_it_is_gone() -> None:
    codes = record().parent(Facts(Result.NXDOMAIN, zone="example")).codes()
    assert "delegation_changed" in codes
    assert "ds_changed" not in codes


def test_roll_over_is_quiet_when_the_new_key_stood_beside_the_old_one() -> None:
    rolling = record().parent(signed(OLD, NEW), first=CHANGED - HOUR)
    doubts = rolling.judge(NOW - HOUR / 2).doubts
    done = rolling.parent(signed(NEW))
    assert done.codes(doubts=doubts) == set()
    assert "ds_changed" in done.codes()
    again = done.parent(signed(FORGED))
    assert "ds_changed" in again.codes(doubts=done.judge(doubts=doubts).doubts)


def test_key_is_not_vouched_for_beside_a_forged_delegation() -> None:
    hijack = record().parent(signed(OLD, NEW, hosts=FORGED_HOSTS), first=CHANGED - HOUR)
    doubts = hijack.judge(NOW - HOUR / 2).doubts
    assert "ds_changed" in hijack.parent(signed(NEW)).codes(doubts=doubts)


def test_vouching_ends_with_the_baseline_that_it_came_from() -> None:
    rolling = record().parent(signed(OLD, NEW), first=CHANGED - HOUR)
    doubts = rolling.judge(NOW - HOUR / 2).doubts
    other = Record(entry("signed", SAME_KEY), rolling.views)
    assert "ds_changed" in other.parent(signed(NEW)).codes(doubts=doubts)


@pytest.mark.parametrize(("given", "found"), [((), False), ((OLD,), False), ((NEW,), True)], ids=["none", "old", "new"])
def test_both_states_are_right_within_the_window_of_a_planned_change(given: tuple[str, ...], found: bool) -> None:
    change = PlannedChange("CHG-1", NOW - HOUR, NOW + HOUR, ("a", "b"), Delegation(ns=frozenset(), dnssec="unsigned"))
    planned = record()
    planned.entry = replace(planned.entry, planned_changes=(change,))
    assert ("ds_changed" in planned.parent(signed(*given)).codes()) is found


def test_ds_changed_is_as_old_as_the_end_of_the_window_that_explained_it() -> None:
    change = PlannedChange(
        "CHG-1", NOW - HOUR, NOW - HOUR / 4, ("a", "b"), Delegation(ns=frozenset(), dnssec="unsigned")
    )
    planned = record().parent(signed(), first=NOW - HOUR / 2)
    planned.entry = replace(planned.entry, planned_changes=(change,))
    assert planned.findings()["ds_changed"].since == NOW - HOUR / 4


def test_first_ds_is_right_when_signing_is_planned() -> None:
    change = PlannedChange("CHG-1", NOW - HOUR, NOW + HOUR, ("a", "b"), Delegation(ns=frozenset(), dnssec="signed"))
    unsigned = in_order(replace(entry("unsigned"), planned_changes=(change,)))
    assert unsigned.parent(signed(NEW)).codes() == set()


def test_lagging_server_may_give_the_ds_that_an_apply_replaced() -> None:
    lagging = record("signed", NEW).parent(signed(OLD), servers=PARENTS[:1])
    assert "ds_changed" in lagging.parent(signed(OLD), servers=PARENTS[:1], first=T0).codes()
    lagging.entry = replace(lagging.entry, superseded=(Superseded(NOW - HOUR, ds=(OLD,)),))
    assert lagging.codes() == set()
    assert "ds_changed" in lagging.parent(signed(OLD)).codes()


def bogus(found: Record, first: timedelta = timedelta(), **how: object) -> Record:
    return found.resolver(MX, Facts(Result.BOGUS), first=CHANGED + first, **how)  # type: ignore[arg-type]


def test_dnssec_bogus_pages_when_one_resolver_cannot_validate_in_two_passes() -> None:
    finding = bogus(record(), at=["9.9.9.9"], regions=["ap-1"]).findings()["dnssec_bogus"]
    assert (finding.severity, finding.cause, finding.since) == ("page", "", CHANGED)
    assert finding.detail["resolvers"] == [
        {"address": "9.9.9.9", "regions": ["ap-1"], "rrsets": ["watched.example MX"]}
    ]


def test_dnssec_bogus_waits_for_the_second_pass() -> None:
    once = record().resolver(MX, Facts(Result.BOGUS), first=LAST + timedelta(seconds=2), last=LAST)
    judgement = once.judge()
    assert judgement.findings == ()
    assert judgement.look_again is not None
    later = record().resolver(MX, Facts(Result.BOGUS), first=LAST + timedelta(seconds=62), last=NOW + HOUR)
    assert "dnssec_bogus" in later.codes(NOW + HOUR, doubts=judgement.doubts)


def test_resolver_that_fails_with_checking_disabled_too_is_not_bogus() -> None:
    assert record().resolver(MX, Facts(Result.SERVFAIL)).codes() == set()


def test_resolver_that_nobody_asks_any_more_says_nothing() -> None:
    removed = bogus(record(), at=["9.9.9.9"])
    removed.entry = replace(removed.entry, resolvers=("1.1.1.1",))
    assert removed.codes() == set()


def test_dnssec_bogus_is_the_delegations_story_when_the_ds_is_another() -> None:
    finding = bogus(record().parent(signed(NEW))).findings()["dnssec_bogus"]
    assert finding.cause == "delegation"


def test_dnssec_bogus_ends_when_the_resolver_answers_again() -> None:
    assert bogus(record()).resolver(MX, answer("10 mail.watched.example", ttl=3600)).codes() == set()


def test_baseline_without_ds_asks_only_whether_there_is_one() -> None:
    unknown = in_order(replace(ENTRY, delegation=replace(ENTRY.delegation, dnssec="signed"), baseline=Baseline()))
    assert unknown.parent(signed(NEW)).codes() == set()
    assert "ds_changed" in unknown.parent(signed()).codes()
    assert NS in {(key.qname, key.qtype) for key in unknown.views}
