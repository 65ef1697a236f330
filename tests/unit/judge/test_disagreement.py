"""Resolvers and regions that see other data than others, and the story that their values belong to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.judge.record import (
    DATA,
    FORGED_DATA,
    FORGED_HOSTS,
    HOSTS,
    HOUR,
    LAST,
    MINUTE,
    MX,
    NODATA,
    NOW,
    NS,
    NXDOMAIN,
    PARENTS,
    REGIONS,
    RESOLVERS,
    SPF,
    TXT,
    A,
    Record,
    RRset,
    answer,
    hijacked,
    in_order,
    referral,
)

from nswatch.model import Facts, Result, Severity, Transport, Value

EVIL_MX = answer("10 mx.evil.example")
EVIL_VALUE: Value = (*MX, ("10 mx.evil.example",))


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        pytest.param(MX, EVIL_MX, id="mx"),
        pytest.param(NS, answer(*FORGED_HOSTS), id="ns"),
        pytest.param(A, answer("203.0.113.80"), id="address"),
        pytest.param(TXT, answer("no spf"), id="txt"),
    ],
)
def test_resolvers_disagree_is_found_when_one_resolver_in_one_region_gives_other_data(
    question: RRset, facts: Facts
) -> None:
    found = in_order().resolver(question, facts, at=RESOLVERS[:1], regions=["eu-1"]).findings()
    assert set(found) == {"resolvers_disagree", "regions_disagree"}
    for finding in found.values():
        assert (finding.severity, finding.cause, finding.residual) == ("page", "caches", False)
        assert finding.detail["regions"] == ["eu-1"]
    assert found["regions_disagree"].detail["others"] == ["ap-1", "us-1"]
    assert found["resolvers_disagree"].detail["answers"][0]["resolvers"] == [RESOLVERS[0]]


def test_resolvers_disagree_with_name_servers_when_all_resolvers_give_other_data() -> None:
    assert in_order().resolver(MX, EVIL_MX).codes() == {"resolvers_disagree"}


def test_changed_answer_is_found_from_resolvers_when_nobody_gives_the_expected_one() -> None:
    record = in_order().resolver(MX, EVIL_MX)
    for key in [key for key in record.views if key.source == "authoritative" and key.qtype == "MX"]:
        record.views[key] = replace(record.views[key], facts=None, result=Result.TIMEOUT)
    found = record.findings()
    assert set(found) == {"mx_changed"}
    assert found["mx_changed"].cause == "caches"


@pytest.mark.parametrize(
    "facts",
    [NODATA, NXDOMAIN, *(Facts(result) for result in (Result.TIMEOUT, Result.SERVFAIL, Result.REFUSED))],
    ids=lambda facts: facts.result.value,
)
def test_resolvers_do_not_disagree_when_one_gives_no_data(facts: Facts) -> None:
    assert in_order().resolver(MX, facts, at=RESOLVERS[:1], regions=["ap-1"]).codes() == set()


@pytest.mark.parametrize(("passes", "found"), [(1, False), (2, True)])
def test_one_datagram_of_a_resolver_is_not_believed(passes: int, found: bool) -> None:
    how = {"at": RESOLVERS[:1], "regions": ["ap-1"], "over": Transport.UDP}
    record = in_order().resolver(MX, EVIL_MX, first=LAST - (passes - 1) * MINUTE, **how)
    assert ("resolvers_disagree" in record.codes()) is found


def test_regions_may_be_given_different_expected_addresses() -> None:
    record = in_order()
    for number, region in enumerate(REGIONS):
        record.resolver(A, answer(f"198.51.100.{number}"), regions=[region])
        record.server(A, answer(f"198.51.100.{100 + number}"), regions=[region])
    assert record.codes() == set()


def test_regions_do_not_disagree_until_another_has_made_a_pass_since() -> None:
    record = in_order().resolver(MX, EVIL_MX, regions=["ap-1"], first=LAST + timedelta(seconds=1), last=NOW)
    judgement = record.judge()
    assert {finding.code for finding in judgement.findings} == {"resolvers_disagree"}
    assert judgement.look_again is not None


def test_regions_do_not_disagree_when_the_others_are_silent_or_know_nothing() -> None:
    record = in_order().resolver(MX, EVIL_MX, regions=["ap-1"])
    record.silence("eu-1", NOW - HOUR).resolver(MX, Facts(Result.TIMEOUT), regions=["us-1"])
    assert record.codes() == {"resolvers_disagree"}


def test_regions_disagree_about_the_parent_when_one_alone_is_given_another_set() -> None:
    record = in_order().parent(referral(FORGED_HOSTS, ()), regions=["us-1"])
    found = record.findings()
    assert {"delegation_changed", "regions_disagree"} <= set(found)
    assert found["regions_disagree"].cause == "delegation"
    assert found["regions_disagree"].detail["sources"] == ["parent"]


def test_regions_do_not_disagree_when_every_region_sees_some_servers_of_the_parent_depart() -> None:
    record = in_order().parent(referral(FORGED_HOSTS, ()), servers=PARENTS[:1])
    assert "regions_disagree" not in record.codes()


def test_regions_disagree_about_name_servers_belongs_to_what_these_show() -> None:
    found = in_order().server(MX, EVIL_MX, regions=["us-1"]).findings()
    assert found["regions_disagree"].cause == "zone content"


def test_caches_that_repeat_a_notice_are_no_more_than_that() -> None:
    record = in_order().server(TXT, answer("v=spf1 -all")).resolver(TXT, answer("v=spf1 -all"), at=RESOLVERS[:1])
    found = record.findings()
    assert {code: (finding.severity, finding.cause) for code, finding in found.items()} == {
        "txt_changed": ("notice", ""),
        "resolvers_disagree": ("notice", "zone content"),
    }


ZONES_OWN = (*HOSTS, "ns3.another-dns.example")


def apart(hosts: tuple[str, ...] = ZONES_OWN, *, at: int = 2) -> Record:
    """The zone's own servers (or so many of them) name other name servers than the parent, and caches have it so."""
    record = in_order().server(NS, answer(*hosts, ttl=172800), hosts=HOSTS[:at])
    return record.resolver(NS, answer(*hosts, ttl=172800), at=RESOLVERS[:1])


