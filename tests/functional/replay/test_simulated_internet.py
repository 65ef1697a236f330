"""Real exchanges with the simulated servers on loopback, by the product's own transport and by dnspython."""

import asyncio
import gc
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.unit.replay.worlds import HERE, START, THERE, ZONE, domain, registry, watching

from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.facts import delegation_facts
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.transport import DnsTransport
from nswatch.observe.walk import Walker
from nswatch_cli.replay.servers import SimulatedInternet
from nswatch_cli.replay.virtualtime import VirtualTimeLoop, virtual_loop
from nswatch_cli.replay.world import World

T = TypeVar("T")


def inside(state: dict[str, Any], use: Callable[[SimulatedInternet], Awaitable[T]]) -> T:
    """Run ``use`` with the simulated Internet of ``state``, in virtual time."""

    async def run() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        failures: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: failures.append(context))
        world = World(state, regions=(HERE, THERE), start=START, clock=loop.now)
        async with SimulatedInternet(world) as internet:
            result = await use(internet)
        assert failures == []
        return result

    with asyncio.Runner(loop_factory=virtual_loop(START)) as runner:
        return runner.run(run())


async def ask(internet: SimulatedInternet, *questions: Question, region: str = HERE, **named: Any) -> list[Outcome]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    async with DnsTransport(loop.now, route=internet.route(region)) as asker:
        return await asker.ask(questions, deadline=loop.time() + 10, **named)


def parent_of(internet: SimulatedInternet, name: str = "victim.com") -> str:
    return internet.world.servers(internet.world.parent(name), HERE)[0][1][0]


@pytest.mark.parametrize("over", list(Transport))
def test_the_parent_answers_the_products_transport(over: Transport) -> None:
    async def use(internet: SimulatedInternet) -> Outcome:
        return (await ask(internet, Question(parent_of(internet), "victim.com", "NS"), over=over))[0]

    outcome = inside(watching(), use)
    assert (outcome.status, outcome.transport) == (Status.ANSWERED, over)
    assert delegation_facts(outcome, "victim.com").values == ("ns1.hosting.net", "ns2.hosting.net")


@pytest.mark.parametrize("name", ["victim.com", "victim.co.uk", "sub.corp.example", "victim.co.jp"])
def test_the_products_walk_reaches_the_parent_from_the_root_hints(name: str) -> None:
    async def use(internet: SimulatedInternet) -> tuple[str, int, tuple[str, ...], object]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        async with DnsTransport(loop.now, route=internet.route(HERE)) as asker:
            walker = Walker(asker, ROOT_SERVERS, loop.now)
            parent = await walker.parent_of(name, Budget(), loop.time() + 10)
            host = await walker.addresses_of("ns1.hosting.net", Budget(), loop.time() + 10)
        assert host.addresses == internet.world.addresses("ns1.hosting.net")
        return parent.zone, len(parent.servers), host.addresses, parent.interception

    zone, servers, _, interception = inside(watching(name=name), use)
    assert (zone, servers, interception) == (name.partition(".")[2].removeprefix("co.jp") or "jp", 4, None)


def test_a_truncated_answer_comes_whole_over_tcp() -> None:
    many = ZONE + "\n".join(f'big IN TXT "{number} {"x" * 200}"' for number in range(20))

    async def use(internet: SimulatedInternet) -> Outcome:
        server = internet.world.addresses("ns1.hosting.net")[0]
        return (await ask(internet, Question(server, "big.victim.com", "TXT")))[0]

    outcome = inside(watching(zones={"genuine": {"records": many}}), use)
    assert outcome.transport is Transport.TCP
    assert outcome.wire is not None
    assert len(dns.message.from_wire(outcome.wire).answer[0]) == 20


@pytest.mark.parametrize("over", list(Transport))
def test_an_address_where_nobody_lives_is_silent_for_ten_virtual_seconds_and_milliseconds_of_ours(
    over: Transport,
) -> None:
    async def use(internet: SimulatedInternet) -> tuple[list[Outcome], float]:
        questions = [Question(f"203.0.113.{number}", "victim.com", "NS") for number in range(1, 9)]
        outcomes = await ask(internet, *questions, over=over)
        return outcomes, asyncio.get_running_loop().time()

    begun = time.monotonic()
    outcomes, elapsed = inside(watching(), use)
    assert {outcome.status for outcome in outcomes} == {Status.TIMEOUT}
    assert 1 < elapsed <= 10
    assert time.monotonic() - begun < 2


def test_a_silent_server_lets_tcp_connect_in_one_region_only_when_it_lives_there() -> None:
    state = watching(nameservers_from={THERE: {"ns1.hosting.net": None}})

    async def use(internet: SimulatedInternet) -> dict[str, Status]:
        question = Question(internet.world.addresses("ns1.hosting.net")[0], "victim.com", "NS")
        return {region: (await ask(internet, question, region=region))[0].status for region in (HERE, THERE)}

    assert inside(state, use) == {HERE: Status.ANSWERED, THERE: Status.TIMEOUT}


