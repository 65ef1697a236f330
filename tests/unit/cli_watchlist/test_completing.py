from collections.abc import Sequence

import pytest
from tests.unit.cli_watchlist.looks import (
    BASELINE,
    DOMAIN,
    HOSTS,
    MX,
    NOW,
    answered,
    entry_json,
    in_order,
    parent,
    walked,
)

from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.model import Observation, Result
from nswatch_cli.watchlist.canonical import Json
from nswatch_cli.watchlist.completing import CannotLook, Completed, Look, complete
from nswatch_cli.watchlist.diff import diff
from nswatch_cli.watchlist.lock import Lock, Locked, dump_lock, parse_lock

AWS = AwsRanges({})
LATER = NOW.replace(month=6)
TXT = {"name": "@", "type": "TXT", "contains": ["v=spf1 -all"]}
OTHER_NS = ["ns1.new.example", HOSTS[0]]


class Looking:
    """A look that gives the same for each domain, and counts; ``asked`` are the domains of each look."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations
        self.asked: list[list[str]] = []

    def __call__(self, entries: Sequence[DomainEntry]) -> dict[str, Sequence[Observation]]:
        self.asked.append([entry.domain for entry in entries])
        return {entry.domain: self.observations for entry in entries}


def never(_entries: Sequence[DomainEntry]) -> dict[str, Sequence[Observation]]:
    raise AssertionError("nothing is new")


def one(entry: Json, locked: Lock, look: Look | None, at=NOW, **more) -> Completed:
    return complete({DOMAIN: entry}, locked, look, at, aws=AWS, **more)


def first() -> Completed:
    return one(entry_json(), {}, Looking(in_order()))


def test_complete_takes_the_whole_baseline_of_a_new_entry() -> None:
    done = first()
    assert done.entries[DOMAIN]["baseline"] == BASELINE
    assert done.notes == ()
    locked = done.lock[DOMAIN]
    assert locked.baseline == BASELINE
    assert locked.taken_at == "2027-01-12T00:00:00Z"
    assert locked.delegation == {"ns": sorted(HOSTS)}
    assert locked.answers == ({**MX},)


def test_complete_does_not_look_when_the_lock_holds_everything() -> None:
    again = one(entry_json(), first().lock, never, LATER)
    assert again.entries == first().entries
    assert again.lock == first().lock


def test_complete_looks_at_new_domains_alone() -> None:
    look = Looking([])
    other = entry_json("other.example")
    complete({DOMAIN: entry_json(), "other.example": other}, first().lock, look, NOW, aws=AWS)
    assert look.asked == [["other.example"]]


def test_complete_takes_only_what_is_new_when_an_answer_comes() -> None:
    renumbered = [walked(HOSTS[0], "203.0.113.1"), answered(HOSTS[0], DOMAIN, "TXT", "v=spf1 -all", ttl=77)]
    look = Looking([*in_order(), *renumbered])
    done = one(entry_json(answers=[MX, TXT]), first().lock, look, LATER)
    assert done.entries[DOMAIN]["baseline"] == BASELINE | {"ttls": {**BASELINE["ttls"], f"{DOMAIN} TXT": 77}}
    assert done.lock[DOMAIN].taken_at == "2027-06-12T00:00:00Z"
    assert len(done.lock[DOMAIN].answers) == 2


def test_complete_takes_the_ttl_of_an_answer_anew_when_it_changes() -> None:
    new = {**MX, "values": [f"20 mail.{DOMAIN}."]}
    seen = [
        *(one for one in in_order() if one.key.qtype != "MX"),
        *(answered(host, DOMAIN, "MX", f"20 mail.{DOMAIN}", ttl=9) for host in HOSTS),
    ]
    done = one(entry_json(answers=[new]), first().lock, Looking(seen), LATER)
    assert done.entries[DOMAIN]["baseline"]["ttls"] == {**BASELINE["ttls"], f"{DOMAIN} MX": 9}


def test_complete_forgets_what_the_watchlist_no_longer_says() -> None:
    done = one(entry_json(answers=[]), first().lock, never, LATER)
    baseline = done.entries[DOMAIN]["baseline"]
    assert set(baseline["addresses"]) == set(HOSTS)
    assert set(baseline["ttls"]) == {f"{DOMAIN} NS", f"{DOMAIN} SOA"}
    assert done.lock[DOMAIN].answers == ()


def test_complete_forgets_a_domain_that_is_gone() -> None:
    assert complete({}, first().lock, never, NOW, aws=AWS).lock == {}


def moved() -> list[Observation]:
    return [
        parent(OTHER_NS, [("ns1.new.example", ["192.0.2.7"])]),
        walked("ns1.new.example", "192.0.2.7"),
        walked(HOSTS[0], "203.0.113.99"),
        *(answered(HOSTS[0], DOMAIN, qtype, value, ttl=50) for qtype, value in (("MX", f"10 mail.{DOMAIN}"),)),
        answered(HOSTS[0], DOMAIN, "NS", *sorted(OTHER_NS), ttl=51),
        answered(HOSTS[0], DOMAIN, "SOA", "a. b. 1 2 3 4 5", ttl=52),
        answered(HOSTS[0], f"mail.{DOMAIN}", "A", "192.0.2.25", ttl=53),
    ]


def test_complete_takes_all_but_known_hosts_anew_when_the_name_servers_change() -> None:
    done = one(entry_json(delegation={"ns": OTHER_NS}), first().lock, Looking(moved()), LATER)
    assert done.entries[DOMAIN]["baseline"] == {
        "glue": {"ns1.new.example": ["192.0.2.7"]},
        "ds": [],
        "addresses": {
            f"mail.{DOMAIN}": ["192.0.2.25"],
            "ns1.new.example": ["192.0.2.7"],
            HOSTS[0]: ["192.0.2.1"],
        },
        "ttls": {f"{DOMAIN} MX": 50, f"{DOMAIN} NS": 51, f"{DOMAIN} SOA": 52, f"mail.{DOMAIN} A": 53},
    }


def test_complete_drops_glue_ds_and_ttls_of_replaced_name_servers_when_nothing_can_be_asked() -> None:
    done = one(entry_json(delegation={"ns": OTHER_NS}), first().lock, None, LATER)
    assert set(done.entries[DOMAIN]["baseline"]) == {"addresses"}
    assert set(done.entries[DOMAIN]["baseline"]["addresses"]) == {HOSTS[0], f"mail.{DOMAIN}"}


def test_complete_tries_again_what_could_not_be_taken() -> None:
    evil = [answered(host, DOMAIN, "MX", "10 mx.evil.example", ttl=5) for host in HOSTS]
    hijacked = [*(one for one in in_order() if one.key.qtype != "MX"), *evil]
    early = one(entry_json(), {}, Looking(hijacked))
    (note,) = early.notes
    assert note.startswith(
        f"{DOMAIN}: no baseline for TTL of {DOMAIN} MX: ns1.dns.example (192.0.2.1) answers 10 mx.evil"
    )
    assert f"{DOMAIN} MX" not in early.lock[DOMAIN].baseline["ttls"]
    done = one(entry_json(), early.lock, Looking(in_order()), LATER)
    assert done.entries[DOMAIN]["baseline"] == BASELINE
    assert done.notes == ()


def test_complete_takes_a_baseline_anew_when_it_is_asked_to() -> None:
    renumbered = [*(one for one in in_order() if one.key.qname != HOSTS[0]), walked(HOSTS[0], "192.0.2.111")]
    kept = one(entry_json(), first().lock, never, LATER)
    assert kept.entries[DOMAIN]["baseline"]["addresses"][HOSTS[0]] == ["192.0.2.1"]
    done = one(entry_json(), first().lock, Looking(renumbered), LATER, again={DOMAIN})
    assert done.entries[DOMAIN]["baseline"]["addresses"][HOSTS[0]] == ["192.0.2.111"]


def test_complete_approves_the_other_records_of_a_hosted_zone_only_when_it_is_asked_to() -> None:
    entry = entry_json()
    entry["delegation"] = {**entry["delegation"], "provider": "route53", "hosted_zone": "Z01"}
    before = one(entry, {}, Looking(in_order()))
    assert "records" not in before.entries[DOMAIN]["baseline"]
    done = one(entry, before.lock, Looking(in_order()), LATER, again={DOMAIN})
    assert done.entries[DOMAIN]["baseline"]["records"] == "2027-06-12T00:00:00Z"
    assert parse_lock(dump_lock(done.lock).encode(), "w.lock.json") == done.lock
    assert read_entry(DOMAIN, done.entries[DOMAIN]).baseline.records == "2027-06-12T00:00:00Z"
    assert diff(before.entries, done.entries) == [
        f"~ {DOMAIN}",
        "    baseline.records: what the hosted zone holds beside the answers is approved as it is now",
    ]
    moved = {**entry, "delegation": {**entry["delegation"], "ns": OTHER_NS}}
    assert one(moved, done.lock, Looking([]), LATER).entries[DOMAIN]["baseline"]["records"] == "2027-06-12T00:00:00Z"


def test_complete_keeps_what_it_has_when_it_is_taken_anew_and_nobody_answers() -> None:
    done = one(entry_json(), first().lock, Looking([]), LATER, again={DOMAIN})
    assert done.lock == first().lock
    assert done.notes == (f"{DOMAIN}: no server answered from here, so nothing new of it has a baseline",)


def test_complete_says_what_is_not_judged_when_dns_is_left_alone() -> None:
    done = one(entry_json(), {}, None)
    assert "baseline" not in done.entries[DOMAIN]
    assert done.lock == {}
    (note,) = done.notes
    assert note.startswith(f"DNS was not asked; what is new of {DOMAIN} has no baseline")
    assert "glue_changed" in note


def test_complete_goes_on_when_dns_cannot_be_asked_from_here() -> None:
    def look(_entries: Sequence[DomainEntry]) -> dict[str, Sequence[Observation]]:
        raise CannotLook("this network intercepts DNS")

    done = one(entry_json(), {}, look)
    assert "baseline" not in done.entries[DOMAIN]
    assert done.notes[0].startswith("this network intercepts DNS; what is new of")


def test_complete_keeps_the_baseline_in_force_when_the_lock_does_not_hold_it() -> None:
    done = one(entry_json(), {}, never, in_force=first().entries)
    assert done.entries == first().entries
    assert done.lock[DOMAIN].baseline == BASELINE
    assert done.lock[DOMAIN].delegation == {"ns": sorted(HOSTS)}
    assert done.notes == (f"{DOMAIN}: the lock does not hold its baseline; the one in force is kept",)


def test_complete_keeps_of_the_baseline_in_force_only_what_holds_good() -> None:
    old = first().entries
    done = one(entry_json(delegation={"ns": OTHER_NS}), {}, None, in_force=old)
    assert set(done.entries[DOMAIN]["baseline"]) == {"addresses"}


def test_complete_goes_by_the_lock_when_the_hub_says_otherwise() -> None:
    lock = first().lock
    other = {DOMAIN: first().entries[DOMAIN] | {"baseline": {"addresses": {HOSTS[0]: ["203.0.113.66"]}}}}
    done = one(entry_json(), lock, never, in_force=other)
    assert done.entries[DOMAIN]["baseline"] == BASELINE


def test_complete_believes_no_host_below_a_domain_that_is_being_hijacked() -> None:
    def look(entries: Sequence[DomainEntry]) -> dict[str, Sequence[Observation]]:
        return {DOMAIN: in_order(), "dns.example": [parent(["ns1.evil.example"])]}

    entries = {DOMAIN: entry_json(), "dns.example": entry_json("dns.example", delegation={"ns": ["a.nic.example"]})}
    done = complete(entries, {}, look, NOW, aws=AWS)
    assert "addresses" not in done.entries[DOMAIN]["baseline"]


def test_complete_looks_for_hosts_of_a_coming_change_and_is_silent_where_they_do_not_exist_yet() -> None:
    change = {
        "id": "CHG-1",
        "from": "2027-02-01T00:00:00Z",
        "until": "2027-02-02T00:00:00Z",
        "by": ["alice", "bob"],
        "delegation": {"ns": ["ns1.new.example"]},
    }
    asked = list[DomainEntry]()

    def look(entries: Sequence[DomainEntry]) -> dict[str, Sequence[Observation]]:
        asked.extend(entries)
        return {DOMAIN: [*in_order(), walked("ns1.new.example", result=Result.NXDOMAIN)]}

    done = one(entry_json(planned_changes=[change]), {}, look)
    assert asked[0].planned_changes[0].starts == NOW
    assert done.notes == ()
    assert "ns1.new.example" not in done.entries[DOMAIN]["baseline"]["addresses"]
    there = Looking([*in_order(), walked("ns1.new.example", "192.0.2.7")])
    later = one(entry_json(planned_changes=[change]), done.lock, there)
    assert later.entries[DOMAIN]["baseline"]["addresses"]["ns1.new.example"] == ["192.0.2.7"]
    over = one(entry_json(planned_changes=[change]), later.lock, never, LATER)
    assert "ns1.new.example" not in over.entries[DOMAIN]["baseline"]["addresses"]


@pytest.mark.parametrize("count", [1, 9])
def test_complete_names_a_few_domains_and_counts_the_others(count: int) -> None:
    entries = {f"d{number}.example": entry_json(f"d{number}.example") for number in range(count)}
    (note,) = complete(entries, {}, None, NOW, aws=AWS).notes
    assert (" and 3 more" in note) is (count == 9)


def test_locked_part_is_not_written_when_nothing_was_taken() -> None:
    assert one(entry_json(), {}, Looking([])).lock == {}
    assert Locked("", {}) not in first().lock.values()


def test_complete_says_that_a_name_server_is_not_at_route53_as_long_as_that_is_its_baseline() -> None:
    host = "ns-1515.awsdns-61.org"
    entry = entry_json(delegation={"provider": "route53", "ns": [host]})
    aws = AwsRanges({"ROUTE53": ("205.251.192.0/21",)}, "2026-10-26")
    seen = Looking([parent([host]), walked(host, "45.77.24.189")])
    taken = complete({DOMAIN: entry}, {}, seen, NOW, aws=aws)
    line = f"{DOMAIN}: the baseline's address 45.77.24.189 of {host} is not in AWS's networks for Route 53"
    assert [note for note in taken.notes if note.startswith(line)]
    assert taken.entries[DOMAIN]["baseline"]["addresses"] == {host: ["45.77.24.189"]}
    again = complete({DOMAIN: entry}, taken.lock, Looking([]), NOW, aws=aws)
    assert [note for note in again.notes if note.startswith(line)]
