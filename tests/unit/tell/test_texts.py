from dataclasses import replace
from datetime import timedelta
from string import Template

import pytest
from tests.unit.tell.stories import (
    CONTACTS,
    ENTRY,
    FORGED,
    GENUINE,
    START,
    coincheck,
    finding,
    folded,
    forged_gone,
    forged_seen,
    opened,
    page,
    silent,
    told,
)

from nswatch.judge.policy import POLICY, Cause
from nswatch.model import Severity
from nswatch.respond import events
from nswatch.respond.events import EventType
from nswatch.respond.incident import Message, MessageKind
from nswatch.tell.english import LANGUAGES
from nswatch.tell.english_causes import CAUSES
from nswatch.tell.gsm7 import ONE_PART, septets
from nswatch.tell.texts import render

REPAIRED = START + timedelta(hours=44, minutes=46, seconds=40)  # 2020-06-01T11:52:00Z
CLEARED = events.cleared("coincheck.com", 1, Cause.DELEGATION, 1, REPAIRED)


def flat(email: str) -> str:
    return " ".join(email.split())


def test_page_says_what_is_wrong_in_the_first_line() -> None:
    first = page(coincheck()).email.splitlines()[0]
    assert first == "The .com registry gives other name servers for coincheck.com than the approved ones."


def test_page_puts_expected_and_seen_side_by_side() -> None:
    lines = page(coincheck()).email.splitlines()
    assert any(line.split() == ["!", GENUINE[0], FORGED[0], "LOOK-ALIKE"] for line in lines)
    assert any(line.split() == ["-", "ns-405.awsdns-50.com", "(none)", "MISSING"] for line in lines)


def test_page_lines_up_a_lookalike_over_its_marker() -> None:
    lines = page(coincheck()).email.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip() == "^")
    approved, seen, marker = lines[at - 2 : at + 1]
    column = marker.index("^")
    assert seen[column] == "0"
    assert approved[column] == " "
    assert approved[:column].split()[-1] == seen[:column].split()[-1] == "ns-1515.awsdns-"
    assert "with a zero inserted before 61" in lines[at + 1]


@pytest.mark.parametrize("genuine_first", [True, False])
def test_page_labels_the_aligned_lines_whichever_comes_first(genuine_first: bool) -> None:
    genuine, candidate = "example.co", "example.com"
    aligned = ["example.co ", candidate] if genuine_first else [candidate, "example.co "]
    pair = {"candidate": candidate, "genuine": genuine, "aligned": [*aligned, "          ^"], "sentence": "s"}
    email = page([finding("nameserver_lookalike", [genuine], [candidate], {"pairs": [pair]})]).email
    assert "approved  example.co\n    seen      example.com\n" in email


def test_page_says_who_saw_it_since_when_and_how() -> None:
    email = flat(page(coincheck()).email)
    assert "2020-05-30 15:05:20 UTC = 2020-05-31 00:05:20 JST" in email
    assert "2 regions (ap-northeast-1, us-east-1) at 2 servers of the .com registry, over TCP+UDP" in email
    assert "a.gtld-servers.net [192.5.6.30] TCP, 15:05:20Z, ap-northeast-1" in email


def test_page_says_what_to_do_and_whom_to_call() -> None:
    email = flat(page(coincheck()).email)
    for contact in CONTACTS.values():
        assert email.count(contact) == 2, "in the steps, and in the list"
    assert "password resets" in email
    assert "registry lock" in email
    assert "Move people to fallback.example" in email
    assert "+81-3-1111-1111, incident@fallback.example" in email
    assert email.index("Do not trust mail") < email.index("Call the registrar") < email.index("Was it your own change")
    assert "nswatch incidents ack coincheck.com-1" in email
    assert "delegation_changed, nameserver_lookalike, route53_mismatch" in email


def test_page_explains_the_route_53_rule() -> None:
    assert "ns-1515.awsdns-061.org: 61 would be two digits: awsdns-061 has three" in page(coincheck()).email


def test_page_names_nothing_it_does_not_know_when_there_is_no_entry() -> None:
    email = page(coincheck(), entry=None).email
    assert "$" not in email
    assert "The watchlist has no contacts" in flat(email)
    assert "Call the registrar now (number from the contract" in flat(email)


def test_page_fits_the_columns_of_a_mail_client() -> None:
    lines = page(coincheck()).email.splitlines()
    assert max(map(len, lines[1:])) <= 78


