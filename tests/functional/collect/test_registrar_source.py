"""The source `Route53Domains` over real sockets: documents in AWS's form, faults, roles, and what it costs."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import certifi
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st
from tests.support.https import Answer, Server, answer, authority, server

from nswatch.collect.port import Asked, Collected, Subject
from nswatch.collect.registrar import SERVER, Route53Domains, _attributes, _operation
from nswatch.collect.route53_access import Access
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry, Registrar
from nswatch.model import Facts, Key, Result, Source, Transport, View

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAIN, REGION = "watched.example", "eu-west-1"
ROLE = "arn:aws:iam::210987654321:role/nswatch-reader"
IMPATIENT = Config(connect_timeout=2, read_timeout=0.3, retries={"total_max_attempts": 1})
DETAIL = {
    "DomainName": "Watched.Example",
    "Nameservers": [{"Name": "ns-10.awsdns-01.com", "GlueIps": []}, {"Name": "NS-600.awsdns-11.net"}],
    "AutoRenew": True,
    "RegistrantContact": {"FirstName": "Hanako", "Email": "hanako@watched.example"},
    "RegistrarName": "Amazon Registrar, Inc.",
    "CreationDate": 1262304000,
    "UpdatedDate": 1795428000.5,
    "ExpirationDate": 1893456000,
    "StatusList": ["clientTransferProhibited", "ok https://icann.org/epp#ok"],
    "DnssecKeys": [],
}
OPERATIONS = {
    "Operations": [
        {
            "OperationId": "1",
            "Status": "IN_PROGRESS",
            "Type": "UPDATE_NAMESERVER",
            "DomainName": DOMAIN,
            "SubmittedDate": 1795428000,
        },
        {
            "OperationId": "2",
            "Status": "FAILED",
            "Type": "TRANSFER_OUT_DOMAIN",
            "DomainName": DOMAIN,
            "SubmittedDate": 1795427000,
        },
        {"OperationId": "3", "Status": "SUCCESSFUL", "Type": "RENEW_DOMAIN", "DomainName": "other.example"},
    ]
}


def document(content: Any) -> Answer:
    return answer(200, json.dumps(content).encode(), content_type="application/x-amz-json-1.1")


def refusal(status: int, code: str) -> Answer:
    body = json.dumps({"__type": code, "message": "as told"}).encode()
    return answer(status, body, content_type="application/x-amz-json-1.1")


def silent(_connection: socket.socket, _head: str) -> None:
    time.sleep(0.5)


SESSION = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2026-11-23T13:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>{ROLE}</Arn>
<AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"""