@pytest.mark.parametrize("at", [1, 2], ids=["one server", "all servers"])
def test_resolvers_that_follow_the_zone_and_not_the_parent_are_no_more_than_a_notice(at: int) -> None:
    judgement = apart(at=at).judge()
    told = {finding.code: (finding.severity, finding.cause, finding.residual) for finding in judgement.findings}
    assert told == {
        "parent_child_mismatch": ("notice", "", False),
        "resolvers_disagree": ("notice", "delegation", False),
    }
    assert judgement.forged == ()


def test_regions_that_are_given_another_set_by_the_zones_own_servers_are_no_more_than_a_notice() -> None:
    found = in_order().server(NS, answer(*ZONES_OWN, ttl=172800), regions=["us-1"]).findings()
    assert {code: (finding.severity, finding.cause) for code, finding in found.items()} == {
        "parent_child_mismatch": ("notice", ""),
        "regions_disagree": ("notice", "delegation"),
    }


def test_resolvers_that_follow_the_zone_page_when_the_mismatch_does() -> None:
    record = apart()
    record.entry = replace(record.entry, severity={"parent_child_mismatch": Severity.PAGE})
    assert record.findings()["resolvers_disagree"].severity == "page"


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(apart().resolver(NS, answer(*FORGED_HOSTS), at=RESOLVERS[:1]), id="another set than the zone's"),
        pytest.param(apart().resolver(MX, EVIL_MX, at=RESOLVERS[:1]), id="and other data"),
        pytest.param(apart((HOSTS[0], "ns1.dnsh0st.example")), id="an imitation in the zone"),
        pytest.param(apart().parent(referral(FORGED_HOSTS, ())), id="a forged delegation"),
        pytest.param(in_order().resolver(NS, answer(*ZONES_OWN), at=RESOLVERS[:1]), id="the zone does not give it"),
    ],
)
def test_resolvers_that_disagree_about_the_name_servers_page_when_it_is_not_the_zones_word_alone(
    record: Record,
) -> None:
    assert record.findings()["resolvers_disagree"].severity == "page"


def test_an_impossible_route53_name_in_the_zone_is_an_imitation_only_where_route53_is_the_provider() -> None:
    for provider, severity in (("route53", "page"), ("", "notice")):
        record = apart((*HOSTS, "ns-2048.awsdns-99.com"))
        delegation = replace(record.entry.delegation, provider=provider)
        record.entry = replace(record.entry, delegation=delegation)
        assert record.findings()["resolvers_disagree"].severity == severity


