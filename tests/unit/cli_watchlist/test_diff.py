from datetime import UTC, datetime, timedelta

import pytest

from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.diff import diff, supersede, supersede_ds
from nswatch_cli.watchlist.load import read_watchlist

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def one(**entry):
    entry.setdefault("delegation", {"ns": ["ns1.old.example", "ns2.old.example"]})
    return canonical(read_watchlist({"version": 1, "domains": {"example.com": entry}}))


def test_diff_is_empty_when_nothing_changed():
    assert diff(one(), one()) == []


def test_diff_shows_each_key_path_when_values_change():
    old = one(
        delegation={"ns": ["ns1.old.example", "ns2.old.example"], "soa_mname": "ns1.old.example"},
        answers=[{"name": "@", "type": "MX", "values": ["10 mx1.old.example."]}],
        severity={"txt_changed": "log"},
    )
    new = one(
        delegation={"ns": ["ns2.old.example", "ns3.new.example"], "soa_mname": "ns3.new.example", "dnssec": "unsigned"},
        answers=[
            {"name": "@", "type": "MX", "values": ["10 mx1.new.example."]},
            {"name": "www", "type": "A", "within": ["192.0.2.0/24"]},
        ],
    )
    assert diff(old, new) == [
        "~ example.com",
        "    answers[@ MX].values:",
        "      - 10 mx1.old.example.",
        "      + 10 mx1.new.example.",
        "    answers[www A].within:",
        "      + 192.0.2.0/24",
        "    delegation.dnssec: + unsigned",
        "    delegation.ns:",
        "      - ns1.old.example",
        "      + ns3.new.example",
        "    delegation.soa_mname: ns1.old.example -> ns3.new.example",
        "    severity.txt_changed: - log",
    ]


def test_diff_names_a_domain_when_it_comes_or_goes():
    lines = diff({"old.example": {"delegation": {"ns": ["a.example"]}}}, {"xn--r8jz45g.jp": {"every": 60}})
    assert lines == [
        "- old.example",
        "    delegation.ns:",
        "      - a.example",
        "+ xn--r8jz45g.jp (例え.jp)",
        "    every: + 60",
    ]


def test_diff_keeps_quiet_about_what_apply_added():
    stored = {name: supersede(one(answers=[])["example.com"], entry, NOW) for name, entry in one().items()}
    stored["example.com"]["superseded"] = [{"at": "2026-12-01T00:00:00Z", "delegation": {"ns": ["x.example"]}}]
    assert diff(stored, one()) == []


OLD = one(
    delegation={"ns": ["ns1.old.example"], "soa_mname": "ns1.old.example"},
    answers=[
        {"name": "@", "type": "MX", "values": ["10 mx1.old.example."]},
        {"name": "www", "type": "A", "values": ["192.0.2.1"]},
    ],
)["example.com"]


def test_supersede_keeps_only_what_was_replaced():
    new = OLD | {
        "delegation": OLD["delegation"] | {"ns": ["ns1.new.example"]},
        "answers": [{"name": "@", "type": "MX", "values": ["10 mx1.new.example."]}, OLD["answers"][1]],
    }
    assert supersede(OLD, new, NOW)["superseded"] == [
        {
            "at": "2026-12-01T00:00:00Z",
            "delegation": {"ns": ["ns1.old.example"]},
            "answers": [{"name": "@", "type": "MX", "values": ["10 mx1.old.example."]}],
        }
    ]


def test_supersede_adds_nothing_when_the_same_entry_is_applied_again():
    new = OLD | {"delegation": {"ns": ["ns1.new.example"]}}
    stored = supersede(OLD, new, NOW)
    assert supersede(stored, new, NOW + timedelta(hours=1)) == stored
    assert supersede(OLD, OLD, NOW) == OLD


def test_supersede_adds_nothing_when_only_where_to_ask_about_the_registration_changes():
    registered = {"registrar": "Registrar A", "locks": ["clientTransferProhibited"]}
    stored, new = OLD | {"registration": registered}, OLD | {"registration": registered | {"provider": "route53"}}
    assert "superseded" not in supersede(stored, new, NOW)
    other = OLD | {"registration": registered | {"registrar": "Registrar B", "provider": "route53"}}
    assert supersede(new, other, NOW)["superseded"][0]["registration"] == registered


def test_supersede_keeps_values_for_seven_days_and_ns_sets_for_ninety():
    second = OLD | {"delegation": {"ns": ["ns1.new.example"]}}
    stored = supersede(OLD, second, NOW)
    third = OLD | {"delegation": {"ns": ["ns1.third.example"]}}
    within = supersede(stored, third, NOW + timedelta(days=7, seconds=-1))
    assert [item["delegation"]["ns"] for item in within["superseded"]] == [["ns1.old.example"], ["ns1.new.example"]]
    after = supersede(stored, third, NOW + timedelta(days=7))
    assert after["superseded"][0] == {"at": "2026-12-01T00:00:00Z", "delegation": {"ns": ["ns1.old.example"]}}
    last = supersede(after, third, NOW + timedelta(days=90, seconds=-1))
    assert [item["delegation"]["ns"] for item in last["superseded"]] == [["ns1.old.example"], ["ns1.new.example"]]
    gone = supersede(after, third, NOW + timedelta(days=90))
    assert [item["delegation"]["ns"] for item in gone["superseded"]] == [["ns1.new.example"]]


