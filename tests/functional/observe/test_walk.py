"""The iterative walk through real servers on loopback."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import dns.message
import pytest
from tests.functional.observe.world import HINTS, ROOT, World, Zone, authority, run, world
from tests.support.nameserver import Behaviour, referral, reply

from nswatch.observe.budget import Budget
from nswatch.observe.cache import WalkCache
from nswatch.observe.servers import Addresses, Lookup, Parent, Server
from nswatch.observe.walk import Walker

COM, UK, JP, NET = "198.51.100.2", "198.51.100.3", "198.51.100.4", "198.51.100.5"
CO_UK, OWN, HOST = "198.51.100.6", "198.51.100.7", "198.51.100.8"


def cut(host: str, *addresses: str) -> tuple[Sequence[str], Sequence[tuple[str, str]]]:
    return ([host], [(host, address) for address in addresses])


def root(**more: tuple[Sequence[str], Sequence[tuple[str, str]]]) -> Zone:
    cuts = {
        "com": cut("a.gtld-servers.net", COM),
        "uk": cut("nsa.nic.uk", UK),
        "jp": cut("a.dns.jp", JP),
        "net": cut("a.gtld-servers.net", NET),
        **more,
    }
    return Zone(".", [". 518400 IN NS a.root-servers.net."], cuts)


EXAMPLE = {"example.com": cut("ns1.example.com", OWN)}


def internet(**more: Behaviour) -> dict[str, Behaviour]:
    found: dict[str, Behaviour] = {
        ROOT: authority(root()),
        COM: authority(Zone("com", cuts=dict(EXAMPLE))),
        UK: authority(Zone("uk", cuts={"co.uk": cut("ns.co.uk", CO_UK)})),
        CO_UK: authority(Zone("co.uk", cuts={"example.co.uk": cut("ns.example.co.uk", OWN)})),
        JP: authority(Zone("jp", ["x.co.jp. 60 IN TXT x"], {"example.co.jp": cut("ns.example.co.jp", OWN)})),
        NET: authority(Zone("net", cuts={"host.net": cut("ns.host.net", HOST)})),
        HOST: authority(Zone("host.net", ["ns.host.net. 300 IN A 192.0.2.8", "v6.host.net. 300 IN AAAA 2001:db8::8"])),
    }
    found.update({{"com": COM, "uk": UK, "jp": JP, "net": NET, "host": HOST, "own": OWN, "root": ROOT}[key]: value
                  for key, value in more.items()})  # fmt: skip
    return found


def parent_of(domain: str, behaviours: dict[str, Behaviour], queries: int = 200) -> tuple[Parent, World]:
    async def work() -> tuple[Parent, World]:
        async with world(behaviours) as here:
            return await here.walker.parent_of(domain, Budget(queries), here.deadline()), here

    return run(work)


def addresses_of(host: str, behaviours: dict[str, Behaviour], queries: int = 200) -> tuple[Addresses, World]:
    async def work() -> tuple[Addresses, World]:
        async with world(behaviours, timeout=2) as here:
            return await here.walker.addresses_of(host, Budget(queries), here.deadline()), here

    return run(work)


UK_AND_CO_UK = authority(
    Zone("uk", cuts={"co.uk": cut("nsa.nic.uk", UK)}),
    Zone("co.uk", ["co.uk. 172800 IN NS nsa.nic.uk."], {"example.co.uk": cut("ns.example.co.uk", OWN)}),
)


@pytest.mark.parametrize(
    ("domain", "zone", "server", "behaviours"),
    [
        pytest.param("example.com", "com", COM, internet(), id="a TLD"),
        pytest.param("com", ".", ROOT, internet(), id="the root"),
        pytest.param("example.co.uk", "co.uk", CO_UK, internet(), id="a cut below a TLD with servers of its own"),
        pytest.param("example.co.uk", "co.uk", UK, internet(uk=UK_AND_CO_UK), id="a cut hidden by shared servers"),
        pytest.param("example.co.jp", "jp", JP, internet(), id="two labels between two cuts"),
        pytest.param("gone.co.jp", "jp", JP, internet(), id="a name that does not exist"),
        pytest.param("gone.co.uk", "co.uk", UK, internet(uk=UK_AND_CO_UK), id="not there, below a hidden cut"),
        pytest.param(
            "sub.example.com",
            "example.com",
            OWN,
            internet(own=authority(Zone("example.com"), Zone("sub.example.com", ["sub.example.com. 60 IN NS x."]))),
            id="a server of both parent and child",
        ),
    ],
)
def test_parent_of_finds_the_zone_above_when_it_is(
    domain: str, zone: str, server: str, behaviours: dict[str, Behaviour]
) -> None:
    parent, _ = parent_of(domain, behaviours)
    assert parent.zone == zone
    assert [address for one in parent.servers for address in one.addresses] == [server]
    assert parent.interception is None


def test_parent_of_resolves_a_server_when_its_glue_is_out_of_bailiwick() -> None:
    forged = [("ns.host.net", "203.0.113.66")]
    com = authority(Zone("com", cuts={"example.com": (["ns.host.net"], forged)}))
    parent, _ = parent_of("sub.example.com", internet(com=com))
    assert parent.servers == (Server("ns.host.net", ("192.0.2.8",)),)


def test_parent_of_tells_ipv6_addresses_and_lost_servers_when_there_are_some() -> None:
    glue = [("ns1.host.net", "192.0.2.8"), ("ns1.host.net", "2001:db8::8"), ("ns2.host.net", "2001:db8::9")]
    net = authority(Zone("net", cuts={"example.net": (["ns1.host.net", "ns2.host.net", "ns3.host.net"], glue)}))
    parent, _ = parent_of("sub.example.net", internet(net=net))
    assert parent.servers == (
        Server("ns1.host.net", ("192.0.2.8",), ("2001:db8::8",)),
        Server("ns2.host.net", ("2001:db8::9",), ("2001:db8::9",)),
    )
    assert parent.lost == ("ns3.host.net",)


def test_parent_of_skips_lame_servers_when_others_lead_on() -> None:
    refusing: Behaviour = lambda query, _transport: reply(query, rcode="REFUSED", aa=False)  # noqa: E731
    upward: Behaviour = lambda query, _transport: referral(query, "", ["a.root-servers.net"])  # noqa: E731
    sideways: Behaviour = lambda query, _transport: referral(query, "org.uk", ["ns.org.uk"], [("ns.org.uk", OWN)])  # noqa: E731
    silent: Behaviour = lambda _query, _transport: None  # noqa: E731
    behaviours = internet()
    hosts = [f"ns{i}.nic.uk" for i in range(5)]
    glue = [(host, f"192.0.2.{i}") for i, host in enumerate(hosts)]
    behaviours[ROOT] = authority(root(uk=(hosts, glue)))
    shared = authority(
        Zone("uk", cuts={"co.uk": (hosts, [])}),
        Zone("co.uk", [f"co.uk. 172800 IN NS {host}." for host in hosts]),
    )
    servers = (refusing, upward, sideways, silent, shared)
    behaviours |= dict(zip((address for _, address in glue), servers, strict=True))
    for domain in ("a.co.uk", "b.co.uk", "c.co.uk", "d.co.uk", "e.co.uk"):
        parent, _ = parent_of(domain, behaviours)
        assert parent.zone == "co.uk"
        assert parent.servers == tuple(Server(host, (address,)) for host, address in glue)


def test_parent_of_remembers_cuts_until_their_ttl_when_asked_again() -> None:
    async def work() -> list[int]:
        async with world(internet()) as here:
            counts = []
            for wait in (0, 10, 3601):
                here.now[0] += timedelta(seconds=wait)
                await here.walker.parent_of("example.co.uk", Budget(), here.deadline())
                counts.append(len(here.asked(ROOT)))
            return counts

    first, again, late = run(work)
    assert first == again < late


def test_parent_of_keeps_the_last_known_when_the_root_falls_silent() -> None:
    async def work() -> Parent:
        async with world(internet(), timeout=0.05) as here:
            await here.walker.parent_of("example.co.uk", Budget(), here.deadline())
            here.now[0] += timedelta(days=1)
            here.servers[ROOT].behave = lambda _query, _transport: None
            return await here.walker.parent_of("example.co.uk", Budget(), here.deadline(1))

    assert run(work).zone == "co.uk"


def test_parent_of_asks_the_root_once_when_many_domains_of_one_tld_start_together() -> None:
    async def work() -> World:
        async with world(internet()) as here:
            await asyncio.gather(
                *(here.walker.parent_of(f"d{i}.example.com", Budget(), here.deadline()) for i in range(20))
            )
            return here

    here = run(work)
    assert len([query for query in here.asked(ROOT) if query[1] != "."]) == 1


INTERCEPTED = {
    "RA": lambda query, _transport: reply(
        query, answer=[f"{query.question[0].name} 60 IN NS ns.isp."], aa=False, ra=True
    ),
    "no AA": lambda query, transport: (
        reply(query, answer=[". 60 IN NS a.root-servers.net."], aa=False)
        if query.question[0].name == dns.name.root
        else authority(root())(query, transport)
    ),
}


@pytest.mark.parametrize("behave", INTERCEPTED.values(), ids=INTERCEPTED)
def test_parent_of_notices_interception_when_the_root_answers_like_a_resolver(behave: Behaviour) -> None:
    parent, _ = parent_of("example.com", internet(root=behave))
    assert parent.interception is not None
    assert parent.interception.server == ROOT


@pytest.mark.parametrize(
    ("host", "result", "addresses"),
    [
        ("ns.host.net", Lookup.FOUND, ("192.0.2.8",)),
        ("v6.host.net", Lookup.FOUND, ("2001:db8::8",)),
        ("none.host.net", Lookup.NXDOMAIN, ()),
        ("nothing.net", Lookup.NXDOMAIN, ()),
        (".", Lookup.NODATA, ()),
    ],
)
def test_addresses_of_gives_what_the_servers_say_when_asked(
    host: str, result: Lookup, addresses: tuple[str, ...]
) -> None:
    found, _ = addresses_of(host, internet())
    assert (found.result, found.addresses) == (result, addresses)


def test_addresses_of_gives_all_of_ipv4_when_there_are_many() -> None:
    lines = [f"ns.host.net. 90 IN A 192.0.2.{i}" for i in range(1, 6)] + ["ns.host.net. 90 IN AAAA 2001:db8::1"]
    found, here = addresses_of("ns.host.net", internet(host=authority(Zone("host.net", lines))))
    assert found.addresses == tuple(f"192.0.2.{i}" for i in range(1, 6))
    assert found.ttl == 90
    assert "AAAA" not in {qtype for _, _, qtype in here.asked()}


def test_addresses_of_follows_aliases_when_there_are_some() -> None:
    lines = [
        "a.host.net. 60 IN CNAME b.host.net.",
        "b.host.net. 60 IN CNAME ns.host.net.",
        "ns.host.net. 60 IN A 192.0.2.8",
    ]
    found, _ = addresses_of("a.host.net", internet(host=authority(Zone("host.net", lines))))
    assert (found.host, found.addresses) == ("a.host.net", ("192.0.2.8",))


@pytest.mark.parametrize(
    "lines",
    [
        ["a.host.net. 60 IN CNAME a.host.net."],
        ["a.host.net. 60 IN CNAME b.host.net.", "b.host.net. 60 IN CNAME a.host.net."],
        [
            "a.host.net. 60 IN CNAME c0.host.net.",
            *(f"c{i}.host.net. 60 IN CNAME c{i + 1}.host.net." for i in range(40)),
        ],
    ],
    ids=["itself", "a loop", "a long chain"],
)
def test_addresses_of_gives_up_when_aliases_do_not_end(lines: list[str]) -> None:
    found, here = addresses_of("a.host.net", internet(host=authority(Zone("host.net", lines))))
    assert found.result is Lookup.UNKNOWN
    assert len(here.asked()) < 30


def test_addresses_of_believes_no_answer_when_it_lacks_authority() -> None:
    lines = ["ns.host.net. 60 IN A 203.0.113.66"]
    found, _ = addresses_of("ns.host.net", internet(host=lambda query, _: reply(query, answer=lines, aa=False)))
    assert found.result is Lookup.UNKNOWN


@pytest.mark.parametrize(("links", "result"), [(1, Lookup.FOUND), (3, Lookup.FOUND), (4, Lookup.UNKNOWN)])
def test_addresses_of_stops_at_depth_three_when_servers_are_named_in_yet_another_zone(
    links: int, result: Lookup
) -> None:
    names = [f"z{i}.net" for i in range(links + 1)]
    net = Zone("net", cuts={zone: ([f"ns.{lower}"], []) for zone, lower in pairwise(names)})
    net.cuts[names[-1]] = cut(f"ns.{names[-1]}", OWN)
    lines = [f"{label}.{zone}. 60 IN A {OWN}" for zone in names for label in ("ns", "www")]
    own = authority(*(Zone(zone, [line for line in lines if f".{zone}. " in line]) for zone in names))
    found, _ = addresses_of("www.z0.net", internet(net=authority(net), own=own))
    assert found.result is result


def test_addresses_of_ends_when_two_delegations_need_each_other() -> None:
    net = authority(Zone("net", cuts={"a.net": (["ns.b.net"], []), "b.net": (["ns.a.net"], [])}))
    found, here = addresses_of("www.a.net", internet(net=net))
    assert found.result is Lookup.UNKNOWN
    assert len(here.asked()) < 30


def test_addresses_of_ends_when_a_referral_refers_to_its_own_zone() -> None:
    host: Behaviour = lambda query, _transport: referral(query, "host.net", ["ns.host.net"], [("ns.host.net", HOST)])  # noqa: E731
    found, here = addresses_of("www.host.net", internet(host=host))
    assert found.result is Lookup.UNKNOWN
    assert len(here.asked()) < 10


@pytest.mark.parametrize("queries", [10, 50, 200])
def test_addresses_of_stays_in_budget_when_a_referral_is_a_bomb(queries: int) -> None:
    def bomb(query: dns.message.Message, transport: str) -> dns.message.Message:
        owner = query.question[0].name.to_text(omit_final_dot=True).lower().split(".")[-2]
        return referral(query, f"{owner}.net", [f"h{i}.{owner}{i}.net" for i in range(60)])

    found, here = addresses_of("www.bomb.net", internet(net=bomb), queries)
    assert found.result is Lookup.UNKNOWN
    assert len(here.asked()) <= queries + 1


def test_addresses_of_works_from_a_cache_when_the_walker_is_new() -> None:
    async def work() -> tuple[int, int]:
        async with world(internet()) as here:
            cache = WalkCache(lambda: here.now[0])
            counts = []
            for _ in range(2):
                walker = Walker(here.transport, HINTS, lambda: here.now[0], cache=cache)
                assert (await walker.addresses_of("ns.host.net", Budget(), here.deadline())).addresses
                counts.append(len(here.asked()))
            return counts[0], counts[1]

    first, second = run(work)
    assert first == second
