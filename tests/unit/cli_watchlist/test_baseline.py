from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.cli_watchlist.looks import (
    BASELINE,
    DOMAIN,
    DS,
    HOSTS,
    MX,
    NOW,
    PARENTS,
    PLACES,
    answered,
    entry_json,
    entry_of,
    in_order,
    parent,
    seen,
    walked,
    zone,
)

from nswatch.expect.networks import AwsRanges, origin_name
from nswatch.expect.watchlist import Baseline, read_baseline, read_entry
from nswatch.model import Facts, Result, Source
from nswatch_cli.watchlist.baseline import DS as DS_PART
from nswatch_cli.watchlist.baseline import GLUE, Taken, addresses_of, baseline_of, ttl_of

AWS = AwsRanges({"CLOUDFRONT": ("198.18.0.0/24",)})
MAIL = f"mail.{DOMAIN}"


def take(observations, entry=None, hijacked=()) -> Taken:
    return baseline_of(entry or entry_of(), observations, NOW, AWS, hijacked)


def but(*others):
    """Everything in order, with what ``others`` say in the place of the same questions' answers."""
    keys = {one.key for one in others}
    return [*(one for one in in_order() if one.key not in keys), *others]


def test_baseline_holds_what_approved_servers_say_when_all_is_in_order() -> None:
    taken = take(in_order())
    assert taken.baseline == BASELINE
    assert taken.left_out == {}
    assert taken.remarks == ()
    assert taken.delegated


def test_baseline_is_read_by_lambda_when_it_was_taken() -> None:
    read = read_baseline(take(in_order()).baseline)
    assert read == Baseline(
        glue={host: (address,) for host, address in PLACES.items()},
        addresses={MAIL: ("192.0.2.25",), **{host: (address,) for host, address in PLACES.items()}},
        ds=(),
        ttls={(DOMAIN, "NS"): 172800, (DOMAIN, "SOA"): 900, (DOMAIN, "MX"): 300, (MAIL, "A"): 60},
    )


def test_baseline_leaves_delegation_out_when_a_server_of_the_parent_gives_another_set() -> None:
    taken = take(but(parent(["ns1.evil.example"], server=PARENTS[1])))
    assert "glue" not in taken.baseline
    assert "ds" not in taken.baseline
    assert not taken.delegated
    assert taken.left_out[GLUE] == (
        "a.nic.example (198.51.100.2) gives a delegation that is not approved: ns1.evil.example"
    )
    assert taken.baseline["ttls"] == BASELINE["ttls"]


def test_baseline_leaves_delegation_out_when_a_server_of_the_parent_denies_the_domain() -> None:
    gone = seen(Source.PARENT, PARENTS[1], DOMAIN, "NS", Facts(Result.NXDOMAIN), "b.nic.example")
    assert take(but(gone)).left_out[GLUE].endswith("not approved: nxdomain")


def test_baseline_ignores_a_lagging_server_when_it_gives_what_was_replaced() -> None:
    at = (NOW - timedelta(hours=1)).isoformat()
    old = {"at": at, "delegation": {"ns": ["ns1.old.example"]}}
    entry = read_entry(DOMAIN, entry_json() | {"superseded": [old]})
    taken = take(but(parent(["ns1.old.example"], server=PARENTS[1])), entry)
    assert taken.baseline["glue"] == BASELINE["glue"]
    assert taken.delegated


def test_baseline_does_not_believe_hosts_in_the_domain_when_its_delegation_departs() -> None:
    own = f"ns1.{DOMAIN}"
    entry = entry_of(delegation={"ns": [own, HOSTS[1]]})
    observations = [
        parent(["ns1.evil.example"]),
        walked(own, "203.0.113.66"),
        walked(HOSTS[1], "192.0.2.2"),
        answered(own, DOMAIN, "MX", f"10 {MAIL}", ttl=5),
        answered(HOSTS[1], DOMAIN, "MX", f"10 {MAIL}", ttl=300),
    ]
    taken = take(observations, entry)
    assert taken.baseline["addresses"] == {HOSTS[1]: ["192.0.2.2"]}
    assert taken.baseline["ttls"] == {f"{DOMAIN} MX": 300}
    assert addresses_of(own) in taken.left_out


def test_baseline_does_not_believe_hosts_below_another_domain_that_departs() -> None:
    taken = take(in_order(), hijacked={"dns.example"})
    assert set(taken.baseline) == {"glue", "ds"}
    assert addresses_of(HOSTS[0]) in taken.left_out


@pytest.mark.parametrize(
    ("dnssec", "given", "kept"),
    [
        pytest.param("signed", (DS,), [DS], id="signed"),
        pytest.param("unsigned", (), [], id="unsigned"),
        pytest.param(None, (DS,), [DS], id="not-said"),
        pytest.param("signed", (), None, id="signed-and-gone"),
        pytest.param("unsigned", (DS,), None, id="unsigned-and-there"),
        pytest.param("signed", None, None, id="not-proven"),
    ],
)
def test_baseline_holds_ds_when_it_is_what_the_watchlist_says(dnssec, given, kept) -> None:
    entry = entry_of(delegation={"ns": list(HOSTS), **({"dnssec": dnssec} if dnssec else {})})
    taken = take(but(*(parent(ds=given, server=server) for server in PARENTS)), entry)
    assert taken.baseline.get("ds") == kept
    assert (DS_PART in taken.left_out) is (kept is None)