@pytest.mark.parametrize("reachable", [True, False])
def test_ipv6_servers_answer_unless_ipv6_is_unreachable(reachable: bool) -> None:
    state = watching() | {"faults": {"ipv6": "ok" if reachable else "unreachable"}}

    async def use(internet: SimulatedInternet) -> list[Status]:
        six = Question("2001:503:ba3e::2:30", "victim.com", "NS")
        return [(await ask(internet, six, over=over))[0].status for over in Transport]

    seen = inside(state, use)
    assert seen == [Status.ANSWERED] * 2 if reachable else Status.ANSWERED not in seen


def test_lost_replies_cost_time_and_a_repeat_is_answered() -> None:
    state = watching() | {"faults": {"udp_loss": 2}}

    async def use(internet: SimulatedInternet) -> list[tuple[list[Status], float]]:
        loop, seen = asyncio.get_running_loop(), []
        server = internet.world.addresses("ns1.hosting.net")[0]
        questions = [Question(server, "victim.com", qtype) for qtype in ("NS", "SOA", "MX", "A")]
        for fresh in (False, False, True):
            if fresh:
                internet.world.begin_pass(HERE)
            begun = loop.time()
            outcomes = await ask(internet, *questions)
            seen.append(([outcome.status for outcome in outcomes], loop.time() - begun))
        return seen

    (first, first_took), (second, second_took), (third, third_took) = inside(state, use)
    assert first == second == third == [Status.ANSWERED] * 4
    assert first_took > 0.1 < third_took
    assert second_took < 0.1


def test_two_messages_on_one_tcp_connection_are_both_answered_even_in_pieces() -> None:
    async def use(internet: SimulatedInternet) -> list[int]:
        host, port = internet.route(HERE)(parent_of(internet))
        reader, writer = await asyncio.open_connection(host, port)
        queries = [dns.message.make_query(name, "NS") for name in ("victim.com", "nobody.com")]
        stream = b"".join(len(wire := query.to_wire()).to_bytes(2) + wire for query in queries)
        for octet in stream:
            writer.write(bytes([octet]))
            await writer.drain()
        rcodes: list[int] = []
        for query in queries:
            answer = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))
            assert query.is_response(answer)
            rcodes.append(answer.rcode())
        writer.close()
        await writer.wait_closed()
        return rcodes

    assert inside(watching(), use) == [dns.rcode.NOERROR, dns.rcode.NXDOMAIN]


def test_resolvers_answer_each_region_from_its_own_cache() -> None:
    state = watching(resolvers={THERE: {"8.8.8.8": "forged", "9.9.9.9": "timeout"}})

    async def use(internet: SimulatedInternet) -> list[list[str]]:
        seen = []
        for region in (HERE, THERE):
            host, port = internet.route(region)("8.8.8.8")
            answer = await dns.asyncquery.udp(dns.message.make_query("victim.com", "A"), host, port=port, timeout=5)
            seen.append([rdata.to_text() for rdata in answer.answer[0]])
        host, port = internet.route(THERE)("9.9.9.9")
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(dns.message.make_query("victim.com", "A"), host, port=port, timeout=5)
        return seen

    assert inside(state, use) == [["192.0.2.10"], ["203.0.113.66"]]


def test_a_plain_context_manager_closes_everything_around_runs_of_its_loop() -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    loop = VirtualTimeLoop(START)
    before = descriptors()
    world = World(watching(), regions=(HERE,), start=START, clock=loop.now)
    with SimulatedInternet(world, loop) as internet:
        for over in Transport:
            loop.run_until_complete(ask(internet, Question(parent_of(internet), "victim.com", "NS"), over=over))
        loop.run_until_complete(ask(internet, Question("203.0.113.1", "victim.com", "NS")))
        host, port = internet.route(HERE)(parent_of(internet))
        _, left_open = loop.run_until_complete(asyncio.open_connection(host, port))
        assert descriptors() > before
    left_open.close()
    loop.run_until_complete(asyncio.sleep(0.01))
    assert descriptors() == before
    loop.close()


def test_a_registry_change_is_seen_at_once_by_a_client_that_asks_again() -> None:
    async def use(internet: SimulatedInternet) -> list[tuple[str, ...]]:
        question, seen = Question(parent_of(internet), "victim.com", "NS"), []
        for hosts in (["ns1.hosting.net"], ["ns.evil.net", "NS1.evil.net."]):
            internet.world.apply({"domains": {"victim.com": domain(registry=registry(ns=hosts))}}, START)
            seen.append(delegation_facts((await ask(internet, question))[0], "victim.com").values)
        return seen

    assert inside(watching(), use) == [("ns1.hosting.net",), ("ns.evil.net", "ns1.evil.net")]


def test_web_services_answer_a_real_http_client_on_virtual_time() -> None:
    def fetch(url: str) -> tuple[int, Any]:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, json.load(response)

    async def use(internet: SimulatedInternet) -> tuple[int, Any]:
        _, bootstrap = await asyncio.to_thread(fetch, internet.http() + "/bootstrap/dns.json")
        base = bootstrap["services"][0][1][0]
        with pytest.raises(urllib.error.HTTPError, match="404") as missing:
            await asyncio.to_thread(fetch, base + "domain/nobody.com")
        missing.value.close()
        return await asyncio.to_thread(fetch, base + "domain/victim.com")

    status, document = inside(watching(), use)
    assert (status, document["ldhName"]) == (200, "victim.com")
