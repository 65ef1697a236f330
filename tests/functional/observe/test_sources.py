"""All sources of a pass, and what several passes see together: real servers, and a record as a hub keeps it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dns.flags
import dns.message
import pytest
from tests.functional.observe.region import (
    CYMRU,
    DOMAIN,
    ENTRY,
    EVIL,
    EVIL_NET,
    GOOD_NET,
    HOSTS,
    NET,
    RESOLVERS,
    SERVERS,
    TLD,
    WATCHED,
    Region,
    addresses,
    internet,
    net,
    records,
    registry,
    resolver,
    seen,
    zone,
)
from tests.functional.observe.world import World, Zone, authority, run, world
from tests.support.nameserver import Behaviour, reply

from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry
from nswatch.model import Result, Source, Transport
from nswatch.observe.task import DomainPass

PARENT, AUTH, RECURSIVE, WALK = Source.PARENT, Source.AUTHORITATIVE, Source.RECURSIVE, Source.ITERATIVE
FORGED_MX = "10 mail.evil.net"
SILENT: Behaviour = lambda _query, _transport: None  # noqa: E731


def over(udp: Behaviour, tcp: Behaviour) -> Behaviour:
    return lambda query, transport: (udp if transport == "udp" else tcp)(query, transport)


def story(
    tell: Callable[[World], Awaitable[Any]], more: Mapping[str, Behaviour] | None = None, *, timeout: float = 0.3
) -> Any:
    async def work() -> Any:
        async with world(internet() | dict(more or {}), timeout=timeout) as here:
            return await tell(here)

    return run(work, 60)


def rrsets(made: DomainPass, source: Source) -> set[tuple[str, str, str]]:
    return {(one.key.server, one.key.qname, one.key.qtype) for one in made.observations if one.key.source is source}


def test_first_pass_asks_everybody_everything() -> None:
    made = story(lambda here: Region(here).look())
    apex = {(DOMAIN, "NS"), (DOMAIN, "SOA")}
    assert rrsets(made, PARENT) == {(address, DOMAIN, "NS") for address in TLD}
    assert rrsets(made, AUTH) == {(address, *rrset) for address in SERVERS for rrset in apex | WATCHED}
    assert rrsets(made, RECURSIVE) == {
        (address, *rrset) for address in RESOLVERS for rrset in WATCHED | {(DOMAIN, "NS")}
    }
    assert rrsets(made, WALK) == {("", host, "A") for host in HOSTS}
    assert {one.facts.result for one in made.observations} == {Result.REFERRAL, Result.ANSWER}
    assert {one.transport for one in made.observations} == {Transport.UDP}
    order = [one.key.source for one in made.observations]
    assert order == sorted(order, key=[PARENT, AUTH, WALK, RECURSIVE].index)


def test_later_passes_ask_a_third_when_all_is_in_order() -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        asked: set[tuple[str, str, str]] = set()
        for _ in range(3):
            made = await region.look()
            assert len({one.key.server for one in made.observations if one.key.source is AUTH}) == 2
            assert len({one.key.server for one in made.observations if one.key.source is RECURSIVE}) == 1
            asked |= rrsets(made, AUTH) | rrsets(made, RECURSIVE)
        assert len(asked) == 4 * 5 + 3 * 4

    story(tell)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("server", range(4))
def test_change_at_one_server_is_seen_within_three_passes_and_then_asked_everywhere(index: int, server: int) -> None:
    async def tell(here: World) -> None:
        region = Region(here, index=index)
        await region.look()
        here.servers[SERVERS[server]].behave = zone(f"{FORGED_MX}.")
        passes, made = await region.until(AUTH, "MX", [FORGED_MX])
        assert passes <= 3
        found = seen(made, AUTH, "MX")
        assert set(found) == set(SERVERS)
        assert found[SERVERS[server]].transport is Transport.TCP
        assert set(seen(made, RECURSIVE, "MX")) == set(RESOLVERS)
        again = await region.look()
        assert seen(again, AUTH, "MX")[SERVERS[server]].facts.values == (FORGED_MX,)

    story(tell)


@pytest.mark.parametrize("which", range(3))
def test_forged_cache_is_seen_within_three_passes_and_then_asked_everywhere(which: int) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        here.servers[RESOLVERS[which]].behave = resolver(f"{FORGED_MX}.")
        passes, made = await region.until(RECURSIVE, "MX", [FORGED_MX])
        assert passes <= 3
        assert seen(made, RECURSIVE, "MX")[RESOLVERS[which]].transport is Transport.TCP
        assert set(seen(made, RECURSIVE, "MX")) == set(RESOLVERS)
        assert set(seen(made, AUTH, "MX")) == set(SERVERS)

    story(tell)


def test_what_is_confirmed_is_not_confirmed_again_while_it_lasts() -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        for address in SERVERS[:2]:
            here.servers[address].behave = zone(f"{FORGED_MX}.")
        for address in TLD:
            here.servers[address].behave = registry([*HOSTS[:3], "ns1.evil.net"])
        await region.until(AUTH, "MX", [FORGED_MX])
        before = len([query for query in here.asked() if query[0] == "tcp"])
        assert before
        made = await region.look()
        assert {one.facts.values for one in seen(made, AUTH, "MX").values()} == {(FORGED_MX,), ("10 mx.mail.net",)}
        assert len([query for query in here.asked() if query[0] == "tcp"]) == before
        here.servers[SERVERS[0]].behave = zone("10 mail2.evil.net.")
        await region.look()
        assert len([query for query in here.asked(SERVERS[0]) if query[0] == "tcp"]) == 2

    story(tell)


@pytest.mark.parametrize(
    ("behave", "values", "transport"),
    [
        pytest.param(over(resolver(f"{FORGED_MX}."), resolver()), (FORGED_MX,), Transport.UDP, id="it repeats it"),
        pytest.param(over(resolver(f"{FORGED_MX}."), SILENT), (FORGED_MX,), Transport.UDP, id="TCP fails"),
    ],
)
def test_udp_answer_of_a_resolver_stands_when_tcp_came_to_another_cache(
    behave: Behaviour, values: tuple[str, ...], transport: Transport
) -> None:
    made = story(lambda here: Region(here).look(), {RESOLVERS[0]: behave})
    found = seen(made, RECURSIVE, "MX")[RESOLVERS[0]]
    assert (found.facts.values, found.transport) == (values, transport)
    assert "over TCP" in found.facts.note


def test_spoofed_answer_is_forgotten_when_the_resolver_does_not_repeat_it() -> None:
    forged: list[int] = []

    def behave(query: dns.message.Message, transport: str) -> Any:
        if transport == "udp" and query.question[0].rdtype == dns.rdatatype.MX and not forged:
            forged.append(1)
            return resolver(f"{FORGED_MX}.")(query, transport)
        return resolver()(query, transport)

    made = story(lambda here: Region(here).look(), {RESOLVERS[0]: behave})
    found = seen(made, RECURSIVE, "MX")[RESOLVERS[0]]
    assert (found.facts.values, found.transport) == (("10 mx.mail.net",), Transport.TCP)
    assert forged


@pytest.mark.parametrize(
    ("unchecked", "result", "note"),
    [
        pytest.param(resolver(), Result.BOGUS, "with CD: 10 mx.mail.net", id="bogus"),
        pytest.param(
            lambda query, _transport: reply(query, rcode="NXDOMAIN", aa=False), Result.BOGUS, "with CD: nxdomain",
            id="bogus without data",
        ),
        pytest.param(
            lambda query, _transport: reply(query, rcode="SERVFAIL", aa=False), Result.SERVFAIL, "", id="broken"
        ),
    ],
)  # fmt: skip
def test_resolver_is_asked_with_cd_when_it_fails(unchecked: Behaviour, result: Result, note: str) -> None:
    def behave(query: dns.message.Message, transport: str) -> Any:
        if query.flags & dns.flags.CD:
            return unchecked(query, transport)
        return reply(query, rcode="SERVFAIL", aa=False)

    made = story(lambda here: Region(here).look(), {RESOLVERS[1]: behave})
    found = seen(made, RECURSIVE, "MX")[RESOLVERS[1]]
    assert (found.facts.result, found.facts.values, found.facts.note) == (result, (), note)


@pytest.mark.parametrize(
    ("third", "result", "values"),
    [
        pytest.param(resolver(), Result.ANSWER, ("10 mx.mail.net",), id="it has the answer by then"),
        pytest.param(SILENT, Result.SERVFAIL, (), id="it is silent then"),
    ],
)
def test_resolver_is_not_bogus_when_it_only_failed_at_first(
    third: Behaviour, result: Result, values: tuple[str, ...]
) -> None:
    asked: dict[int, int] = {}

    def behave(query: dns.message.Message, transport: str) -> Any:
        if query.flags & dns.flags.CD:
            return resolver()(query, transport)
        rdtype = query.question[0].rdtype
        asked[rdtype] = asked.get(rdtype, 0) + 1
        return reply(query, rcode="SERVFAIL", aa=False) if asked[rdtype] == 1 else third(query, transport)

    made = story(lambda here: Region(here).look(), {RESOLVERS[1]: behave})
    found = seen(made, RECURSIVE, "MX")[RESOLVERS[1]]
    assert (found.facts.result, found.facts.values) == (result, values)


def test_silent_resolver_costs_one_question_a_turn_until_it_is_back() -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        dead = here.servers[RESOLVERS[0]]
        dead.behave = SILENT
        await region.look()
        assert {qtype for _, _, qtype in dead.queries} == {"NS", "MX", "A", "TXT"}
        dead.queries.clear()
        for _ in range(3):
            made = await region.look()
            assert len(seen(made, AUTH, "SOA")) == 2
        assert {qtype for _, _, qtype in dead.queries} == {"NS"}
        assert len(dead.queries) == 3  # one turn, three attempts
        dead.behave = resolver()
        passes = [await region.look() for _ in range(3)]
        assert any(RESOLVERS[0] in seen(made, RECURSIVE, "MX") for made in passes)

    story(tell)


@pytest.mark.parametrize(
    "behave",
    [lambda query, _transport: reply(query, rcode="REFUSED", aa=False), SILENT, resolver()],
    ids=["refuses", "is silent", "has no authority"],
)
def test_soa_is_asked_of_all_delegated_servers_when_one_fails(behave: Behaviour) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        here.servers[SERVERS[2]].behave = behave
        looks = [seen(await region.look(), AUTH, "SOA") for _ in range(3)]
        failed = [found for found in looks if SERVERS[2] in found]
        assert failed
        assert {frozenset(found) for found in failed} == {frozenset(SERVERS)}
        after = seen(await region.look(), AUTH, "SOA")
        assert SERVERS[2] in after

    story(tell)


IN_BAILIWICK = ("ns1.hosting.com", "ns2.hosting.com")
GLUE = (("ns1.hosting.com", SERVERS[0]), ("ns2.hosting.com", SERVERS[1]))


def hosting(glue: tuple[tuple[str, str], ...], moved: tuple[str, ...] = SERVERS[:2]) -> dict[str, Behaviour]:
    """``example.com`` has name servers below com, whose registry gives glue for them."""
    cuts: dict[str, Any] = {
        DOMAIN: (IN_BAILIWICK, glue),
        "hosting.com": (["ns.hosting.com"], [("ns.hosting.com", GOOD_NET)]),
    }
    own = Zone("hosting.com", [f"{host}. 300 IN A {at}" for host, at in zip(IN_BAILIWICK, moved, strict=True)])
    return {**dict.fromkeys(TLD, authority(Zone("com", cuts=cuts))), GOOD_NET: authority(own)}


HOSTING = DomainEntry(
    DOMAIN,
    Delegation(frozenset(IN_BAILIWICK)),
    answers=ENTRY.answers[:1],
    baseline=Baseline(glue={host: (address,) for host, address in GLUE}),
    resolvers=RESOLVERS,
)


@pytest.mark.parametrize(
    ("glue", "moved", "departs"),
    [
        pytest.param(GLUE, SERVERS[:2], False, id="as approved"),
        pytest.param((GLUE[0], ("ns2.hosting.com", EVIL)), SERVERS[:2], True, id="forged"),
        pytest.param((GLUE[0], ("ns2.hosting.com", EVIL)), (SERVERS[0], EVIL), False, id="moved, and says so itself"),
        pytest.param((GLUE[0],), SERVERS[:2], False, id="left out"),
    ],
)
def test_glue_is_confirmed_and_asked_of_all_when_it_departs(
    glue: tuple[tuple[str, str], ...], moved: tuple[str, ...], departs: bool
) -> None:
    async def tell(here: World) -> None:
        region = Region(here, replace(HOSTING))
        await region.look()
        for address, behave in hosting(glue, moved).items():
            here.servers[address].behave = behave
        here.now[0] += timedelta(minutes=5)
        made = await region.look()
        parents = seen(made, PARENT, "NS")
        assert len(parents) == (3 if departs else 2)
        assert {one.transport for one in parents.values()} == {Transport.TCP if departs else Transport.UDP}
        if departs:
            assert seen(made, AUTH, "MX")[EVIL].facts.values == (FORGED_MX,)
            assert len(seen(await region.look(), PARENT, "NS")) == 3

    story(tell, hosting(GLUE))


@pytest.mark.parametrize("where", ["its zone", "its zone's registry"])
def test_moved_name_server_is_seen_within_three_passes(where: str) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        for _ in range(4):
            await region.look()
        if where == "its zone":
            here.servers[GOOD_NET].behave = addresses([EVIL, *SERVERS[1:]])
        else:
            here.servers[NET].behave = net(EVIL_NET)
        passes, made = await region.until(WALK, "A", [EVIL])
        assert passes <= 3
        moved = [one for one in seen(made, WALK, "A").values() if one.facts.values == (EVIL,)]
        assert {one.transport for one in moved} == {Transport.TCP}
        assert all(one.wire for one in moved)
        assert seen(made, AUTH, "MX")[EVIL].facts.values == (FORGED_MX,)
        assert set(seen(made, AUTH, "MX")) == {*SERVERS, EVIL}

    story(tell)


@pytest.mark.parametrize("before", range(1, 7))
def test_all_name_servers_of_a_moved_zone_are_seen_within_three_passes(before: int) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        for _ in range(before):
            await region.look()
        here.servers[NET].behave = net(EVIL_NET)
        moved: set[str] = set()
        for _ in range(3):
            found = seen(await region.look(), WALK, "A")
            moved |= {host for host, one in found.items() if one.facts.values == (EVIL,)}
        assert moved == set(HOSTS)

    story(tell)


def test_moved_name_server_is_not_believed_when_only_udp_says_so() -> None:
    spoofed = over(addresses([EVIL, *SERVERS[1:]]), addresses())
    made = story(lambda here: Region(here).look(), {GOOD_NET: spoofed})
    assert seen(made, WALK, "A")[HOSTS[0]].facts.values == (SERVERS[0],)
    assert EVIL not in seen(made, AUTH, "NS")


def test_addresses_are_unknown_and_the_servers_still_asked_when_their_zone_falls_silent() -> None:
    async def tell(here: World) -> None:
        region = Region(here, replace(ENTRY, baseline=Baseline()))
        await region.look()
        here.servers[GOOD_NET].behave = SILENT
        here.now[0] += timedelta(minutes=10)
        made = await region.look()
        assert {one.facts.result for one in seen(made, WALK, "A").values()} == {Result.TIMEOUT}
        assert {one.facts.values for one in seen(made, WALK, "A").values()} == {()}
        assert len(seen(made, AUTH, "SOA")) >= 2

    story(tell, timeout=0.1)


@pytest.mark.parametrize(
    ("address", "texts", "transport"),
    [
        pytest.param("198.18.0.9", None, Transport.UDP, id="in a network"),
        pytest.param("198.51.100.1", Result.ANSWER, Transport.UDP, id="announced by the approved AS"),
        pytest.param("198.51.100.2", Result.ANSWER, Transport.TCP, id="announced by another AS"),
        pytest.param("198.51.100.3", Result.NXDOMAIN, Transport.TCP, id="announced by nobody"),
    ],
)
def test_origin_of_an_address_is_looked_up_when_it_decides(
    address: str, texts: Result | None, transport: Transport
) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        made = await region.look()
        assert {one.transport for one in seen(made, AUTH, "A").values()} == {transport}
        assert {one.transport for one in seen(made, RECURSIVE, "A").values()} == {transport}
        found = seen(made, WALK, "TXT")
        assert {one.facts.result for one in found.values()} == ({texts} if texts else set())
        asked = len(here.asked(CYMRU))
        await region.look()
        assert len(here.asked(CYMRU)) == asked

    both = dict.fromkeys(SERVERS, zone(address=address)) | dict.fromkeys(RESOLVERS, resolver(address=address))
    story(tell, both)


def origin(number: int | None, last: int) -> Behaviour:
    """Return a server of cymru.com by which an AS (or nobody) announces one address."""
    owner = f"{last}.100.51.198.origin.asn.cymru.com."
    lines = [] if number is None else [f'{owner} 300 IN TXT "{number} | 198.51.100.0/24 | US | arin | 2001-01-01"']
    return authority(Zone("cymru.com", lines))


@pytest.mark.parametrize(
    ("over_tcp", "result", "believed"),
    [
        pytest.param(origin(64666, 1), Result.ANSWER, True, id="confirmed"),
        pytest.param(origin(64500, 1), Result.ANSWER, False, id="forged"),
        pytest.param(SILENT, Result.TIMEOUT, False, id="not confirmed"),
    ],
)
def test_origin_that_speaks_against_an_address_counts_only_when_tcp_confirms_it(
    over_tcp: Behaviour, result: Result, believed: bool
) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        for _ in range(2):
            made = await region.look()
            (found,) = seen(made, WALK, "TXT").values()
            assert (found.facts.result, found.transport is Transport.TCP) == (result, result is Result.ANSWER)
            views = [view for key, view in region.views.items() if (key.source, key.qtype) == (AUTH, "A")]
            assert {view.transport is Transport.TCP for view in views} == {believed}

    servers = dict.fromkeys(SERVERS, zone(address="198.51.100.1"))
    story(tell, servers | {CYMRU: over(origin(64666, 1), over_tcp)}, timeout=0.2)


def test_origin_is_confirmed_once_when_several_servers_give_the_address() -> None:
    async def tell(here: World) -> None:
        await Region(here).look()
        assert [transport for transport, _, qtype in here.asked(CYMRU) if qtype == "TXT"] == ["udp", "tcp"]

    story(
        tell,
        dict.fromkeys(SERVERS, zone(address="198.51.100.2"))
        | dict.fromkeys(RESOLVERS, resolver(address="198.51.100.2")),
    )


@pytest.mark.parametrize(
    ("number", "minutes"), [pytest.param(64500, 60, id="an hour"), pytest.param(None, 10, id="ten minutes for nobody")]
)
def test_origin_is_looked_up_anew_after_a_while(number: int | None, minutes: int) -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        asked = len(here.asked(CYMRU))
        here.now[0] += timedelta(minutes=minutes / 2)
        await region.look()
        assert len(here.asked(CYMRU)) == asked
        here.now[0] += timedelta(minutes=minutes / 2)
        await region.look()
        assert len(here.asked(CYMRU)) > asked

    story(tell, dict.fromkeys(SERVERS, zone(address="198.51.100.1")) | {CYMRU: origin(number, 1)})


def test_address_is_unexpected_within_the_hour_when_another_as_comes_to_announce_it() -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        made = await region.look()
        assert {one.transport for one in seen(made, AUTH, "A").values()} == {Transport.UDP}
        here.servers[CYMRU].behave = origin(64666, 1)
        here.now[0] += timedelta(hours=1)
        made = await region.look()
        assert {one.transport for one in seen(made, AUTH, "A").values()} == {Transport.TCP}

    story(tell, dict.fromkeys(SERVERS, zone(address="198.51.100.1")))


def test_origin_is_unknown_and_nothing_confirmed_when_nobody_tells_it() -> None:
    made = story(
        lambda here: Region(here).look(), dict.fromkeys(SERVERS, zone(address="198.51.100.1")) | {CYMRU: SILENT}
    )
    assert {one.transport for one in seen(made, AUTH, "A").values()} == {Transport.UDP}
    assert {one.facts.result for one in seen(made, WALK, "TXT").values()} == {Result.TIMEOUT}


def test_at_most_eight_origins_are_looked_up_when_an_answer_holds_many_addresses() -> None:
    lines = [f"{DOMAIN}. 60 IN A 198.51.100.{i}" for i in range(100, 140)]
    many = authority(Zone(DOMAIN, lines))
    made = story(lambda here: Region(here).look(), dict.fromkeys(SERVERS, many))
    assert len(seen(made, WALK, "TXT")) == 8


def test_server_is_asked_for_an_alias_in_its_turn_only_when_it_leads_elsewhere() -> None:
    async def tell(here: World) -> None:
        region = Region(here, replace(ENTRY, answers=(Answer(f"www.{DOMAIN}", "A", within=("198.18.0.0/24",)),)))
        first = await region.look()
        for one in seen(first, AUTH, "A").values():
            assert (one.facts.result, one.facts.aliases) == (Result.NODATA, ("www.cdn.net",))
        made = await region.look()
        assert len(seen(made, AUTH, "A")) == 2
        assert not [query for query in here.asked() if query[0] == "tcp"]

    alias = authority(Zone(DOMAIN, [f"www.{DOMAIN}. 60 IN CNAME www.cdn.net.", *records()]))
    story(tell, dict.fromkeys(SERVERS, alias) | dict.fromkeys(RESOLVERS, with_alias()))


def with_alias() -> Behaviour:
    lines = [f"www.{DOMAIN}. 60 IN CNAME www.cdn.net.", "www.cdn.net. 60 IN A 198.18.0.7"]

    def behave(query: dns.message.Message, transport: str) -> Any:
        if query.question[0].name.to_text().lower() == f"www.{DOMAIN}.":
            return reply(query, answer=lines, aa=False, ra=True)
        return resolver()(query, transport)

    return behave


def test_delegation_and_expected_servers_are_asked_when_the_budget_ends() -> None:
    forged = [f"ns{i}.evil.net" for i in range(13)]
    glue_less = authority(Zone("net", [f"{host}. 60 IN A 203.0.113.{100 + i}" for i, host in enumerate(forged)],
                               {"good.net": (["ns.good.net"], [("ns.good.net", GOOD_NET)])}))  # fmt: skip
    many = replace(ENTRY, answers=tuple(Answer(f"r{i}.{DOMAIN}", "A", within=("198.18.0.0/24",)) for i in range(40)))
    lines = [*records(), *(f"r{i}.{DOMAIN}. 60 IN A 198.51.100.{i}" for i in range(40))]
    behaviours = {
        **dict.fromkeys(TLD, registry(forged)),
        NET: glue_less,
        **dict.fromkeys(SERVERS, authority(Zone(DOMAIN, lines))),
        **{f"203.0.113.{100 + i}": authority(Zone(DOMAIN, lines)) for i in range(13)},
    }

    async def tell(here: World) -> None:
        region = Region(here, many)
        for _ in range(3):
            before = len(here.asked())
            made = await region.look()
            assert made.complete
            assert set(seen(made, PARENT, "NS")) == set(TLD)
            assert len(set(seen(made, AUTH, "SOA")) & set(SERVERS)) >= 2
            assert set(seen(made, WALK, "A")) >= set(HOSTS)
            assert len(here.asked()) - before <= 201

    story(tell, behaviours)