def test_supersede_keeps_the_newest_when_an_entry_is_changed_all_the_time():
    stored = OLD
    for number in range(30):
        new = OLD | {"delegation": {"ns": [f"ns{number}.new.example"]}}
        stored = supersede(stored, new, NOW + timedelta(days=number))
    kept = [item["delegation"]["ns"][0] for item in stored["superseded"]]
    assert kept == [f"ns{number}.new.example" for number in range(2, 29)]


def test_supersede_keeps_all_of_a_week_when_an_entry_is_changed_all_the_time():
    stored = supersede(OLD, OLD | {"delegation": {"ns": ["ns1.new.example"]}, "answers": []}, NOW)
    for number in range(30):
        text = {"name": "@", "type": "TXT", "values": [f"{number}"]}
        new = {key: value for key, value in stored.items() if key != "superseded"} | {"answers": [text]}
        stored = supersede(stored, new, NOW + timedelta(minutes=number))
    assert len(stored["superseded"]) == 30
    first = stored["superseded"][0]
    assert first["delegation"]["ns"] == ["ns1.old.example"]
    assert first["answers"] == OLD["answers"]


def test_supersede_remembers_a_set_once_when_it_came_and_went():
    stored = OLD
    for number in range(6):
        new = OLD | {"delegation": {"ns": [f"ns1.{'old' if number % 2 else 'new'}.example"]}}
        stored = supersede(stored, new, NOW + timedelta(days=number))
    long_ago = supersede(stored, new, NOW + timedelta(days=20))["superseded"]
    assert [item["delegation"]["ns"] for item in long_ago] == [["ns1.old.example"], ["ns1.new.example"]]


@pytest.mark.parametrize(
    ("wrong", "right", "provider"),
    [
        pytest.param("ns1.dnsh0st.example", "ns1.dnshost.example", {}, id="look-alike"),
        pytest.param("ns-9.awsdns-001.com", "ns-9.awsdns-01.com", {"provider": "route53"}, id="none-of-route-53"),
    ],
)
def test_supersede_forgets_a_look_alike_that_was_approved_by_mistake_after_seven_days(wrong, right, provider):
    mended = OLD | {"delegation": {"ns": [right]} | provider}
    stored = supersede(OLD | {"delegation": {"ns": [wrong]} | provider}, mended, NOW)
    assert stored["superseded"][0]["delegation"]["ns"] == [wrong]
    assert "superseded" in supersede(stored, mended, NOW + timedelta(days=7, seconds=-1))
    assert "superseded" not in supersede(stored, mended, NOW + timedelta(days=7))


def test_supersede_keeps_the_registration_when_another_is_approved():
    old = OLD | {"registration": {"registrar": "Registrar A"}}
    replaced = supersede(old, old | {"registration": {"registrar": "Registrar B"}}, NOW)["superseded"]
    assert replaced == [{"at": "2026-12-01T00:00:00Z", "registration": {"registrar": "Registrar A"}}]
    assert "superseded" not in supersede(OLD, old, NOW)


def test_supersede_leaves_nothing_when_a_value_was_not_expected_before():
    old = {"delegation": {"ns": ["a.example"]}}
    assert "superseded" not in supersede(old, {"delegation": {"ns": ["a.example"], "soa_mname": "a.example"}}, NOW)


def test_diff_shows_each_host_of_a_baseline_in_one_line():
    before = {
        "addresses": {"ns1.example": ["192.0.2.1"], "ns2.example": ["192.0.2.2"]},
        "ttls": {"example.com MX": 300},
    }
    after = {
        "addresses": {"ns1.example": ["192.0.2.1", "192.0.2.9"], "ns3.example": []},
        "glue": {"ns1.example": ["192.0.2.1", "2001:db8::1"]},
        "ds": ["2371 13 2 ab"],
        "ttls": {"example.com MX": 60, "example.com NS": 172800, "example.com SOA": 900},
    }
    old, new = ({"example.com": {"every": 60, "baseline": baseline}} for baseline in (before, after))
    assert diff(old, new) == [
        "~ example.com",
        "    baseline.addresses: ns1.example + 192.0.2.9",
        "    baseline.addresses: ns2.example - 192.0.2.2",
        "    baseline.addresses: ns3.example + none",
        "    baseline.glue: ns1.example + 192.0.2.1 + 2001:db8::1",
        "    baseline.ds: + 2371 13 2 ab",
        "    baseline.ttls: example.com MX 300 -> 60",
        "    baseline.ttls: + example.com NS 172800 + example.com SOA 900",
    ]


def test_diff_shows_a_baseline_that_goes():
    old = {"example.com": {"every": 60, "baseline": {"ds": [], "ttls": {"example.com MX": 300}}}}
    assert diff(old, {"example.com": {"every": 60}}) == [
        "~ example.com",
        "    baseline.ds: - none",
        "    baseline.ttls: - example.com MX 300",
    ]


def test_supersede_ds_keeps_the_ds_that_another_baseline_replaces():
    old, new = {"baseline": {"ds": ["1 13 2 aa"]}}, {"baseline": {"ds": ["2 13 2 bb"]}, "superseded": [{"at": "x"}]}
    replaced = supersede_ds(old, new, NOW)["superseded"]
    assert replaced == [{"at": "x"}, {"at": "2026-12-01T00:00:00Z", "ds": ["1 13 2 aa"]}]


@pytest.mark.parametrize("old", [{}, {"baseline": {}}, {"baseline": {"ds": []}}, {"baseline": {"ds": ["2 13 2 bb"]}}])
def test_supersede_ds_adds_nothing_when_no_ds_is_replaced(old: dict[str, object]):
    new = {"baseline": {"ds": ["2 13 2 bb"]}}
    assert supersede_ds(old, new, NOW) == new
