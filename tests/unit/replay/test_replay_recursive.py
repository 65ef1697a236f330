"""What the simulated recursive resolvers answer."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.unit.replay.worlds import HERE, THERE, ZONE, Asking, domain, registry, values, watching, world

RD, CD = dns.flags.RD, dns.flags.CD
KEYED = {"genuine": {"records": ZONE, "signed_with": "right"}, "forged": {"records": ZONE, "signed_with": "wrong"}}


def resolve(asking: Asking, qname: str, qtype: str = "A", **named: Any) -> dns.message.Message | None:
    return asking.ask(named.pop("server", "8.8.8.8"), qname, qtype, flags=RD | named.pop("also", 0), **named)


def test_a_resolver_offers_recursion_and_follows_the_delegation_when_it_is_not_listed() -> None:
    answer = resolve(Asking(world(watching())), "victim.com")
    assert answer is not None
    assert answer.flags & dns.flags.RA
    assert not answer.flags & dns.flags.AA
    assert values(answer.answer, "A") == ["192.0.2.10"]


def test_a_resolver_follows_to_forged_servers_when_the_registry_leads_there() -> None:
    forged = watching(registry=registry(ns=["ns.evil.net"]), nameservers={"ns.evil.net": "forged"})
    answer = resolve(Asking(world(forged)), "victim.com")
    assert answer is not None
    assert values(answer.answer, "A") == ["203.0.113.66"]


def test_caches_hold_their_own_version_when_listed_by_region_and_address() -> None:
    asking = Asking(world(watching(resolvers={THERE: {"8.8.8.8": "forged"}})))
    seen = {
        (region, server): values(asking.answered(server, "victim.com", "A", flags=RD, region=region).answer, "A")
        for region in (HERE, THERE)
        for server in ("8.8.8.8", "1.1.1.1")
    }
    assert [where for where, what in seen.items() if what == ["203.0.113.66"]] == [(THERE, "8.8.8.8")]


def test_a_cached_version_outlives_the_delegation_when_that_is_gone() -> None:
    gone = watching(registry=registry(rcode="NXDOMAIN"), nameservers={}, resolvers={HERE: {"8.8.8.8": "genuine"}})
    asking = Asking(world(gone))
    assert values(asking.answered("8.8.8.8", "victim.com", "A", flags=RD).answer, "A") == ["192.0.2.10"]
    assert asking.answered("1.1.1.1", "victim.com", "A", flags=RD).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(
    ("word", "plain", "checking_disabled"),
    [
        ("servfail", dns.rcode.SERVFAIL, dns.rcode.SERVFAIL),
        ("bogus", dns.rcode.SERVFAIL, dns.rcode.NOERROR),
        ("timeout", None, None),
    ],
)
def test_a_resolver_fails_for_one_domain_when_the_scenario_says_how(
    word: str, plain: int | None, checking_disabled: int | None
) -> None:
    state = watching(resolvers={HERE: {"8.8.8.8": word}})
    state["domains"]["other.org"] = domain()
    asking = Asking(world(state))
    without, with_cd = resolve(asking, "victim.com"), resolve(asking, "victim.com", also=CD)
    assert (without and without.rcode()) == plain
    assert (with_cd and with_cd.rcode()) == checking_disabled
    other = resolve(asking, "other.org")
    assert other is not None
    assert values(other.answer, "A") == ["192.0.2.10"]


@pytest.mark.parametrize(
    ("ds", "serves", "plain", "checking_disabled"),
    [
        pytest.param(["right"], "genuine", 0, 0, id="valid"),
        pytest.param(["wrong"], "genuine", 2, 0, id="DS of another key"),
        pytest.param(["wrong", "right"], "genuine", 0, 0, id="one DS of two matches"),
        pytest.param(["right"], "forged", 2, 0, id="zone signed by another key"),
        pytest.param([], "forged", 0, 0, id="no DS"),
    ],
)
def test_a_resolver_validates_when_it_follows(ds: list[str], serves: str, plain: int, checking_disabled: int) -> None:
    asking = Asking(world(watching(zones=KEYED, registry=registry(ds=ds), nameservers={"ns1.hosting.net": serves})))
    first, second = resolve(asking, "victim.com"), resolve(asking, "victim.com", also=CD)
    assert first is not None
    assert second is not None
    assert (first.rcode(), second.rcode()) == (plain, checking_disabled)


def test_authenticated_data_is_marked_when_the_chain_is_secure_and_only_then() -> None:
    signed = watching(zones=KEYED, registry=registry(ds=["right"]))
    signed["domains"]["plain.org"] = domain()
    asking = Asking(world(signed))
    secure = asking.answered("8.8.8.8", "victim.com", "A", flags=RD, dnssec=True)
    insecure = asking.answered("8.8.8.8", "plain.org", "A", flags=RD, dnssec=True)
    assert secure.flags & dns.flags.AD
    assert values(secure.answer, "RRSIG")
    assert not insecure.flags & dns.flags.AD


@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param({"ns1.hosting.net": "refused", "ns2.hosting.net": "timeout"}, id="all lame"),
        pytest.param({}, id="none resolve"),
        pytest.param({"ns9.hosting.net": "genuine"}, id="only a host that is not delegated"),
    ],
)
def test_a_resolver_servfails_when_no_delegated_server_answers(hosts: dict[str, str]) -> None:
    answer = resolve(Asking(world(watching(nameservers=hosts))), "victim.com")
    assert answer is not None
    assert answer.rcode() == dns.rcode.SERVFAIL


def test_a_resolver_takes_the_server_that_answers_when_the_other_is_lame() -> None:
    asking = Asking(world(watching(nameservers={"ns1.hosting.net": "servfail", "ns2.hosting.net": "forged"})))
    assert values(asking.answered("8.8.8.8", "victim.com", "A", flags=RD).answer, "A") == ["203.0.113.66"]


def test_a_resolver_servfails_when_the_name_servers_own_domain_is_free() -> None:
    asking = Asking(world(watching() | {"free_domains": ["hosting.net"]}))
    assert asking.answered("8.8.8.8", "victim.com", "A", flags=RD).rcode() == dns.rcode.SERVFAIL


def test_aliases_are_followed_when_they_leave_the_zone() -> None:
    asking = Asking(world(watching()))
    answer = asking.answered("8.8.8.8", "away.victim.com", "A", flags=RD)
    assert values(answer.answer, "CNAME") == ["www.elsewhere.org."]
    assert len(values(answer.answer, "A")) == 1


@pytest.mark.parametrize(
    ("address", "name", "expected"),
    [
        pytest.param("v4", "7.113.0.203.origin.asn.cymru.com", "64666 | 203.0.113.0/25 | RU", id="IPv4, most specific"),
        pytest.param("v4", "200.113.0.203.origin.asn.cymru.com", "64500 | 203.0.113.0/24 | US", id="IPv4, less"),
        pytest.param("v6", "8.b.d.0.1.0.0.2.origin6.asn.cymru.com", "64501 | 2001:db8::/32 | JP", id="IPv6"),
        pytest.param("as", "AS64666.asn.cymru.com", "64666 | RU", id="the AS itself"),
        pytest.param("none", "7.2.0.192.origin.asn.cymru.com", None, id="announced by nobody"),
    ],
)
def test_origins_of_addresses_are_found_through_dns(address: str, name: str, expected: str | None) -> None:
    networks = {
        "203.0.113.0/24": {"asn": 64500, "country": "US"},
        "203.0.113.0/25": {"asn": 64666, "country": "RU"},
        "2001:db8::/32": {"asn": 64501, "country": "JP"},
    }
    answer = Asking(world(watching() | {"networks": networks})).answered("8.8.8.8", name, "TXT", flags=RD)
    if expected is None:
        assert answer.rcode() == dns.rcode.NXDOMAIN
    else:
        assert values(answer.answer, "TXT")[0].startswith(f'"{expected}')


def test_a_watched_domain_below_another_fails_with_it_unless_it_is_cached() -> None:
    state = watching(nameservers={"ns1.hosting.net": "refused"})
    state["domains"]["sub.victim.com"] = domain(resolvers={HERE: {"1.1.1.1": "forged"}})
    asking = Asking(world(state))
    assert asking.answered("8.8.8.8", "sub.victim.com", "A", flags=RD).rcode() == dns.rcode.SERVFAIL
    assert values(asking.answered("1.1.1.1", "sub.victim.com", "A", flags=RD).answer, "A") == ["203.0.113.66"]