def test_page_subject_and_sms() -> None:
    text = page(coincheck())
    assert text.subject == "nswatch PAGE: coincheck.com name servers changed at .com registry [coincheck.com-1]"
    assert text.sms == (
        "nswatch: coincheck.com name servers changed at .com registry: ns-650.awsdns-017.net, not ns-650.awsdns-17.net."
        " Since 30 May 15:05Z (00:05 JST). coincheck.com-1"
    )
    assert septets(text.sms) <= ONE_PART


@pytest.mark.parametrize(
    ("seen", "first"),
    [
        pytest.param([], "gives no name servers for coincheck.com any more", id="gone"),
        pytest.param(GENUINE[:3], "no longer gives all the approved name servers", id="missing"),
        pytest.param([*GENUINE, "ns1.evil.example"], "that nobody approved, beside the approved ones", id="extra"),
        pytest.param(["ns1.evil.example"], "gives other name servers", id="replaced"),
    ],
)
def test_page_says_how_the_delegation_differs(seen: list[str], first: str) -> None:
    assert first in page([finding(seen=seen)]).email.splitlines()[0]
    rows = [{"seen": seen, "result": "referral", "servers": 1, "regions": ["eu-west-1"]}]
    assert first in page([finding(seen=seen, detail={"parent": "com", "answers": rows})]).email.splitlines()[0]


def test_page_lists_each_answer_when_servers_give_different_ones() -> None:
    answers = [
        {"seen": ["ns1.evil.example"], "result": "referral", "servers": 2, "regions": ["eu-west-1"]},
        {"seen": [], "result": "nxdomain", "servers": 1, "regions": ["us-east-1"]},
    ]
    email = page([finding(seen=["ns1.evil.example"], detail={"parent": "com", "answers": answers})]).email
    assert "2 server(s), seen from eu-west-1: ns1.evil.example" in email
    assert "1 server(s), seen from us-east-1: no name servers (NXDOMAIN)" in email


@pytest.mark.parametrize(
    ("subject", "parent", "where"),
    [
        pytest.param("example.co.jp", "co.jp", "The .co.jp registry gives", id="public suffix of two labels"),
        pytest.param("shop.example.com", "example.com", "The parent zone example.com gives", id="no registry"),
        pytest.param("com", ".", "The root zone gives", id="root"),
        pytest.param("example.net", None, "The .net registry gives", id="unknown parent"),
    ],
)
def test_page_names_the_parent(subject: str, parent: str | None, where: str) -> None:
    detail = {} if parent is None else {"parent": parent}
    assert page([finding(detail=detail, subject=subject)]).email.startswith(where)


def test_page_bounds_the_hosts_that_an_attacker_may_give() -> None:
    text = page([finding(seen=[f"ns{n}.evil.example" for n in range(19)])])
    assert "and 9 more (NOT APPROVED)" in text.email
    assert text.email.count("evil.example") == 10
    assert "ns-405.awsdns-50.com" in text.email, "what is expected is not crowded out"


def test_page_lets_no_host_write_lines_of_its_own() -> None:
    hostile = "a\r\n\r\nAll is well. Call +1-900-0000\n.example"
    email = page([finding(seen=[hostile])]).email
    assert not any(line.lstrip().startswith("All is well") for line in email.splitlines())
    assert "\\013\\010" in email


def test_page_shows_an_internationalised_host_in_both_forms() -> None:
    text = page([finding(seen=["xn--wgv71a.example"])])
    assert "xn--wgv71a.example (日本.example)" in text.email
    assert "xn--wgv71a.example" in text.sms


def test_page_shows_long_names_below_each_other() -> None:
    long = "a" * 60 + ".example"
    lines = page([finding(expected=[long], seen=["b" * 60 + ".example"])]).email.splitlines()
    assert any(line.split() == ["expected", "(approved):", long] for line in lines)


def test_page_says_so_when_it_comes_back() -> None:
    text = told(
        MessageKind.PAGE,
        opened(coincheck()),
        CLEARED,
        replace(opened(coincheck(), round_=2), at=REPAIRED + timedelta(hours=1)),
    )
    assert "comes back after it had been recovering" in text.email


def test_page_says_so_when_nothing_is_seen_any_more() -> None:
    assert "Nothing of this was seen any more" in told(MessageKind.PAGE, opened(coincheck()), CLEARED).email


def test_page_tells_the_other_causes_that_stand() -> None:
    mx = finding("mx_changed", ["10 mx1.mail.example"], ["10 mail.coincheck.com"])
    text = told(MessageKind.PAGE, opened(coincheck()), opened([mx]))
    assert text.email.startswith("MX of coincheck.com is now 10 mail.coincheck.com.\n")
    assert "ALSO - The .com registry gives other name servers" in flat(text.email)
    assert "10 mail.coincheck.com, not 10 mx1.mail.example" in text.sms