def test_baseline_says_that_ds_is_not_known_when_the_parent_proves_nothing() -> None:
    taken = take(but(*(parent(ds=None, server=server) for server in PARENTS)))
    assert "ds" not in taken.baseline
    assert DS_PART not in taken.left_out
    assert any("DS" in remark for remark in taken.remarks)


def test_baseline_leaves_glue_and_ds_out_when_the_parents_servers_are_split() -> None:
    one = parent(glue=[(HOSTS[0], ["192.0.2.1"])], ds=(DS,), server=PARENTS[0])
    other = parent(glue=[(HOSTS[0], ["192.0.2.9"])], ds=(), server=PARENTS[1])
    taken = take(but(one, other))
    assert HOSTS[0] not in taken.baseline.get("glue", {})
    assert taken.left_out[GLUE] == "the parent's servers disagree about ns1.dns.example: 192.0.2.1 or 192.0.2.9"
    assert taken.left_out[DS_PART].startswith("the parent's servers disagree")


def test_baseline_takes_a_family_of_glue_when_only_some_servers_had_room_for_it() -> None:
    whole = [(HOSTS[0], ["192.0.2.1", "2001:db8::1"])]
    taken = take(but(parent(glue=[(HOSTS[0], ["192.0.2.1"])]), parent(glue=whole, server=PARENTS[1])))
    assert taken.baseline["glue"] == {HOSTS[0]: ["192.0.2.1", "2001:db8::1"]}
    assert GLUE not in taken.left_out


def test_baseline_remarks_when_glue_leads_elsewhere_than_the_hosts_own_zone() -> None:
    taken = take(but(walked(HOSTS[0], "192.0.2.99")))
    assert taken.baseline["glue"][HOSTS[0]] == ["192.0.2.1"]
    assert taken.baseline["addresses"][HOSTS[0]] == ["192.0.2.99"]
    (remark,) = taken.remarks
    assert "192.0.2.1" in remark
    assert "192.0.2.99" in remark


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param(Result.NXDOMAIN, "its name does not exist", id="gone"),
        pytest.param(Result.TIMEOUT, "nobody said what they are", id="silent"),
    ],
)
def test_baseline_leaves_a_host_out_when_its_addresses_are_not_known(result, reason) -> None:
    taken = take(but(walked(HOSTS[0], result=result)))
    assert HOSTS[0] not in taken.baseline["addresses"]
    assert taken.left_out[addresses_of(HOSTS[0])] == reason


def test_baseline_holds_an_empty_list_when_a_host_exists_without_addresses() -> None:
    assert take(but(walked(HOSTS[0], result=Result.NODATA))).baseline["addresses"][HOSTS[0]] == []


def test_baseline_joins_both_families_of_a_mail_host() -> None:
    six = [answered(host, MAIL, "AAAA", "2001:db8::25", ttl=60) for host in HOSTS]
    taken = take(but(*six))
    assert taken.baseline["addresses"][MAIL] == ["192.0.2.25", "2001:db8::25"]
    assert taken.baseline["ttls"][f"{MAIL} AAAA"] == 60


def test_baseline_leaves_a_mail_host_out_when_one_family_is_not_known() -> None:
    silent = [seen(Source.AUTHORITATIVE, PLACES[host], MAIL, "AAAA", Facts(Result.TIMEOUT), host) for host in HOSTS]
    taken = take(but(*silent))
    assert MAIL not in taken.baseline["addresses"]
    assert taken.left_out[addresses_of(MAIL)] == "no approved server gave it"


def test_baseline_leaves_a_mail_host_out_when_servers_are_split() -> None:
    taken = take(but(answered(HOSTS[1], MAIL, "A", "192.0.2.26", ttl=60)))
    assert taken.left_out[addresses_of(MAIL)] == "the servers disagree: 192.0.2.25 or 192.0.2.26"


def test_baseline_leaves_a_ttl_out_when_any_approved_server_departs() -> None:
    taken = take(but(answered(HOSTS[1], DOMAIN, "MX", "10 mx.evil.example", ttl=5)))
    assert f"{DOMAIN} MX" not in taken.baseline["ttls"]
    assert taken.left_out[ttl_of(DOMAIN, "MX")] == (
        "ns2.dns.example (192.0.2.2) answers 10 mx.evil.example, which the watchlist does not approve"
    )


def test_baseline_asks_only_approved_servers() -> None:
    forged = answered("ns1.evil.example", DOMAIN, "MX", f"10 {MAIL}", ttl=5)
    assert take([*in_order(), forged, forged, forged]).baseline == BASELINE


