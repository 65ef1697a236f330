"""Where name servers are: glue, resolved addresses, and what is said at addresses that nobody approved."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.judge.record import (
    ADDRESS,
    CHANGED,
    ENTRY,
    GLUE,
    HOSTS,
    LAST,
    MINUTE,
    MX,
    NOW,
    NXDOMAIN,
    PARENTS,
    REGIONS,
    Record,
    answer,
    in_order,
    referral,
)

from nswatch.expect.watchlist import Baseline
from nswatch.model import Facts, Result, Source, Transport

HOST = HOSTS[0]
EVIL = "203.0.113.66"
EVIL_GLUE = ((HOST, (EVIL,)), GLUE[1])


def test_glue_changed_is_found_when_the_parent_gives_another_address() -> None:
    found = in_order().parent(referral(glue=EVIL_GLUE)).findings()
    assert set(found) == {"glue_changed"}
    glue = found["glue_changed"]
    assert (glue.severity, glue.expected, glue.seen, glue.since) == ("page", (ADDRESS[HOST],), (EVIL,), CHANGED)
    assert glue.detail == {
        "parent": "example",
        "hosts": [{"host": HOST, "expected": [ADDRESS[HOST]], "seen": [EVIL], "regions": list(REGIONS)}],
    }
    assert glue.values == ((HOST, "A", (EVIL,)),)


@pytest.mark.parametrize(
    ("servers", "regions", "over", "first", "believed"),
    [
        pytest.param(PARENTS[:1], ["ap-1"], Transport.UDP, CHANGED, False, id="one-over-udp"),
        pytest.param(PARENTS[:1], ["ap-1"], Transport.TCP, LAST, False, id="one-over-tcp-once"),
        pytest.param(PARENTS[:1], ["ap-1"], Transport.TCP, CHANGED, True, id="one-over-tcp-twice"),
        pytest.param(PARENTS[:1], ["ap-1", "eu-1"], Transport.TCP, LAST, True, id="one-over-tcp-in-two-regions"),
        pytest.param(PARENTS[:1], ["ap-1", "eu-1"], Transport.UDP, LAST, False, id="one-over-udp-in-two-regions"),
        pytest.param(PARENTS, ["ap-1"], Transport.UDP, LAST, True, id="two-servers"),
    ],
)
def test_glue_is_believed_as_a_delegation_is(
    servers: list[str], regions: list[str], over: Transport, first: datetime, believed: bool
) -> None:
    record = in_order().parent(referral(glue=EVIL_GLUE), servers=servers, regions=regions, over=over, first=first)
    judgement = record.judge()
    assert ({finding.code for finding in judgement.findings} == {"glue_changed"}) is believed
    assert (judgement.look_again is not None) is not believed


@pytest.mark.parametrize(
    "glue",
    [
        pytest.param((), id="none-given"),
        pytest.param(GLUE[:1], id="of-one-host-only"),
        pytest.param(((HOST, (ADDRESS[HOST],)), GLUE[1]), id="the-baselines"),
        pytest.param((("ns9.evil.example", (EVIL,)), *GLUE), id="of-a-host-that-is-not-delegated"),
    ],
)
def test_glue_is_right_when_what_is_given_is_the_baselines(glue: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    assert in_order().parent(referral(glue=glue)).codes() == set()


def test_glue_changed_tells_the_hosts_own_addresses_when_it_had_no_glue() -> None:
    entry = replace(ENTRY, baseline=replace(ENTRY.baseline, glue={}))
    assert in_order(entry).codes() == set()
    found = in_order(entry).parent(referral(glue=EVIL_GLUE)).findings()
    assert set(found) == {"glue_changed"}
    assert (found["glue_changed"].expected, found["glue_changed"].seen) == ((ADDRESS[HOST],), (EVIL,))


def test_glue_is_right_when_a_family_is_left_out() -> None:
    both = {HOST: (ADDRESS[HOST], "2001:db8::53")}
    entry = replace(ENTRY, baseline=Baseline(glue=both))
    assert in_order(entry).parent(referral(glue=((HOST, (ADDRESS[HOST],)),))).codes() == set()
    assert in_order(entry).parent(referral(glue=((HOST, ("2001:DB8::0:53",)),))).codes() == set()
    assert in_order(entry).parent(referral(glue=((HOST, ("2001:db8::54",)),))).codes() == {"glue_changed"}


def test_address_changed_alone_is_found_when_glue_and_host_move_together() -> None:
    record = in_order().parent(referral(glue=EVIL_GLUE)).walk(HOST, answer(EVIL))
    found = record.findings()
    assert set(found) == {"nameserver_address_changed"}
    assert found["nameserver_address_changed"].seen == (EVIL,)
    assert found["nameserver_address_changed"].detail["hosts"][0]["host"] == HOST


@pytest.mark.parametrize(
    ("facts", "regions", "first", "believed"),
    [
        pytest.param(answer(EVIL), ["ap-1"], LAST, False, id="one-region-once"),
        pytest.param(answer(EVIL), ["ap-1"], CHANGED, True, id="one-region-twice"),
        pytest.param(answer(EVIL), ["ap-1", "eu-1"], LAST, True, id="two-regions"),
        pytest.param(answer(ADDRESS[HOST], EVIL), REGIONS, LAST, True, id="one-more-address"),
        pytest.param(answer(ADDRESS[HOST], "2001:db8::1"), REGIONS, LAST, True, id="ipv6-appears"),
        pytest.param(NXDOMAIN, REGIONS, CHANGED, False, id="gone"),
        pytest.param(Facts(Result.TIMEOUT), REGIONS, CHANGED, False, id="unknown"),
    ],
)
def test_nameserver_address_changed_is_found_when_an_address_outside_the_baseline_is_believed(
    facts: Facts, regions: list[str], first: datetime, believed: bool
) -> None:
    record = in_order().walk(HOST, facts, regions=regions, first=first)
    assert (record.codes() == {"nameserver_address_changed"}) is believed


def test_nameserver_address_is_believed_when_two_passes_find_different_ones() -> None:
    first = in_order().walk(HOST, answer(EVIL), regions=["ap-1"], first=LAST - MINUTE, last=LAST - MINUTE)
    doubts = first.judge(LAST - MINUTE).doubts
    second = in_order().walk(HOST, answer("203.0.113.67"), regions=["ap-1"], first=LAST)
    assert second.codes(doubts=doubts) == {"nameserver_address_changed"}


def test_host_without_baseline_is_not_judged_by_its_address() -> None:
    entry = replace(ENTRY, baseline=Baseline())
    assert in_order(entry).walk(HOST, answer(EVIL)).parent(referral(glue=EVIL_GLUE)).codes() == set()


def serving_at(address: str, record: Record, **how: object) -> Record:
    return record.put(Source.AUTHORITATIVE, address, MX, answer("10 mx.evil.example", ttl=3600), host=HOST, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("moved", ["glue", "walk"])
def test_what_is_served_at_a_forged_address_is_the_delegations_story(moved: str) -> None:
    record = serving_at(EVIL, in_order())
    assert record.codes() == set(), "nobody is sent there"
    if moved == "glue":
        record.parent(referral(glue=EVIL_GLUE))
    else:
        record.walk(HOST, answer(EVIL))
    found = record.findings()
    assert set(found) == {"mx_changed", "glue_changed" if moved == "glue" else "nameserver_address_changed"}
    assert found["mx_changed"].cause == "delegation"
    assert (HOST, EVIL) in {(data.host, data.address) for data in record.judge().forged}


def test_what_is_served_at_an_address_that_is_not_believed_is_nobodys() -> None:
    how = {"regions": ["ap-1"], "over": Transport.UDP, "first": LAST}
    record = in_order().parent(referral(glue=EVIL_GLUE), servers=PARENTS[:1], **how)
    assert serving_at(EVIL, record).codes() == set()
    record = in_order().walk(HOST, answer(EVIL), **how)
    assert serving_at(EVIL, record).codes() == set()


def test_glue_of_a_silent_parent_server_is_refuted_by_the_same_server_elsewhere() -> None:
    record = in_order().parent(referral(glue=EVIL_GLUE), regions=["ap-1"], first=NOW - 30 * MINUTE)
    record.silence("ap-1", NOW - 29 * MINUTE)
    assert record.codes() == set()
    for region in ("eu-1", "us-1"):
        record.silence(region, NOW - 29 * MINUTE)
    assert record.codes() == {"glue_changed"}, "nobody has looked since"