def poisoned(record: Record, *, ns: bool = True) -> Record:
    record.resolver(MX, EVIL_MX, at=RESOLVERS[:1], regions=["ap-1"])
    return record.resolver(NS, answer(*FORGED_HOSTS), at=RESOLVERS[:1], regions=["ap-1"]) if ns else record


def shown_by(record: Record) -> dict[str, frozenset[Value]]:
    """What the incident would know after this judgement."""
    known: dict[str, set[Value]] = {}
    policy = {"delegation_changed": "delegation", "mx_changed": "zone content", "resolvers_disagree": "caches"}
    for finding in record.judge().findings:
        known.setdefault(finding.cause or policy.get(finding.code, "delegation"), set()).update(finding.values)
    return {cause: frozenset(values) for cause, values in known.items()}


def test_caches_repeat_the_delegations_story_while_it_stands_and_are_residual_when_it_is_over() -> None:
    record = poisoned(hijacked())
    found = record.findings()
    assert {found[code].cause for code in ("resolvers_disagree", "regions_disagree")} == {"delegation"}
    assert not any(finding.residual for finding in found.values())
    known = shown_by(record)
    after = record.parent(referral()).findings(followed=FORGED_HOSTS, known=known)
    assert {code: (finding.cause, finding.residual) for code, finding in after.items()} == {
        "resolvers_disagree": ("delegation", True),
        "regions_disagree": ("delegation", True),
    }


def test_caches_are_no_residue_when_they_hold_anything_that_no_story_has() -> None:
    known = shown_by(hijacked())
    record = poisoned(in_order()).resolver(A, answer("203.0.113.80"), at=RESOLVERS[:1])
    found = record.findings(known=known)["resolvers_disagree"]
    assert (found.cause, found.residual) == ("caches", False)


def test_caches_own_story_does_not_end_because_it_is_known() -> None:
    record = poisoned(in_order(), ns=False)
    found = record.findings(known=shown_by(record))["resolvers_disagree"]
    assert (found.cause, found.residual) == ("caches", False)


def test_caches_residue_ends_when_a_genuine_server_shows_the_value() -> None:
    known = shown_by(hijacked())
    found = poisoned(in_order(), ns=False).server(MX, EVIL_MX, hosts=HOSTS[:1]).findings(known=known)
    assert found["mx_changed"].cause == ""
    assert (found["resolvers_disagree"].cause, found["resolvers_disagree"].residual) == ("zone content", False)


def test_caches_repeat_the_zones_story_when_genuine_servers_showed_the_value() -> None:
    record = in_order().server(MX, EVIL_MX).resolver(MX, EVIL_MX, at=RESOLVERS[:1])
    found = record.findings()
    assert (found["resolvers_disagree"].cause, found["resolvers_disagree"].residual) == ("zone content", False)
    after = record.server(MX, answer(*DATA[MX][0], ttl=3600)).findings(known={"zone content": frozenset({EVIL_VALUE})})
    assert set(after) == {"resolvers_disagree"}
    assert after["resolvers_disagree"].residual


def test_addresses_in_turn_are_still_known() -> None:
    forged = {**FORGED_DATA, A: (("203.0.113.80", "203.0.113.81", "203.0.113.82"), 300)}
    record = hijacked(forged).resolver(A, answer("203.0.113.82", "198.51.100.1"), at=RESOLVERS[:1], regions=["ap-1"])
    known = shown_by(record)
    assert record.findings()["resolvers_disagree"].cause == "delegation"
    found = record.parent(referral()).findings(known=known)["resolvers_disagree"]
    assert (found.cause, found.residual) == ("delegation", True)
    record.resolver(A, answer("203.0.113.82", "203.0.113.99"), at=RESOLVERS[:1], regions=["ap-1"])
    assert record.findings(known=known)["resolvers_disagree"].cause == "caches"


def test_what_followed_hosts_serve_now_is_the_delegations_though_nobody_knew_it() -> None:
    record = hijacked().parent(referral()).server(MX, answer("10 new.evil.example"), hosts=FORGED_HOSTS)
    record.resolver(MX, answer("10 new.evil.example"), at=RESOLVERS[:1])
    found = record.findings(followed=FORGED_HOSTS, known=shown_by(hijacked()))["resolvers_disagree"]
    assert (found.cause, found.residual) == ("delegation", True)


