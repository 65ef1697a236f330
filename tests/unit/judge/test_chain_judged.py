"""Our own validation in the judgement: `dnssec_bogus` from what collectors found, and keys that a zone vouches for."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.judge.record import CHANGED, DOMAIN, FORGED_HOSTS, HOUR, LAST, MX, NOW, T0, Record, in_order
from tests.unit.judge.test_ds_and_bogus import FORGED, NEW, OLD, SAME_KEY, entry, record, signed

from nswatch.judge.chain import broken
from nswatch.judge.common import keys_of
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View

HUBS = ("ap-1", "eu-1")
REASON = f"{DOMAIN} DNSKEY: expired 2026-01-01 00:00 UTC"
BOGUS = ("bogus", DOMAIN, REASON)
SECURE, INSECURE = ("secure",), ("insecure", DOMAIN)


def view(region: str, values: tuple[str, ...], first: datetime = CHANGED, *, qtype: str = "chain") -> View:
    key = Key(region, Source.CHAIN, "", DOMAIN, qtype)
    return View(key, "", Facts(Result.ANSWER, values), Transport.TCP, first, first, first, Result.ANSWER, first)


def with_chain(given: Record, **found: tuple[str, ...]) -> Record:
    """Add what the collectors found, by hub (with its hyphen left out)."""
    for hub, values in found.items():
        each = view(f"{hub[:2]}-{hub[2:]}", values)
        given.views[each.key] = each
    return given


def found(given: Record, **how: object) -> Finding:
    return given.findings(**how)["dnssec_bogus"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ap1", "eu1", "told"),
    [
        pytest.param(BOGUS, BOGUS, True, id="both"),
        pytest.param((*BOGUS, "again"), None, True, id="one, in two rounds"),
        pytest.param((*BOGUS, "again"), SECURE, True, id="one in two rounds, the other not"),
        pytest.param(BOGUS, None, False, id="one"),
        pytest.param(BOGUS, SECURE, False, id="one, the other not"),
        pytest.param(SECURE, INSECURE, False, id="none"),
        pytest.param(("bogus",), ("bogus",), False, id="nothing to tell"),
        pytest.param((), (), False, id="nothing"),
    ],
)
def test_bogus_chain_is_told_when_two_rounds_or_two_collectors_find_it(
    ap1: tuple[str, ...], eu1: tuple[str, ...] | None, told: bool
) -> None:
    given = with_chain(in_order(), ap1=ap1, **({} if eu1 is None else {"eu1": eu1}))
    if SECURE in (ap1, eu1):
        key = view("eu-1", SECURE).key
        given.views[key] = view("eu-1", SECURE, T0)
    assert ("dnssec_bogus" in given.codes()) is told


def test_bogus_chain_says_what_is_broken_and_pages() -> None:
    finding = found(with_chain(in_order(), ap1=BOGUS, eu1=BOGUS))
    assert (finding.severity, finding.seen, finding.since, finding.cause) == (Severity.PAGE, (REASON,), CHANGED, "")
    assert finding.detail == {"resolvers": [], "chain": {"zone": DOMAIN, "reason": REASON, "regions": list(HUBS)}}
    assert {(sighting.region, sighting.source) for sighting in finding.sightings} == {(h, Source.CHAIN) for h in HUBS}


@pytest.mark.parametrize("state", [None, "unsigned", "signed"])
def test_bogus_chain_counts_whatever_the_watchlist_says_of_dnssec(state: str | None) -> None:
    assert "dnssec_bogus" in with_chain(in_order(entry(state)), ap1=BOGUS, eu1=BOGUS).codes()


def test_bogus_chain_is_over_when_one_collector_finds_it_repaired() -> None:
    given = with_chain(in_order(), ap1=BOGUS, eu1=BOGUS)
    repaired = view("eu-1", SECURE, NOW - timedelta(seconds=30))
    given.views[repaired.key] = repaired
    assert given.codes() == set()


def test_bogus_chain_stands_when_nobody_can_say_any_more() -> None:
    given = with_chain(in_order(), ap1=BOGUS, eu1=BOGUS)
    for key, each in list(given.views.items()):
        if key.source is Source.CHAIN:
            given.views[key] = replace(each, result=Result.OTHER_ERROR, result_since=LAST)
    assert "dnssec_bogus" in given.codes()


def test_one_finding_is_told_when_resolvers_and_our_own_validation_fail() -> None:
    given = in_order().resolver(MX, Facts(Result.BOGUS), at=["9.9.9.9"])
    alone = found(given)
    assert alone.detail["resolvers"][0]["address"] == "9.9.9.9"
    assert "chain" not in alone.detail
    assert alone.seen == ("SERVFAIL, and an answer only with checking disabled (CD)",)
    both = found(with_chain(given, ap1=BOGUS, eu1=BOGUS))
    assert both.detail["resolvers"] == alone.detail["resolvers"]
    assert both.seen == (f"{REASON}; resolvers: SERVFAIL, and an answer only with checking disabled (CD)",)


def test_break_above_the_domain_is_one_cause_for_all_domains_below() -> None:
    upstream = ("bogus", "example", "example DNSKEY has no signature")
    finding = found(with_chain(in_order(), ap1=upstream, eu1=upstream))
    assert (finding.detail["upstream"], finding.common, finding.cause) == ("example", "dnssec example", "")
    assert keys_of([finding, replace(finding, subject="other.example")]) == ("dnssec example",)
    own = found(with_chain(in_order(), ap1=BOGUS, eu1=BOGUS))
    assert "upstream" not in own.detail
    assert keys_of([own]) == ()
    root = ("bogus", ".", "the root has no DNSKEY RRset")
    assert found(with_chain(in_order(), ap1=root, eu1=root)).common == "dnssec ."


def test_bogus_chain_stays_in_the_hijacks_story_until_the_collectors_have_looked_again() -> None:
    hijacked = with_chain(record().parent(signed(NEW)), ap1=BOGUS, eu1=BOGUS)
    assert found(hijacked).cause == "delegation"
    doubts = hijacked.judge().doubts
    repaired = hijacked.parent(signed(OLD))
    assert found(repaired, doubts=doubts).cause == "delegation"
    assert found(repaired).cause == ""
    later = with_chain(repaired, ap1=SECURE, eu1=SECURE)
    assert later.codes(doubts=doubts) == set()
    doubts = later.judge(doubts=doubts).doubts
    again = with_chain(later, ap1=BOGUS, eu1=BOGUS)
    assert found(again, doubts=doubts).cause == "", "another break is another story"


def test_bogus_chain_is_as_old_as_its_first_sighting_when_its_reason_changes() -> None:
    first = with_chain(in_order(), ap1=BOGUS, eu1=BOGUS)
    doubts = first.judge().doubts
    other = ("bogus", DOMAIN, "another reason", "again")
    for hub in HUBS:
        first.views[view(hub, other).key] = view(hub, other, NOW - timedelta(seconds=20))
    assert found(first, doubts=doubts).since == CHANGED


def test_break_is_none_of_another_domain() -> None:
    assert (
        broken([replace(view("ap-1", BOGUS), key=replace(view("ap-1", BOGUS).key, qname="x.example"))], DOMAIN) is None
    )


# Keys that a zone vouches for


def keys(by: str, *known: str, first: datetime = T0, was: tuple[str, ...] | None = None) -> View:
    values = tuple(sorted([f"ds {by}", *(f"key {each}" for each in known)]))
    return replace(view("ap-1", values, first, qtype="keys"), was=was)


def test_roll_over_by_double_signature_is_quiet_when_the_zone_gave_the_new_key_beside_the_old_one() -> None:
    rolling = record()
    rolling.views[keys(OLD, OLD, NEW).key] = keys(OLD, OLD, NEW, first=CHANGED - HOUR)
    doubts = rolling.judge(NOW - HOUR / 2).doubts
    swapped = rolling.parent(signed(NEW))
    assert swapped.codes() == set(), "also in the same judgement"
    swapped.views[keys(NEW, NEW).key] = keys(NEW, NEW)
    assert swapped.codes(doubts=doubts) == set(), "what was vouched for stays so"
    assert "ds_changed" in swapped.codes()
    assert "ds_changed" in swapped.parent(signed(FORGED)).codes(doubts=doubts)


def test_roll_over_is_quiet_when_the_collector_tells_of_both_keys_and_of_the_new_one_alone_at_once() -> None:
    before = keys(OLD, OLD, NEW).facts
    assert before is not None
    done = record().parent(signed(NEW))
    done.views[keys(NEW, NEW).key] = keys(NEW, NEW, was=before.values)
    assert done.codes() == set()


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(keys(NEW, NEW), id="a zone that validates by the stranger's DS"),
        pytest.param(keys(OLD, OLD), id="a zone without the stranger's key"),
        pytest.param(keys(FORGED, OLD, NEW), id="a known key beside it, and a DS of another"),
        pytest.param(keys("4711 13 4 " + "d" * 96, NEW), id="a DS that has a known key's tag"),
        pytest.param(view("ap-1", (f"key {NEW}",), T0, qtype="keys"), id="keys that nothing vouches for"),
        pytest.param(view("ap-1", (f"ds {OLD}", f"key {NEW}"), T0), id="no reading of keys"),
    ],
)
def test_ds_of_a_stranger_is_found_when_no_zone_under_a_known_key_had_it(shown: View) -> None:
    hijack = record().parent(signed(NEW, hosts=FORGED_HOSTS))
    hijack.views[shown.key] = shown
    assert "ds_changed" in hijack.codes()


def test_ds_with_another_digest_is_known_for_sure_when_the_zone_has_shown_its_key() -> None:
    real, lookalike = SAME_KEY, "4711 13 4 " + "e" * 96
    assert record().parent(signed(lookalike)).codes() == set(), "a tag is all that could be compared"
    seen = record()
    seen.views[keys(OLD, OLD, real).key] = keys(OLD, OLD, real)
    assert "ds_changed" in seen.parent(signed(lookalike)).codes()
    assert seen.parent(signed(real)).codes() == set()