@dataclass
class Aws:
    """Route 53 Domains and STS at a local server: ``answers`` by operation, ``asked`` in order.

    Its clients trust ``authorities``.
    """

    http: Server
    authorities: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sessions: list[Mapping[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stack = ExitStack()
        self.answers |= {"GetDomainDetail": document(DETAIL), "ListOperations": document(OPERATIONS)}
        self.http.answers["/"] = self.answer

    def answer(self, connection: socket.socket, head: str) -> None:
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        target = fields.get("x-amz-target", "")
        if not target:
            answer(200, SESSION.encode(), content_type="text/xml")(connection, head)
            return
        service, operation = target.split(".")
        assert service == "route53domains_v20140515"
        name = next(each for each in self.answers if each.lower() == operation)
        self.asked.append(name)
        self.answers[name](connection, head)

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

    def domains(self, _region: str, session: Mapping[str, str]) -> Any:
        self.sessions.append(session)
        return self.client("route53domains", "us-east-1", session)

    def collect(self, *subjects: Subject, seconds: float = 5) -> Collected:
        access: Access[Any] = Access(REGION, lambda: NOW, self.domains, lambda region: self.client("sts", region, {}))
        source = Route53Domains(access, lambda: NOW, seconds, per_second=1000)
        return asyncio.run(source.collect(subjects or (subject(),), NOW))


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    (tmp_path / "authority.pem").write_text(authority())
    with server() as http:
        there = Aws(http, tmp_path / "authority.pem")
        with there.stack:
            yield there


ENTRY = DomainEntry(DOMAIN, Delegation(ns=frozenset({"ns-10.awsdns-01.com"})), registrar=Registrar("route53"))


def subject(entry: DomainEntry = ENTRY, standing: Mapping[Asked, View] | None = None, **parts: Any) -> Subject:
    return Subject(Expectations(replace(entry, **parts), NOW, Networks(NO_RANGES, ())), standing or {})


def facts_in(collected: Collected, domain: str = DOMAIN) -> dict[str, Facts]:
    return {each.asked.qtype: each.facts for each in collected.readings if each.domain == domain}


def test_source_reads_the_registration_and_what_was_asked_of_it(aws: Aws) -> None:
    collected = aws.collect()
    found = facts_in(collected)
    assert found["domain"].values == (DOMAIN,)
    assert found["registrar"].values == ("Amazon Registrar, Inc.",)
    assert found["registration"].values == ("2010-01-01T00:00:00.000Z",)
    assert found["last-changed"].values == ("2026-11-23T10:00:00.500Z",)
    assert found["expiration"].values == ("2030-01-01T00:00:00.000Z",)
    assert found["status"].values == ("clientTransferProhibited", "ok")
    assert found["status-before"].values == ()
    assert found["nameservers"].values == ("ns-10.awsdns-01.com", "ns-600.awsdns-11.net")
    assert found["secure-dns"].values == ("unsigned",)
    assert found["operations"].values == ("UPDATE_NAMESERVER submitted 2026-11-23T10:00:00.000Z",)
    assert {(each.asked.source, each.asked.server) for each in collected.readings} == {(Source.REGISTRAR, SERVER)}
    assert all(b"RegistrarName" in (each.wire or b"") for each in collected.readings)
    assert not any(b"anako" in (each.wire or b"") for each in collected.readings), "people are no evidence"


def test_source_asks_only_about_domains_that_say_so_and_forgets_what_it_knew_of_others(aws: Aws) -> None:
    asked = Asked(Source.REGISTRAR, SERVER, DOMAIN, "status")
    key = Key(REGION, *(asked.source, asked.server, asked.qname, asked.qtype))
    view = View(key, "", Facts(Result.ANSWER, ("ok",)), Transport.TCP, NOW, NOW, NOW, Result.ANSWER, NOW)
    collected = aws.collect(subject(registrar=None, standing={asked: view}))
    assert (collected.readings, collected.forgotten, aws.asked) == ((), ((DOMAIN, asked),), [])


def test_account_is_asked_for_operations_once_and_for_each_domain_once(aws: Aws) -> None:
    aws.collect(subject(), subject(domain="other.example"))
    assert aws.asked == ["ListOperations", "GetDomainDetail", "GetDomainDetail"]


def test_domain_of_another_account_is_asked_with_its_role(aws: Aws) -> None:
    found = facts_in(aws.collect(subject(registrar=Registrar("route53", ROLE))))
    assert found["domain"].result is Result.ANSWER
    assert [session["aws_access_key_id"] for session in aws.sessions] == ["ASIA"]


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        pytest.param(refusal(400, "AccessDeniedException"), Result.REFUSED, id="no-rights"),
        pytest.param(refusal(400, "InvalidInput"), Result.REFUSED, id="not-in-the-account"),
        pytest.param(refusal(400, "UnsupportedTLD"), Result.REFUSED, id="unsupported-tld"),
        pytest.param(refusal(400, "ThrottlingException"), Result.SERVFAIL, id="throttled"),
        pytest.param(refusal(500, "InternalFailure"), Result.SERVFAIL, id="server-error"),
        pytest.param(answer(200, b"<html>hello</html>"), Result.MALFORMED, id="html"),
        pytest.param(answer(200, b'{"DomainName": "watch'), Result.MALFORMED, id="cut-off"),
        pytest.param(document({}), Result.MALFORMED, id="empty"),
        pytest.param(document({"DomainName": "stranger.example"}), Result.MALFORMED, id="another-domain"),
        pytest.param(document([1]), Result.MALFORMED, id="a-list"),
        pytest.param(document({**DETAIL, "UpdatedDate": "someday"}), Result.MALFORMED, id="no-moment"),
        pytest.param(silent, Result.TIMEOUT, id="silent"),
    ],
)
def test_fault_is_unknown_and_says_why(aws: Aws, fault: Answer, result: Result) -> None:
    aws.answers["GetDomainDetail"] = fault
    aws.answers["ListOperations"] = document({"Operations": []})
    (reading,) = aws.collect().readings
    assert (reading.asked.qtype, reading.facts.result) == ("domain", result)
    assert reading.facts.note
    assert not reading.facts.result.definite


