"""What an alert says of one's own AWS account: made there, not made there, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.tell.stories import ENTRY, FORGED, GENUINE, START, coincheck, finding, folded, opened
from tests.unit.tell.test_hostile_texts import HOSTILE, assert_well_formed

from nswatch.expect.watchlist import DomainEntry, Registrar
from nswatch.model import Finding
from nswatch.tell.texts import Text, render
from nswatch.trail import REGISTRATIONS, ZONES, Account, Call, Heard

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OURS = replace(ENTRY, delegation=replace(ENTRY.delegation, hosted_zone="Z1"))
REGISTERED = replace(ENTRY, registrar=Registrar("route53"))
REGISTERED_ELSEWHERE = replace(OURS, registrar=Registrar("route53", "arn:aws:iam::1:role/reads"))
ELSEWHERE = replace(OURS, delegation=replace(OURS.delegation, role_arn="arn:aws:iam::1:role/reads"))
ROLE = "arn:aws:iam::111122223333:role/dns-admin"
HEARD = Heard(START + MINUTE, START - 10 * HOUR)
BOTH = {ZONES: HEARD, REGISTRATIONS: HEARD}


def call(name: str = "UpdateDomainNameservers", **other: Any) -> Call:
    at = other.pop("at", START - 4 * MINUTE)
    said = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    given = {
        "service": REGISTRATIONS,
        "actor": ROLE,
        "session": "jane",
        "source": "192.0.2.92",
        "domain": "coincheck.com",
    }
    return Call("1", name=name, at=at, said=said, **(given | other))


def records(*changed: tuple[str, str], zone: str = "Z1", **other: Any) -> Call:
    listed = tuple(("UPSERT", name, type_) for name, type_ in changed)
    return call("ChangeResourceRecordSets", service=ZONES, domain="", zone=zone, records=listed, **other)


def mail(finding_: Callable[..., Finding] = finding) -> list[Finding]:
    return [finding_("mx_changed", ["10 mx1."], ["10 evil."], {"name": "coincheck.com", "type": "MX"})]


def policy(name: str, **other: Any) -> Call:
    return call(name, **({"service": ZONES, "domain": "", "zone": "Z1"} | other))


def below() -> list[Finding]:
    return [finding(subject="sub.coincheck.com")]


def lost_one() -> list[Finding]:
    return [finding(seen=GENUINE[:3])]


def drift(name: str, type_: str) -> list[Finding]:
    rows = [{"name": name, "type": type_, "expected": ["a"], "answers": [{"seen": ["b"]}]}]
    return [finding("route53_drift", ["a"], ["b"], {"hosted_zone": "Z1", "rrsets": rows})]


def told(
    findings: list[Finding],
    *calls: Call,
    heard: Mapping[str, Heard] = BOTH,
    entry: DomainEntry = OURS,
    now: datetime = START + MINUTE,
    complete: bool = True,
) -> Text:
    incident = folded(opened(findings))
    account = Account(calls, heard, complete)
    return render(incident.messages[0], incident, entry, now, lambda _entry, _since, _until: account)


def words(text: Text) -> str:
    return " ".join(text.email.split())


def test_page_says_who_made_it_when_the_account_changed_the_name_servers() -> None:
    email = words(told(coincheck(), call()))
    assert f"Made in your account by {ROLE} (session jane) at 2020-05-30 15:01:20 UTC" in email
    assert "(UpdateDomainNameservers coincheck.com), from 192.0.2.92." in email
    assert "Not made" not in email


def test_page_only_says_so_far_when_it_is_written_before_cloudtrail_can_know() -> None:
    email = words(told(coincheck()))
    assert "No change through your account is recorded so far" in email
    assert "CloudTrail can be 15 minutes late" in email
    assert "Not made" not in email


def test_reminder_says_not_made_when_cloudtrail_was_heard_before_and_after() -> None:
    later = START + HOUR
    assert "Not made through your account: since 2020-05-30 05:05:20 UTC" in words(
        told(coincheck(), heard=dict.fromkeys(BOTH, Heard(later, START - 10 * HOUR)), now=later)
    )


@pytest.mark.parametrize(
    ("how", "says"),
    [
        pytest.param({"heard": dict.fromkeys(BOTH, Heard(START, START - MINUTE))}, "", id="heard only since then"),
        pytest.param({"entry": ENTRY}, "", id="the zone's account is not known"),
        pytest.param({"entry": ELSEWHERE}, "", id="the zone is in another account"),
        pytest.param({"entry": REGISTERED_ELSEWHERE}, "", id="the registration is in another account"),
        pytest.param({"complete": False}, "", id="too many calls to read"),
        pytest.param({"now": START + 2 * HOUR}, "nothing has come from CloudTrail since", id="the trail went silent"),
    ],
)
def test_nothing_is_claimed_when_it_is_not_known(how: dict[str, Any], says: str) -> None:
    email = words(told(coincheck(), **how))
    assert "Not made" not in email
    assert "No change through" not in email
    assert says in email


@pytest.mark.parametrize(
    ("findings", "made", "is_made"),
    [
        pytest.param(mail(), records(("coincheck.com", "MX")), True, id="the record"),
        pytest.param(mail(), records(("_acme.coincheck.com", "TXT")), False, id="another record"),
        pytest.param(mail(), records(("coincheck.com", "MX"), zone="Z2"), False, id="another zone of that name"),
        pytest.param(mail(), records(("coincheck.com", "MX"), at=START - 2 * HOUR), False, id="long before"),
        pytest.param(mail(), records(("coincheck.com", "MX"), error="AccessDenied"), False, id="refused"),
        pytest.param(mail(), records(("x.coincheck.com", "A"), more=900), True, id="among more than are listed"),
        pytest.param(mail(), call("DeleteHostedZone", service=ZONES, domain="", zone="Z1"), True, id="zone deleted"),
        pytest.param(mail(), call(), False, id="the registration"),
        pytest.param(coincheck(), records(("coincheck.com", "NS")), False, id="NS in the zone itself"),
        pytest.param(coincheck(), records(("coincheck.com", "NS"), zone="Z9"), False, id="NS in a zone of that name"),
        pytest.param(below(), records(("sub.coincheck.com", "NS"), zone="Z9"), True, id="NS in the parent's zone"),
        pytest.param(below(), records(("sub.coincheck.com", "NS")), False, id="NS in the zone itself, below"),
        pytest.param(coincheck(), call("UpdateDomainContact"), False, id="another operation"),
        pytest.param(coincheck(), call(at=START - 40 * HOUR), True, id="registrations take their time"),
        pytest.param(coincheck(), call(servers=FORGED), True, id="the servers that were seen"),
        pytest.param(coincheck(), call(servers=(*GENUINE[:3], FORGED[0])), True, id="one of them"),
        pytest.param(coincheck(), call(servers=GENUINE), False, id="the approved servers"),
        pytest.param(coincheck(), call(servers=("ns1.other.example",)), False, id="others"),
        pytest.param(lost_one(), call(servers=GENUINE[:3]), True, id="some of the approved, as they were seen"),
        pytest.param(lost_one(), call(servers=GENUINE), False, id="all of the approved, where one was lost"),
        pytest.param(coincheck(), call(at=START + 2 * MINUTE), False, id="an answer to it"),
        pytest.param(mail(), records(("coincheck.com", "MX"), at=START + 30 * SECOND), True, id="clocks that differ"),
        pytest.param(coincheck() + mail(), records(("coincheck.com", "MX")), False, id="what forged servers serve"),
        pytest.param([finding("registration_touched")], call("UpdateDomainContact"), True, id="a contact"),
        pytest.param([finding("registration_touched")], call("UpdateTagsForDomain"), False, id="tags"),
        pytest.param(mail(), policy("CreateTrafficPolicyInstance"), True, id="a traffic policy"),
        pytest.param(mail(), policy("CreateTrafficPolicyInstance", zone="Z2"), False, id="a policy in another zone"),
        pytest.param([finding("registrar_changed")], call("TransferDomain"), True, id="transfer"),
        pytest.param(coincheck(), call(domain="other.com"), False, id="another registration"),
        pytest.param(drift("coincheck.com", "MX"), records(("coincheck.com", "MX")), True, id="drift of a record"),
        pytest.param(drift("coincheck.com", "MX"), records(("x.coincheck.com", "MX")), False, id="drift of another"),
        pytest.param(drift("coincheck.com", "records"), records(("x.coincheck.com", "A")), True, id="drift of any"),
    ],
)
def test_call_counts_as_the_cause_only_when_it_changes_what_was_found(
    findings: list[Finding], made: Call, is_made: bool
) -> None:
    email = words(told(findings, made))
    assert ("Made in your account by" in email) is is_made
    assert ("recorded so far" in email) is not is_made


def test_registration_in_this_account_is_not_known_when_route_53_domains_is_not_heard() -> None:
    said = "CloudTrail has told of no call at all to Route 53 Domains."
    only = {ZONES: HEARD}
    assert said in words(told(coincheck(), heard=only, entry=replace(OURS, registrar=Registrar("route53"))))
    assert "recorded so far" in words(told(coincheck(), heard=only)), "it is registered elsewhere"
    assert "recorded so far" in words(told(mail(), heard=only, entry=replace(OURS, registrar=Registrar("route53"))))


def test_nothing_is_claimed_of_a_zone_when_only_its_registration_is_here() -> None:
    assert "recorded so far" in words(told(coincheck(), entry=REGISTERED))
    assert "YOUR AWS ACCOUNT" not in told(mail(), entry=REGISTERED).email


@pytest.mark.parametrize(
    ("findings", "denied"),
    [pytest.param(mail(), False, id="an answer"), pytest.param(coincheck(), True, id="the delegation")],
)
def test_nothing_is_denied_when_a_call_that_names_no_zone_can_have_made_it(
    findings: list[Finding], denied: bool
) -> None:
    email = words(told(findings, policy("UpdateTrafficPolicyInstance", zone="b8f0")))
    assert f"Also in your account about this domain: {ROLE}" in email
    assert ("recorded so far" in email) is denied


@pytest.mark.parametrize(
    ("entry", "is_told"),
    [
        pytest.param(OURS, True, id="the zone is here"),
        pytest.param(REGISTERED, True, id="the registration is here"),
        pytest.param(ENTRY, False, id="neither"),
        pytest.param(ELSEWHERE, False, id="in another account"),
    ],
)
def test_account_is_said_to_be_unknown_when_cloudtrail_is_not_heard(entry: DomainEntry, is_told: bool) -> None:
    incident = folded(opened(coincheck()))
    email = words(render(incident.messages[0], incident, entry, START + MINUTE))
    assert ("Whether it was made through your account is not known" in email) is is_told


def test_refused_attempt_is_told_beside_when_nobody_made_it() -> None:
    email = words(told(coincheck(), call(error="AccessDenied")))
    assert f"Also in your account about this domain: {ROLE} (session jane)" in email
    assert "REFUSED: AccessDenied" in email


def test_wildcard_record_counts_when_the_name_lies_below_it() -> None:
    changed = [finding("address_changed", ["192.0.2.1"], ["192.0.2.9"], {"name": "www.coincheck.com", "type": "A"})]
    assert "Made in your account by" in words(told(changed, records(("*.coincheck.com", "CNAME"))))
    assert "Made in your account by" not in words(told(changed, records(("*.other.com", "CNAME"))))


def test_calls_are_bounded_when_there_are_many() -> None:
    email = told(coincheck(), *(replace(call(), id=str(number)) for number in range(20))).email
    assert email.count("UpdateDomainNameservers") == 3
    assert "17 more" in email


@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(["", "AccessDenied"]))
@settings(deadline=None, max_examples=60)
def test_forms_stay_whole_when_a_call_is_hostile(actor: str, name: str, source: str, error: str) -> None:
    hostile = call(name, actor=actor, session=actor, source=source, error=error, domain=name, at=START)
    changed = records((name, actor), (source, name), actor=actor, more=3)
    text = told(coincheck() + mail(), replace(hostile, said=name), replace(changed, id="2"))
    assert_well_formed(text)
    assert text.email.splitlines().count("YOUR AWS ACCOUNT") == 1


def test_nothing_is_claimed_of_a_registration_that_is_a_name_servers() -> None:
    touched = finding("registration_touched", ["before"], ["after"], {"names": ["dns-host.net"]})
    assert "YOUR AWS ACCOUNT" not in told([touched]).email