def test_forged_data_is_counted_from_the_caches_too() -> None:
    record = in_order().resolver(MX, answer("10 mx.evil.example", ttl=7200), at=RESOLVERS[:1])
    (data,) = record.judge().forged
    assert (data.host, data.address, data.ttl, data.standing) == ("(caches)", "", 7200, True)
    assert in_order().resolver(TXT, answer(SPF, "v=spf1 +all"), at=RESOLVERS[:1]).judge().forged == ()


def test_forged_data_of_a_genuine_server_counts_while_it_serves_it() -> None:
    record = in_order().server(MX, answer("10 mx.evil.example", ttl=604800), hosts=HOSTS[:1])
    (data,) = record.judge().forged
    assert (data.host, data.ttl, data.standing) == (HOSTS[0], 604800, True)


def test_forged_hosts_count_while_delegated_though_they_relay_genuine_answers() -> None:
    judgement = hijacked(DATA).judge()
    assert {data.host for data in judgement.forged} == {"(parent)", *FORGED_HOSTS}
    assert hijacked(DATA).parent(referral()).judge(followed=FORGED_HOSTS).forged == ()


def test_followed_hosts_are_gone_since_they_fell_silent() -> None:
    record = hijacked().parent(referral())
    for question in (*DATA, ("mail.watched.example", "AAAA")):
        record.server(question, Facts(Result.TIMEOUT), hosts=FORGED_HOSTS, first=NOW - 30 * MINUTE)
    for data in record.judge(followed=FORGED_HOSTS).forged:
        assert (data.standing, data.last_seen, data.ttl) == (False, NOW - 30 * MINUTE, 360000)


def test_caches_repeating_a_notice_are_no_residue_while_a_server_shows_it() -> None:
    record = in_order().server(TXT, answer("v=spf1 -all")).resolver(TXT, answer("v=spf1 -all"), at=RESOLVERS[:1])
    assert not record.findings()["resolvers_disagree"].residual


def test_caches_holding_an_older_lie_are_no_residue_while_the_delegation_is_forged() -> None:
    known = shown_by(hijacked())
    record = hijacked({**FORGED_DATA, MX: (("10 newer.evil.example",), 60)})
    found = poisoned(record, ns=False).findings(known=known)["resolvers_disagree"]
    assert (found.cause, found.residual) == ("delegation", False)


LONG_AGO = NOW - 3 * HOUR


@pytest.mark.parametrize(
    ("silent_for", "stands"), [pytest.param(HOUR / 2, True, id="half-an-hour"), pytest.param(2 * HOUR, False, id="two")]
)
def test_caches_in_a_silent_region_are_not_refuted_by_the_same_resolver_elsewhere_for_an_hour(
    silent_for: timedelta, stands: bool
) -> None:
    record = in_order().resolver(MX, EVIL_MX, at=RESOLVERS[:1], regions=["ap-1"], first=LONG_AGO)
    record.silence("ap-1", NOW - silent_for)
    assert ("resolvers_disagree" in record.codes()) is stands


def test_cache_that_fell_silent_is_not_refuted_by_name_servers() -> None:
    record = in_order()
    record.views = {key: view for key, view in record.views.items() if key.source != "recursive" or key.qtype != "MX"}
    record.resolver(MX, EVIL_MX, at=RESOLVERS[:1], regions=["ap-1"], first=LONG_AGO)
    record.resolver(MX, Facts(Result.TIMEOUT), at=RESOLVERS[:1], regions=["ap-1"], first=NOW - 2 * HOUR)
    assert "resolvers_disagree" in record.codes()


@pytest.mark.parametrize(
    ("stood", "believed"), [pytest.param(MINUTE, False, id="one-pass"), pytest.param(2 * MINUTE, True, id="two-passes")]
)
def test_datagram_of_a_server_that_fell_silent_is_believed_when_it_was_seen_twice(
    stood: timedelta, believed: bool
) -> None:
    first = NOW - 10 * MINUTE
    record = in_order()
    record.resolver(MX, EVIL_MX, at=RESOLVERS[:1], regions=["ap-1"], over=Transport.UDP, first=first)
    record.resolver(MX, Facts(Result.TIMEOUT), at=RESOLVERS[:1], regions=["ap-1"], first=first + stood)
    assert ("resolvers_disagree" in record.codes()) is believed