def test_domain_is_unknown_when_somebody_else_answers_for_aws(aws: Aws) -> None:
    aws.authorities = Path(certifi.where())
    (reading,) = aws.collect().readings
    assert (reading.asked.qtype, reading.facts.result) == ("domain", Result.UNREACHABLE)
    assert aws.asked == []


def test_account_that_is_throttled_is_left_alone_for_the_round(aws: Aws) -> None:
    aws.answers["GetDomainDetail"] = refusal(400, "ThrottlingException")
    aws.answers["ListOperations"] = document({"Operations": []})
    collected = aws.collect(subject(), subject(domain="other.example"))
    assert [each.facts.result for each in collected.readings] == [Result.SERVFAIL] * 2
    assert aws.asked == ["ListOperations", "GetDomainDetail"]


def test_operation_that_moved_the_domain_is_told_when_its_details_are_not(aws: Aws) -> None:
    aws.answers["GetDomainDetail"] = refusal(400, "InvalidInput")
    found = facts_in(aws.collect())
    assert found["domain"].result is Result.REFUSED
    assert found["operations"].values == ("UPDATE_NAMESERVER submitted 2026-11-23T10:00:00.000Z",)


def operations(count: int, *, kind: str = "UPDATE_DOMAIN_CONTACT", marker: str | None = None) -> Answer:
    one = {"OperationId": "1", "Status": "SUCCESSFUL", "Type": kind, "DomainName": DOMAIN}
    listed = [one | {"SubmittedDate": 1795428000 - number} for number in range(count)]
    return document({"Operations": listed} | ({"NextPageMarker": marker} if marker else {}))


def test_operations_are_read_from_all_pages_and_the_newest_are_kept(aws: Aws) -> None:
    pages = [
        operations(1, kind="INTERNAL_TRANSFER_OUT_DOMAIN", marker="a"),
        operations(30, marker="b"),
        operations(1, kind="ADD_DNSSEC"),
    ]

    def next_page(connection: socket.socket, head: str) -> None:
        pages.pop(0)(connection, head)

    aws.answers["ListOperations"] = next_page
    told = facts_in(aws.collect())["operations"].values
    assert pages == []
    assert len(told) == 20
    assert "INTERNAL_TRANSFER_OUT_DOMAIN submitted 2026-11-23T10:00:00.000Z" in told
    assert not any(each.startswith("ADD_DNSSEC") for each in told)


def test_pages_of_operations_end_when_they_lead_in_a_circle(aws: Aws) -> None:
    aws.answers["ListOperations"] = operations(1, marker="again")
    assert facts_in(aws.collect())["operations"].values
    assert aws.asked.count("ListOperations") == 2


def test_every_domain_is_unknown_when_its_account_refuses_operations(aws: Aws) -> None:
    aws.answers["ListOperations"] = refusal(400, "AccessDeniedException")
    (reading,) = aws.collect().readings
    assert reading.facts.result is Result.REFUSED
    assert aws.asked == ["ListOperations"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(NOW),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = [*DETAIL, "Type", "Status", "SubmittedDate"]


@sized(max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_no_document_makes_the_parsers_raise(told: dict[str, Any]) -> None:
    assert all(facts.result for _, facts in _attributes(subject(), told))
    assert _operation(told) is None or "submitted" in str(_operation(told))
