"""Who exists in a world and where they live."""

import ipaddress
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.replay.worlds import HERE, START, THERE, Asking, changed, domain, registry, watching, world

from nswatch.model import Transport
from nswatch_cli.replay.addresses import route53_number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ns-0.awsdns-00.com", 0),
        ("ns-405.awsdns-50.com", 405),
        ("ns-650.awsdns-17.net", 650),
        ("ns-1515.awsdns-61.org", 1515),
        ("ns-1985.awsdns-56.co.uk", 1985),
        ("ns-1515.awsdns-061.org", None),
        ("ns-01515.awsdns-61.org", None),
        ("ns-1515.awsdns-61.com", None),
        ("ns-1515.awsdns-60.org", None),
        ("ns-2048.awsdns-64.com", None),
        ("ns-1515.awsdns-61.org.evil.net", None),
        ("xns-1515.awsdns-61.org", None),
    ],
)
def test_route53_number_follows_the_rule_of_the_names(name: str, number: int | None) -> None:
    assert route53_number(name) == number


def hosts_world(*hosts: str) -> Asking:
    served = dict.fromkeys(hosts, "genuine")
    state = watching(registry=registry(ns=list(hosts)), nameservers=served)
    return Asking(world(state))


def test_route53_hosts_live_in_route53_ranges_and_others_do_not() -> None:
    ranges = {"198.51.100.0/24": {"asn": 16509, "aws": "ROUTE53"}}
    hosts = ("ns-1515.awsdns-61.org", "ns-1515.awsdns-061.org", "ns1.other.net")
    state = watching(registry=registry(ns=list(hosts)), nameservers=dict.fromkeys(hosts, "genuine"))
    for networks, expected in ((ranges, "198.51.100.0/24"), ({}, "205.251.192.0/21")):
        of = world(state | {"networks": networks})
        homes = [ipaddress.ip_address(of.addresses(host)[0]) in ipaddress.ip_network(expected) for host in hosts]
        assert homes == [True, False, False]


def test_every_host_has_an_address_of_its_own_and_the_same_in_every_run() -> None:
    hosts = tuple(f"ns{number}.hosting.net" for number in range(300))
    first, second = hosts_world(*hosts), hosts_world(*reversed(hosts))
    found = {host: first.host(host) for host in hosts}
    assert len(set(found.values())) == 300
    assert sum(found[host] == second.host(host) for host in hosts) >= 298  # but for collisions


def test_the_first_glue_is_the_address_and_stays_when_glue_changes() -> None:
    given = watching(registry=registry(glue={"ns1.hosting.net": ["192.0.2.1"]}))
    moved = {"domains": {"victim.com": changed(domain(), glue={"ns1.hosting.net": ["203.0.113.1"]})}}
    asking = Asking(world(given, moved))
    asking.world.apply(moved, START)
    assert asking.world.addresses("ns1.hosting.net") == ("192.0.2.1",)
    for address in ("192.0.2.1", "203.0.113.1"):  # whoever follows the changed glue finds the same host
        assert asking.ask(address, "victim.com") is not None


def test_glue_that_comes_later_does_not_move_a_host_that_had_an_address() -> None:
    moved = {"domains": {"victim.com": changed(domain(), glue={"ns1.hosting.net": ["203.0.113.1"]})}}
    of = world(watching(), moved)
    before = of.addresses("ns1.hosting.net")
    of.apply(moved, START)
    assert of.addresses("ns1.hosting.net") == before != ("203.0.113.1",)


def test_written_addresses_win_and_move_the_host_when_they_change() -> None:
    asking = Asking(world(watching(addresses={"NS1.hosting.net.": ["192.0.2.1", "2001:DB8::1"]})))
    assert asking.world.addresses("ns1.hosting.net") == ("192.0.2.1", "2001:db8::1")
    asking.world.apply(watching(addresses={"ns1.hosting.net": ["192.0.2.2"]}), START)
    assert asking.ask("192.0.2.2", "victim.com") is not None
    assert asking.ask("192.0.2.1", "victim.com") is None


def test_a_picked_address_is_none_that_the_file_uses() -> None:
    free = world(watching()).addresses("ns1.hosting.net")[0]
    of = world(watching(addresses={"ns2.hosting.net": [free]}))
    assert of.addresses("ns1.hosting.net") != (free,)


