"""CloudTrail's events, as they are published and as nobody should send them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mutating import mutated

from nswatch.trail import ACCOUNT, MOST_RECORDS, Call, Unreadable, read_call

EVENTS = Path(__file__).parents[3] / "events"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


def detail(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"trail-{name}.json").read_text())["detail"]
    return found


def call(**other: Any) -> Call:
    read = read_call(detail("records") | other)
    assert isinstance(read, Call)
    return read


def test_call_says_who_changed_which_records_when_a_role_did() -> None:
    read = call()
    assert (read.name, read.zone, read.error) == ("ChangeResourceRecordSets", "Z1PA6795UKMFR9", "")
    assert (read.actor, read.session) == ("arn:aws:iam::111122223333:role/dns-admin", "jane")
    assert read.records == (("UPSERT", "example.com", "MX"), ("CREATE", "*.example.com", "A"))
    assert (read.at, read.said) == (datetime(2026, 11, 22, 21, 0, 3, tzinfo=UTC), "2026-11-22T21:00:03Z")
    assert read.subjects == ("example.com",)


def test_call_is_about_the_domain_when_its_name_is_an_object_and_the_operation_begins_small() -> None:
    read = read_call(detail("nameservers"))
    assert isinstance(read, Call)
    assert (read.name, read.domain, read.subjects) == ("UpdateDomainNameservers", "example.com", ("example.com",))
    assert read.actor == "arn:aws:iam::111122223333:user/smithj"


def test_call_is_filed_under_its_zone_when_it_names_nothing_else() -> None:
    read = read_call(detail("refused"))
    assert isinstance(read, Call)
    assert (read.error, read.subjects) == ("AccessDenied", ("Z1PA6795UKMFR9",))


@pytest.mark.parametrize(
    ("name", "asked", "subjects"),
    [
        pytest.param("CreateHostedZone", {"name": "shop.example.com."}, ("example.com",), id="new zone"),
        pytest.param("DeactivateKeySigningKey", {"hostedZoneId": "Z1", "name": "ksk"}, ("Z1",), id="a key's name"),
        pytest.param("CreateTrafficPolicyInstance", {"hostedZoneId": "Z1", "name": "x."}, ("Z1",), id="a policy"),
        pytest.param("UpdateTrafficPolicyInstance", {"id": "b8f0"}, (ACCOUNT,), id="a policy of any zone"),
        pytest.param("UpdateHealthCheck", {"healthCheckId": "b3c9"}, (ACCOUNT,), id="a health check"),
        pytest.param("ChangeTagsForResource", {"resourceId": "Z1"}, (), id="neither"),
        pytest.param("DeleteHostedZone", None, (), id="nothing"),
    ],
)
def test_call_is_filed_under_what_its_operation_names(name: str, asked: Any, subjects: tuple[str, ...]) -> None:
    assert call(eventName=name, requestParameters=asked).subjects == subjects


@pytest.mark.parametrize(
    ("given", "servers"),
    [
        pytest.param([{"name": "NS-1.awsdns-00.com."}, {"name": "ns.x.example", "glueIps": ["192.0.2.1"]}],
                     ("ns-1.awsdns-00.com", "ns.x.example"), id="objects"),
        pytest.param(["ns.x.example", 7, {"name": None}], ("ns.x.example",), id="odd"),
        pytest.param([{"name": "ns.x.example"}] * 99, ("ns.x.example",) * 13, id="many"),
        pytest.param("ns.x.example", (), id="no list"),
        pytest.param(None, (), id="not told"),
    ],
)  # fmt: skip
def test_name_servers_are_read_when_the_event_tells_them(given: Any, servers: tuple[str, ...]) -> None:
    read = read_call(detail("nameservers") | {"requestParameters": {"domainName": "example.com", "nameservers": given}})
    assert isinstance(read, Call)
    assert read.servers == servers


@pytest.mark.parametrize(
    ("name", "said", "reads"),
    [
        pytest.param("getDomainDetail", None, True, id="by its name"),
        pytest.param("listOperations", None, True, id="a list"),
        pytest.param("retrieveDomainAuthCode", None, False, id="a code for a transfer"),
        pytest.param("UpdateDomainContact", True, True, id="as the event says"),
        pytest.param("GetDomainDetail", False, False, id="as the event says not"),
    ],
)
def test_call_reads_when_the_event_or_its_name_says_so(name: str, said: bool | None, reads: bool) -> None:
    other = {} if said is None else {"readOnly": said}
    read = read_call(detail("nameservers") | {"eventName": name} | other)
    assert isinstance(read, Call)
    assert read.reads is reads


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        pytest.param(
            {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "arn:aws:iam::111122223333:root", id="root"
        ),
        pytest.param({"type": "AWSService", "invokedBy": "acm.amazonaws.com"}, "acm.amazonaws.com", id="service"),
        pytest.param({"type": "AWSAccount", "principalId": "AIDA", "accountId": "1"}, "AIDA", id="other account"),
        pytest.param({"type": "SAMLUser", "userName": "bob"}, "bob", id="saml"),
        pytest.param({}, "", id="nobody"),
        pytest.param(None, "", id="no identity"),
    ],
)
def test_actor_is_who_the_identity_names(identity: Any, actor: str) -> None:
    assert call(userIdentity=identity).actor == actor


def test_call_is_bounded_when_a_batch_holds_a_thousand_long_names() -> None:
    record = {"name": "x" * 5000 + ".example.com.", "type": "A" * 500}
    changes = [{"action": "UPSERT" * 99, "resourceRecordSet": record}] * 1000
    read = call(requestParameters={"hostedZoneId": "Z" * 9999, "changeBatch": {"changes": changes}})
    assert (len(read.records), read.more) == (MOST_RECORDS, 1000 - MOST_RECORDS)
    assert len(str(read)) < 50_000


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"eventSource": "s3.amazonaws.com"}, id="another service"),
        pytest.param({"eventTime": "yesterday"}, id="no moment"),
        pytest.param({"eventTime": "2026-11-22T21:00:03"}, id="no offset"),
        pytest.param({"eventID": None}, id="no id"),
        pytest.param({"eventName": 7}, id="no name"),
    ],
)
def test_event_is_unreadable_when_what_it_needs_is_missing(other: dict[str, Any]) -> None:
    assert isinstance(read_call(detail("records") | other), Unreadable)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(detail("records"), JSON)), JSON)
@settings(max_examples=80, deadline=None)
def test_reading_never_fails_when_parts_are_anything(parts: dict[str, Any], whole: Any) -> None:
    assert isinstance(read_call(detail("records") | parts), Call | Unreadable)
    assert isinstance(read_call(whole), Unreadable)


@given(mutated(detail("records")) | mutated(detail("nameservers")) | mutated(detail("refused")))
@settings(max_examples=400, deadline=None)
def test_reading_never_fails_when_one_part_of_an_event_is_anything(given: Any) -> None:
    read = read_call(given)
    assert isinstance(read, Unreadable) or all(subject.isascii() for subject in read.subjects)


@given(st.text(st.characters(), max_size=40))
@settings(max_examples=100, deadline=None)
def test_keys_are_ascii_when_names_are_anything(text: str) -> None:
    changes = [{"resourceRecordSet": {"name": text}}]
    read = call(eventID=f"x{text}", requestParameters={"id": text, "changeBatch": {"changes": changes}})
    assert "".join((read.id, *read.subjects)).isascii()
