"""`nameserver_lookalike_registered` and `nameserver_domain_available`: what collectors saw at the registries."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.judge.record import CHANGED, DOMAIN, ENTRY, HOUR, NOW, T0, Record, in_order, referral

from nswatch.expect import near_misses, registrable
from nswatch.expect.near_misses import Newcomer, Register
from nswatch.expect.watchlist import Delegation, PlannedChange
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View

REGISTERED, AVAILABLE = "nameserver_lookalike_registered", "nameserver_domain_available"
PROVIDER, FORGED = "dnshost.example", "dnsh0st.example"
HERE, THERE = "us-1", "eu-1"


def say(
    record: Record,
    name: str,
    qtype: str,
    *values: str,
    region: str = HERE,
    first: datetime = T0,
    result: Result = Result.ANSWER,
) -> Record:
    key = Key(region, Source.REGISTRY, name.partition(".")[2], name, qtype)
    facts = Facts(Result.ANSWER, tuple(sorted(values)))
    record.views[key] = View(key, "", facts, Transport.TCP, first, first, NOW, result, first)
    return record


def newcomers(record: Record, *new: Newcomer, base: str = PROVIDER, region: str = HERE, **parts: Any) -> Record:
    register = Register(T0 - 10 * HOUR, "d", new={each.name: each for each in new}, **parts)
    return say(record, base, near_misses.ATTRIBUTE, *register.values(), region=region)


def came(name: str = FORGED, since: datetime = CHANGED, **parts: Any) -> Newcomer:
    return Newcomer(name, since, **parts)


def found(record: Record, code: str, now: datetime = NOW) -> Finding | None:
    return record.findings(now).get(code)


# nameserver_lookalike_registered


def test_newcomer_is_told_with_what_it_imitates_and_what_the_registry_says() -> None:
    newcomer = came(registered="2026-01-01T00:50:00Z", registrar="Registrar B", nameservers=("ns1.evil.example",))
    finding = found(newcomers(in_order(), newcomer), REGISTERED)
    assert finding is not None
    assert finding.severity is Severity.NOTICE
    assert (finding.expected, finding.seen, finding.since) == ((PROVIDER,), (FORGED,), CHANGED)
    assert finding.detail["domains"] == [
        {
            "name": FORGED,
            "imitates": PROVIDER,
            "since": "2026-01-01T00:58:00.000Z",
            "registered": "2026-01-01T00:50:00Z",
            "registrar": "Registrar B",
            "nameservers": ["ns1.evil.example"],
            "note": "",
        }
    ]
    (pair,) = finding.detail["pairs"]
    assert pair["sentence"] == f"{FORGED} is {PROVIDER} with the digit 0 in place of the letter o"
    assert {sighting.source for sighting in finding.sightings} == {Source.REGISTRY}


def test_nothing_is_told_of_names_that_were_always_there() -> None:
    record = newcomers(in_order(), there=frozenset({FORGED}), unasked=frozenset({"dnshosts.example"}))
    assert found(record, REGISTERED) is None


def test_newcomer_of_the_domain_itself_is_told() -> None:
    finding = found(newcomers(in_order(), came("watch3d.example"), base=DOMAIN), REGISTERED)
    assert finding is not None
    assert finding.expected == (DOMAIN,)


def test_newcomer_counts_from_whoever_saw_it_first_and_for_48_hours() -> None:
    record = newcomers(in_order(), came(since=NOW - 2 * HOUR))
    newcomers(record, came(since=NOW - HOUR), region=THERE)
    finding = found(record, REGISTERED)
    assert finding is not None
    assert finding.since == NOW - 2 * HOUR
    end = NOW + 46 * HOUR
    assert found(record, REGISTERED, end - timedelta(seconds=1)) is not None
    assert found(record, REGISTERED, end) is None
    assert record.judge(end - timedelta(minutes=1)).look_again is not None


def test_newcomers_are_told_together_until_the_last_one_is_over() -> None:
    other = came("dnshosts.example", NOW - 40 * HOUR)
    old = came("dnshoost.example", NOW - 89 * HOUR)
    record = newcomers(in_order(), came(since=NOW), other, old)
    for now in (NOW, NOW + 47 * HOUR):
        finding = found(record, REGISTERED, now)
        assert finding is not None
        assert finding.seen == ("dnshosts.example", FORGED)
    assert found(record, REGISTERED, NOW + 48 * HOUR) is None


def test_newcomer_is_told_when_the_other_collector_found_it_there_from_the_first() -> None:
    record = newcomers(newcomers(in_order(), came()), there=frozenset({FORGED}), region=THERE)
    assert found(record, REGISTERED) is not None


@pytest.mark.parametrize("base", ["once.example", "elsewhere.net"])
def test_newcomer_is_not_told_when_nothing_rests_on_what_it_imitates(base: str) -> None:
    assert found(newcomers(in_order(), came(), base=base), REGISTERED) is None


@pytest.mark.parametrize("starts", [NOW - HOUR, NOW + HOUR], ids=["open", "approved for later"])
def test_newcomer_is_not_told_when_the_watchlist_plans_to_use_it(starts: datetime) -> None:
    delegation = Delegation(ns=frozenset({f"ns1.{FORGED}"}))
    change = PlannedChange("CHG-1", starts, starts + 5 * HOUR, ("alice", "bob"), delegation=delegation)
    record = newcomers(in_order(replace(ENTRY, planned_changes=(change,))), came())
    assert found(record, REGISTERED) is None


def test_newcomer_stays_told_while_nobody_can_ask_any_more() -> None:
    record = newcomers(in_order(), came())
    for key, view in record.views.items():
        if key.source is Source.REGISTRY:
            record.views[key] = replace(view, result=Result.TIMEOUT, result_since=NOW)
    assert found(record, REGISTERED) is not None


# nameserver_domain_available


def free(record: Record, *how: str, name: str = PROVIDER, **parts: Any) -> Record:
    return say(record, name, registrable.ATTRIBUTE, "free", *how, **{"first": CHANGED, **parts})


def there(record: Record, name: str = PROVIDER, **parts: Any) -> Record:
    return say(record, name, registrable.ATTRIBUTE, "there", **parts)


def test_free_domain_of_an_approved_host_pages() -> None:
    finding = found(free(in_order(), "dns+rdap"), AVAILABLE)
    assert finding is not None
    assert finding.severity is Severity.PAGE
    assert (finding.seen, finding.since) == ((PROVIDER,), CHANGED)
    assert finding.detail["domains"] == [
        {"name": PROVIDER, "hosts": sorted(ENTRY.delegation.ns), "approved": True, "by": "dns+rdap"}
    ]


def test_free_domain_of_a_delegated_host_pages() -> None:
    record = in_order().parent(referral(("ns1.dnshost.example", "ns2.dnshost.ne"), ()))
    finding = found(free(record, "dns+rdap", name="dnshost.ne"), AVAILABLE)
    assert finding is not None
    (row,) = finding.detail["domains"]
    assert (row["hosts"], row["approved"]) == (["ns2.dnshost.ne"], False)


def test_free_domain_is_of_no_interest_when_no_host_is_in_it() -> None:
    assert found(free(in_order(), "dns+rdap", name="dnshost.ne"), AVAILABLE) is None


@pytest.mark.parametrize(
    ("here", "other", "told"),
    [
        pytest.param(("dns+rdap",), "there", True, id="both sources say so, newer than the other collector's word"),
        pytest.param(("dns",), None, False, id="once, by DNS alone"),
        pytest.param(("dns", "again"), None, True, id="twice, and there is no other collector"),
        pytest.param(("dns", "again"), "there", False, id="the other collector knows better"),
        pytest.param(("dns", "again"), "free", True, id="both collectors"),
        pytest.param(("dns",), "free", False, id="both collectors, once each"),
    ],
)
def test_dns_alone_is_believed_when_nobody_knows_better(here: tuple[str, ...], other: str | None, told: bool) -> None:
    record = free(in_order(), *here)
    if other == "there":
        there(record, region=THERE)
    elif other == "free":
        free(record, "dns", region=THERE)
    assert (found(record, AVAILABLE) is not None) is told


def test_domain_is_not_free_any_more_when_a_collector_sees_it_registered_later() -> None:
    record = there(free(in_order(), "dns+rdap"), region=THERE, first=CHANGED + timedelta(seconds=30))
    assert found(record, AVAILABLE) is None


def test_watched_domain_is_not_called_free_by_dns_alone_when_its_own_hosts_are_in_it() -> None:
    hosts = frozenset({f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"})
    record = in_order(replace(ENTRY, delegation=Delegation(ns=hosts)))
    assert found(free(record, "dns", "again", name=DOMAIN), AVAILABLE) is None
    assert found(free(record, "dns+rdap", name=DOMAIN), AVAILABLE) is not None
