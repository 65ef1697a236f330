"""The source `HostedZones` over real sockets: documents in their published form, faults, roles, and what they cost."""

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import certifi
import pytest
from botocore.config import Config
from tests.support.https import Answer, Server, answer, authority, raw, server

from nswatch.collect import route53
from nswatch.collect.port import Asked, Collected, Subject
from nswatch.collect.route53 import HostedZones
from nswatch.collect.route53_access import Access
from nswatch.expect.hosted_zone import APPROVED, DELEGATION_SET, RECORDS, ZONE, Form, read_snapshot
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Answer as Expected
from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.model import Facts, Key, Result, Source, Transport, View

DATA = Path(__file__).parents[2] / "unit" / "collect" / "data"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAIN, ID, REGION = "watched.example", "Z0123456789ABCDEFGHIJ", "eu-west-1"
ROLE = "arn:aws:iam::210987654321:role/nswatch-reader"
AT = f"/2013-04-01/hostedzone/{ID}"
FIRST = f"{AT}/rrset"
SECOND = f"{FIRST}?name=geo.watched.example.&type=A&identifier=default"
SET = ("ns-10.awsdns-01.com", "ns-1100.awsdns-09.org", "ns-1800.awsdns-33.co.uk", "ns-600.awsdns-11.net")
IMPATIENT = Config(connect_timeout=2, read_timeout=0.3, retries={"total_max_attempts": 1})
XML = {"content_type": "text/xml"}


def document(name: str) -> Answer:
    return answer(200, (DATA / f"route53-{name}.xml").read_bytes(), **XML)


def silent(_connection: socket.socket, _head: str) -> None:
    time.sleep(0.5)


def refusal(status: int, code: str) -> Answer:
    body = (
        '<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>as told</Message></Error>"
        "<RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ErrorResponse>"
    )
    return answer(status, body.encode(), **XML)


