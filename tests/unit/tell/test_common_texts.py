"""What texts say of findings together: one change at many domains, a raised code, mail alone, a claimed zone."""

import json
from dataclasses import replace
from datetime import timedelta

from tests.unit.tell.kinds import DOMAIN, EVIL_MX, MX, NS, content, lame
from tests.unit.tell.stories import SIGHTINGS, START, coincheck, finding, opened, page, told

from nswatch.judge.policy import Cause
from nswatch.model import Severity
from nswatch.record.port import OutboxItem
from nswatch.respond import events
from nswatch.respond.incident import MessageKind
from nswatch.tell.gsm7 import septets
from nswatch.tell.parts import as_part
from nswatch.tell.routes import sns_message


def flat(text: str) -> str:
    return " ".join(text.split())


def test_notice_says_first_what_it_is_part_of_when_another_domain_was_paged() -> None:
    text = page(coincheck())
    message = OutboxItem("coincheck.com", 1, "page/x", Severity.PAGE, text.subject, sns_message(text), START)
    notice = as_part(message, "first.example-1")
    body = json.loads(notice.body)
    assert (notice.channel, notice.part_of) == (Severity.NOTICE, "first.example-1")
    assert notice.subject.startswith("nswatch notice: part of first.example-1: coincheck.com")
    assert len(notice.subject) <= 99
    assert flat(body["email"]).startswith("The same change hit other domains, and was paged for first.example-1")
    assert text.email in body["email"]
    assert body["sms"].startswith("nswatch: part of first.example-1: coincheck.com")
    assert septets(body["sms"]) <= 160


def test_update_says_what_it_is_part_of() -> None:
    part = events.part("coincheck.com", 1, "page/delegation/1/raised/page", "first.example-1", START)
    text = told(MessageKind.PAGE, opened(coincheck()), part)
    assert "It is part of first.example-1: one change hit several domains." in flat(text.email)


def test_page_says_why_a_touch_pages_when_it_was_raised() -> None:
    why = {"raised_by": {"code": "delegation_changed", "subject": "b.example"}, "alone": "notice"}
    email = flat(page([finding("registration_touched", (), ("last changed",), why)]).email)
    assert "registration_touched of coincheck.com alone is no page. It is one beside delegation_changed" in email
    same = finding("registration_touched", (), ("last changed",), why | {"alone": "page"})
    assert "alone is no page" not in flat(page([same]).email)


def test_page_speaks_of_no_transfer_when_a_sibling_at_the_registrar_raised_it() -> None:
    why = {"raised_by": {"code": "delegation_changed", "subject": "b.example"}, "alone": "notice"}
    touch = finding("registration_touched", (), ("last changed",), why)
    beside = flat(page([replace(touch, cause=Cause.REGISTRAR)]).email)
    assert "Another of your domains at the same registrar has an incident" in beside
    assert "transferred until you have spoken" in beside
    assert "dispute the transfer" not in beside
    assert "Another of your domains" not in flat(page([touch]).email)


def test_page_says_that_they_want_the_mail_when_only_mx_differs() -> None:
    mx = content("mx_changed", DOMAIN, "MX", (MX,), (EVIL_MX,))
    said = "Who leaves the site and the texts alone wants the mail"
    email = flat(page([mx]).email)
    assert said in email
    assert "1. Suspend what goes by mail of" in email
    address = content("address_changed", DOMAIN, "A", ("198.51.100.1",), ("203.0.113.9",))
    assert said not in flat(page([mx, address]).email)
    assert said in flat(page([*coincheck(), mx]).email)


def test_page_says_that_it_is_a_takeover_when_lame_servers_answer_with_another_soa() -> None:
    down = opened([lame(NS, "refused")])
    cleared = events.cleared("coincheck.com", 1, Cause.AVAILABILITY, 1, START + timedelta(minutes=1))
    soa = content("soa_changed", DOMAIN, "SOA", (NS[0],), ("ns1.evil.example",))
    text = told(MessageKind.PAGE, down, cleared, opened([soa]))
    assert "That is no recovery: somebody else opened the zone" in flat(text.email)
    assert "Have the delegation of" in flat(text.email)
    assert "Put the 'expected' values back" not in text.email
    assert "That is no recovery" not in flat(page([soa]).email)


def test_page_does_not_say_that_nobody_answers_when_strangers_do() -> None:
    soa = content("soa_changed", DOMAIN, "SOA", (NS[0],), ("ns1.evil.example",))
    both = told(MessageKind.PAGE, opened([lame(NS, "refused")]), opened([soa]))
    assert "not answer for it (REFUSED)" not in flat(both.email)
    assert "answers for it any more" not in flat(both.email)
    one = told(MessageKind.PAGE, opened([lame((*NS, "ns9.dns.example"), "refused")]), opened([soa]))
    assert "do not answer for it (REFUSED)" in flat(one.email)


def test_page_lists_what_came_and_is_gone_when_the_status_changed() -> None:
    seen = ("serverHold has come", "clientTransferProhibited is gone")
    email = page([finding("registration_status_changed", ("clientTransferProhibited",), seen)]).email
    assert "  ! serverHold has come\n  ! clientTransferProhibited is gone\n" in email
    assert "NOT APPROVED" not in email


def test_page_says_what_the_registry_has_when_rdap_is_known() -> None:
    record = {"last_changed": "2020-05-30T15:11:00Z", "registrar": "Registrar A", "server": "rdap.example"}
    email = flat(page([finding(detail={"registration": record})]).email)
    assert "by RDAP of rdap.example: last changed 2020-05-30T15:11:00Z; registrar Registrar A." in email
    assert "by RDAP of" not in flat(page([finding()]).email)


def test_page_gives_the_date_of_a_sighting_when_it_is_of_another_day() -> None:
    parent, other = SIGHTINGS
    email = page([finding(sightings=(parent, replace(other, at=START + timedelta(hours=23))))]).email
    assert "a.gtld-servers.net [192.5.6.30] TCP, 15:05:20Z, ap-northeast-1" in email
    assert "b.gtld-servers.net [192.33.14.30] UDP, 2020-05-31 14:05:20Z, us-east-1" in email