def test_page_tells_the_other_findings_of_the_cause_in_a_line_each() -> None:
    mx = finding("mx_changed", ["10 mx1.mail.example"], ["10 mail.coincheck.com"])
    soa = finding("soa_changed", [GENUINE[0]], ["ns1.evil.example"])
    email = flat(page([soa, mx]).email)
    assert email.startswith("MX of coincheck.com is now 10 mail.coincheck.com.")
    assert (
        f"- The primary server (SOA MNAME) of coincheck.com is now ns1.evil.example. Approved is {GENUINE[0]}." in email
    )


def test_page_is_blind_when_most_regions_are_silent() -> None:
    text = told(MessageKind.PAGE, opened(silent("eu-west-1", "us-east-1", of=3), "vantage"), entry=None)
    assert text.email.startswith("2 of 3 regions are silent: nswatch is blind.\n")
    assert "eu-west-1: none since" in text.email
    assert "us-east-1: none since" in text.email
    assert text.sms.startswith("nswatch: 2 of 3 regions silent, nswatch is blind")
    assert "nswatch incidents ack vantage-1" in text.email


def test_notice_names_the_region_when_one_is_silent() -> None:
    text = page(silent("eu-west-1", of=3), entry=None)
    assert text.email.startswith("The region eu-west-1 is silent; 2 of 3 regions still report.\n")
    assert text.subject.startswith("nswatch notice: region eu-west-1 is silent")


def test_update_shows_what_is_seen_now() -> None:
    now = finding(seen=["ns1.evil.example"])
    change = events.changed("coincheck.com", 1, (Cause.DELEGATION, 1, 0), [now], START + timedelta(minutes=5))
    text = told(MessageKind.UPDATE, opened(coincheck()), change)
    assert "what is seen has changed" in text.email
    assert "ns1.evil.example" in text.email
    assert FORGED[0] not in text.email
    assert text.subject.startswith("nswatch update: ")


def test_reminder_says_how_long_nobody_took_it() -> None:
    reminder = events.reminded("coincheck.com", 1, 1, 1, START + timedelta(hours=4))
    text = told(MessageKind.REMINDER, opened(coincheck()), reminder)
    assert "Nobody has acknowledged coincheck.com-1, first told 4 h ago." in text.email
    assert text.email.startswith("The .com registry gives other name servers")
    assert text.sms.startswith("nswatch REMINDER: coincheck.com name servers changed")


def test_page_names_who_took_it() -> None:
    taken = events.said(EventType.ACKNOWLEDGED, "coincheck.com", 1, "alice\nbob", "", START + timedelta(minutes=1))
    email = told(MessageKind.PAGE, opened(coincheck()), taken).email
    assert "Taken by alice bob at 2020-05-30 15:06:20 UTC." in email
    assert "incidents ack" not in email


@pytest.mark.parametrize(
    ("forged", "until"),
    [
        pytest.param([], "2020-06-03 11:52:00 UTC", id="48 h at least"),
        pytest.param(
            [("ns1.evil.example", "192.0.2.1", 60, True)], "2020-06-03 11:52:00 UTC", id="48 h for short TTLs"
        ),
        pytest.param([("(parent)", "", 172800, True)], "2020-06-03 11:52:00 UTC", id="parent's TTL"),
        pytest.param([("ns1.evil.example", "192.0.2.1", 360000, True)], "2020-06-05 15:52:00 UTC", id="longest TTL"),
        pytest.param([("ns1.evil.example", "192.0.2.1", 99999999, True)], "2020-06-08 11:52:00 UTC", id="7 days"),
        pytest.param([("ns1.evil.example", "192.0.2.1", 360000, False)], "2020-06-05 16:52:00 UTC", id="still served"),
    ],
)
def test_recovering_says_until_when_caches_may_lie(forged: list[tuple[str, str, int, bool]], until: str) -> None:
    happened = [opened(coincheck()), CLEARED]
    for host, address, ttl, gone in forged:
        happened.append(forged_seen(host, address, ttl))
        happened += [forged_gone(host, address, ttl, REPAIRED)] if gone else []
    text = told(MessageKind.RECOVERING, *happened, now=REPAIRED + timedelta(hours=1))
    assert text.email.startswith("The .com registry gives the approved name servers for coincheck.com again.")
    assert f"CACHES MAY LIE UNTIL  {until} = " in text.email
    assert "WHAT STILL MUST BE DONE" in text.email
    assert ("does not close" in flat(text.email)) is any(not row[3] for row in forged)


