"""A whole pass over one domain, and over a shard, through real servers on loopback."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.message
import pytest
from tests.functional.observe.world import ROOT, World, Zone, authority, run, world
from tests.support.nameserver import Behaviour, referral, reply

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry, PlannedChange
from nswatch.model import Key, Observation, Result, Source, Transport
from nswatch.observe.probe_pass import observe_domain, observe_shard
from nswatch.observe.task import DomainPass, DomainTask, Followed, Record, Vantage

GENUINE = ("ns1.good.net", "ns2.good.net")
FORGED = ("ns1.evil.net", "ns2.evil.net")
TLD = tuple(f"192.0.2.{i}" for i in range(1, 5))
NET = "192.0.2.10"
GOOD = ("203.0.113.1", "203.0.113.2")
EVIL = ("203.0.113.66", "203.0.113.67")
PARENTS = [(f"{chr(97 + i)}.gtld-servers.net", address) for i, address in enumerate(TLD)]
START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = DomainEntry("example.com", Delegation(frozenset(GENUINE), soa_mname="ns1.good.net"))


def registry(hosts: Sequence[str], **cuts: Sequence[str]) -> Behaviour:
    return authority(Zone("com", cuts={"example.com": (hosts, ()), **{f"{k}.com": (v, ()) for k, v in cuts.items()}}))


def zone_of(hosts: Sequence[str], name: str = "example.com") -> Behaviour:
    soa = f"{name}. 900 IN SOA {hosts[0]}. hostmaster.{hosts[0]}. 1 7200 900 1209600 86400"
    return authority(Zone(name, [soa, *(f"{name}. 172800 IN NS {host}." for host in hosts)]))


def internet() -> dict[str, Behaviour]:
    hosts = [*zip(GENUINE, GOOD, strict=True), *zip(FORGED, EVIL, strict=True)]
    glue = [("ns.nic.net", NET)]
    return {
        ROOT: authority(
            Zone(
                ".",
                [". 518400 IN NS a.root-servers.net."],
                {"com": ([host for host, _ in PARENTS], PARENTS), "net": (["ns.nic.net"], glue)},
            )
        ),
        **dict.fromkeys(TLD, registry(GENUINE)),
        NET: authority(Zone("net", [f"{host}. 3600 IN A {address}" for host, address in hosts])),
        **dict.fromkeys(GOOD, zone_of(GENUINE)),
        **dict.fromkeys(EVIL, zone_of(FORGED)),
    }


def expected(entry: DomainEntry, at: datetime = START) -> Expectations:
    return Expectations(entry, at, Networks(AwsRanges({})))


def options(here: World, **more: Any) -> dict[str, Any]:
    return {
        "asker": here.transport,
        "walker": here.walker,
        "vantage": Vantage("r1", 0, 3, here.now[0], 7),
        "clock": lambda: here.now[0],
        "deadline": here.deadline(),
        **more,
    }


def one_pass(
    behaviours: dict[str, Behaviour],
    *,
    entry: DomainEntry = ENTRY,
    timeout: float = 0.8,
    unexpected: Collection[Key] = (),
    followed: Followed = (),
    first: bool = False,
) -> tuple[DomainPass, World]:
    task = DomainTask(expected(entry), followed, Record(frozenset(unexpected)), first)

    async def work() -> tuple[DomainPass, World]:
        async with world(behaviours, timeout=timeout) as here:
            return await observe_domain(task, **options(here)), here

    return run(work)


def seen(made: DomainPass, source: Source, qtype: str = "NS") -> dict[str, Observation]:
    return {
        observation.key.server: observation
        for observation in made.observations
        if observation.key.source is source and observation.key.qtype == qtype
    }


def test_observe_domain_asks_two_parents_and_the_apex_when_all_is_in_order() -> None:
    made, here = one_pass(internet())
    assert made.complete
    assert made.parent is not None
    assert made.parent.zone == "com"
    assert made.interception is None
    parents = seen(made, Source.PARENT)
    assert len(parents) == 2
    for observation in parents.values():
        assert observation.facts.result is Result.REFERRAL
        assert observation.facts.values == GENUINE
        assert observation.facts.ttl == 172800
        assert observation.transport is Transport.UDP
        assert observation.key == Key("r1", Source.PARENT, observation.key.server, "example.com", "NS")
        assert (observation.domain, observation.watchlist_version) == ("example.com", 7)
        assert observation.wire
    assert {one.server_name for one in seen(made, Source.AUTHORITATIVE).values()} == set(GENUINE)
    assert {one.facts.values[0].split()[0] for one in seen(made, Source.AUTHORITATIVE, "SOA").values()} == {GENUINE[0]}
    assert not [query for query in here.asked() if query[0] == "tcp"]


def test_observe_domain_covers_all_parents_when_two_passes_are_made() -> None:
    async def work() -> set[str]:
        asked = set()
        async with world(internet()) as here:
            for minute in range(2):
                time = here.now[0] + timedelta(minutes=minute)
                vantage = Vantage("r1", 0, 3, time, 7)
                made = await observe_domain(DomainTask(expected(ENTRY)), **options(here, vantage=vantage))
                asked |= set(seen(made, Source.PARENT))
        return asked

    assert run(work) == set(TLD)


def test_observe_domain_confirms_over_tcp_and_follows_when_the_delegation_changed() -> None:
    behaviours = internet() | dict.fromkeys(TLD, registry(FORGED))
    made, _ = one_pass(behaviours)
    parents = seen(made, Source.PARENT)
    assert {(one.facts.values, one.transport) for one in parents.values()} == {(FORGED, Transport.TCP)}
    apex = seen(made, Source.AUTHORITATIVE)
    assert set(apex) == {*GOOD, *EVIL}
    assert {one.transport for address, one in apex.items() if address in EVIL} == {Transport.TCP}
    assert {one.transport for address, one in apex.items() if address in GOOD} == {Transport.UDP}
    assert seen(made, Source.AUTHORITATIVE, "SOA")[EVIL[0]].transport is Transport.TCP


def test_observe_domain_takes_the_tcp_answer_when_udp_was_spoofed() -> None:
    def behave(query: dns.message.Message, transport: str) -> Any:
        return registry(FORGED if transport == "udp" else GENUINE)(query, transport)

    made, _ = one_pass(internet() | dict.fromkeys(TLD, behave))
    assert {(one.facts.values, one.transport) for one in seen(made, Source.PARENT).values()} == {
        (GENUINE, Transport.TCP)
    }
    assert not set(seen(made, Source.AUTHORITATIVE)) & set(EVIL)


def test_observe_domain_keeps_the_udp_answer_and_says_so_when_tcp_fails() -> None:
    def behave(query: dns.message.Message, transport: str) -> Any:
        return registry(FORGED)(query, transport) if transport == "udp" else reply(query, rcode="SERVFAIL", aa=False)

    made, _ = one_pass(internet() | dict.fromkeys(TLD, behave))
    found = list(seen(made, Source.PARENT).values())
    assert {(one.facts.values, one.transport) for one in found} == {(FORGED, Transport.UDP)}
    assert all("over TCP: servfail" in one.facts.note for one in found)


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR"])
def test_observe_domain_is_complete_and_confirmed_when_the_delegation_is_gone(rcode: str) -> None:
    soa = ["com. 900 IN SOA a.gtld-servers.net. nstld. 1 1800 900 604800 900"]
    gone: Behaviour = lambda query, _transport: reply(query, authority=soa, rcode=rcode)  # noqa: E731
    made, _ = one_pass(internet() | dict.fromkeys(TLD, gone))
    result = Result.NXDOMAIN if rcode == "NXDOMAIN" else Result.NODATA
    assert made.complete
    assert {(one.facts.result, one.transport) for one in seen(made, Source.PARENT).values()} == {
        (result, Transport.TCP)
    }
    assert set(seen(made, Source.AUTHORITATIVE)) == set(GOOD)


def test_observe_domain_shows_both_when_one_parent_server_lags() -> None:
    behaviours = internet() | dict.fromkeys(TLD[1:], registry(FORGED))
    made, _ = one_pass(behaviours, unexpected={Key("r1", Source.PARENT, a, "example.com", "NS") for a in TLD})
    found = seen(made, Source.PARENT)
    assert {address: one.facts.values for address, one in found.items()} == {
        TLD[0]: GENUINE, TLD[1]: FORGED, TLD[2]: FORGED, TLD[3]: FORGED,
    }  # fmt: skip
    assert set(seen(made, Source.AUTHORITATIVE)) >= set(EVIL)


def test_observe_domain_ignores_keys_when_they_are_of_others() -> None:
    others = {
        Key("r2", Source.PARENT, TLD[0], "example.com", "NS"),
        Key("r1", Source.PARENT, TLD[1], "example.org", "NS"),
        Key("r1", Source.RECURSIVE, TLD[2], "example.com", "NS"),
        Key("r1", Source.PARENT, "192.0.2.99", "example.com", "NS"),
    }
    made, _ = one_pass(internet(), unexpected=others)
    assert len(seen(made, Source.PARENT)) == 2


REFUSALS: dict[str, tuple[Behaviour, Result]] = {
    "refused": (lambda query, _transport: reply(query, rcode="REFUSED", aa=False), Result.REFUSED),
    "servfail": (lambda query, _transport: reply(query, rcode="SERVFAIL", aa=False), Result.SERVFAIL),
    "silent": (lambda _query, _transport: None, Result.TIMEOUT),
    "upward": (lambda query, _transport: referral(query, "com", ["a.gtld-servers.net"]), Result.NOT_AUTHORITATIVE),
    "child data": (zone_of(GENUINE), Result.NOT_VISIBLE),
}


@pytest.mark.parametrize(("behave", "result"), REFUSALS.values(), ids=REFUSALS)
def test_observe_domain_asks_further_parents_when_two_say_nothing_definite(behave: Behaviour, result: Result) -> None:
    first, _ = one_pass(internet())
    broken = set(seen(first, Source.PARENT))
    made, _ = one_pass(internet() | dict.fromkeys(broken, behave))
    results = {address: one.facts.result for address, one in seen(made, Source.PARENT).items()}
    assert results == {address: result if address in broken else Result.REFERRAL for address in TLD}
    assert made.complete


@pytest.mark.parametrize(("behave", "result"), REFUSALS.values(), ids=REFUSALS)
def test_observe_domain_is_not_complete_when_no_parent_says_anything_definite(
    behave: Behaviour, result: Result
) -> None:
    made, _ = one_pass(internet() | dict.fromkeys(TLD, behave))
    assert not made.complete
    assert {one.facts.result for one in seen(made, Source.PARENT).values()} == {result}
    assert len(seen(made, Source.PARENT)) == 4
    assert set(seen(made, Source.AUTHORITATIVE)) == set(GOOD)


def test_observe_domain_records_the_failure_when_an_apex_server_fails() -> None:
    behaviours = internet() | {GOOD[0]: REFUSALS["refused"][0], GOOD[1]: REFUSALS["silent"][0]}
    made, _ = one_pass(behaviours)
    for qtype in ("NS", "SOA"):
        results = {address: one.facts.result for address, one in seen(made, Source.AUTHORITATIVE, qtype).items()}
        assert results == {GOOD[0]: Result.REFUSED, GOOD[1]: Result.TIMEOUT}


@pytest.mark.parametrize(
    ("host", "known", "asked"),
    [
        pytest.param("ns1.evil.net", "203.0.113.99", EVIL[0], id="at its address"),
        pytest.param("ns9.evil.net", EVIL[0], EVIL[0], id="at the last known one, its name being gone"),
    ],
)
def test_observe_domain_still_asks_followed_hosts_when_the_delegation_is_repaired(
    host: str, known: str, asked: str
) -> None:
    made, _ = one_pass(internet(), followed=[(host, (known,))])
    found = seen(made, Source.AUTHORITATIVE)
    assert set(found) == {*GOOD, asked}
    assert (found[asked].facts.values, found[asked].server_name) == (FORGED, host)


def test_observe_domain_asks_the_glue_when_hosts_are_in_the_domain() -> None:
    hosts = ["ns1.example.com", "ns2.example.com"]
    glue = [*zip(hosts, GOOD, strict=True), (hosts[0], "2001:db8::1")]
    behave = authority(Zone("com", cuts={"example.com": (hosts, glue)}))
    entry = DomainEntry("example.com", Delegation(frozenset(hosts)))
    made, _ = one_pass(internet() | dict.fromkeys(TLD, behave) | dict.fromkeys(GOOD, zone_of(hosts)), entry=entry)
    assert {a: one.server_name for a, one in seen(made, Source.AUTHORITATIVE).items()} == dict(
        zip(GOOD, hosts, strict=True)
    )


def test_observe_domain_does_not_trust_glue_when_it_is_out_of_bailiwick() -> None:
    behave = authority(Zone("com", cuts={"example.com": (GENUINE, [(GENUINE[0], EVIL[0]), (GENUINE[1], EVIL[1])])}))
    made, _ = one_pass(internet() | dict.fromkeys(TLD, behave))
    assert set(seen(made, Source.AUTHORITATIVE)) == set(GOOD)


def test_observe_domain_makes_no_observation_when_ipv6_is_unreachable() -> None:
    net = authority(Zone("net", [f"{GENUINE[0]}. 60 IN AAAA 2001:db8::53", f"{GENUINE[1]}. 60 IN A {GOOD[1]}"]))
    made, _ = one_pass(internet() | {NET: net})
    assert set(seen(made, Source.AUTHORITATIVE)) == {GOOD[1]}


def test_observe_domain_asks_an_address_once_when_two_hosts_share_it() -> None:
    net = authority(Zone("net", [f"{host}. 60 IN A {GOOD[0]}" for host in GENUINE]))
    made, here = one_pass(internet() | {NET: net})
    assert len(here.asked(GOOD[0])) == 2
    assert [one.server_name for one in seen(made, Source.AUTHORITATIVE).values()] == [GENUINE[0]]


def test_observe_domain_confirms_the_mname_when_it_is_not_approved() -> None:
    entry = replace(ENTRY, delegation=replace(ENTRY.delegation, soa_mname="ns7.good.net"))
    made, here = one_pass(internet(), entry=entry)
    assert {one.transport for one in seen(made, Source.AUTHORITATIVE, "SOA").values()} == {Transport.TCP}
    start = here.now[0]
    change = PlannedChange("CHG", start, start + timedelta(hours=1), ("a", "b"), Delegation(soa_mname="ns1.good.net"))
    made, _ = one_pass(internet(), entry=replace(entry, planned_changes=(change,)))
    assert {one.transport for one in seen(made, Source.AUTHORITATIVE, "SOA").values()} == {Transport.UDP}


def test_observe_domain_states_what_it_sees_when_nothing_is_expected() -> None:
    entry = DomainEntry("example.com", Delegation())
    made, _ = one_pass(internet(), entry=entry)
    assert set(seen(made, Source.AUTHORITATIVE)) == set(GOOD)
    assert {one.transport for one in seen(made, Source.PARENT).values()} == {Transport.TCP}


def test_observe_domain_tells_of_interception_when_the_root_recurses() -> None:
    resolver: Behaviour = lambda query, _transport: reply(query, ra=True, aa=False)  # noqa: E731
    made, _ = one_pass(internet() | {ROOT: resolver})
    assert made.interception is not None
    assert not made.complete


def hostile_world(hosts: Sequence[str], net: Behaviour | None = None) -> dict[str, Behaviour]:
    """``bad.com`` is delegated to hosts below ``bomb.net``, whose every referral names 13 more without glue."""

    def bomb(query: dns.message.Message, transport: str) -> Any:
        labels = query.question[0].name.to_text(omit_final_dot=True).lower().split(".")
        if "bomb" not in labels[-2]:
            return internet()[NET](query, transport)
        return referral(query, f"{labels[-2]}.net", [f"h.{labels[-2]}{i}.net" for i in range(13)])

    return internet() | dict.fromkeys(TLD, registry(GENUINE, bad=hosts)) | {NET: net or bomb}


async def shard(here: World, tasks: Sequence[DomainTask], seconds: float = 10) -> list[DomainPass]:
    vantage = Vantage("r1", 0, 1, here.now[0], 1)
    return await observe_shard(
        tasks, asker=here.transport, walker=here.walker, vantage=vantage, clock=lambda: here.now[0],
        deadline=here.deadline(60), seconds=seconds,
    )  # fmt: skip


def task(domain: str = "example.com", hosts: Collection[str] = GENUINE) -> DomainTask:
    return DomainTask(expected(DomainEntry(domain, Delegation(frozenset(hosts)))))


def test_observe_shard_observes_the_others_when_one_domain_is_a_bomb() -> None:
    async def work() -> tuple[list[DomainPass], World]:
        hosts = [f"ns{i}.bomb{i}.net" for i in range(13)]
        async with world(hostile_world(hosts), timeout=1.5) as here:
            return await shard(here, [task("bad.com"), task()]), here

    (bad, good), here = run(work)
    assert bad.complete
    assert good.complete
    assert set(seen(good, Source.AUTHORITATIVE)) == set(GOOD)
    assert len([query for query in here.asked() if "example.com" not in query[1]]) <= 230


def test_observe_shard_observes_the_others_when_our_own_code_fails_on_one(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> list[DomainPass]:
        async with world(internet()) as here:
            return await shard(here, [task("a" * 64 + ".com"), task()])

    bad, good = run(work)
    assert (bad.complete, good.complete) == (False, True)
    assert "failed" in caplog.text


def test_observe_domain_ends_by_its_deadline_when_everything_is_silent() -> None:
    async def work() -> tuple[DomainPass, float]:
        loop = asyncio.get_running_loop()
        silent: Callable[..., None] = lambda _query, _transport: None  # noqa: E731
        async with world(internet() | dict.fromkeys((*TLD, NET, *GOOD), silent), timeout=1.5) as here:
            start = loop.time()
            made = await observe_domain(DomainTask(expected(ENTRY)), **options(here, deadline=here.deadline(2)))
            return made, loop.time() - start

    made, seconds = run(work)
    assert not made.complete
    assert seconds < 2.5
    assert seen(made, Source.PARENT)
