"""What a check finds in the zone's and the resolvers' answers, in a simulated Internet: real messages, no waiting."""

from dataclasses import replace
from typing import Any

import pytest
from tests.functional.check.test_check_simulated import GENUINE, approving, checked, codes, one
from tests.unit.replay.worlds import HERE, ZONE, registry, watching

from nswatch.expect.watchlist import Baseline, DomainEntry
from nswatch.model import Source
from nswatch_cli.check.command import Checked
from nswatch_cli.check.record import record
from nswatch_cli.check.values import Compared, Status
from nswatch_cli.watchlist.canonical import DEFAULT_RESOLVERS

POISON = ZONE.replace("$TTL 300", "$TTL 86400").replace("@ IN MX 10 mail", "@ IN MX 10 mx.evil.net.")
ELSEWHERE = ZONE.replace("192.0.2.10", "203.0.113.66")
MX = {"name": "@", "type": "MX", "values": ["10 mail.victim.com."]}


def zones(**more: str) -> dict[str, Any]:
    texts = {"genuine": ZONE, "poison": POISON, "elsewhere": ELSEWHERE} | more
    return {name: {"records": text} for name, text in texts.items()}


def state(**changes: Any) -> dict[str, Any]:
    return watching(zones=zones(), **changes)


def rrset(found: Checked, qtype: str, name: str = "victim.com") -> Compared:
    (row,) = [each for each in found[1].compared if (each.record.qname, each.record.qtype) == (name, qtype)]
    return row


def test_check_asks_servers_and_resolvers_the_same_when_there_is_no_watchlist() -> None:
    look, verdict = found = one(state())
    assert verdict.status is Status.OK
    assert [answer.address for answer in look.resolvers] == list(DEFAULT_RESOLVERS)
    asked = {(each.qname.removesuffix("victim.com").rstrip("."), each.qtype) for each in look.records}
    assert asked == {
        *(("", qtype) for qtype in ("SOA", "MX", "A", "AAAA", "TXT")),
        *(("www", qtype) for qtype in ("A", "AAAA", "CNAME")),
    }
    (group,) = rrset(found, "MX").groups
    assert (len(group.servers), len(group.resolvers)) == (2, 3)


def test_check_asks_what_the_watchlist_lists_besides() -> None:
    entry = approving(answers=[MX, {"name": "a.b", "type": "A", "within": ["192.0.2.0/24"]}])
    found = one(state(), entry=entry)
    assert found[1].status is Status.OK
    assert rrset(found, "A", "a.b.victim.com").watched
    assert not rrset(found, "TXT").watched


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
def test_check_names_the_resolver_whose_cache_is_poisoned(watched: bool) -> None:
    poisoned = state(resolvers={HERE: {"9.9.9.9": "poison"}})
    look, verdict = found = one(poisoned, entry=approving(answers=[MX]) if watched else None)
    (remark,) = verdict.remarks
    assert (remark.code, remark.status) == ("resolvers_disagree", Status.CRITICAL if watched else Status.WARNING)
    assert {answer.address for answer in remark.servers} == {"9.9.9.9"}
    assert "10 mx.evil.net" in verdict.summary
    assert "kept for 86400 s, where the zone says 300 s" in verdict.summary
    departing = [group for group in rrset(found, "MX").groups if group.resolvers and not group.servers]
    assert {answer.transport for group in departing for answer in group.resolvers} == {"tcp"}, "confirmed"
    told = next(row for row in record(look, verdict)["records"] if row["type"] == "MX")
    assert [row["mark"] for row in told["resolvers"]] == ["right", "right", "wrong"]


def test_check_is_ok_when_a_resolver_gives_other_addresses_that_the_zone_may_have_given() -> None:
    found = one(state(resolvers={HERE: {"9.9.9.9": "elsewhere"}}))
    assert found[1].status is Status.OK
    assert [group.mark.name for group in rrset(found, "A").groups] == ["RIGHT", "VARIES"]


def test_check_by_the_watchlist_is_critical_when_an_address_is_outside_of_its_networks() -> None:
    entry = approving(answers=[{"name": "@", "type": "A", "within": ["192.0.2.0/24"]}])
    found = one(state(nameservers={GENUINE[0]: "genuine", GENUINE[1]: "elsewhere"}), entry=entry)
    assert ("address_changed", Status.CRITICAL) in codes(found)


def test_check_warns_when_one_of_the_zones_servers_has_other_content() -> None:
    found = one(state(nameservers={GENUINE[0]: "genuine", GENUINE[1]: "poison"}))
    assert ("servers_disagree", Status.WARNING) in codes(found)


