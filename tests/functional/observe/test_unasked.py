"""What a pass says nobody would ask for any more, over real sockets: silence is no such thing."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.functional.observe.region import DOMAIN, HOSTS, RESOLVERS, SERVERS, TLD, Region, internet, resolver
from tests.functional.observe.world import ROOT, World, Zone, authority, run, world
from tests.support.nameserver import Behaviour

from nswatch.model import Source
from nswatch.observe.cache import WalkCache
from nswatch.observe.task import DomainPass

SILENT: Behaviour = lambda _query, _transport: None  # noqa: E731


def root(tld: Sequence[str]) -> Behaviour:
    """Return a root that knows the servers of com at these addresses only."""
    names = [f"{letter}.gtld-servers.net" for letter in "abc"][: len(tld)]
    net = (["ns.nic.net"], [("ns.nic.net", "192.0.2.10")])
    return authority(Zone(".", cuts={"com": (names, list(zip(names, tld, strict=True))), "net": net}))


def gone(region: Region, made: DomainPass) -> set[tuple[Source, str]] | None:
    return None if made.gone is None else {(key.source, key.server) for key in made.gone(region.views)}


def test_nothing_is_unasked_while_all_is_as_expected() -> None:
    async def tell() -> None:
        async with world(internet()) as here:
            region = Region(here)
            for _ in range(4):
                assert gone(region, await region.look()) == set()

    run(tell)


def test_server_that_the_tld_retired_is_unasked_when_the_walk_no_longer_finds_it() -> None:
    async def tell() -> None:
        async with world(internet()) as here:
            region = Region(here)
            await region.look()
            here.servers[ROOT].behave = root(TLD[:2])
            region.cache = WalkCache(region.clock)
            assert gone(region, await region.look()) == {(Source.PARENT, TLD[2])}

    run(tell)


@pytest.mark.parametrize(
    "silent",
    [(TLD[0],), (TLD[0], TLD[1]), SERVERS, RESOLVERS, (*SERVERS, *RESOLVERS), ("192.0.2.10", "192.0.2.11")],
    ids=["a server of the TLD", "most of the TLD", "name servers", "resolvers", "both", "the hosts' zones"],
)
def test_silence_makes_nothing_unasked(silent: Sequence[str]) -> None:
    async def tell() -> None:
        async with world(internet(), timeout=0.2) as here:
            region = Region(here)
            await region.look()
            for address in silent:
                here.servers[address].behave = SILENT
            region.cache = WalkCache(region.clock)
            for _ in range(2):
                assert gone(region, await region.look()) in (set(), None)

    run(tell, 60)


@pytest.mark.parametrize("silent", [(ROOT,), TLD], ids=["the root", "the TLD"])
def test_pass_that_comes_to_no_parent_says_nothing_of_it(silent: Sequence[str]) -> None:
    async def tell() -> None:
        async with world(internet(), timeout=0.2) as here:
            region = Region(here)
            await region.look()
            for address in silent:
                here.servers[address].behave = SILENT
            region.cache = WalkCache(region.clock)
            assert gone(region, await region.look()) is None

    run(tell, 60)


def test_record_and_resolver_that_leave_the_watchlist_are_unasked() -> None:
    async def tell(here: World) -> None:
        region = Region(here)
        await region.look()
        answers = tuple(answer for answer in region.entry.answers if answer.type != "MX")
        region.entry = replace(region.entry, answers=answers, resolvers=RESOLVERS[1:])
        made = await region.look()
        assert made.gone is not None
        unasked = {(key.server, key.qtype) for key in made.gone(region.views)}
        assert unasked == {(address, "MX") for address in (*SERVERS, *RESOLVERS)} | {
            (RESOLVERS[0], qtype) for qtype in ("NS", "A", "TXT")
        }

    async def work() -> None:
        async with world(internet() | {RESOLVERS[0]: resolver()}) as here:
            await tell(here)

    run(work)


def test_host_that_leaves_the_delegation_and_the_watchlist_is_unasked_with_its_address() -> None:
    async def tell() -> None:
        async with world(internet()) as here:
            region = Region(here)
            await region.look()
            kept = frozenset(HOSTS[:3])
            baseline = replace(region.entry.baseline, addresses={})
            region.entry = replace(
                region.entry, delegation=replace(region.entry.delegation, ns=kept), baseline=baseline
            )
            assert gone(region, await region.look()) == set()  # the parent delegates to it still
            for address in TLD:
                here.servers[address].behave = authority(Zone("com", cuts={DOMAIN: (sorted(kept), ())}))
            while len(region.views) and any(
                HOSTS[3] in (view.facts.values if view.facts is not None else ())
                for key, view in region.views.items()
                if key.source is Source.PARENT
            ):
                made = await region.look()
            assert gone(region, made) == {(Source.AUTHORITATIVE, SERVERS[3]), (Source.ITERATIVE, "")}

    run(tell)