@pytest.mark.parametrize(
    ("ttls", "kept"),
    [
        pytest.param([300, 300, 60], 300, id="most-common"),
        pytest.param([60, 300], 300, id="greatest-of-a-tie"),
    ],
)
def test_baseline_holds_the_usual_ttl_when_servers_differ(ttls, kept) -> None:
    hosts = [f"ns{number}.dns.example" for number in range(1, len(ttls) + 1)]
    answers = [
        seen(
            Source.AUTHORITATIVE,
            f"192.0.2.{number}",
            DOMAIN,
            "MX",
            Facts(Result.ANSWER, (f"10 {MAIL}",), ttl),
            hosts[number],
        )
        for number, ttl in enumerate(ttls)
    ]
    taken = take([parent(hosts), *answers], entry_of(delegation={"ns": hosts}))
    assert taken.baseline["ttls"] == {f"{DOMAIN} MX": kept}


def test_baseline_holds_the_entrys_own_values_when_a_planned_change_is_open() -> None:
    change = {
        "id": "CHG-1",
        "from": (NOW - timedelta(hours=1)).isoformat(),
        "until": (NOW + timedelta(hours=1)).isoformat(),
        "by": ["alice", "bob"],
        "delegation": {"ns": ["ns1.new.example"]},
        "answers": [{"name": "@", "type": "MX", "values": ["10 mx.new.example."]}],
    }
    entry = entry_of(planned_changes=[change])
    new = answered(HOSTS[1], DOMAIN, "MX", "10 mx.new.example", ttl=5)
    moved = parent(["ns1.new.example"], [("ns1.new.example", ["192.0.2.77"])], server=PARENTS[1])
    taken = take([*but(new, moved), walked("ns1.new.example", "192.0.2.77")], entry)
    assert taken.baseline["ttls"][f"{DOMAIN} MX"] == 300
    assert set(taken.baseline["glue"]) == set(HOSTS)
    assert taken.baseline["addresses"]["ns1.new.example"] == ["192.0.2.77"]


def test_baseline_says_so_when_the_delegation_is_a_planned_one() -> None:
    change = {
        "id": "CHG-1",
        "from": (NOW - timedelta(hours=1)).isoformat(),
        "until": (NOW + timedelta(hours=1)).isoformat(),
        "by": ["alice", "bob"],
        "delegation": {"ns": ["ns1.new.example"]},
    }
    taken = take([parent(["ns1.new.example"])], entry_of(planned_changes=[change]))
    assert taken.left_out[GLUE] == "the delegation is not that of the entry: ns1.new.example"


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        pytest.param(["64500 | 198.51.100.0/24 | US | arin | 2001-01-01"], 60, id="announced-as-approved"),
        pytest.param(["64666 | 198.51.100.0/24 | US | arin | 2001-01-01"], None, id="announced-by-another"),
        pytest.param(None, None, id="not-known"),
    ],
)
def test_baseline_holds_a_ttl_when_the_addresses_are_announced_as_approved(texts, kept) -> None:
    entry = entry_of(answers=[{"name": "@", "type": "A", "within": ["AS64500"]}])
    observations = [parent(), answered(HOSTS[0], DOMAIN, "A", "198.51.100.7", ttl=60)]
    if texts is not None:
        facts = Facts(Result.ANSWER, tuple(texts))
        observations.append(seen(Source.ITERATIVE, "", origin_name("198.51.100.7"), "TXT", facts))
    taken = take(observations, entry)
    assert taken.baseline.get("ttls", {}).get(f"{DOMAIN} A") == kept
    assert (ttl_of(DOMAIN, "A") in taken.left_out) is (kept is None)


def test_baseline_judges_by_the_ranges_that_it_is_given() -> None:
    entry = entry_of(answers=[{"name": "@", "type": "A", "within": ["aws:CLOUDFRONT"]}])
    taken = take([parent(), answered(HOSTS[0], DOMAIN, "A", "198.18.0.7", ttl=60)], entry)
    assert taken.baseline["ttls"] == {f"{DOMAIN} A": 60}


def test_baseline_wants_no_ttl_of_an_address_when_an_alias_leads_out_of_the_zone() -> None:
    entry = entry_of(answers=[{"name": "www", "type": "A", "within": ["aws:CLOUDFRONT"]}])
    facts = Facts(Result.NODATA, aliases=("d1.cdn.example",), note="an alias of d1.cdn.example")
    alias = seen(Source.AUTHORITATIVE, PLACES[HOSTS[0]], f"www.{DOMAIN}", "A", facts, HOSTS[0])
    taken = take([parent(), alias], entry)
    assert "ttls" not in taken.baseline
    assert ttl_of(f"www.{DOMAIN}", "A") not in taken.left_out


def test_baseline_compares_mail_hosts_with_what_is_approved_already() -> None:
    entry = replace(entry_of(), baseline=Baseline(addresses={MAIL: ("192.0.2.25",)}))
    evil = [one for host in HOSTS for one in zone(host, mail="203.0.113.66")]
    taken = take(but(*evil), entry)
    assert MAIL not in taken.baseline["addresses"]
    assert "does not approve" in taken.left_out[ttl_of(MAIL, "A")]


def test_mx_of_the_looks_is_the_one_that_is_watched() -> None:
    assert MX["values"] == [f"10 {MAIL}."]
