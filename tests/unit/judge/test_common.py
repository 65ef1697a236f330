"""The key that findings of different domains share when one change made them all."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nswatch.judge.common import keys_of, with_common
from nswatch.judge.policy import POLICY, Cause
from nswatch.model import Finding, Severity

T0 = datetime(2026, 1, 1, tzinfo=UTC)
NS = ("ns1.dns.example", "ns2.dns.example")


def key(
    code: str,
    seen: tuple[str, ...] = (),
    expected: tuple[str, ...] = (),
    detail: dict[str, Any] | None = None,
    cause: str = "",
    registrars: tuple[str, ...] = (),
) -> str:
    finding = Finding(code, "a.example", Severity.PAGE, expected, seen, T0, detail=detail or {}, cause=cause)
    return with_common([finding], frozenset(registrars))[0].common


def servers(*hosts: str) -> dict[str, Any]:
    return {"servers": [{"host": host, "address": "192.0.2.1", "result": "refused"} for host in hosts]}


def rrset(type_: str, expected: list[str], *seen: str) -> dict[str, Any]:
    return {"rrsets": [{"name": "a.example", "type": type_, "expected": expected, "answers": [{"seen": list(seen)}]}]}


def gone(type_: str, host: str = NS[0]) -> dict[str, Any]:
    answers = [{"seen": [], "hosts": [host], "result": "nodata"}]
    return {"rrsets": [{"name": "a.example", "type": type_, "expected": ["10 mx.a.example."], "answers": answers}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            key("delegation_changed", ("ns1.evil.example", "ns2.evil.example"), NS, {"parent": "example"}),
            key("delegation_changed", ("ns7.evil.example", NS[0]), NS, {"parent": "com"}),
            id="the same strangers, at two parents",
        ),
        pytest.param(
            key("delegation_changed", (), NS, {"parent": "com"}),
            key("delegation_changed", (), ("ns9.other.example",), {"parent": "com"}),
            id="gone from one parent",
        ),
        pytest.param(
            key("nameserver_lame", detail=servers("ns-1515.awsdns-61.org", "ns-405.awsdns-50.com")),
            key("nameserver_lame", detail=servers("ns-650.awsdns-17.net")),
            id="one operator fails",
        ),
        pytest.param(
            key("mx_changed", detail=rrset("MX", ["10 mx1.a.example."], "10 mx1.a.example", "5 mx.evil.example")),
            key("mx_changed", detail=rrset("MX", ["10 mx.b.example."], "5 mx.evil.example")),
            id="the same foreign exchange",
        ),
        pytest.param(
            key("glue_changed", detail={"hosts": [{"host": "n", "expected": ["192.0.2.1"], "seen": ["203.0.113.5"]}]}),
            key(
                "nameserver_address_changed",
                detail={"hosts": [{"host": "n", "expected": ["192.0.2.1"], "seen": ["192.0.2.1", "203.0.113.5"]}]},
            ),
            id="a server moved, by glue and by walk",
        ),
        pytest.param(
            key("registration_status_changed", ("clientHold",), registrars=("registrar a",)),
            key("registration_status_changed", ("clientHold", "ok"), registrars=("registrar a",)),
            id="one registrar holds",
        ),
        pytest.param(
            key("certificate_changed", ("Other CA (R1)",), detail={"answers": [{"issuer": "O=Other CA,CN=R1"}]}),
            key("certificate_changed", detail={"answers": [{"issuer": "O=Other CA,CN=R1", "regions": ["eu-west-1"]}]}),
            id="one authority at two sites",
        ),
        pytest.param(key("answer_missing", detail=gone("MX")), key("answer_missing", detail=gone("MX")), id="MX gone"),
    ],
)
def test_key_is_shared_when_one_change_made_both(one: str, other: str) -> None:
    assert one == other != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            key("delegation_changed", ("ns1.evil.example",), NS),
            key("delegation_changed", ("ns1.worse.example",), NS),
            id="other strangers",
        ),
        pytest.param(
            key("delegation_changed", (), NS, {"parent": "com"}),
            key("delegation_changed", (), NS, {"parent": "jp"}),
            id="gone from two parents",
        ),
        pytest.param(
            key("nameserver_lame", detail=servers("ns1.dns.example")),
            key("nameserver_lame", detail=servers("ns1.dns.test")),
            id="other operators",
        ),
        pytest.param(
            key("nameserver_lame", detail=servers("ns1.dns.example")),
            key("nameservers_unreachable", detail=servers("ns1.dns.example")),
            id="lame, and silent",
        ),
        pytest.param(
            key("address_changed", detail=rrset("A", [], "203.0.113.5")),
            key("address_changed", detail=rrset("A", [], "203.0.113.6")),
            id="other addresses",
        ),
        pytest.param(
            key("certificate_changed", detail={"answers": [{"issuer": "O=Other CA"}]}),
            key("certificate_changed", detail={"answers": [{"issuer": "O=Third CA"}]}),
            id="other authorities",
        ),
        pytest.param(
            key("answer_missing", detail=gone("MX")),
            key("answer_missing", detail=gone("MX", "ns1.dns.test")),
            id="gone at other operators",
        ),
        pytest.param(key("answer_missing", detail=gone("MX")), key("answer_missing", detail=gone("A")), id="types"),
    ],
)
def test_key_differs_when_the_changes_are_two(one: str, other: str) -> None:
    assert one != other
    assert one
    assert other


@pytest.mark.parametrize("code", sorted(POLICY))
def test_key_is_none_when_a_finding_says_nothing_of_a_cause(code: str) -> None:
    assert key(code).removeprefix("delegation: ").removeprefix("ds: ") in ("", "gone, of ")


def test_data_of_strangers_has_no_key_when_the_delegation_has_one() -> None:
    assert key("mx_changed", detail=rrset("MX", [], "5 mx.evil.example"), cause=Cause.DELEGATION) == ""


def finding(code: str, common: str, severity: Severity = Severity.PAGE) -> Finding:
    return Finding(code, "a.example", severity, (), (), T0, common=common)


@pytest.mark.parametrize(
    ("findings", "keys"),
    [
        pytest.param([finding("mx_changed", "m"), finding("soa_changed", "s")], ("m", "s"), id="all of them"),
        pytest.param([finding("mx_changed", "m"), finding("answer_missing", "")], (), id="a part is its own"),
        pytest.param([finding("mx_changed", "m"), finding("txt_changed", "", Severity.NOTICE)], ("m",), id="a notice"),
        pytest.param([finding("delegation_changed", "d"), finding("mx_changed", "")], ("d",), id="a delegation's"),
        pytest.param([], (), id="nothing"),
    ],
)
def test_keys_of_a_cause_are_those_of_what_pages(findings: list[Finding], keys: tuple[str, ...]) -> None:
    assert keys_of(findings) == keys
