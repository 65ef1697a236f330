"""Canonical forms of what Route 53 writes: names, data, routing policies and aliases."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mutating import mutated

from nswatch.collect.route53_records import ZoneRecords, joined_strings, owner_name, rdata, read_records
from nswatch.expect.hosted_zone import Form, Snapshot, read_snapshot, service_of, snapshot_of
from nswatch.model import Facts, Result

APEX, ID = "watched.example", "Z0123"


def record(name: str, qtype: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": qtype, "ResourceRecords": [{"Value": value} for value in values], **more}


def alias(name: str, qtype: str, target: str, zone: str = ID, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": qtype, "AliasTarget": {"HostedZoneId": zone, "DNSName": target}, **more}


def read(*documents: dict[str, Any]) -> ZoneRecords:
    records, reason = read_records(documents, APEX, ID)
    assert records is not None, reason
    return records


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("Watched.Example.", "watched.example", id="case and dot"),
        pytest.param(r"\052.watched.example.", "*.watched.example", id="wildcard"),
        pytest.param(r"\137dmarc.watched.example.", "_dmarc.watched.example", id="underscore"),
        pytest.param(r"a\056b.watched.example.", r"a\056b.watched.example", id="a dot in a label"),
        pytest.param(r"a\040b.watched.example.", r"a\040b.watched.example", id="a space"),
        pytest.param(".", ".", id="the root"),
    ],
)
def test_name_is_canonical(text: str, canonical: str) -> None:
    assert owner_name(text) == canonical


@pytest.mark.parametrize(
    ("qtype", "text", "canonical"),
    [
        pytest.param("A", "192.0.2.1", "192.0.2.1", id="A"),
        pytest.param("AAAA", "2001:0DB8:0:0::1", "2001:db8::1", id="AAAA"),
        pytest.param("MX", "10  Mail.Watched.Example.", "10 mail.watched.example", id="MX"),
        pytest.param("MX", "0 .", "0 .", id="null MX"),
        pytest.param("CNAME", "D1.CloudFront.net", "d1.cloudfront.net", id="CNAME"),
        pytest.param("NS", "ns1.dns.example.", "ns1.dns.example", id="NS"),
        pytest.param("SOA", "NS1.dns.example. h.dns.example. 1 2 3 4 5", "ns1.dns.example h.dns.example 1 2 3 4 5",
                     id="SOA"),
        pytest.param("SRV", "0 5 5060 SIP.watched.example.", "0 5 5060 sip.watched.example", id="SRV"),
        pytest.param("CAA", '0 issue  "amazon.com"', '0 issue "amazon.com"', id="CAA"),
        pytest.param("TXT", '"v=spf1 " "-all"', "v=spf1 -all", id="strings are joined"),
        pytest.param("TXT", r'"a \"b\" \\ \050\303\251\051"', 'a "b" \\ (\u00e9)', id="escapes"),
        pytest.param("TXT", r'"\377"', "\\xff", id="an octet that is not UTF-8"),
        pytest.param("TXT", "bare", "bare", id="no quotes"),
        pytest.param("TXT", '""', "", id="empty"),
    ],
)  # fmt: skip
def test_data_is_canonical(qtype: str, text: str, canonical: str) -> None:
    assert rdata(qtype, text) == canonical


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_strings_are_read_as_they_were_written_with_octal_escapes(strings: list[bytes]) -> None:
    text = " ".join('"' + "".join(f"\\{octet:03o}" for octet in each) + '"' for each in strings)
    assert joined_strings(text) == b"".join(strings).decode("utf-8", "backslashreplace")


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_has_one_canonical_form(text: str) -> None:
    name = owner_name(text)
    assert owner_name(name) == name or "\\" in name or "." in text
    for qtype in ("A", "AAAA", "MX", "CNAME", "SOA", "SRV", "TXT", "CAA"):
        assert isinstance(rdata(qtype, text), str)


_VALUES = st.none() | st.text(max_size=12) | st.integers() | st.lists(st.text(max_size=4), max_size=2)
_FIELDS = st.sampled_from(["Name", "Type", "ResourceRecords", "AliasTarget", "SetIdentifier", "TTL", "Weight"])


@given(
    st.lists(st.dictionaries(_FIELDS, _VALUES | st.dictionaries(st.text(max_size=5), _VALUES, max_size=2)), max_size=4)
)
@settings(max_examples=300, deadline=None)
def test_bad_documents_are_read_or_refused_with_a_reason(documents: list[dict[str, Any]]) -> None:
    records, reason = read_records(documents, APEX, ID)
    assert (records is None) == bool(reason)


WHOLE = [
    record(f"{APEX}.", "MX", "10 mx.watched.example.", TTL=300),
    record(r"\052.watched.example.", "TXT", '"v=spf1 -all"', SetIdentifier="a", Weight=1),
    alias(f"www.{APEX}.", "A", "d1.cloudfront.net.", EvaluateTargetHealth=False),
]


@given(mutated(WHOLE).filter(lambda given: isinstance(given, list) and all(isinstance(each, dict) for each in given)))
@settings(max_examples=300, deadline=None)
def test_records_are_read_or_refused_when_one_part_is_anything(documents: list[dict[str, Any]]) -> None:
    records, reason = read_records(documents, APEX, ID)
    assert (records is None) == bool(reason)
    if records is not None:
        assert records.answer(f"new.{APEX}", "TXT").result in {Result.ANSWER, Result.NODATA, Result.NXDOMAIN}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"Type": "A"}, id="no name"),
        pytest.param({"Name": "watched.example."}, id="no type"),
        pytest.param(record("elsewhere.example.", "A", "192.0.2.1"), id="another zone's"),
    ],
)
def test_document_is_refused_when_it_is_not_of_the_zone(document: dict[str, Any]) -> None:
    records, reason = read_records([record(f"{APEX}.", "A", "192.0.2.1"), document], APEX, ID)
    assert records is None
    assert reason


POLICIES = [
    pytest.param({"Weight": 1}, id="weighted"),
    pytest.param({"Region": "eu-west-1"}, id="latency"),
    pytest.param({"GeoLocation": {"CountryCode": "JP"}}, id="geolocation"),
    pytest.param({"GeoProximityLocation": {"AWSRegion": "eu-west-1"}}, id="geoproximity"),
    pytest.param({"Failover": "PRIMARY", "HealthCheckId": "1"}, id="failover"),
    pytest.param({"MultiValueAnswer": True}, id="multivalue"),
    pytest.param({"CidrRoutingConfig": {"CollectionId": "1", "LocationName": "x"}}, id="cidr"),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_policy_records_are_the_union_of_their_values(policy: dict[str, Any]) -> None:
    records = read(
        record(f"{APEX}.", "A", "192.0.2.2", SetIdentifier="b", **policy),
        record(f"{APEX}.", "A", "192.0.2.1", "192.0.2.2", SetIdentifier="a"),
        alias(f"{APEX}.", "A", "D1.cloudfront.net.", "Z2FDTNDATAQYW2", SetIdentifier="c"),
    )
    assert records.answer(APEX, "A").values == ("192.0.2.1", "192.0.2.2", "alias CLOUDFRONT d1.cloudfront.net")


@pytest.mark.parametrize(
    ("target", "service"),
    [
        pytest.param("d1.cloudfront.net", "CLOUDFRONT", id="CloudFront"),
        pytest.param("dualstack.a-1.eu-west-1.elb.amazonaws.com", "ELB", id="application load balancer"),
        pytest.param("n-1.elb.eu-west-1.amazonaws.com", "ELB", id="network load balancer"),
        pytest.param("s3-website-us-east-1.amazonaws.com", "S3", id="S3 website"),
        pytest.param("s3-website.eu-central-1.amazonaws.com", "S3", id="S3 website, dotted"),
        pytest.param("d-1.execute-api.eu-west-1.amazonaws.com", "API_GATEWAY", id="API Gateway"),
        pytest.param("a1.awsglobalaccelerator.com", "GLOBALACCELERATOR", id="Global Accelerator"),
        pytest.param("vpce-1.s3.eu-west-1.vpce.amazonaws.com", "VPC_ENDPOINT", id="VPC endpoint"),
        pytest.param("env.eba-1.eu-west-1.elasticbeanstalk.com", "ELASTICBEANSTALK", id="Elastic Beanstalk"),
        pytest.param("elb.amazonaws.com.evil.example", "OTHER", id="somebody else's"),
        pytest.param("xcloudfront.net", "OTHER", id="a name that ends alike"),
    ],
)
def test_alias_target_has_a_service(target: str, service: str) -> None:
    assert service_of(target).name == service


def test_alias_to_a_record_of_the_zone_is_that_records_data() -> None:
    records = read(
        alias(f"www.{APEX}.", "A", f"site.{APEX}."),
        alias(f"site.{APEX}.", "A", f"{APEX}."),
        record(f"{APEX}.", "A", "192.0.2.1"),
        alias(f"lost.{APEX}.", "A", f"nothing.{APEX}."),
        alias(f"one.{APEX}.", "A", f"two.{APEX}."),
        alias(f"two.{APEX}.", "A", f"one.{APEX}."),
    )
    assert records.answer(f"www.{APEX}", "A").values == ("192.0.2.1",)
    assert records.answer(f"lost.{APEX}", "A").values == (f"alias RECORD nothing.{APEX}",)
    assert records.answer(f"one.{APEX}", "A").result is Result.NODATA  # a circle has no data


WILD = (record(r"\052.watched.example.", "A", "192.0.2.9"), record(f"a.b.{APEX}.", "TXT", '"x"'))


@pytest.mark.parametrize(
    ("qname", "qtype", "facts"),
    [
        pytest.param(f"new.{APEX}", "A", Facts(Result.ANSWER, ("192.0.2.9",)), id="a wildcard answers"),
        pytest.param(f"x.y.{APEX}", "A", Facts(Result.ANSWER, ("192.0.2.9",)), id="for names below as well"),
        pytest.param(f"new.{APEX}", "MX", Facts(Result.NODATA), id="a wildcard without the type"),
        pytest.param(f"b.{APEX}", "A", Facts(Result.NODATA), id="a name with nothing but names below"),
        pytest.param(f"x.b.{APEX}", "A", Facts(Result.NXDOMAIN), id="below such a name"),
        pytest.param(f"www.{APEX}", "A", Facts(Result.ANSWER, ("192.0.2.1",), aliases=(f"site.{APEX}",)), id="CNAME"),
        pytest.param(f"www.{APEX}", "CNAME", Facts(Result.ANSWER, (f"site.{APEX}",)), id="the CNAME itself"),
        pytest.param(f"cdn.{APEX}", "A", Facts(Result.NODATA, aliases=("x.cdn.example",)), id="out of the zone"),
        pytest.param(f"loop.{APEX}", "A", Facts(Result.NODATA, aliases=(f"loop.{APEX}",) * 9), id="a circle"),
    ],
)
def test_zone_answers_as_a_server_would(qname: str, qtype: str, facts: Facts) -> None:
    cnames = [record(f"www.{APEX}.", "CNAME", f"site.{APEX}"), record(f"cdn.{APEX}.", "CNAME", "x.cdn.example")]
    cnames += [record(f"loop.{APEX}.", "CNAME", f"loop.{APEX}"), record(f"site.{APEX}.", "A", "192.0.2.1")]
    assert read(*WILD, *cnames).answer(qname, qtype) == facts


def test_snapshot_is_read_as_it_was_written() -> None:
    held = snapshot_of({(f"x.{APEX}", "TXT"): ("a b  c", "!x"), (APEX, "NS"): ("ns1.dns.example",)}, APEX)
    assert held == Snapshot(Form.FULL, frozenset({f"x.{APEX} TXT a b  c", f"x.{APEX} TXT !x"}))
    assert read_snapshot(held.as_values()) == held
    assert read_snapshot(held.as_values()[1:]) is None


def test_snapshot_keeps_the_form_of_the_approved_one_while_the_zone_grows() -> None:
    def zone(count: int) -> dict[tuple[str, str], tuple[str, ...]]:
        return {(f"n{number}.{APEX}", "TXT"): ("x" * 100,) for number in range(count)}

    approved = snapshot_of(zone(400), APEX)
    assert approved.form is Form.FULL
    assert snapshot_of(zone(600), APEX).form is Form.DIGESTED
    assert snapshot_of(zone(600), APEX, approved).form is Form.FULL
    assert snapshot_of(zone(6000), APEX, approved).form is Form.ONE