@dataclass
class Aws:
    """Route 53 and STS at a local server, and the clients that were made for them, which trust ``authorities``."""

    http: Server
    authorities: Path
    now: datetime = NOW
    sessions: list[Mapping[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stack = ExitStack()
        self.http.answers |= {AT: document("hosted-zone"), FIRST: document("records-1"), SECOND: document("records-2")}
        self.access = Access(REGION, lambda: self.now, self.route53, self.sts)

    def client(self, service: str, region: str, session: Mapping[str, str]) -> Any:
        keys = session or {"aws_access_key_id": "own", "aws_secret_access_key": "own"}
        made = boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.http.url,
            config=IMPATIENT,
            verify=str(self.authorities),
            **keys,
        )
        self.stack.callback(made.close)
        return made

    def route53(self, region: str, session: Mapping[str, str]) -> Any:
        self.sessions.append(session)
        return self.client("route53", region, session)

    def sts(self, region: str) -> Any:
        return self.client("sts", region, {})

    def collect(self, *subjects: Subject, seconds: float = 5, source: HostedZones | None = None) -> Collected:
        asking = source or HostedZones(self.access, lambda: self.now, seconds)
        return asyncio.run(asking.collect(subjects or (subject(),), self.now))


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    (tmp_path / "authority.pem").write_text(authority())
    with server() as http:
        there = Aws(http, tmp_path / "authority.pem")
        with there.stack:
            yield there


ENTRY = DomainEntry(
    DOMAIN,
    Delegation(ns=frozenset(SET), provider="route53", hosted_zone=ID, soa_mname=SET[0]),
    answers=(
        Expected(DOMAIN, "MX", values=("10 mail.watched.example.",)),
        Expected(DOMAIN, "TXT", contains=("v=spf1",)),
        Expected(f"www.{DOMAIN}", "A", within=("aws:CLOUDFRONT",)),
    ),
)


def subject(entry: DomainEntry = ENTRY, standing: Mapping[Asked, View] | None = None, **delegation: Any) -> Subject:
    entry = replace(entry, delegation=replace(entry.delegation, **delegation))
    return Subject(Expectations(entry, NOW, Networks(NO_RANGES, ())), standing or {})


def facts_in(collected: Collected, domain: str = DOMAIN) -> dict[tuple[str, str], Facts]:
    return {(each.asked.qname, each.asked.qtype): each.facts for each in collected.readings if each.domain == domain}


def standing(collected: Collected) -> dict[Asked, View]:
    views = {}
    for each in collected.readings:
        key = Key(REGION, each.asked.source, each.asked.server, each.asked.qname, each.asked.qtype)
        views[each.asked] = View(key, "", each.facts, Transport.TCP, NOW, NOW, NOW, each.facts.result, NOW)
    return views


def test_source_reads_the_zone_and_what_the_entry_expects(aws: Aws) -> None:
    collected = aws.collect()
    found = facts_in(collected)
    assert found[DOMAIN, ZONE].values == (DOMAIN,)
    assert found[DOMAIN, DELEGATION_SET].values == SET
    assert found[DOMAIN, "NS"].values == SET
    assert found[DOMAIN, "SOA"].values == ("ns-10.awsdns-01.com awsdns-hostmaster.amazon.com 1 7200 900 1209600 86400",)
    assert found[DOMAIN, "MX"].values == ("10 mail.watched.example", "20 inbound-smtp.us-west-2.amazonaws.com")
    assert found[DOMAIN, "TXT"].values == ('a "quoted" text (\u00e9)', "v=spf1 include:amazonses.com -all")
    assert found[f"www.{DOMAIN}", "A"].values == ("alias CLOUDFRONT d111111abcdef8.cloudfront.net",)
    assert found[f"mail.{DOMAIN}", "A"].values == ("192.0.2.25", "192.0.2.26")  # implicit: an MX points there
    assert found[f"mail.{DOMAIN}", "AAAA"].values == ("2001:db8::25",)
    assert all(each.asked.source is Source.ROUTE53 and each.asked.server == ID for each in collected.readings)
    (of_mx,) = [each for each in collected.readings if each.asked.qtype == "MX"]
    assert b"Mail.Watched.Example." in (of_mx.wire or b"")
    assert (of_mx.sent, of_mx.received) == (NOW, NOW)


def test_source_takes_the_snapshot_of_all_records_at_the_first_look(aws: Aws) -> None:
    found = facts_in(aws.collect())
    assert found[DOMAIN, RECORDS] == found[DOMAIN, APPROVED]
    held = read_snapshot(found[DOMAIN, RECORDS].values)
    assert held is not None
    assert (held.form, held.approval) == (Form.FULL, "")
    assert f"*.apps.{DOMAIN} CNAME apps.hosting.example" in held.lines
    assert f"api.{DOMAIN} A alias ELB dualstack.api-1111111111.eu-west-1.elb.amazonaws.com" in held.lines
    assert f"static.{DOMAIN} A alias CLOUDFRONT" in held.lines
    assert not any(line.startswith((f"{DOMAIN} NS ", f"{DOMAIN} SOA ")) for line in held.lines)


def test_source_keeps_the_snapshot_when_the_records_change(aws: Aws) -> None:
    first = aws.collect()
    changed = (DATA / "route53-records-2.xml").read_bytes().replace(b"192.0.2.2<", b"203.0.113.7<")
    aws.http.answers[SECOND] = answer(200, changed, **XML)
    found = facts_in(aws.collect(subject(standing=standing(first))))
    assert found[DOMAIN, APPROVED] == facts_in(first)[DOMAIN, APPROVED]
    assert set(found[DOMAIN, RECORDS].values) ^ set(found[DOMAIN, APPROVED].values) == {
        f"geo.{DOMAIN} A 192.0.2.2",
        f"geo.{DOMAIN} A 203.0.113.7",
    }


def test_source_takes_a_new_snapshot_when_an_apply_approves_one(aws: Aws) -> None:
    first = aws.collect()
    aws.http.answers[FIRST] = document("records-2")
    again = replace(ENTRY, baseline=replace(ENTRY.baseline, records="2026-11-23T12:00:00Z"))
    found = facts_in(aws.collect(subject(again, standing(first))))
    held = read_snapshot(found[DOMAIN, APPROVED].values)
    assert held is not None
    assert held.approval == "2026-11-23T12:00:00Z"
    assert found[DOMAIN, APPROVED].values[1:] == found[DOMAIN, RECORDS].values[1:]
    assert found[DOMAIN, RECORDS] != facts_in(first)[DOMAIN, RECORDS]


def test_source_forgets_what_is_no_longer_expected(aws: Aws) -> None:
    first = standing(aws.collect())
    less = replace(ENTRY, answers=ENTRY.answers[1:])
    gone = {(each.qname, each.qtype) for _, each in aws.collect(subject(less, first)).forgotten}
    assert gone == {(DOMAIN, "MX"), (f"mail.{DOMAIN}", "A"), (f"mail.{DOMAIN}", "AAAA")}
    assert len(aws.collect(subject(standing=first, hosted_zone=None)).forgotten) == len(first)


FAULTS = [
    pytest.param(refusal(400, "Throttling"), Result.SERVFAIL, id="throttled"),
    pytest.param(refusal(403, "AccessDenied"), Result.REFUSED, id="denied"),
    pytest.param(refusal(403, "InvalidClientTokenId"), Result.REFUSED, id="no such key"),
    pytest.param(refusal(403, "ExpiredToken"), Result.REFUSED, id="expired"),
    pytest.param(answer(500, b"<html>oops</html>", content_type="text/html"), Result.SERVFAIL, id="500 in HTML"),
    pytest.param(answer(503), Result.SERVFAIL, id="503 without a body"),
    pytest.param(answer(429), Result.SERVFAIL, id="429"),
    pytest.param(answer(200, b"<html>Welcome<", **XML), Result.MALFORMED, id="no XML"),
    pytest.param(answer(200, b'<?xml version="1.0"?><GetHostedZoneResponse/>'), Result.MALFORMED, id="nothing in it"),
    pytest.param(raw(b""), Result.UNREACHABLE, id="closed"),
    pytest.param(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n<?xml"), None, id="cut off"),
    pytest.param(silent, Result.TIMEOUT, id="silent"),
]


@pytest.mark.parametrize(("fault", "result"), FAULTS)
def test_zone_is_unknown_when_aws_refuses_or_fails(aws: Aws, fault: Answer, result: Result | None) -> None:
    aws.http.answers[AT] = fault
    collected = aws.collect()
    (reading,) = collected.readings
    assert reading.asked == Asked(Source.ROUTE53, ID, DOMAIN, ZONE)
    assert not reading.facts.result.definite
    assert result is None or reading.facts.result is result
    assert reading.facts.note
    assert collected.forgotten == ()


def test_zone_is_unknown_when_somebody_else_answers_for_aws(aws: Aws) -> None:
    aws.authorities = Path(certifi.where())
    found = facts_in(aws.collect())
    assert [facts.result for facts in found.values()] == [Result.UNREACHABLE]
    assert aws.http.asked == []


@pytest.mark.parametrize("target", [pytest.param(FIRST, id="first page"), pytest.param(SECOND, id="second page")])
@pytest.mark.parametrize(("fault", "result"), FAULTS[:5])
def test_records_are_unknown_when_a_page_fails(aws: Aws, fault: Answer, result: Result, target: str) -> None:
    aws.http.answers[target] = fault
    found = facts_in(aws.collect())
    assert found[DOMAIN, DELEGATION_SET].values == SET
    assert not found[DOMAIN, RECORDS].result.definite
    assert not {(DOMAIN, "MX"), (DOMAIN, APPROVED)} & found.keys()


def test_hosted_zone_that_does_not_exist_is_a_definite_answer(aws: Aws) -> None:
    aws.http.answers[AT] = refusal(404, "NoSuchHostedZone")
    assert facts_in(aws.collect())[DOMAIN, ZONE].result is Result.NXDOMAIN


def test_only_the_zones_name_is_read_when_it_is_another_domains(aws: Aws) -> None:
    other = (DATA / "route53-hosted-zone.xml").read_bytes().replace(b"watched.example.", b"other.example.")
    aws.http.answers[AT] = answer(200, other, **XML)
    assert facts_in(aws.collect()) == {(DOMAIN, ZONE): Facts(Result.ANSWER, ("other.example",))}
    assert aws.http.asked == [AT]


def test_pages_that_lead_in_a_circle_are_unknown(aws: Aws) -> None:
    circle = (DATA / "route53-records-1.xml").read_bytes()
    aws.http.answers[SECOND] = answer(200, circle, **XML)
    assert not facts_in(aws.collect())[DOMAIN, RECORDS].result.definite
    assert len(aws.http.asked) == 3


def test_throttled_account_is_left_alone_for_the_rest_of_the_round(aws: Aws) -> None:
    aws.http.answers[AT] = refusal(400, "Throttling")
    others = [replace(ENTRY, domain=f"{name}.example") for name in ("a", "b", "c")]
    collected = aws.collect(*map(subject, others))
    assert aws.http.asked == [AT]
    assert [each.facts.result for each in collected.readings] == [Result.SERVFAIL] * 3


def test_zones_that_were_not_asked_about_in_time_are_first_in_the_next_round(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route53, "AT_ONCE", 1)
    monkeypatch.setattr(route53, "PER_SECOND", 10.0)
    aws.http.answers[AT] = refusal(403, "AccessDenied")
    source = HostedZones(aws.access, lambda: aws.now, 0.25)
    domains = [subject(replace(ENTRY, domain=f"{letter}.example")) for letter in "abcdefgh"]
    first = {each.domain for each in aws.collect(*domains, source=source).readings}
    assert 0 < len(first) < 8
    aws.now += timedelta(minutes=10)
    second = [each.domain for each in aws.collect(*domains, source=source).readings]
    assert second[0] not in first


# Roles


def assumed(ends: datetime) -> Answer:
    return answer(
        200,
        (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
            f"<SessionToken>token</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>A:nswatch</AssumedRoleId><Arn>{ROLE}</Arn></AssumedRoleUser>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        ).encode(),
        **XML,
    )


def test_zone_of_another_account_is_read_with_its_role_whose_session_is_kept(aws: Aws) -> None:
    aws.http.answers["/"] = assumed(NOW + timedelta(hours=1))
    there = subject(role_arn=ROLE)
    assert facts_in(aws.collect(there))[DOMAIN, ZONE].values == (DOMAIN,)
    assert aws.sessions == [
        {"aws_access_key_id": "ASIAROLE", "aws_secret_access_key": "secret", "aws_session_token": "token"}
    ]
    assert "x-amz-security-token: token" in aws.http.heads[-1].lower()
    aws.now += timedelta(minutes=50)
    aws.collect(there)
    assert aws.http.asked.count("/") == 1
    aws.now += timedelta(minutes=8)
    aws.collect(there)
    assert aws.http.asked.count("/") == 2


def test_refused_role_leaves_its_zones_unknown_and_others_are_read(aws: Aws) -> None:
    aws.http.answers["/"] = refusal(403, "AccessDenied")
    own = replace(ENTRY, domain=DOMAIN)
    collected = aws.collect(subject(replace(ENTRY, domain="other.example"), role_arn=ROLE), subject(own))
    assert facts_in(collected, "other.example")["other.example", ZONE].result is Result.REFUSED
    assert facts_in(collected)[DOMAIN, ZONE].result is Result.ANSWER


def test_session_is_taken_anew_when_it_was_refused(aws: Aws) -> None:
    aws.http.answers["/"] = assumed(NOW + timedelta(hours=1))
    aws.http.answers[AT] = refusal(403, "ExpiredToken")
    aws.collect(subject(role_arn=ROLE))
    aws.http.answers[AT] = document("hosted-zone")
    assert facts_in(aws.collect(subject(role_arn=ROLE)))[DOMAIN, ZONE].result is Result.ANSWER
    assert aws.http.asked.count("/") == 2


def test_domains_without_a_hosted_zone_cost_nothing(aws: Aws) -> None:
    nothing: Sequence[Subject] = [subject(hosted_zone=None)]
    assert aws.collect(*nothing) == Collected()
    assert aws.http.asked == []
    assert aws.sessions == []
