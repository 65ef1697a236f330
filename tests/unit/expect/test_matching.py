"""Whether an answer is what is approved: the comparison that asking again and judging share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.expect.approved import LAGGING
from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.networks import AwsRanges, Networks, origin_name, read_origin
from nswatch.expect.values import canonical, holds, matches, second_spf
from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry, PlannedChange, Superseded
from nswatch.model import Facts, Key, Result, Source

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE = Networks(AwsRanges({}))
ENTRY = DomainEntry(
    "watched.example",
    Delegation(ns=frozenset({"ns1.dns.example", "ns2.dns.example"}), soa_mname="ns1.dns.example"),
    answers=(
        Answer("watched.example", "MX", values=("10 MX1.Mail.Example.", "20 mail.watched.example")),
        Answer("watched.example", "A", within=("198.51.100.0/24", "AS64500")),
        Answer("www.watched.example", "A", values=("198.51.100.1", "198.51.100.2")),
        Answer("shop.watched.example", "CNAME", values=("shop.example.net.",)),
        Answer("cdn.watched.example", "CNAME", values=("a.cdn.example.", "b.cdn.example.")),
        Answer("watched.example", "TXT", contains=("v=spf1 mx -all",)),
        Answer("key.watched.example", "TXT", values=("k=1", "k=2")),
    ),
    baseline=Baseline(
        addresses={"mail.watched.example": ("192.0.2.25", "2001:db8::25"), "ns1.dns.example": ("192.0.2.53",)},
        glue={"ns1.dns.example": ("192.0.2.53",)},
        ttls={("watched.example", "MX"): 3600},
    ),
)


def verdict(
    name: str,
    qtype: str,
    *values: str,
    result: Result = Result.ANSWER,
    source: Source = Source.AUTHORITATIVE,
    entry: DomainEntry = ENTRY,
    at: datetime = NOW,
    aliases: tuple[str, ...] = (),
    networks: Networks = NONE,
    replaced: bool = False,
) -> Verdict:
    qname = "watched.example" if name == "@" else f"{name}.watched.example" if "." not in name else name
    facts = Facts(result, tuple(sorted(values)), 300, aliases=aliases)
    return Expectations(entry, at, networks).verdict(Key("a-1", source, "x", qname, qtype), facts, replaced=replaced)


@pytest.mark.parametrize(
    ("name", "qtype", "values", "expected"),
    [
        pytest.param("@", "NS", ["ns2.dns.example", "ns1.dns.example"], "expected", id="ns"),
        pytest.param("@", "NS", ["ns1.dns.example"], "unexpected", id="ns-subset"),
        pytest.param("@", "SOA", ["ns1.dns.example x 9 9 9 9 9"], "expected", id="soa-other-numbers"),
        pytest.param("@", "SOA", ["ns2.dns.example x 1 1 1 1 1"], "unexpected", id="soa-other-primary"),
        pytest.param("@", "MX", ["20 mail.watched.example", "10 mx1.mail.example"], "expected", id="mx"),
        pytest.param("@", "MX", ["10 mx1.mail.example"], "unexpected", id="mx-one-gone"),
        pytest.param("@", "MX", ["11 mx1.mail.example", "20 mail.watched.example"], "unexpected", id="mx-preference"),
        pytest.param("@", "A", ["198.51.100.9"], "expected", id="within"),
        pytest.param("@", "A", ["203.0.113.9"], "unknown", id="within-hangs-on-an-as-number"),
        pytest.param("www", "A", ["198.51.100.2"], "expected", id="a-part-of-the-addresses"),
        pytest.param("www", "A", ["198.51.100.2", "198.51.100.3"], "unexpected", id="one-address-more"),
        pytest.param("www", "AAAA", ["2001:db8::1"], "nothing asked", id="type-that-is-not-listed"),
        pytest.param("other", "A", ["203.0.113.9"], "nothing asked", id="name-that-is-not-listed"),
        pytest.param("shop", "CNAME", ["shop.example.net"], "expected", id="cname"),
        pytest.param("shop", "CNAME", ["shop.evil.example"], "unexpected", id="cname-other"),
        pytest.param("cdn", "CNAME", ["b.cdn.example"], "expected", id="cname-of-several"),
        pytest.param("cdn", "CNAME", ["c.cdn.example"], "unexpected", id="cname-of-none-of-several"),
        pytest.param("@", "TXT", ["v=spf1 mx -all", "hello"], "expected", id="txt-contained"),
        pytest.param("@", "TXT", ["V=spf1 mx -all"], "unexpected", id="txt-in-another-case"),
        pytest.param("@", "TXT", ["x v=spf1 mx -all"], "unexpected", id="spf-not-at-the-beginning"),
        pytest.param("@", "TXT", ["v=spf1 mx -all", "v=SPF1 +all"], "unexpected", id="second-spf"),
        pytest.param("@", "TXT", ["v=spf1 mx -all", "v=spf1"], "unexpected", id="second-empty-spf"),
        pytest.param("@", "TXT", ["v=spf1 mx -all", "v=spf10 x"], "expected", id="no-spf-beside-it"),
        pytest.param("key", "TXT", ["k=2", "k=1"], "expected", id="txt-values"),
        pytest.param("key", "TXT", ["k=1", "k=2."], "unexpected", id="txt-dot-is-data"),
        pytest.param("mail", "A", ["192.0.2.25"], "expected", id="mail-host"),
        pytest.param("mail", "AAAA", ["2001:db8::25"], "expected", id="mail-host-ipv6"),
        pytest.param("mail", "A", ["192.0.2.26"], "unexpected", id="mail-host-moved"),
        pytest.param("mail", "AAAA", ["2001:DB8::0:25"], "expected", id="ipv6-in-another-spelling"),
    ],
)
def test_verdict_compares_an_answer_with_what_is_approved(
    name: str, qtype: str, values: list[str], expected: str
) -> None:
    assert verdict(name, qtype, *values) == expected


@pytest.mark.parametrize("result", [Result.NODATA, Result.NXDOMAIN])
@pytest.mark.parametrize(
    ("name", "qtype", "expected"),
    [
        ("@", "MX", "missing"),
        ("@", "NS", "missing"),
        ("@", "SOA", "missing"),
        ("www", "A", "missing"),
        ("mail", "A", "missing"),
        ("other", "A", "nothing asked"),
    ],
)
def test_verdict_is_missing_when_there_is_no_data(result: Result, name: str, qtype: str, expected: str) -> None:
    assert verdict(name, qtype, result=result) == expected


def test_verdict_is_expected_when_a_mail_host_lacks_a_family_that_it_never_had() -> None:
    addresses = {"mail.watched.example": ("192.0.2.25",)}
    entry = replace(ENTRY, baseline=Baseline(addresses=addresses))
    assert verdict("mail", "AAAA", result=Result.NODATA, entry=entry) is Verdict.EXPECTED
    assert verdict("mail", "AAAA", "2001:db8::9", entry=entry) is Verdict.UNEXPECTED


def test_verdict_asks_nothing_of_a_mail_host_without_baseline() -> None:
    assert verdict("mail", "A", "203.0.113.1", entry=replace(ENTRY, baseline=Baseline())) is Verdict.NOTHING_ASKED


@pytest.mark.parametrize(
    ("name", "qtype", "expected"),
    [
        pytest.param("www", "A", "unknown", id="address-elsewhere"),
        pytest.param("@", "A", "unexpected", id="apex"),
        pytest.param("@", "MX", "unexpected", id="mx"),
        pytest.param("key", "TXT", "unknown", id="txt-elsewhere"),
    ],
)
def test_verdict_of_an_alias_without_data(name: str, qtype: str, expected: str) -> None:
    assert verdict(name, qtype, result=Result.NODATA, aliases=("x.example.net",)) == expected


@pytest.mark.parametrize(
    "result",
    [Result.TIMEOUT, Result.SERVFAIL, Result.REFUSED, Result.NOT_AUTHORITATIVE, Result.BOGUS, Result.MALFORMED],
)
def test_verdict_is_unknown_when_nothing_definite_was_said(result: Result) -> None:
    assert verdict("@", "MX", result=result) is Verdict.UNKNOWN


def test_verdict_is_unexpected_when_an_answer_is_over_the_cap() -> None:
    assert verdict("@", "MX", result=Result.OVER_CAP) is Verdict.UNEXPECTED
    assert verdict("other", "MX", result=Result.OVER_CAP) is Verdict.NOTHING_ASKED


@pytest.mark.parametrize(("number", "expected"), [(64500, "expected"), (64501, "unexpected")])
def test_verdict_goes_by_the_origin_when_it_is_known(number: int, expected: str) -> None:
    origin = read_origin(origin_name("203.0.113.9"), [f"{number} | 203.0.113.0/24 | x"])
    assert origin is not None
    networks = Networks(AwsRanges({}), (origin,))
    assert verdict("@", "A", "203.0.113.9", networks=networks) == expected
    assert verdict("@", "A", "203.0.113.9", "192.0.2.1", networks=networks) == (
        "unknown" if number == 64500 else expected
    )


def test_watched_names_each_rrset_once_and_mail_hosts_last() -> None:
    expectations = Expectations(ENTRY, NOW, NONE)
    assert expectations.watched()[-2:] == (("mail.watched.example", "A"), ("mail.watched.example", "AAAA"))
    assert len(set(expectations.watched())) == len(expectations.watched()) == 9
    assert expectations.asked()[:2] == (("watched.example", "NS"), ("watched.example", "SOA"))
    assert expectations.mail_hosts() == ("mail.watched.example",)


def test_null_mx_has_no_host() -> None:
    entry = replace(ENTRY, answers=(Answer("watched.example", "MX", values=("0 .",)),))
    assert Expectations(entry, NOW, NONE).mail_hosts() == ()
    assert verdict("@", "MX", "0 .", entry=entry) is Verdict.EXPECTED


CHANGE = PlannedChange(
    "CHG-1", NOW, NOW + HOUR, ("a", "b"),
    Delegation(ns=frozenset({"ns1.new.example"}), soa_mname="ns1.new.example"),
    answers=(Answer("watched.example", "MX", values=("5 mx.new.example",)),
             Answer("watched.example", "A", within=("192.0.2.0/24",))),
)  # fmt: skip
PLANNED = replace(ENTRY, planned_changes=(CHANGE,))
OLD_MX, NEW_MX = ("10 mx1.mail.example", "20 mail.watched.example"), ("5 mx.new.example",)


@pytest.mark.parametrize(
    ("qtype", "values", "open_", "closed"),
    [
        pytest.param("MX", NEW_MX, "expected", "unexpected", id="mx-new"),
        pytest.param("MX", OLD_MX, "expected", "expected", id="mx-old"),
        pytest.param("MX", OLD_MX + NEW_MX, "unexpected", "unexpected", id="mx-mixture"),
        pytest.param("A", ("192.0.2.1", "198.51.100.1"), "expected", "unknown", id="addresses-side-by-side"),
        pytest.param("NS", ("ns1.new.example",), "expected", "unexpected", id="ns-new"),
        pytest.param("NS", ("ns1.new.example", "ns1.dns.example"), "unexpected", "unexpected", id="ns-mixture"),
        pytest.param("SOA", ("ns1.new.example x 1 1 1 1 1",), "expected", "unexpected", id="soa-new"),
    ],
)
def test_verdict_knows_planned_values_within_the_window_only(
    qtype: str, values: tuple[str, ...], open_: str, closed: str
) -> None:
    for at in (NOW, NOW + HOUR - timedelta(seconds=1)):
        assert verdict("@", qtype, *values, entry=PLANNED, at=at) == open_
    for at in (NOW - timedelta(seconds=1), NOW + HOUR):
        assert verdict("@", qtype, *values, entry=PLANNED, at=at) == closed


@pytest.mark.parametrize(
    ("qtype", "values", "kept"),
    [("MX", NEW_MX, LAGGING), ("NS", ("ns1.new.example",), LAGGING)],
)
def test_verdict_lets_caches_keep_a_planned_value_for_two_days(
    qtype: str, values: tuple[str, ...], kept: timedelta
) -> None:
    until = CHANGE.ends + kept
    for at, expected in ((until - timedelta(seconds=1), "expected"), (until, "unexpected")):
        assert verdict("@", qtype, *values, entry=PLANNED, at=at, source=Source.RECURSIVE) == expected
        assert verdict("@", qtype, *values, entry=PLANNED, at=CHANGE.ends) == "unexpected"
    assert until in Expectations(PLANNED, CHANGE.ends, NONE).lapses()


@pytest.mark.parametrize(
    ("days", "kept"), [(4, timedelta(days=4)), (30, timedelta(days=7))], ids=["its ttl", "no cache keeps it longer"]
)
def test_verdict_lets_caches_keep_a_planned_value_for_its_ttl_when_that_is_long(days: int, kept: timedelta) -> None:
    ttls = {("watched.example", "MX"): days * 86400}
    entry = replace(PLANNED, baseline=replace(PLANNED.baseline, ttls=ttls))
    until = CHANGE.ends + kept
    for at, expected in ((until - timedelta(seconds=1), "expected"), (until, "unexpected")):
        assert verdict("@", "MX", *NEW_MX, entry=entry, at=at, source=Source.RECURSIVE) == expected


def test_verdict_knows_what_an_apply_replaced_until_the_window_ends() -> None:
    past = Superseded(NOW, None, (Answer("watched.example", "MX", values=("1 old.example",)),))
    entry = replace(PLANNED, superseded=(past,))
    assert verdict("@", "MX", "1 old.example", entry=entry, at=NOW + HOUR - timedelta(seconds=1)) == "expected"
    assert verdict("@", "MX", "1 old.example", entry=entry, at=NOW + HOUR) == "unexpected"
    over = NOW + HOUR + LAGGING
    for at, expected in ((over - timedelta(seconds=1), "expected"), (over, "unexpected")):
        assert verdict("@", "MX", "1 old.example", entry=entry, at=at, source=Source.RECURSIVE) == expected


def test_verdict_lets_caches_and_lagging_servers_keep_what_an_apply_replaced() -> None:
    past = Superseded(NOW, Delegation(ns=frozenset({"ns1.old.example"}), soa_mname="ns1.old.example"),
                      (Answer("watched.example", "MX", values=("1 old.example",)),))  # fmt: skip
    entry = replace(ENTRY, superseded=(past,))
    for qtype, value in (("MX", "1 old.example"), ("NS", "ns1.old.example"), ("SOA", "ns1.old.example x 1 1 1 1 1")):
        assert verdict("@", qtype, value, entry=entry) is Verdict.UNEXPECTED
        assert verdict("@", qtype, value, entry=entry, replaced=True) is Verdict.EXPECTED
        later = verdict("@", qtype, value, entry=entry, replaced=True, at=NOW + LAGGING)
        assert later is (Verdict.UNEXPECTED if qtype == "MX" else Verdict.EXPECTED)
    assert verdict("@", "MX", "1 old.example", entry=entry, source=Source.RECURSIVE) is Verdict.EXPECTED
    assert verdict("@", "MX", "1 old.example", entry=entry, source=Source.RECURSIVE, at=NOW + LAGGING) == "unexpected"


@pytest.mark.parametrize(
    ("source", "value", "since"),
    [
        pytest.param(Source.AUTHORITATIVE, NEW_MX[0], NOW + HOUR, id="since-the-window"),
        pytest.param(Source.RECURSIVE, NEW_MX[0], NOW + HOUR + LAGGING, id="since-no-cache-keeps-it"),
        pytest.param(Source.AUTHORITATIVE, "1 old.example", NOW - HOUR, id="since-the-apply"),
        pytest.param(Source.AUTHORITATIVE, "1 evil.example", None, id="never-explained"),
    ],
)
def test_unexplained_since_is_when_the_explanation_lapsed(source: Source, value: str, since: datetime | None) -> None:
    past = Superseded(NOW - HOUR, None, (Answer("watched.example", "MX", values=("1 old.example",)),))
    expectations = Expectations(replace(PLANNED, superseded=(past,)), NOW + HOUR + 2 * LAGGING, NONE)
    key = Key("a-1", source, "x", "watched.example", "MX")
    assert expectations.unexplained_since(key, Facts(Result.ANSWER, (value,))) == since


@pytest.mark.parametrize(
    ("glue", "resolved", "departs"),
    [
        (("192.0.2.53",), (), False),
        (("203.0.113.1",), (), True),
        (("203.0.113.1",), ("203.0.113.1",), False),
        (("203.0.113.1",), ("192.0.2.53",), True),
        (("192.0.2.53", "203.0.113.1"), (), True),
        (("2001:db8::1",), (), True),
        ((), (), False),
    ],
)
def test_glue_departs_from_its_baseline_and_from_what_a_walk_finds(
    glue: tuple[str, ...], resolved: tuple[str, ...], departs: bool
) -> None:
    facts = Facts(Result.REFERRAL, ("ns1.dns.example",), glue=(("ns1.dns.example", glue), ("x.example", ("9.9.9.9",))))
    found = Expectations(ENTRY, NOW, NONE).glue_departs(facts, {"ns1.dns.example": resolved})
    assert found == ((("ns1.dns.example", glue),) if departs else ())


@pytest.mark.parametrize(
    ("addresses", "glue", "resolved", "departs"),
    [
        pytest.param(("192.0.2.53",), ("192.0.2.53",), (), False, id="its own"),
        pytest.param(("192.0.2.53",), ("203.0.113.1",), (), True, id="another"),
        pytest.param(("192.0.2.53",), ("192.0.2.53", "203.0.113.1"), ("192.0.2.53",), True, id="another beside"),
        pytest.param(("192.0.2.53", "192.0.2.54"), ("192.0.2.53",), (), False, id="one of its own"),
        pytest.param(("192.0.2.53",), ("203.0.113.1",), ("203.0.113.1",), False, id="where it has moved"),
        pytest.param(("192.0.2.53",), ("2001:db8::1",), (), False, id="a family that nobody approved"),
        pytest.param((), ("203.0.113.1",), ("192.0.2.53",), False, id="nothing approved"),
    ],
)
def test_glue_that_comes_where_there_was_none_departs_when_it_is_no_approved_address(
    addresses: tuple[str, ...], glue: tuple[str, ...], resolved: tuple[str, ...], departs: bool
) -> None:
    host = "ns1.dns.example"
    entry = replace(ENTRY, baseline=Baseline(addresses={host: addresses} if addresses else {}))
    facts = Facts(Result.REFERRAL, (host,), glue=((host, glue),))
    found = Expectations(entry, NOW, NONE).glue_departs(facts, {host: resolved})
    assert found == (((host, glue),) if departs else ())


@pytest.mark.parametrize(
    ("dnssec", "baseline", "given", "departs"),
    [
        pytest.param("signed", ("1 13 2 aa",), ("1 13 2 aa",), False, id="the baseline's"),
        pytest.param("signed", ("1 13 2 aa",), ("1 13 2 aa", "2 13 2 bb"), False, id="one beside it"),
        pytest.param("signed", ("1 13 2 aa",), ("2 13 2 bb",), True, id="another"),
        pytest.param("signed", ("1 13 2 aa",), (), True, id="gone"),
        pytest.param("signed", ("1 13 2 aa",), None, False, id="not proven"),
        pytest.param("signed", None, ("2 13 2 bb",), False, id="no baseline"),
        pytest.param("unsigned", (), (), False, id="unsigned"),
        pytest.param("unsigned", (), ("2 13 2 bb",), True, id="signed by somebody"),
        pytest.param(None, ("1 13 2 aa",), (), False, id="nothing asked"),
    ],
)
def test_ds_departs_from_what_the_watchlist_and_the_baseline_say(
    dnssec: str | None, baseline: tuple[str, ...] | None, given: tuple[str, ...] | None, departs: bool
) -> None:
    entry = replace(
        ENTRY,
        delegation=replace(ENTRY.delegation, dnssec=dnssec),
        baseline=replace(ENTRY.baseline, ds=baseline),
    )
    facts = Facts(Result.REFERRAL, ("ns1.dns.example",), ds=given)
    assert Expectations(entry, NOW, NONE).ds_departs(facts) is departs


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [(("192.0.2.53",), "expected"), (("192.0.2.53", "192.0.2.54"), "unexpected"), ((), "expected")],
)
def test_verdict_of_a_walk_is_by_the_baseline(addresses: tuple[str, ...], expected: str) -> None:
    assert verdict("ns1.dns.example", "A", *addresses, source=Source.ITERATIVE) == expected
    assert verdict("ns9.dns.example", "A", *addresses, source=Source.ITERATIVE) == "nothing asked"


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [("v=spf1 a -all", "v=spf1 a", True), ("x v=spf1 a", "v=spf1 a", False), ("abc", "b", True), ("abc", "B", False)],
)
def test_holds_finds_a_string_but_spf_only_at_the_beginning(text: str, wanted: str, found: bool) -> None:
    assert holds(text, wanted) is found


def test_second_spf_is_fine_when_two_are_approved() -> None:
    two = Answer("watched.example", "TXT", values=("v=spf1 a", "v=spf1 b"))
    assert not second_spf(two, two.values)
    assert second_spf(two, (*two.values, "v=spf1 c"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("10 MX.Example.", "10 mx.example"),
        ("a.example.", "a.example"),
        ("0 .", "0 ."),
        (".", "."),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_canonical_has_names_in_lower_case_without_trailing_dot(text: str, form: str) -> None:
    assert canonical(text) == form == canonical(form)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=6))
def test_addresses_match_when_all_are_listed_whatever_part_is_given(numbers: list[int]) -> None:
    given_ = [f"198.51.100.{number}" for number in numbers]
    answer = Answer("watched.example", "A", values=("198.51.100.1", "198.51.100.2", "198.51.100.3"))
    assert matches(answer, given_, NONE) is (set(numbers) <= {1, 2, 3})


def test_values_expected_says_what_is_approved_for_people() -> None:
    expectations = Expectations(ENTRY, NOW, NONE)
    assert expectations.values_expected("watched.example", "MX") == ("10 mx1.mail.example", "20 mail.watched.example")
    assert expectations.values_expected("watched.example", "A") == ("198.51.100.0/24", "AS64500")
    assert expectations.values_expected("watched.example", "SOA") == ("ns1.dns.example",)
    assert expectations.values_expected("mail.watched.example", "A") == ("192.0.2.25",)
    assert expectations.values_expected("other.watched.example", "A") == ()