def test_check_says_nothing_of_serials_when_a_secondary_lags() -> None:
    behind = ZONE.replace("hostmaster 1 ", "hostmaster 0 ")
    found = one(watching(zones=zones(behind=behind), nameservers={GENUINE[0]: "genuine", GENUINE[1]: "behind"}))
    assert found[1].status is Status.OK


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
def test_check_tells_bogus_from_servfail(watched: bool) -> None:
    look, verdict = one(
        state(resolvers={HERE: {"8.8.8.8": "servfail", "9.9.9.9": "bogus"}}), entry=approving() if watched else None
    )
    assert [answer.result for answer in look.resolvers] == ["answer", "servfail", "bogus"]
    (remark,) = verdict.remarks
    assert remark.code == "dnssec_bogus"
    assert [answer.address for answer in remark.servers] == ["9.9.9.9"]
    assert "ns1.hosting.net" in look.resolvers[2].note


def test_check_is_ok_when_no_resolver_answers() -> None:
    look, verdict = one(state(resolvers={HERE: dict.fromkeys(DEFAULT_RESOLVERS, "timeout")}))
    assert verdict.status is Status.OK
    assert look.seconds <= 10
    assert {answer.result for record in look.records for answer in record.resolvers} == {"not_asked"}


def test_check_says_how_long_resolvers_keep_the_old_set_when_the_delegation_has_changed() -> None:
    new = ("ns3.other.net", "ns4.other.net")
    moved = ZONE.replace("ns1.hosting.net", new[0]).replace("ns2.hosting.net", new[1])
    after = watching(
        zones=zones(moved=moved),
        registry=registry(ns=list(new)),
        nameservers=dict.fromkeys(GENUINE, "genuine") | dict.fromkeys(new, "moved"),
        resolvers={HERE: dict.fromkeys(DEFAULT_RESOLVERS, "genuine")},
    )
    found = one(state(), after)
    assert found[1].status is Status.WARNING
    assert "1.1.1.1, 8.8.8.8, 9.9.9.9 have ns1.hosting.net, ns2.hosting.net in the cache, for 3600 s more" in found[1].summary  # fmt: skip  # noqa: E501
    assert "com now gives ns3.other.net, ns4.other.net" in found[1].summary


def test_check_is_critical_without_a_watchlist_when_caches_hold_what_the_delegated_names_imitate() -> None:
    forged = ("ns1.h0sting.net", "ns2.h0sting.net")
    zone = ZONE.replace("hosting", "h0sting")
    after = watching(
        zones=zones(forged=zone),
        registry=registry(ns=list(forged)),
        nameservers=dict.fromkeys(GENUINE, "genuine") | dict.fromkeys(forged, "forged"),
        resolvers={HERE: dict.fromkeys(DEFAULT_RESOLVERS, "genuine")},
    )
    found = one(state(), after)
    assert codes(found)[0] == ("nameserver_lookalike", Status.CRITICAL)
    assert found[1].reference == frozenset(GENUINE), "the imitated names are the yardstick, not the delegated ones"


IN_ZONE = ZONE.replace("ns1.hosting.net.", "ns1").replace("ns2.hosting.net.", "ns2") + "ns1 IN A 198.51.100.1\nns2 IN A 198.51.100.2\n"  # fmt: skip  # noqa: E501
INSIDE = ("ns1.victim.com", "ns2.victim.com")


def with_glue(second: str) -> dict[str, Any]:
    glue = {INSIDE[0]: ["198.51.100.1"], INSIDE[1]: [second]}
    return watching(
        zones=zones(genuine=IN_ZONE),
        registry=registry(ns=list(INSIDE), glue=glue),
        nameservers=dict.fromkeys(INSIDE, "genuine"),
        addresses={INSIDE[0]: ["198.51.100.1"], INSIDE[1]: ["198.51.100.2"]},
    )


def test_check_is_ok_when_the_glue_is_what_the_zone_says() -> None:
    look, verdict = one(with_glue("198.51.100.2"))
    assert verdict.status is Status.OK, verdict.summary
    assert dict(look.glue) == {INSIDE[0]: ("198.51.100.1",), INSIDE[1]: ("198.51.100.2",)}


def test_check_warns_when_the_glue_is_not_what_the_zone_says() -> None:
    found = one(with_glue("198.51.100.77"))
    assert ("glue_differs", Status.WARNING) in codes(found)
    remark = next(remark for remark in found[1].remarks if remark.code == "glue_differs")
    assert remark.sentence == "ns2.victim.com is 198.51.100.2, its glue says 198.51.100.77"


def test_check_leaves_glue_to_the_baseline_when_there_is_one() -> None:
    assert codes(one(with_glue("198.51.100.77"), entry=known(glue="198.51.100.77"))) == []


def known(*, glue: str = "198.51.100.2", addresses: str = "198.51.100.2", mx_ttl: int = 300) -> DomainEntry:
    """An entry for `with_glue`, with a baseline."""
    first = {INSIDE[0]: ("198.51.100.1",)}
    baseline = Baseline(
        glue=first | {INSIDE[1]: (glue,)},
        addresses=first | {INSIDE[1]: (addresses,)},
        ttls={("victim.com", "MX"): mx_ttl},
    )
    return replace(approving(*INSIDE, answers=[MX]), baseline=baseline)


