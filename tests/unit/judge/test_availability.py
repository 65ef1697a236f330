"""Lame and silent name servers: where most regions decide, and nothing counts before a second pass."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.judge.record import (
    CHANGED,
    ENTRY,
    FORGED_ADDRESS,
    FORGED_HOSTS,
    HOSTS,
    HOUR,
    LAST,
    MINUTE,
    NOW,
    NS,
    NXDOMAIN,
    REGIONS,
    SERVERS,
    SOA,
    Record,
    answer,
    hijacked,
    in_order,
    referral,
)

from nswatch.expect.watchlist import Delegation, PlannedChange
from nswatch.model import Facts, Key, Result, Source
from nswatch.moments import iso

LAME = [Result.REFUSED, Result.SERVFAIL, Result.NOT_AUTHORITATIVE, Result.OTHER_ERROR, Result.MALFORMED]


def behave(
    record: Record,
    result: Result,
    hosts: Iterable[str] = HOSTS,
    regions: Iterable[str] = REGIONS,
    first: datetime = CHANGED,
) -> Record:
    for question in (NS, SOA):
        record.server(question, Facts(result), hosts=hosts, regions=regions, first=first)
    return record


@pytest.mark.parametrize("result", LAME)
def test_nameserver_lame_pages_when_no_delegated_server_answers(result: Result) -> None:
    found = behave(in_order(), result).findings()
    assert set(found) == {"nameserver_lame"}
    lame = found["nameserver_lame"]
    assert (lame.severity, lame.cause, lame.seen, lame.since) == ("page", "", HOSTS, CHANGED)
    assert lame.detail["all"] is True
    assert lame.detail["servers"][0] == {
        "host": HOSTS[0], "address": SERVERS[0], "result": result.value, "regions": list(REGIONS)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hosts", "regions", "severity"),
    [
        pytest.param(HOSTS[:1], REGIONS, "notice", id="one-server"),
        pytest.param(HOSTS, REGIONS[:1], "notice", id="all-from-one-region"),
        pytest.param(HOSTS, REGIONS[:2], "page", id="all-from-most-regions"),
    ],
)
def test_nameserver_lame_is_graded_by_servers_and_regions(
    hosts: Iterable[str], regions: Iterable[str], severity: str
) -> None:
    assert behave(in_order(), Result.REFUSED, hosts, regions).findings()["nameserver_lame"].severity == severity


def test_half_of_the_regions_are_not_most() -> None:
    record = in_order().silence("us-1", NOW - HOUR)
    assert behave(record, Result.REFUSED, regions=["ap-1"]).findings()["nameserver_lame"].severity == "notice"
    record = behave(in_order(), Result.REFUSED, regions=["ap-1"]).silence("us-1", NOW - HOUR)
    record.silence("eu-1", NOW - HOUR)
    assert record.findings()["nameserver_lame"].severity == "page", "who is silent does not vote"


def test_silent_servers_count_as_not_answering_beside_a_lame_one() -> None:
    record = behave(in_order(), Result.REFUSED, HOSTS[:1])
    found = behave(record, Result.TIMEOUT, HOSTS[1:]).findings()
    assert {code: finding.severity for code, finding in found.items()} == {"nameserver_lame": "page"}


@pytest.mark.parametrize("result", [*LAME, Result.TIMEOUT, Result.UNREACHABLE])
def test_nothing_is_found_in_the_first_bad_pass(result: Result) -> None:
    judgement = behave(in_order(), result, first=LAST).judge()
    assert judgement.findings == ()
    assert judgement.look_again is not None


def test_server_that_is_lame_for_one_apex_question_is_lame() -> None:
    record = in_order().server(SOA, Facts(Result.NOT_AUTHORITATIVE), hosts=HOSTS[:1])
    assert record.codes() == {"nameserver_lame"}


def test_server_that_refuses_only_a_watched_record_is_not_lame() -> None:
    record = in_order().server(("watched.example", "MX"), Facts(Result.REFUSED))
    assert record.codes() == set()


@pytest.mark.parametrize("result", [Result.TIMEOUT, Result.UNREACHABLE])
@pytest.mark.parametrize(
    ("regions", "severity"),
    [
        pytest.param(REGIONS, "page", id="everywhere"),
        pytest.param(REGIONS[:2], "page", id="from-most"),
        pytest.param(REGIONS[:1], "notice", id="from-one"),
    ],
)
def test_nameservers_unreachable_is_graded_by_regions(result: Result, regions: tuple[str, ...], severity: str) -> None:
    found = behave(in_order(), result, regions=regions).findings()
    assert set(found) == {"nameservers_unreachable"}
    assert found["nameservers_unreachable"].severity == severity
    assert found["nameservers_unreachable"].detail["regions"] == list(regions)


def test_nothing_is_unreachable_while_one_server_replies() -> None:
    assert behave(in_order(), Result.TIMEOUT, HOSTS[:1]).codes() == set()


@pytest.mark.parametrize("result", [Result.REFUSED, Result.TIMEOUT])
def test_notice_waits_when_the_next_pass_of_other_regions_may_make_it_a_page(result: Result) -> None:
    record = behave(in_order(), result, regions=["ap-1"])
    behave(record, result, regions=["eu-1"], first=LAST)
    judgement = record.judge()
    assert judgement.findings == ()
    assert judgement.look_again is not None
    assert next(iter(behave(record, result, regions=["eu-1"]).findings().values())).severity == "page"


def test_silence_in_two_passes_is_known_though_its_kind_changes() -> None:
    first = behave(in_order(), Result.TIMEOUT, first=LAST - MINUTE)
    for key, view in first.views.items():
        first.views[key] = replace(view, last_seen=LAST - MINUTE)
    doubts = first.judge(LAST - MINUTE).doubts
    second = behave(in_order(), Result.UNREACHABLE, first=LAST)
    assert second.codes() == set()
    assert second.codes(doubts=doubts) == {"nameservers_unreachable"}


def test_silence_since_the_soa_was_asked_counts_when_the_ns_answer_is_older() -> None:
    record = in_order().server(SOA, Facts(Result.TIMEOUT))
    assert record.codes() == {"nameservers_unreachable"}


def test_hosts_without_any_address_do_not_reply() -> None:
    record = in_order().parent(referral(FORGED_HOSTS, ()))
    for host in FORGED_HOSTS:
        record.walk(host, NXDOMAIN)
    found = record.findings()
    assert found["nameservers_unreachable"].severity == "page"
    assert found["nameservers_unreachable"].cause == "delegation"
    assert found["nameservers_unreachable"].seen == FORGED_HOSTS


def test_addresses_that_nobody_could_ask_count_neither_way() -> None:
    record = in_order()
    glue = tuple((host, (address, "2001:db8::53")) for host, address in record.addresses.items())
    entry = replace(record.entry, baseline=replace(ENTRY.baseline, glue=dict(glue)))
    record = in_order(entry).parent(referral(glue=glue))
    assert record.codes() == set()
    assert behave(record, Result.TIMEOUT).codes() == {"nameservers_unreachable"}


def test_availability_of_forged_servers_is_the_delegations_story() -> None:
    record = behave(hijacked(), Result.REFUSED, FORGED_HOSTS)
    assert record.findings()["nameserver_lame"].cause == "delegation"
    assert behave(hijacked(), Result.TIMEOUT, FORGED_HOSTS).findings()["nameservers_unreachable"].cause == "delegation"
    assert behave(hijacked(), Result.TIMEOUT, HOSTS).codes() == hijacked().codes(), "nobody is sent to them"


def test_old_servers_may_be_off_when_a_change_is_carried_out() -> None:
    new = Delegation(ns=frozenset(FORGED_HOSTS), soa_mname="ns1.dnsh0st.example")
    change = PlannedChange("CHG-1", NOW - HOUR, NOW + HOUR, ("a", "b"), new)
    record = in_order(replace(ENTRY, planned_changes=(change,)))
    record.addresses |= FORGED_ADDRESS
    behave(record, Result.REFUSED, FORGED_HOSTS)
    assert record.codes() == set(), "the new ones need not serve before they are delegated"
    record = in_order(replace(ENTRY, planned_changes=(change,))).parent(referral(FORGED_HOSTS, ()))
    record.addresses |= FORGED_ADDRESS
    for host in FORGED_HOSTS:
        record.walk(host, answer(FORGED_ADDRESS[host]))
        record.server(NS, answer(*FORGED_HOSTS, ttl=172800), hosts=[host])
    assert behave(record, Result.REFUSED, HOSTS).codes() == set()


def test_nothing_is_lame_when_the_delegation_is_gone() -> None:
    record = in_order().parent(NXDOMAIN)
    assert behave(record, Result.REFUSED).codes() == {"delegation_changed"}


def test_dead_region_keeps_what_it_saw_out_of_the_count() -> None:
    record = behave(in_order(), Result.TIMEOUT, regions=["ap-1"]).silence("ap-1", NOW - 10 * MINUTE)
    assert record.codes() == set()


def test_doubts_about_a_servers_behaviour_stand_apart_from_those_about_its_answers() -> None:
    record = behave(in_order(), Result.REFUSED, HOSTS[:1], ["ap-1"])
    doubts = record.judge().doubts
    key = Key("ap-1", Source.AUTHORITATIVE, SERVERS[0], "watched.example", "lame")
    assert {k: iso(v) for k, v in doubts.items()} == {key: iso(CHANGED)}
