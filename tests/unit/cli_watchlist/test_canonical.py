import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.expect.watchlist import Answer, Registrar, read_entry
from nswatch_cli.watchlist.canonical import canonical, canonical_alerts, dumps
from nswatch_cli.watchlist.load import read_watchlist

FULL = {
    "version": 1,
    "defaults": {"resolvers": ["8.8.8.8", "1.1.1.1"], "every": "5m", "severity": {"txt_changed": "log"}},
    "domains": {
        "Example.COM.": {
            "delegation": {"ns": ["NS2.Host.example.", "ns1.host.example"], "provider": "route53", "dnssec": "signed"},
            "answers": [
                {"name": "WWW", "type": "CNAME", "values": ["Target.Example"]},
                {"name": "example.com.", "type": "MX", "values": ["20 MX2.mail.example", "10 mx1.mail.example."]},
                {"name": "@", "type": "TXT", "values": ['"v=spf1 " "-all"', "Other Text"]},
                {"name": "@", "type": "AAAA", "values": ["2001:DB8:0:0::1"]},
                {"name": "api", "type": "A", "within": ["as64500", "aws:cloudfront", "192.0.2.0/24"]},
            ],
            "web": {"url": "https://WWW.Example.com", "issuers": ["b", "a"]},
            "planned_changes": [
                {
                    "id": "B",
                    "from": "2026-12-01T09:00:00+09:00",
                    "until": "2026-12-01T04:00:00Z",
                    "by": ["bob", "alice"],
                    "delegation": {"ns": ["b.new.example", "a.new.example"]},
                },
                {
                    "id": "A",
                    "from": "2026-12-01T00:00:00Z",
                    "until": "2026-12-01T04:00:00Z",
                    "by": ["bob", "alice"],
                    "registration": {"registrar": "New"},
                },
            ],
            "severity": {"mx_changed": "notice"},
            "delegation_every": "15s",
        },
        "例え.jp": {"delegation": {"ns": ["ns.例え.jp"]}, "resolvers": []},
    },
    "alerts": {"page": ["sms:+818012345678", "email:A@Other.example"]},
}


def test_canonical_keeps_where_to_ask_about_a_registration():
    role = "arn:aws:iam::123456789012:role/nswatch-reader"
    told = {"provider": "route53", "role_arn": role}
    domain = {"delegation": {"ns": ["ns1.host.example"]}, "registration": told}
    entry = canonical(read_watchlist({"version": 1, "domains": {"example.com": domain}}))["example.com"]
    assert entry["registration"] == told
    assert read_entry("example.com", entry).registrar == Registrar("route53", role)


def test_canonical_normalises_names_sorts_sets_and_fills_defaults():
    entry = canonical(read_watchlist(FULL))["example.com"]
    assert entry == {
        "delegation": {
            "ns": ["ns1.host.example", "ns2.host.example"],
            "provider": "route53",
            "dnssec": "signed",
        },
        "answers": [
            {"name": "@", "type": "AAAA", "values": ["2001:db8::1"]},
            {"name": "@", "type": "MX", "values": ["10 mx1.mail.example.", "20 mx2.mail.example."]},
            {"name": "@", "type": "TXT", "values": ["Other Text", "v=spf1 -all"]},
            {"name": "api", "type": "A", "within": ["192.0.2.0/24", "AS64500", "aws:CLOUDFRONT"]},
            {"name": "www", "type": "CNAME", "values": ["target.example."]},
        ],
        "web": {"url": "https://www.example.com/", "issuers": ["a", "b"]},
        "planned_changes": [
            {
                "id": "A",
                "from": "2026-12-01T00:00:00Z",
                "until": "2026-12-01T04:00:00Z",
                "by": ["alice", "bob"],
                "registration": {"registrar": "New"},
            },
            {
                "id": "B",
                "from": "2026-12-01T00:00:00Z",
                "until": "2026-12-01T04:00:00Z",
                "by": ["alice", "bob"],
                "delegation": {"ns": ["a.new.example", "b.new.example"]},
            },
        ],
        "resolvers": ["1.1.1.1", "8.8.8.8"],
        "every": 300,
        "delegation_every": 15,
        "severity": {"txt_changed": "log", "mx_changed": "notice"},
        "language": "en",
    }