def test_check_by_the_baseline_is_ok_when_nothing_has_moved() -> None:
    assert codes(one(with_glue("198.51.100.2"), entry=known())) == []


def test_check_by_the_baseline_is_critical_when_the_glue_has_changed() -> None:
    found = one(with_glue("198.51.100.77"), entry=known())
    assert codes(found) == [("glue_changed", Status.CRITICAL)]
    assert found[1].summary == "com's glue for ns2.victim.com is 198.51.100.77 (approved is 198.51.100.2)"
    assert {answer.address for answer in found[0].children} >= {"198.51.100.2"}, "asked where it was, too"


def test_check_by_the_baseline_is_critical_when_a_name_server_has_another_address() -> None:
    found = one(with_glue("198.51.100.2"), entry=known(addresses="198.51.100.66", glue="198.51.100.66"))
    assert dict(codes(found))["nameserver_address_changed"] is Status.CRITICAL
    assert "ns2.victim.com leads to 198.51.100.2 (approved is 198.51.100.66)" in found[1].summary


def test_check_by_the_baseline_warns_when_a_ttl_has_changed() -> None:
    found = one(with_glue("198.51.100.2"), entry=known(mx_ttl=86400))
    assert codes(found) == [("ttl_changed", Status.WARNING)]
    assert "MX has a TTL of 300 s" in found[1].summary


def test_check_by_the_watchlist_is_critical_when_an_answer_is_missing() -> None:
    gone = watching(zones=zones(genuine=ZONE.replace("@ IN MX 10 mail\n", "")))
    assert codes(one(gone, entry=approving(answers=[MX]))) == [("answer_missing", Status.CRITICAL)]


def test_check_by_the_watchlist_tells_both_sides_when_the_zone_names_other_servers() -> None:
    found = one(state(registry=registry(ns=[GENUINE[0]])), entry=approving())
    assert [code for code, _ in codes(found)] == ["delegation_changed", "parent_child_mismatch"]
    assert "only the zone (at ns1.hosting.net) names ns2.hosting.net" in found[1].remarks[1].sentence


def test_check_asks_who_announces_an_address_when_the_watchlist_names_a_network_by_its_number() -> None:
    networks = {"192.0.2.0/24": {"asn": 64500, "country": "US"}, "203.0.113.0/24": {"asn": 64501, "country": "US"}}
    entry = approving(answers=[{"name": "@", "type": "A", "within": ["AS64500"]}])
    look, verdict = one(state() | {"networks": networks}, entry=entry)
    assert verdict.status is Status.OK, verdict.summary
    assert look.origins
    moved = state(nameservers=dict.fromkeys(GENUINE, "elsewhere")) | {"networks": networks}
    assert ("address_changed", Status.CRITICAL) in codes(one(moved, entry=entry))


def test_check_says_nothing_of_addresses_when_the_ranges_of_aws_are_not_known() -> None:
    entry = approving(answers=[{"name": "@", "type": "A", "within": ["aws:CLOUDFRONT"]}])
    assert codes(one(state(), entry=entry)) == []


def test_check_says_that_ipv6_does_not_work_here() -> None:
    look, _ = one(state() | {"faults": {"ipv6": "unreachable"}})
    assert look.ipv6 is False
    assert one(state())[0].ipv6 is True


def test_check_of_many_domains_shares_the_time() -> None:
    names = [f"n{number}.com" for number in range(20)]
    many = {"domains": {name: watching(name=name)["domains"][name] for name in names}}
    assert {verdict.status for _, verdict in checked(many, entries=dict.fromkeys(names))} == {Status.OK}


def test_a_resolver_is_a_cache_to_the_watchlist_when_a_set_was_just_replaced() -> None:
    new = ("ns3.other.net", "ns4.other.net")
    moved = ZONE.replace("ns1.hosting.net", new[0]).replace("ns2.hosting.net", new[1])
    after = watching(
        zones=zones(moved=moved),
        registry=registry(ns=list(new)),
        nameservers=dict.fromkeys(GENUINE, "genuine") | dict.fromkeys(new, "moved"),
        resolvers={HERE: dict.fromkeys(DEFAULT_RESOLVERS, "genuine")},
    )
    superseded = [{"at": "2025-12-31T00:00:00Z", "delegation": {"ns": list(GENUINE)}}]
    assert codes(one(state(), after, entry=approving(*new, superseded=superseded))) == []
    assert dict(codes(one(state(), after, entry=approving(*new)))) == {"resolvers_disagree": Status.CRITICAL}


def test_a_record_holds_the_answers_by_the_kind_of_server() -> None:
    look, _ = one(state())
    sources = [source for source, _ in look.records[0].answers]
    assert sources == [Source.AUTHORITATIVE] * 2 + [Source.RECURSIVE] * 3