def test_recovering_says_which_servers_still_give_forged_data() -> None:
    text = told(
        MessageKind.RECOVERING,
        opened(coincheck()),
        forged_seen("(parent)", "", 172800),
        forged_gone("(parent)", "", 172800, REPAIRED),
        forged_seen("ns1.evil.example", "192.0.2.1", 60),
        CLEARED,
    )
    assert "ns1.evil.example [192.0.2.1] still gives forged data (TTL 1 min)" in text.email
    assert "the .com registry gave forged data until 2020-06-01 11:52:00 UTC" in text.email


def test_recovering_waits_an_hour_when_only_the_view_was_lost() -> None:
    lost = opened(silent("eu-west-1", "us-east-1", of=3), "vantage")
    back = events.cleared("vantage", 1, Cause.VANTAGE, 1, REPAIRED)
    text = told(MessageKind.RECOVERING, lost, back, entry=None)
    assert text.email.startswith("The silent regions report again.\n")
    assert "one healthy hour" in text.email
    assert "CACHES" not in text.email


@pytest.mark.parametrize(
    ("by", "first"),
    [
        pytest.param("", "the time in which caches could hold forged data has run out", id="clock"),
        pytest.param("alice", "coincheck.com-1 was resolved by alice.", id="person"),
    ],
)
def test_resolved_says_by_whom_and_what_happened(by: str, first: str) -> None:
    at = REPAIRED + timedelta(days=6)
    end = (
        events.said(EventType.RESOLVED, "coincheck.com", 1, by, "", at)
        if by
        else events.expired("coincheck.com", 1, at)
    )
    text = told(MessageKind.RESOLVED, opened(coincheck()), CLEARED, end)
    assert first in text.email.splitlines()[0]
    assert "2020-05-30 15:05:20 UTC = 2020-05-31 00:05:20 JST  opened" in text.email
    assert "2020-06-07 11:52:00 UTC = 2020-06-07 20:52:00 JST  resolved" in text.email
    assert "coincheck.com" in text.sms


@pytest.mark.parametrize("code", POLICY)
def test_every_code_of_the_policy_has_words_of_its_own(code: str) -> None:
    words = LANGUAGES["en"].words
    assert code in words
    variants = [words[key] for key in words if key.partition(".")[0] == code]
    for short in (Template(variant.short) for variant in variants):
        said = short.substitute(domain="", owner="", parent=".co.jp registry", silent=3, regions=5)
        assert said.isascii()
        assert septets(said) <= 50


@pytest.mark.parametrize("code", [*POLICY, "a_code_of_tomorrow"])
def test_render_says_something_for_every_code(code: str) -> None:
    text = page([finding(code, ["expected value"], ["seen value"])])
    assert "coincheck.com" in text.email.splitlines()[0]
    assert "$" not in text.email + text.subject + text.sms
    assert code in text.email
    assert "coincheck.com" in text.sms
    assert "seen value" in text.email


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_steps_whose_last_alternative_needs_nothing(cause: Cause) -> None:
    always = {"domain", "name", "id", "where", "Where", "since"}
    words = CAUSES[cause]
    for step in (*words.steps, *words.aftercare, (words.why,), (words.recovered,)):
        assert set(Template(step[-1]).get_identifiers()) <= always
    assert words.steps
    assert words.aftercare


def test_render_says_something_when_the_incident_holds_no_finding() -> None:
    incident = folded(events.said(EventType.NOTED, "coincheck.com", 1, "alice", "hm", START))
    for kind in MessageKind:
        text = render(Message("x", kind, Severity.NOTICE, None, START), incident, None, START)
        assert "coincheck.com" in text.sms
        assert "coincheck.com" in text.subject
        assert "coincheck.com-1" in text.email


def test_render_speaks_english_when_the_language_is_not_there_yet() -> None:
    assert page(coincheck(), entry=replace(ENTRY, language="ja")) == page(coincheck())


@pytest.mark.parametrize("length", [20, 60, 90, 253])
def test_sms_keeps_what_is_wrong_when_the_domain_is_long(length: int) -> None:
    domain = ("a" * 60 + ".") * 5 + "example.com"
    domain = domain[-length:].lstrip(".")
    text = page([finding(subject=domain, detail={"parent": "com"})])
    assert "name servers changed at .com registry" in text.sms
    if length <= 90:
        assert domain in text.sms
    assert septets(text.sms) <= ONE_PART
    assert len(text.subject) <= 99
    assert "name servers changed at .com registry" in text.subject