def test_canonical_stores_a_labels_and_keeps_an_empty_list_of_resolvers_when_a_domain_says_so():
    assert canonical(read_watchlist(FULL))["xn--r8jz45g.jp"] == {
        "delegation": {"ns": ["ns.xn--r8jz45g.jp"]},
        "resolvers": [],
        "every": 300,
        "delegation_every": 60,
        "severity": {"txt_changed": "log"},
        "language": "en",
    }


def test_canonical_uses_the_products_defaults_when_the_file_has_none():
    entry = canonical(read_watchlist({"version": 1, "domains": {"a.example": {"delegation": {"ns": ["b.example"]}}}}))
    assert entry["a.example"]["resolvers"] == ["1.1.1.1", "8.8.8.8", "9.9.9.9"]
    assert (entry["a.example"]["every"], entry["a.example"]["delegation_every"]) == (60, 60)


def test_canonical_alerts_are_sorted_with_both_channels_when_one_is_absent():
    assert canonical_alerts(read_watchlist(FULL)) == {
        "page": ["email:A@other.example", "sms:+818012345678"],
        "notice": [],
    }


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        pytest.param("example.com.example.com.", "example.com.example.com", id="the-domain-below-itself"),
        pytest.param("@", "example.com", id="apex"),
        pytest.param("a.b", "a.b.example.com", id="two-labels"),
    ],
)
def test_canonical_answer_is_read_back_at_the_same_name_when_it_is_relative(name, owner):
    entry = {"delegation": {"ns": ["b.example"]}, "answers": [{"name": name, "type": "A", "values": ["192.0.2.1"]}]}
    stored = canonical(read_watchlist({"version": 1, "domains": {"example.com": entry}}))["example.com"]
    assert read_entry("example.com", stored).answers == (Answer(owner, "A", values=("192.0.2.1",)),)


def test_read_entry_reads_what_canonical_wrote_when_every_part_is_there():
    entry = read_entry("example.com", json.loads(dumps(canonical(read_watchlist(FULL))["example.com"])))
    assert entry.delegation.ns == {"ns1.host.example", "ns2.host.example"}
    assert {change.id: change.starts for change in entry.planned_changes} == {
        "A": datetime(2026, 12, 1, tzinfo=UTC),
        "B": datetime(2026, 12, 1, tzinfo=UTC),
    }
    assert entry.every == 300
    assert len(entry.answers) == 5


def test_dumps_writes_one_text_when_keys_come_in_any_order():
    assert dumps({"b": "é", "a": [1]}) == '{"a":[1],"b":"é"}'


def shuffled(value, rng):
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {key: shuffled(inner, rng) for key, inner in items}
    if isinstance(value, list):
        return [shuffled(inner, rng) for inner in rng.sample(value, len(value))]
    return value


@given(st.integers())
def test_canonical_is_the_same_when_keys_and_sets_are_in_any_order(seed):
    other = shuffled(FULL, random.Random(seed))
    assert dumps(canonical(read_watchlist(other))) == dumps(canonical(read_watchlist(FULL)))


LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
HOST = st.builds(
    lambda labels, dot: ".".join(labels) + ".example" + dot,
    st.lists(LABEL, min_size=1, max_size=20),
    st.sampled_from(["", "."]),
)


@given(st.lists(HOST, min_size=1, max_size=6, unique_by=lambda host: host.lower().removesuffix(".")))
def test_canonical_is_stable_when_its_own_names_are_loaded_again(hosts):
    def once(ns):
        data = {"version": 1, "domains": {"a.example": {"delegation": {"ns": ns}}}}
        return canonical(read_watchlist(data))["a.example"]["delegation"]["ns"]

    assert once(once(hosts)) == once(hosts) == sorted(host.lower().removesuffix(".") for host in hosts)
