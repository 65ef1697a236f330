"""Servers that mean harm, on real sockets: what an answer may cost, what others notice of it, and that it ends."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import dns.message
import pytest
from tests.functional.observe.test_probe_pass import (
    GENUINE,
    GOOD,
    NET,
    TLD,
    internet,
    registry,
    seen,
    shard,
    task,
)  # fmt: skip
from tests.functional.observe.world import world
from tests.support.nameserver import Behaviour, NameServer, referral, reply

from nswatch.model import Outcome, Question, Result, Source, Status, Transport
from nswatch.observe.budget import QUERIES
from nswatch.observe.facts import answer_facts, delegation_facts
from nswatch.observe.task import DomainPass
from nswatch.observe.transport import DnsTransport

T = TypeVar("T")
CPU = 0.010
"""Seconds that an answer may take."""
NS = ["example.com. 300 IN NS ns1.example.net."]
EVIL = ["example.com. 300 IN NS evil.example."]
Build = Callable[[int], bytes]
"""Makes the records behind the question; each number gives another message of the same kind."""


def run(work: Callable[[], Awaitable[T]], seconds: float = 40) -> T:
    async def main() -> T:
        async with asyncio.timeout(seconds):
            return await work()

    return asyncio.run(main())


def clock() -> datetime:
    return datetime.now(UTC)


def record(owner: bytes, rdtype: int, rdata: bytes, ttl: int = 300) -> bytes:
    return owner + struct.pack("!HHIH", rdtype, 1, ttl, len(rdata)) + rdata


def message(query: dns.message.Message, counts: tuple[int, int, int], records: bytes, *, aa: bool) -> bytes:
    """Return a response with these records as they are."""
    wire = query.to_wire()
    end = wire.index(0, 12) + 5
    flags = 0x8400 if aa else 0x8000
    return wire[:2] + struct.pack("!5H", flags, 1, *counts) + wire[12:end] + records


FIRST = 12 + 13 + 4
"""Where the first record behind the question for example.com is."""
NAME = b"\xc0\x0c"


def pointer(at: int) -> bytes:
    return struct.pack("!H", 0xC000 | at)


def number_of(n: int) -> bytes:
    return b"\4" + f"{n:04d}".encode()


def labels(count: int, n: int) -> bytes:
    return number_of(n) + b"".join(bytes([1, 97 + i % 26]) for i in range(count - 1))


def deep(count: int, rdtype: int, depth: int) -> Build:
    """Records whose owners and data all end in one name of so many labels."""

    def build(n: int) -> bytes:
        made = record(labels(depth, n) + b"\0", rdtype, pointer(FIRST))
        for i in range(count - 1):
            label = b"\2" + bytes([97 + i % 26, 97 + i // 26])
            made += record(label + pointer(FIRST), rdtype, label + pointer(FIRST))
        return made

    return build


def ladder(rungs: int) -> Build:
    """A chain of pointers to pointers, and many names at its end."""

    def build(n: int) -> bytes:
        start = FIRST + 1 + 10 + 5
        chain = number_of(n) + NAME + b"".join(pointer(start + 2 * i) for i in range(rungs - 1))
        return record(b"\0", 65280, chain) + record(pointer(start + 2 * (rungs - 1)), 1, b"\x7f\0\0\1") * 60

    return build


def chained(count: int) -> Build:
    """A CNAME chain that is as long as the caps let it be."""

    def build(n: int) -> bytes:
        made, owner = b"", NAME
        for i in range(count):
            target = number_of(n) + b"\2" + bytes([97 + i % 26, 97 + i // 26]) + b"\0"
            made += record(owner, 5, target)
            owner = target
        return made

    return build


WINDOWS = b"".join(bytes([window, 1, 1]) for window in range(256))


def nsec3(count: int, iterations: int) -> Build:
    """A referral with NSEC3 records of many salts, each of which would have to be hashed."""

    def build(n: int) -> bytes:
        made = record(NAME, 2, b"\2ns" + NAME)
        for i in range(count):
            salt = struct.pack("!HH", n, i)
            rdata = b"\1\1" + struct.pack("!HB", iterations, 4) + salt + b"\x14" + bytes(20) + b"\0\1\x20"
            made += record(b"\x20" + b"0" * 30 + f"{i:02d}".encode()[-2:] + b"\3com\0", 50, rdata)
        return made

    return build


KINDS: dict[str, tuple[Build, tuple[int, int, int], set[Result]]] = {
    "names of 130 labels": (deep(1, 2, 130), (1, 0, 0), {Result.MALFORMED}),
    "70 names of 110 labels": (deep(70, 2, 110), (70, 0, 0), {Result.OVER_CAP}),
    "5 names of 110 labels": (deep(5, 2, 110), (5, 0, 0), {Result.OVER_CAP}),
    "2 names of 110 labels": (deep(2, 2, 110), (2, 0, 0), {Result.NODATA}),
    "as many labels as go": (deep(50, 2, 3), (50, 0, 0), {Result.NODATA}),
    "a ladder of 200 pointers": (ladder(200), (61, 0, 0), {Result.OVER_CAP}),
    "a ladder of 9 pointers": (ladder(9), (61, 0, 0), {Result.NODATA, Result.OVER_CAP}),
    "a pointer to itself": (lambda n: record(pointer(FIRST), 2, number_of(n) + b"\0"), (1, 0, 0), {Result.MALFORMED}),
    "pointers in a ring": (
        lambda n: record(b"\0", 65280, pointer(FIRST + 13) + pointer(FIRST + 11) + number_of(n))
        + record(pointer(FIRST + 11), 2, NAME),
        (2, 0, 0), {Result.MALFORMED},
    ),
    "4,000 records": (lambda n: record(NAME, 1, struct.pack("!I", n)) * 4000, (4000, 0, 0), {Result.OVER_CAP}),
    "as many records as go": (
        lambda n: b"".join(record(NAME, 2, number_of(i * 50 + n) + NAME) for i in range(65)), (65, 0, 0),
        {Result.ANSWER},
    ),
    "64 KB in one text": (
        lambda n: record(NAME, 16, number_of(n) + (b"\xff" + b"x" * 255) * 250), (1, 0, 0), {Result.OVER_CAP}
    ),
    "16 KB in texts of one octet": (
        lambda n: record(NAME, 16, number_of(n) + b"\1x" * 8000), (1, 0, 0), {Result.OVER_CAP}
    ),
    "590 texts of one octet": (
        lambda n: record(NAME, 16, number_of(n) + b"\1x" * 580), (1, 0, 0), {Result.NODATA}
    ),
    "16 KB of NSEC windows": (
        lambda n: b"".join(record(NAME, 47, number_of(n * 50 + i) + b"\0" + WINDOWS) for i in range(19)), (19, 0, 0),
        {Result.OVER_CAP},
    ),
    "16 KB of NSEC3 windows": (
        lambda n: b"".join(
            record(NAME, 50, b"\1\0\0\0\4" + struct.pack("!HH", n, i) + b"\1x" + WINDOWS) for i in range(19)
        ), (19, 0, 0), {Result.OVER_CAP},
    ),
    "a chain of 90 aliases": (chained(90), (90, 0, 0), {Result.NODATA}),
    "50 NSEC3 salts": (nsec3(50, 500), (0, 51, 0), {Result.NOT_AUTHORITATIVE}),
}  # fmt: skip


@pytest.mark.parametrize(("build", "counts", "results"), KINDS.values(), ids=KINDS)
def test_an_answer_takes_at_most_10_ms_when_it_is_made_to_burn_time(
    build: Build, counts: tuple[int, int, int], results: set[Result]
) -> None:
    numbers = iter(range(1, 1000))

    def behave(query: dns.message.Message, _over: str) -> bytes:
        return message(query, counts, build(next(numbers)), aa=not counts[1])

    async def work() -> list[Outcome]:
        async with (
            NameServer(behave) as server,
            DnsTransport(clock, route=lambda _: (server.host, server.port)) as transport,
        ):
            question = Question("192.0.2.1", "example.com", "NS")
            until = asyncio.get_running_loop().time() + 10
            return [
                (await transport.ask([question], deadline=until, over=Transport.TCP))[0] for _ in range(7)
            ]  # fmt: skip

    outcomes = run(work)
    for read in (answer_facts, lambda outcome: delegation_facts(outcome, "example.com")):
        assert min(cpu_of(read, outcome) for outcome in outcomes) < CPU
    assert {answer_facts(outcome).result for outcome in outcomes} <= results


def cpu_of(read: Callable[[Outcome], Any], outcome: Outcome) -> float:
    start = time.process_time()
    read(outcome)
    return time.process_time() - start


def test_ask_takes_the_right_answer_when_it_stands_in_a_flood_of_forged_ones() -> None:
    async def work() -> tuple[Outcome, list[str]]:
        loop = asyncio.get_running_loop()
        spoofer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asked: list[str] = []

        class Server(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast("asyncio.DatagramTransport", transport)

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                asked.append("udp")
                query = dns.message.from_wire(data)
                forged = reply(query, answer=EVIL).to_wire()
                for ident in range(100):
                    self.transport.sendto(bytes([forged[0] ^ 1, ident]) + forged[2:], addr)
                    spoofer.sendto(forged, addr)
                for case in (forged[12:24].swapcase(), b"\7exbmple\3com"):
                    self.transport.sendto(forged[:12] + case + forged[24:], addr)
                loop.call_later(0.1, self.transport.sendto, reply(query, answer=NS).to_wire(), addr)

        listening, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = listening.get_extra_info("sockname")[1]
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port), timeout=2) as transport:
            question = Question("192.0.2.1", "example.com", "NS")
            outcome = (await transport.ask([question], deadline=loop.time() + 5))[0]
        listening.abort()
        spoofer.close()
        return outcome, asked

    outcome, asked = run(work)
    assert (outcome.status, outcome.transport, asked) == (Status.ANSWERED, Transport.UDP, ["udp"])
    assert answer_facts(outcome).values == ("ns1.example.net",)


def test_ask_reads_each_answer_as_it_is_when_a_server_answers_each_question_differently() -> None:
    numbers = iter(range(10_000))

    def behave(query: dns.message.Message, _over: str) -> dns.message.Message:
        return reply(query, answer=[f"example.com. 60 IN NS ns{next(numbers)}.example."])

    async def work() -> list[Outcome]:
        async with (
            NameServer(behave) as server,
            DnsTransport(clock, route=lambda _: (server.host, server.port)) as transport,
        ):
            questions = [Question("192.0.2.1", "example.com", "NS")] * 200
            return await transport.ask(questions, deadline=asyncio.get_running_loop().time() + 10)

    outcomes = run(work)
    assert sorted(answer_facts(outcome).values for outcome in outcomes) == sorted(
        (f"ns{number}.example",) for number in range(200)
    )


def test_ask_answers_the_others_in_time_when_one_server_drips_over_tcp() -> None:
    async def work() -> tuple[list[Outcome], float]:
        async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    writer.write(b"\0")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            except ConnectionError:
                pass
            finally:
                writer.transport.abort()

        slow = await asyncio.start_server(drip, "127.0.0.1", 0)
        async with NameServer(lambda query, _over: reply(query, answer=NS)) as good:
            ports = {"192.0.2.1": slow.sockets[0].getsockname()[1], "192.0.2.2": good.port}
            async with DnsTransport(
                clock, route=lambda address: ("127.0.0.1", ports[address]), tcp_timeout=1.0
            ) as transport:
                loop = asyncio.get_running_loop()
                start = loop.time()
                questions = [Question(f"192.0.2.{1 + i % 2}", "example.com", "NS") for i in range(30)]
                outcomes = await transport.ask(questions, deadline=start + 1.5, over=Transport.TCP)
                seconds = loop.time() - start
        slow.close()
        await asyncio.sleep(0.1)
        return outcomes, seconds

    outcomes, seconds = run(work)
    assert {outcome.status for outcome in outcomes[1::2]} == {Status.ANSWERED}
    assert {outcome.status for outcome in outcomes[::2]} <= {Status.TIMEOUT, Status.MALFORMED, Status.NOT_ASKED}
    assert seconds < 2.5


def owner_of(query: dns.message.Message) -> str:
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def endless(query: dns.message.Message, _over: str) -> dns.message.Message:
    """Refer every question one label further down, to itself."""
    name = owner_of(query)
    below = f"x{len(name)}.{name}" if len(name) < 200 else name
    return referral(query, below, [f"ns.{below}"], [(f"ns.{below}", HOSTILE[0])])


def bomb(query: dns.message.Message, _over: str) -> dns.message.Message:
    """Refer every question to 60 servers that nobody knows (NXNSAttack)."""
    return referral(query, owner_of(query), [f"h{i}.{i}{owner_of(query)}" for i in range(60)])


def ring(query: dns.message.Message, _over: str) -> dns.message.Message:
    """Answer everything with an alias that leads back."""
    name = owner_of(query)
    other = name.removeprefix("x.") if name.startswith("x.") else f"x.{name}"
    return reply(query, answer=[f"{name}. 60 IN CNAME {other}."])


def moody() -> Behaviour:
    numbers = iter(range(100_000))

    def behave(query: dns.message.Message, _over: str) -> Any:
        number = next(numbers)
        name = owner_of(query)
        return [
            reply(query, answer=[f"{name}. {number} IN NS ns{number}.{name}."]),
            reply(query, answer=[f"{name}. {number} IN A 192.0.2.{number % 250}"], aa=False),
            referral(query, name, [f"ns{number}.{name}"]),
            reply(query, rcode="SERVFAIL"),
            b"\0" * 40,
            reply(query, tc=True),
            None,
        ][number % 7]

    return behave


def large(query: dns.message.Message, over: str) -> Any:
    if over == "udp":
        return reply(query, tc=True)
    wire = reply(query, answer=NS).to_wire()
    return wire + bytes(65535 - len(wire))


def many_labels(query: dns.message.Message, _over: str) -> bytes:
    return message(query, (70, 0, 0), deep(70, 2, 110)(1), aa=True)


HOSTILE = ("203.0.113.200", "203.0.113.201")
BEHAVIOURS: dict[str, Callable[[], Behaviour]] = {
    "refers on for ever": lambda: endless,
    "refers to very many": lambda: bomb,
    "gives aliases in a ring": lambda: ring,
    "answers each question differently": moody,
    "answers 64 KB": lambda: large,
    "answers with endless names": lambda: many_labels,
    "says TC and is silent over TCP": lambda: lambda query, over: reply(query, tc=True) if over == "udp" else None,
}


@pytest.mark.parametrize("make", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_observe_shard_ends_in_time_and_harms_nobody_when_a_delegation_is_hostile(
    make: Callable[[], Behaviour],
) -> None:
    hosts = [f"ns{i}.bad.net" for i in range(13)]
    glue = [(host, HOSTILE[i % 2]) for i, host in enumerate(hosts)]

    def net(query: dns.message.Message, transport: str) -> Any:
        if "bad.net" in owner_of(query):
            return referral(query, "bad.net", hosts, glue)
        return internet()[NET](query, transport)

    behaviours: dict[str, Behaviour] = internet() | dict.fromkeys(TLD, registry(GENUINE, bad=hosts))
    behaviours |= {NET: net} | dict.fromkeys(HOSTILE, make())

    async def work() -> tuple[Sequence[DomainPass], int, float, float]:
        async with world(behaviours, timeout=0.6) as here:
            start, cpu = asyncio.get_running_loop().time(), time.process_time()
            passes = await shard(here, [task("bad.com", hosts), task()], seconds=6)
            seconds = asyncio.get_running_loop().time() - start
            asked = sum(len(here.asked(address)) for address in HOSTILE)
            return passes, asked, seconds, time.process_time() - cpu

    (bad, good), asked, seconds, cpu = run(work)
    assert bad.domain == "bad.com"
    assert good.complete
    assert set(seen(good, Source.AUTHORITATIVE)) == set(GOOD)
    assert asked <= QUERIES * 1.15
    assert seconds < 8
    assert cpu < 6
