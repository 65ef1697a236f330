"""What authoritative servers answer: changed, missing, believed, and whose word counts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.judge.record import (
    DATA,
    DOMAIN,
    ENTRY,
    FORGED_HOSTS,
    HOSTS,
    HOUR,
    LAST,
    MAIL_A,
    MAIL_AAAA,
    MINUTE,
    MX,
    NODATA,
    NOW,
    NS,
    NXDOMAIN,
    REGIONS,
    RESOLVERS,
    SERVERS,
    SOA,
    SPF,
    T0,
    TXT,
    WWW,
    A,
    Record,
    RRset,
    answer,
    hijacked,
    in_order,
    referral,
)

from nswatch.expect.approved import LAGGING
from nswatch.expect.networks import AwsRanges, origin_name
from nswatch.expect.watchlist import Answer, Delegation, PlannedChange, Superseded
from nswatch.model import Facts, Result, Severity, Source, Transport

EVIL_MX = answer("10 mx.evil.example", ttl=3600)
TOO_LARGE = Facts(Result.OVER_CAP, digest="ab" * 32)


def test_nothing_is_found_when_everything_is_in_order() -> None:
    judgement = in_order().judge()
    assert (judgement.findings, judgement.forged, judgement.doubts, judgement.look_again) == ((), (), {}, None)


@pytest.mark.parametrize(
    ("question", "facts", "code", "severity"),
    [
        pytest.param(MX, EVIL_MX, "mx_changed", "page", id="mx-replaced"),
        pytest.param(
            MX, answer("10 mail.watched.example", "5 mx.evil.example", ttl=3600), "mx_changed", "page", id="mx-added"
        ),
        pytest.param(MX, answer("20 mail.watched.example", ttl=3600), "mx_changed", "page", id="mx-preference"),
        pytest.param(MX, TOO_LARGE, "mx_changed", "page", id="mx-too-large"),
        pytest.param(
            SOA, answer("ns.evil.example x 1 2 3 4 5", ttl=900), "soa_changed", "page", id="soa-another-primary"
        ),
        pytest.param(WWW, answer("site.evil.example"), "cname_changed", "page", id="cname"),
        pytest.param(A, answer("203.0.113.80"), "address_changed", "page", id="address-outside"),
        pytest.param(A, answer("198.51.100.10", "203.0.113.80"), "address_changed", "page", id="one-address-outside"),
        pytest.param(MAIL_A, answer("203.0.113.25"), "address_changed", "page", id="mail-host-moved"),
        pytest.param(MAIL_AAAA, answer("2001:db8::25"), "address_changed", "page", id="mail-host-gets-ipv6"),
        pytest.param(A, Facts(Result.NODATA, aliases=("x.evil.example",)), "address_changed", "page", id="apex-alias"),
        pytest.param(TXT, answer("v=spf1 ip4:203.0.113.0/24 -all"), "txt_changed", "notice", id="txt-gone"),
        pytest.param(TXT, answer(SPF, "v=spf1 +all"), "txt_changed", "notice", id="second-spf"),
    ],
)
def test_changed_answer_is_found_when_one_server_gives_it(
    question: RRset, facts: Facts, code: str, severity: str
) -> None:
    record = in_order().server(question, facts, hosts=HOSTS[:1])
    found = record.findings()
    assert code in found
    assert found[code].severity == severity
    assert found[code].cause == ""
    assert {row["name"] for row in found[code].detail["rrsets"]} == {question[0]}
    assert "answer_missing" not in found


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        pytest.param(SOA, answer("ns1.dnshost.example other.rname 99 1 1 1 1", ttl=900), id="soa-serial"),
        pytest.param(A, answer("198.51.100.99", "198.51.100.98"), id="addresses-within"),
        pytest.param(TXT, answer("something new", SPF), id="another-text-beside-it"),
        pytest.param(TXT, answer(SPF, "v=spf10 is no SPF"), id="looks-like-a-second-spf"),
        pytest.param(MAIL_AAAA, NODATA, id="mail-host-without-ipv6-as-ever"),
    ],
)
def test_answer_is_right_when_only_what_nobody_asked_differs(question: RRset, facts: Facts) -> None:
    record = in_order().server(question, facts).resolver(question, facts if question != SOA else NODATA)
    assert record.codes() == set()


def test_answer_over_an_alias_is_judged_by_its_addresses_and_no_address_is_unknown() -> None:
    entry = replace(ENTRY, answers=(*ENTRY.answers, Answer("shop.watched.example", "A", within=("198.51.100.0/24",))))
    shop = ("shop.watched.example", "A")
    alias = Facts(Result.NODATA, aliases=("shop.cdn.example",))
    record = in_order(entry).server(shop, alias)
    assert record.codes() == set(), "a server that does not follow the alias says nothing of addresses"
    record.resolver(shop, answer("198.51.100.3", aliases=("shop.cdn.example",)))
    assert record.codes() == set()
    record.resolver(shop, answer("203.0.113.3", aliases=("shop.cdn.example",)))
    assert record.codes() == {"address_changed"}, "nobody says anything better than the resolvers"


@pytest.mark.parametrize(
    ("change", "believed"),
    [
        pytest.param(lambda r: r.server(MX, EVIL_MX, hosts=HOSTS[:1], regions=["ap-1"], over=Transport.UDP,
                                        first=LAST), False, id="one-udp-answer"),
        pytest.param(lambda r: r.server(MX, EVIL_MX, hosts=HOSTS[:1], regions=["ap-1"], over=Transport.TCP,
                                        first=LAST), True, id="one-tcp-answer"),
        pytest.param(lambda r: r.server(MX, EVIL_MX, regions=["ap-1"], over=Transport.UDP, first=LAST), True,
                     id="two-servers"),
        pytest.param(lambda r: r.server(MX, EVIL_MX, hosts=HOSTS[:1], regions=["ap-1", "eu-1"], over=Transport.UDP,
                                        first=LAST), True, id="two-regions"),
        pytest.param(lambda r: r.server(MX, EVIL_MX, hosts=HOSTS[:1], regions=["ap-1"], over=Transport.UDP), True,
                     id="two-passes"),
    ],
)  # fmt: skip
def test_changed_answer_is_believed_unless_one_datagram_in_one_pass_says_it(
    change: Callable[[Record], Record], believed: bool
) -> None:
    judgement = change(in_order()).judge()
    assert ("mx_changed" in {finding.code for finding in judgement.findings}) is believed
    assert believed or judgement.look_again is not None
    assert believed or not judgement.forged


def test_changed_answer_is_believed_when_a_server_lies_differently_in_each_pass() -> None:
    how = {"hosts": HOSTS[:1], "regions": ["ap-1"], "over": Transport.UDP}
    first = in_order().server(MX, answer("1 a.evil.example"), first=LAST - MINUTE, last=LAST - MINUTE, **how)
    doubts = first.judge(LAST).doubts
    assert set(doubts.values()) == {LAST - MINUTE}
    second = in_order().server(MX, answer("1 b.evil.example"), first=LAST, **how)
    assert "mx_changed" in second.codes(doubts=doubts)


def test_answers_of_one_region_are_evidence_when_the_others_see_nothing() -> None:
    record = in_order().server(MX, EVIL_MX, regions=["us-1"])
    assert record.codes() == {"mx_changed", "regions_disagree"}


@pytest.mark.parametrize(
    ("facts", "hosts", "regions", "severity"),
    [
        pytest.param(NODATA, HOSTS, REGIONS, "page", id="all-nodata"),
        pytest.param(NXDOMAIN, HOSTS, REGIONS, "page", id="all-nxdomain"),
        pytest.param(NODATA, HOSTS, ["eu-1"], "page", id="all-from-one-region"),
        pytest.param(NODATA, HOSTS[:1], REGIONS, "notice", id="one-of-them"),
    ],
)
def test_answer_missing_is_graded_by_how_many_have_nothing(
    facts: Facts, hosts: tuple[str, ...], regions: tuple[str, ...], severity: str
) -> None:
    found = in_order().server(MX, facts, hosts=hosts, regions=regions).findings()
    assert found["answer_missing"].severity == severity
    assert "mx_changed" not in found


def test_answer_missing_waits_for_the_second_pass_when_all_have_nothing() -> None:
    judgement = in_order().server(MX, NODATA, first=LAST).judge()
    assert judgement.findings == ()
    assert judgement.look_again is not None


def test_answer_missing_pages_when_the_only_other_server_is_silent() -> None:
    record = in_order().server(MX, NODATA, hosts=HOSTS[:1]).server(MX, Facts(Result.TIMEOUT), hosts=HOSTS[1:])
    assert record.findings()["answer_missing"].severity is Severity.PAGE


def test_answer_missing_pages_when_the_delegated_servers_have_nothing_though_the_genuine_ones_do() -> None:
    record = hijacked({**DATA, MX: ((), 0)})
    found = record.findings()["answer_missing"]
    assert (found.severity, found.cause) == (Severity.PAGE, "delegation")


@pytest.mark.parametrize("facts", [NODATA, NXDOMAIN])
def test_answer_missing_is_not_found_from_resolvers(facts: Facts) -> None:
    assert in_order().resolver(MX, facts).codes() == set()


@pytest.mark.parametrize("gone", [NXDOMAIN, NODATA])
def test_delegation_changed_alone_is_found_when_the_parent_has_no_delegation(gone: Facts) -> None:
    record = in_order().parent(gone).server(MX, NXDOMAIN).server(NS, NXDOMAIN)
    assert record.codes() == {"delegation_changed"}


def test_changed_and_missing_are_both_found_when_servers_differ() -> None:
    record = in_order().server(MX, EVIL_MX, hosts=HOSTS[:1]).server(MX, NODATA, hosts=HOSTS[1:])
    assert record.codes() == {"mx_changed", "answer_missing"}


@pytest.mark.parametrize("result", [Result.TIMEOUT, Result.SERVFAIL, Result.REFUSED, Result.UNREACHABLE])
def test_resolver_that_says_nothing_definite_changes_nothing(result: Result) -> None:
    record = in_order()
    for question in (NS, MX, A):
        record.resolver(question, Facts(result))
    assert record.codes() == set()


def test_changed_answer_stands_when_its_server_falls_silent_and_for_an_hour_against_others() -> None:
    record = in_order().server(MX, EVIL_MX, hosts=HOSTS[:1], first=T0 + MINUTE)
    record.server(MX, Facts(Result.TIMEOUT), hosts=HOSTS[:1], first=NOW - 30 * MINUTE)
    assert "mx_changed" in record.codes()
    assert record.judge().look_again is not None
    later = NOW + HOUR
    for key, view in record.views.items():
        record.views[key] = replace(view, last_seen=later)
    assert "mx_changed" not in record.codes(later)


def test_changed_answer_of_a_silent_region_is_not_refuted_by_what_another_region_is_told_at_once() -> None:
    record = in_order().resolver(MX, EVIL_MX, at=RESOLVERS[:1], regions=["ap-1"]).silence("ap-1")
    assert "resolvers_disagree" in record.codes()


def test_two_rrsets_are_one_finding_with_their_names() -> None:
    entry = replace(
        ENTRY, answers=(*ENTRY.answers, Answer("x.watched.example", "MX", values=("10 mail.watched.example",)))
    )
    other = ("x.watched.example", "MX")
    found = in_order(entry).server(MX, EVIL_MX).server(other, EVIL_MX).findings()["mx_changed"]
    assert found.seen == ("watched.example MX 10 mx.evil.example", "x.watched.example MX 10 mx.evil.example")
    assert [row["name"] for row in found.detail["rrsets"]] == ["watched.example", "x.watched.example"]
    assert len(found.values) == 2


def test_seen_is_the_same_whoever_sees_it() -> None:
    one = in_order().server(MX, EVIL_MX, hosts=HOSTS[:1], regions=["ap-1"]).findings()["mx_changed"]
    all_ = in_order().server(MX, EVIL_MX).findings()["mx_changed"]
    assert (one.seen, one.expected, one.values) == (all_.seen, all_.expected, all_.values)
    assert all_.detail["answers"] == [
        {"seen": ["10 mx.evil.example"], "hosts": list(HOSTS), "resolvers": [], "regions": list(REGIONS),
         "result": "answer"}
    ]  # fmt: skip


def test_server_that_is_not_asked_any_more_says_nothing() -> None:
    record = in_order()
    record.addresses["ns9.old.example"] = "192.0.2.99"
    record.server(MX, EVIL_MX, hosts=["ns9.old.example"])
    record.put(Source.AUTHORITATIVE, "192.0.2.77", MX, EVIL_MX, host=HOSTS[0])
    record.put(Source.RECURSIVE, "8.8.8.8", MX, EVIL_MX)
    record.server(("old.watched.example", "MX"), EVIL_MX)
    assert record.codes() == set()


NEW = ("ns1.new.example", "ns2.new.example")


def planned(**parts: object) -> PlannedChange:
    return PlannedChange("CHG-1", NOW - HOUR / 2, NOW + HOUR / 2, ("alice", "bob"), **parts)  # type: ignore[arg-type]


def test_planned_answers_are_right_beside_the_old_ones_only_within_the_window() -> None:
    change = planned(answers=(Answer(DOMAIN, "MX", values=("10 mx.new.example.",)),))
    record = in_order(replace(ENTRY, planned_changes=(change,)))
    record.server(MX, answer("10 mx.new.example", ttl=3600), hosts=HOSTS[:1], regions=["eu-1"], first=NOW - MINUTE)
    record.resolver(MX, answer("10 mx.new.example", ttl=60), regions=["us-1"], first=NOW - MINUTE)
    assert record.codes() == set()
    mixture = answer("10 mx.new.example", "10 mail.watched.example", ttl=3600)
    assert "mx_changed" in replace_mx(record, mixture).codes()
    record = in_order(replace(ENTRY, planned_changes=(change,))).server(MX, answer("10 mx.new.example", ttl=3600))
    after = record.findings(change.ends)
    assert after["mx_changed"].since == change.ends


def replace_mx(record: Record, facts: Facts) -> Record:
    return Record(record.entry, dict(record.views), record.addresses).server(MX, facts)


def test_caches_may_hold_a_planned_value_for_two_days_when_the_window_is_over() -> None:
    change = planned(answers=(Answer(DOMAIN, "MX", values=("10 mx.new.example.",)),))
    record = in_order(replace(ENTRY, planned_changes=(change,))).resolver(MX, answer("10 mx.new.example"))
    assert DATA[MX][1] == 3600
    over = change.ends + LAGGING
    for key, view in record.views.items():
        record.views[key] = replace(view, last_seen=over + HOUR)
    assert record.codes(over - MINUTE) == set()
    assert record.judge(over - MINUTE).look_again == over
    assert record.codes(over) >= {"resolvers_disagree"}


def test_caches_and_no_others_may_hold_what_an_apply_replaced() -> None:
    past = Superseded(NOW - 10 * MINUTE, answers=(Answer(DOMAIN, "MX", values=("10 old.mail.example.",)),))
    record = in_order(replace(ENTRY, superseded=(past,))).resolver(MX, answer("10 old.mail.example"))
    assert record.codes() == set()
    record.server(MX, answer("10 old.mail.example", ttl=3600), hosts=HOSTS[:1], first=T0)
    found = record.findings()
    assert set(found) == {"mx_changed"}
    assert found["mx_changed"].since == past.at


@pytest.mark.parametrize(
    ("last", "result", "told"),
    [
        pytest.param(MINUTE, Result.ANSWER, False, id="its-turn-has-not-come-since"),
        pytest.param(2 * MINUTE, Result.ANSWER, False, id="its-turn-may-not-have-come"),
        pytest.param(3 * MINUTE, Result.ANSWER, True, id="it-was-asked-and-says-the-same"),
        pytest.param(30 * MINUTE, Result.TIMEOUT, False, id="it-does-not-answer"),
    ],
)
def test_server_that_was_not_heard_since_an_apply_is_not_held_to_it_when_others_are_right(
    last: timedelta, result: Result, told: bool
) -> None:
    past = Superseded(NOW - HOUR / 2, answers=(Answer(DOMAIN, "MX", values=("10 old.mail.example.",)),))
    record = in_order(replace(ENTRY, superseded=(past,)))
    old, until = answer("10 old.mail.example", ttl=3600), past.at + last
    record.server(MX, old, hosts=HOSTS[:1], regions=["eu-1"], first=T0, last=until)
    if not result.definite:
        record.server(MX, Facts(result), hosts=HOSTS[:1], regions=["eu-1"], first=T0 + MINUTE, last=until)
    assert ("mx_changed" in record.codes(until + MINUTE / 6)) is told


def test_only_delegated_servers_are_judged_while_a_change_of_name_servers_is_carried_out() -> None:
    change = planned(delegation=Delegation(ns=frozenset(NEW), soa_mname="ns1.new.example"))
    record = in_order(replace(ENTRY, planned_changes=(change,)))
    record.addresses |= {NEW[0]: "192.0.2.153", NEW[1]: "192.0.2.154"}
    for host in NEW:
        record.walk(host, answer(record.addresses[host]))
    unready = {**DATA, MX: (("10 x.example",), 60), NS: (NEW, 60), SOA: (("ns1.new.example x 1 2 3 4 5",), 900)}
    record.zone(NEW, unready)
    assert record.codes() == set(), "the new provider may not be ready"
    record.parent(referral(NEW, ()))
    assert record.codes() == {"mx_changed"}, "it must be by now; its TTLs have no baseline"
    record.zone(NEW, unready | {MX: (DATA[MX][0], 60)})
    for question in DATA:
        record.server(question, Facts(Result.REFUSED))
    assert record.codes() == set(), "the old one may be off"
    record.server(MX, NODATA)
    assert record.codes() == set(), "or empty"


def test_servers_of_a_replaced_delegation_may_say_what_was_replaced_when_a_lagging_parent_names_them() -> None:
    old = ("ns1.old.example", "ns2.old.example")
    past = Superseded(NOW - HOUR, Delegation(ns=frozenset(old), soa_mname="ns1.old.example"))
    record = in_order(replace(ENTRY, superseded=(past,))).parent(referral(old, ()), servers=["203.0.113.9"])
    record.addresses |= {old[0]: "192.0.2.253", old[1]: "192.0.2.254"}
    for host in old:
        record.walk(host, answer(record.addresses[host]))
    left = {**DATA, NS: (old, 60), SOA: (("ns1.old.example x 1 2 3 4 5",), 900)}
    assert record.zone(old, left).codes() == set()
    assert "mx_changed" in record.zone(old, left | {MX: (("10 mx.evil.example",), 60)}).codes()


def test_expected_servers_are_judged_too_when_the_parent_names_others() -> None:
    record = hijacked(data=DATA).server(A, answer("203.0.113.80"))
    found = record.findings()
    assert {"delegation_changed", "address_changed"} <= set(found)
    assert found["address_changed"].cause == "", "genuine servers show what the forged ones do not"


def test_what_forged_servers_serve_is_the_delegations_story() -> None:
    found = hijacked().findings()
    assert {code: found[code].cause for code in ("mx_changed", "soa_changed", "ttl_changed")} == dict.fromkeys(
        ("mx_changed", "soa_changed", "ttl_changed"), "delegation"
    )
    assert found["mx_changed"].detail["forged"] is True
    assert not {"regions_disagree", "resolvers_disagree", "address_changed", "txt_changed"} & set(found)


@pytest.mark.parametrize(
    ("genuine", "cause"),
    [
        pytest.param("10 mx.evil.example", "delegation", id="the-same"),
        pytest.param("10 b.evil.example", "", id="other"),
    ],
)
def test_content_at_both_is_its_own_story_only_when_genuine_servers_show_something_else(
    genuine: str, cause: str
) -> None:
    found = hijacked().server(MX, answer(genuine, ttl=3600), hosts=HOSTS).findings()
    assert found["mx_changed"].cause == cause


def test_followed_hosts_raise_nothing_when_the_parent_is_right_again() -> None:
    record = hijacked().parent(referral())
    judgement = record.judge(followed=FORGED_HOSTS)
    assert judgement.findings == ()
    assert {(data.host, data.ttl, data.standing) for data in judgement.forged} == {
        (host, 360000, True) for host in FORGED_HOSTS
    }


def test_hosts_of_an_unbelieved_delegation_are_nobody() -> None:
    record = hijacked()
    record.parent(referral(), first=T0)
    record.parent(referral(FORGED_HOSTS, ()), servers=["203.0.113.1"], regions=["ap-1"], over=Transport.UDP, first=LAST)
    judgement = record.judge()
    assert (judgement.findings, judgement.forged) == ((), ())
    assert judgement.look_again is not None


def test_severity_is_the_domains_own_when_the_watchlist_overrides_it() -> None:
    entry = replace(ENTRY, severity={"mx_changed": Severity.NOTICE, "txt_changed": Severity.PAGE})
    found = in_order(entry).server(MX, EVIL_MX).server(TXT, answer("no spf")).findings()
    assert (found["mx_changed"].severity, found["txt_changed"].severity) == (Severity.NOTICE, Severity.PAGE)


def test_servers_at_a_shared_address_are_judged_by_the_address() -> None:
    record = in_order().put(Source.AUTHORITATIVE, SERVERS[1], MX, EVIL_MX, host="another.name.example")
    assert record.findings()["mx_changed"].detail["answers"][0]["hosts"] == [HOSTS[1]]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        pytest.param(["64500 | 203.0.113.0/24 | x"], set(), id="the-approved-as"),
        pytest.param(["64501 | 203.0.113.0/24 | x"], {"address_changed"}, id="another-as"),
        pytest.param([], {"address_changed"}, id="announced-by-nobody"),
        pytest.param(["junk"], set(), id="unreadable"),
        pytest.param(None, set(), id="not-looked-up"),
    ],
)
def test_address_is_judged_by_who_announces_it_once_that_is_known(texts: list[str] | None, found: set[str]) -> None:
    entry = replace(ENTRY, answers=(Answer(DOMAIN, "A", within=("198.51.100.0/24", "AS64500")),))
    record = in_order(entry).server(A, answer("203.0.113.80"))
    if texts is not None:
        record.origin(origin_name("203.0.113.80"), *texts)
    assert record.codes() == found


def test_address_is_judged_by_awss_ranges() -> None:
    entry = replace(ENTRY, answers=(Answer(DOMAIN, "A", within=("aws:CLOUDFRONT",)),))
    aws = AwsRanges({"CLOUDFRONT": ("198.51.100.0/24",)})
    assert in_order(entry).codes(aws=aws) == set()
    assert in_order(entry).server(A, answer("203.0.113.80")).codes(aws=aws) == {"address_changed"}
