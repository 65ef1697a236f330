"""RDAP domain objects: real ones, odd ones, and any bytes at all."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mutating import mutated

from nswatch.collect.rdap_document import Moment, Registration, epp_status, read_domain, read_moment
from nswatch_cli.replay.rdap import rdap_status

DATA = Path(__file__).parent / "data"
NAME = "watched.example"
BARE: dict[str, Any] = {"objectClassName": "domain", "ldhName": NAME}


def read(**members: Any) -> Registration:
    said, reason = read_domain(json.dumps({**BARE, **members}).encode(), NAME)
    assert said is not None, reason
    return said


def registrar(*properties: Any, **members: Any) -> list[dict[str, Any]]:
    card = ["vcard", [["version", {}, "text", "4.0"], *properties]]
    return [{"objectClassName": "entity", "roles": ["registrar"], "vcardArray": card, **members}]


def test_read_domain_tells_all_that_verisign_publishes() -> None:
    said, reason = read_domain((DATA / "rdap-verisign-google.com.json").read_bytes(), "google.com")
    locks = ("DeleteProhibited", "TransferProhibited", "UpdateProhibited")
    assert reason == ""
    assert said == Registration(
        registrar="MarkMonitor Inc.",
        registrar_id="292",
        events={
            "registration": Moment("1997-09-15T04:00:00Z", datetime(1997, 9, 15, 4, tzinfo=UTC)),
            "expiration": Moment("2028-09-14T04:00:00Z", datetime(2028, 9, 14, 4, tzinfo=UTC)),
            "last-changed": Moment("2019-09-09T15:39:04Z", datetime(2019, 9, 9, 15, 39, 4, tzinfo=UTC)),
        },
        status=tuple(f"{side}{lock}" for side in ("client", "server") for lock in locks),
        nameservers=("ns1.google.com", "ns2.google.com", "ns3.google.com", "ns4.google.com"),
        secure_dns=("unsigned",),
    )


def test_read_domain_reads_the_example_of_rfc_9083() -> None:
    said, reason = read_domain((DATA / "rdap-rfc9083-5.3.json").read_bytes(), "xn--fo-5ja.example")
    assert said is not None, reason
    assert (said.registrar, said.registrar_id) == (None, None)
    assert said.status == ("locked", "transferProhibited")
    assert said.nameservers == ("ns1.example.com", "ns2.example.com")
    assert said.secure_dns == ("signed",)
    assert set(said.events) == {"registration", "last-changed", "transfer", "expiration"}


@pytest.mark.parametrize(
    ("rdap", "epp"),
    [
        ("active", "ok"),
        ("associated", "linked"),
        ("client hold", "clientHold"),
        ("Server Transfer Prohibited", "serverTransferProhibited"),
        ("pending delete", "pendingDelete"),
        ("redemption period", "redemptionPeriod"),
        ("auto renew period", "autoRenewPeriod"),
        ("inactive", "inactive"),
        ("clientTransferProhibited", "clientTransferProhibited"),
        ("client_hold", "clientHold"),
        (" client  hold ", "clientHold"),
        ("", ""),
    ],
)
def test_epp_status_is_the_mapping_of_rfc_8056(rdap: str, epp: str) -> None:
    assert epp_status(rdap) == epp


@pytest.mark.parametrize(
    "epp", ["ok", "linked", "clientHold", "serverDeleteProhibited", "pendingTransfer", "addPeriod"]
)
def test_epp_status_takes_back_what_a_replay_spells_as_rdap(epp: str) -> None:
    assert epp_status(rdap_status(epp)) == epp


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-05-30T15:35:00Z", datetime(2020, 5, 30, 15, 35, tzinfo=UTC)),
        ("2020-05-31T00:35:00.25+09:00", datetime(2020, 5, 30, 15, 35, 0, 250000, tzinfo=UTC)),
        ("2020-05-30T15:35:00", datetime(2020, 5, 30, 15, 35, tzinfo=UTC)),
        ("2020-05-30", datetime(2020, 5, 30, tzinfo=UTC)),
        ("2020-05-30t15:35:00.123456789z", datetime(2020, 5, 30, 15, 35, 0, 123456, tzinfo=UTC)),
        ("2020-05-31T00:35:00+0900", datetime(2020, 5, 30, 15, 35, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("9999-12-31T23:59:59-01:00", None),
    ],
)
def test_read_moment_is_in_utc(text: str, moment: datetime | None) -> None:
    assert read_moment(text) == moment


def test_events_keep_the_latest_of_a_kind_and_the_sources_own_text() -> None:
    said = read(
        events=[
            {"eventAction": "last changed", "eventDate": "2026-01-02T09:00:00+09:00"},
            {"eventAction": "Last Changed", "eventDate": "2026-01-01T00:00:00Z"},
            {"eventAction": "last changed", "eventDate": "when it was"},
            {"eventAction": "last update of RDAP database", "eventDate": "2026-11-23T00:00:00Z"},
            {"eventAction": "registrar expiration", "eventDate": "2027-01-01T00:00:00Z"},
            {"eventAction": "transfer", "eventDate": 5},
            "odd",
        ]
    )
    assert said.events == {
        "last-changed": Moment("2026-01-02T09:00:00+09:00", datetime(2026, 1, 2, tzinfo=UTC)),
    }


def test_status_that_is_not_said_is_told_from_one_that_is_empty() -> None:
    assert read().status is None
    assert read(status=[]).status == ()


def test_registrar_is_its_organisation_when_it_has_no_name() -> None:
    said = read(entities=registrar(["fn", {}, "text", ""], ["org", {}, "text", "Registrar A"]))
    assert said.registrar == "Registrar A"


@pytest.mark.parametrize("roles", [["abuse", "Registrar"], "registrar"], ids=["large", "a text"])
def test_registrar_is_found_when_its_role_is_written_otherwise(roles: Any) -> None:
    assert read(entities=registrar(["fn", {}, "text", "Registrar A"], roles=roles)).registrar == "Registrar A"


def test_registrar_is_its_organisation_when_that_has_units() -> None:
    assert read(entities=registrar(["org", {}, "text", ["Registrar A", "Domains"]])).registrar == "Registrar A"


def test_registrar_is_not_the_registrant() -> None:
    other = {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Joe"]]]}
    assert read(entities=[other, *registrar(["fn", {}, "text", "Registrar A"])]).registrar == "Registrar A"
    assert read(entities=[other]).registrar is None


def test_secure_dns_holds_the_ds_data() -> None:
    data = {"keyTag": 12345, "algorithm": 13, "digestType": 2, "digest": "49FD46"}
    assert read(secureDNS={"delegationSigned": True, "dsData": [data]}).secure_dns == ("12345 13 2 49fd46",)


def test_text_is_bounded_and_has_no_control_characters() -> None:
    said = read(entities=registrar(["fn", {}, "text", "Evil\r\n\x1b[2J Name" + "x" * 1000]))
    assert said.registrar is not None
    assert said.registrar.startswith("Evil [2J Name")
    assert len(said.registrar) == 200


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"<html>", "not JSON (JSONDecodeError)"),
        (b"\xff\xfe\xfd", "not JSON (UnicodeDecodeError)"),
        (b"[" * 100_000, "not JSON (RecursionError)"),
        (b'{"objectClassName": "domain", "ldhName": "watched.exa', "not JSON (JSONDecodeError)"),
        (b"[]", "no JSON object"),
        (b'{"errorCode": 429}', "no domain object"),
        (b'{"objectClassName": "entity"}', "no domain object"),
        (b'{"objectClassName": "domain"}', "about another name"),
        (b'{"objectClassName": "domain", "ldhName": "other.example"}', "about another name"),
    ],
    ids=["html", "not-utf8", "deep", "truncated", "array", "error", "entity", "no-name", "other-name"],
)
def test_read_domain_says_why_when_a_document_says_nothing(octets: bytes, reason: str) -> None:
    assert read_domain(octets, NAME) == (None, reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = ("status", "entities", "events", "nameservers", "secureDNS", "unicodeName")
ODD = {
    "events": st.lists(st.fixed_dictionaries({"eventAction": JSON, "eventDate": JSON}), max_size=3),
    "entities": st.lists(
        st.fixed_dictionaries({"roles": st.just(["registrar"]), "vcardArray": JSON, "publicIds": JSON}), max_size=3
    ),
    "secureDNS": st.fixed_dictionaries({"delegationSigned": JSON, "dsData": JSON}),
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional={member: JSON | ODD.get(member, JSON) for member in MEMBERS}))
def test_read_domain_never_raises_whatever_the_members_are(members: dict[str, Any]) -> None:
    said, reason = read_domain(json.dumps({**BARE, **members}).encode(), NAME)
    assert (said is None) == bool(reason)


PUBLISHED = [
    ("google.com", json.loads((DATA / "rdap-verisign-google.com.json").read_bytes())),
    ("xn--fo-5ja.example", json.loads((DATA / "rdap-rfc9083-5.3.json").read_bytes())),
]


@pytest.mark.parametrize(("name", "document"), PUBLISHED, ids=["verisign", "rfc9083"])
def test_read_domain_never_raises_whatever_a_part_of_a_published_document_is(name: str, document: Any) -> None:
    @settings(max_examples=300, deadline=None)
    @given(mutated(document))
    def reads(given: Any) -> None:
        said, reason = read_domain(json.dumps(given).encode(), name)
        assert (said is None) == bool(reason)
        if said is not None:
            assert all(isinstance(value, str) for value in (*(said.status or ()), *(said.nameservers or ())))

    reads()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_read_domain_never_raises_whatever_the_octets_are(octets: bytes) -> None:
    assert read_domain(octets, NAME)[0] is None