def test_a_host_inside_the_zone_lives_where_the_zone_says() -> None:
    inside = watching(registry=registry(ns=["mail.victim.com"]), nameservers={"mail.victim.com": "genuine"})
    assert world(inside).addresses("mail.victim.com") == ("192.0.2.25",)


@pytest.mark.parametrize("where", ["watchlist", "registry", "nameservers", "zone", "step", "planned change", "glue"])
def test_the_domain_of_a_host_is_registered_long_ago_wherever_the_file_names_it(where: str) -> None:
    state, later = watching(), watching()
    watchlist: dict[str, Any] = {"domains": {"victim.com": {}}}
    match where:
        case "watchlist":
            watchlist = {"domains": {"victim.com": {"delegation": {"ns": ["a.named.org"]}}}}
        case "planned change":
            change = {"delegation": {"ns": ["a.named.org"]}}
            watchlist = {"domains": {"victim.com": {"planned_changes": [change]}}}
        case "registry":
            state = watching(registry=registry(ns=["A.Named.ORG."]))
        case "nameservers":
            state = watching(nameservers={"a.named.org": "genuine"})
        case "glue":
            state = watching(registry=registry(glue={"a.named.org": ["192.0.2.1"]}))
        case "zone":
            state = watching(zones={"genuine": {"records": "@ 60 IN MX 10 a.named.org."}})
        case "step":
            later = watching(registry=registry(ns=["a.named.org"]))
    of = world(state, later, watchlist=watchlist)
    assert of.registered("named.org") is not None
    assert of.registered("unnamed.org") is None


def test_a_dated_domain_exists_from_its_date_on_and_not_before_its_step() -> None:
    now = [START]
    state = watching(nameservers={"a.dated.org": "genuine", "b.soon.org": "genuine"})
    state["registered_domains"] = {"soon.org": (START + timedelta(hours=1)).isoformat()}
    later = state | {"registered_domains": {"dated.org": datetime(2020, 1, 1), "soon.org": START}}  # noqa: DTZ001
    of = world(state, later, clock=lambda: now[0])
    assert (of.registered("dated.org"), of.registered("soon.org")) == (None, None)
    before = of.epoch
    now[0] = START + timedelta(hours=1)
    assert of.registered("soon.org") == now[0]
    assert of.epoch != before
    of.apply(later, now[0])
    assert of.registered("dated.org") is not None


def test_a_free_domain_does_not_exist_whatever_else_is_said_of_it() -> None:
    state = watching() | {"free_domains": ["Hosting.net"], "registered_domains": {"hosting.net": START.isoformat()}}
    of = world(state)
    assert of.registered("hosting.net") is None
    assert of.kind("hosting.net") is None


def test_lost_replies_are_the_first_of_each_regions_pass_and_a_repeat_is_answered() -> None:
    of = world(watching() | {"faults": {"udp_loss": 2}})
    questions = [b"\0" * 12 + bytes([number]) for number in range(3)]

    def lost() -> list[bool]:
        return [of.loss.loses(HERE, "192.0.2.1", question) for question in (*questions, *questions)]

    assert lost() == [True, True, False, False, False, False]
    assert lost() == [False] * 6
    assert of.loss.loses(THERE, "192.0.2.1", questions[0])
    assert not of.loss.loses(THERE, "192.0.2.1", questions[0])
    of.begin_pass(HERE)
    assert lost() == [True, True, False, False, False, False]


def test_faults_are_read_when_given_and_absent_otherwise() -> None:
    of = world(watching())
    assert (of.silent_regions, of.hubs_down, of.ipv6_reachable) == (frozenset(), frozenset(), True)
    of.apply(watching() | {"faults": {"silent_regions": [HERE], "hub_down": [THERE], "ipv6": "unreachable"}}, START)
    assert (of.silent_regions, of.hubs_down, of.ipv6_reachable) == (frozenset({HERE}), frozenset({THERE}), False)


def test_answers_are_the_same_over_both_transports() -> None:
    asking = Asking(world(watching()))
    udp, tcp = (asking.answered("198.41.0.4", "victim.com", over=over) for over in Transport)
    assert udp.authority == tcp.authority
