from datetime import UTC, datetime

import pytest

from nswatch.errors import InvalidDocument
from nswatch.expect.watchlist import Answer, Delegation, read_entry
from nswatch.model import Severity

FULL = {
    "delegation": {
        "provider": "route53",
        "ns": ["NS2.host.example.", "ns1.host.example"],
        "soa_mname": "ns1.host.example",
    },
    "answers": [
        {"name": "@", "type": "MX", "values": ["10 mx1.mail.example."]},
        {"name": "www", "type": "A", "within": ["AS64500"]},
    ],
    "registration": {"registrar": "R", "locks": ["serverTransferProhibited"]},
    "web": {"url": "https://example.com/", "issuers": ["Amazon"]},
    "planned_changes": [
        {
            "id": "C",
            "from": "2026-12-01T00:00:00Z",
            "until": "2026-12-01T04:00:00Z",
            "by": ["alice", "bob"],
            "delegation": {"ns": ["ns.new.example"]},
        }
    ],
    "superseded": [{"at": "2026-11-01T00:00:00Z", "delegation": {"ns": ["ns.old.example"]}}],
    "contacts": {"cert": "x"},
    "fallback_domain": "example.net",
    "severity": {"txt_changed": "page"},
    "resolvers": ["1.1.1.1"],
    "every": 120,
    "delegation_every": 15,
    "language": "ja",
}


def test_read_entry_fills_every_field_when_document_is_canonical():
    entry = read_entry("example.com", FULL)
    assert entry.delegation.ns == {"ns1.host.example", "ns2.host.example"}
    assert entry.answers == (
        Answer("example.com", "MX", values=("10 mx1.mail.example.",)),
        Answer("www.example.com", "A", within=("AS64500",)),
    )
    (change,) = entry.planned_changes
    assert (change.starts, change.ends) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, 4, tzinfo=UTC))
    assert change.delegation == Delegation(ns=frozenset({"ns.new.example"}))
    assert entry.superseded[0].delegation == Delegation(ns=frozenset({"ns.old.example"}))
    assert entry.severity == {"txt_changed": Severity.PAGE}
    assert (entry.every, entry.delegation_every, entry.language) == (120, 15, "ja")
    assert entry.registration is not None
    assert entry.registration.locks == ("serverTransferProhibited",)
    assert entry.web is not None
    assert entry.web.url == "https://example.com/"


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"new_key": {"a": 1}}, id="unknown-key"),
        pytest.param({"severity": {"txt_changed": "scream"}}, id="unknown-severity"),
        pytest.param({"answers": [{"name": "@", "type": "A", "asn_of": "x"}, {"type": "A"}, 5]}, id="unknown-answers"),
        pytest.param({"answers": [{"name": "bad name", "type": "A", "values": ["192.0.2.1"]}]}, id="bad-answer-name"),
        pytest.param({"planned_changes": [{"id": "x", "from": "soon", "until": 5}]}, id="unreadable-window"),
        pytest.param({"superseded": [{"at": "2026-11-01T00:00:00"}]}, id="superseded-without-offset"),
        pytest.param({"every": "fast", "delegation_every": True, "web": 5, "registration": []}, id="other-types"),
    ],
)
def test_read_entry_skips_what_it_does_not_know_when_a_newer_apply_wrote_it(extra):
    plain = {"delegation": FULL["delegation"]}
    assert read_entry("example.com", plain | extra) == read_entry("example.com", plain)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="no-delegation"),
        pytest.param({"delegation": {"ns": []}}, id="empty-set"),
        pytest.param({"delegation": ["ns1.host.example"]}, id="not-a-mapping"),
    ],
)
def test_read_entry_raises_when_no_expected_set_can_be_read(document):
    with pytest.raises(InvalidDocument, match=r"example.com.*delegation\.ns"):
        read_entry("example.com", document)
