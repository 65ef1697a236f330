"""A small Internet of real name servers on loopback: simulated addresses, and the zones each serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import dns.message
from tests.support.nameserver import Behaviour, NameServer, referral, reply

from nswatch.names import is_within
from nswatch.observe.servers import Server
from nswatch.observe.transport import DnsTransport
from nswatch.observe.walk import Walker

T = TypeVar("T")
ROOT = "198.51.100.1"
HINTS = (Server("a.root-servers.net", (ROOT,)),)
SOA = "300 IN SOA ns.invalid. hostmaster.invalid. 1 7200 900 1209600 300"


@dataclass
class Zone:
    """``records`` are lines of master-file text; ``cuts`` child -> (hosts, ((host, address), …))."""

    name: str
    records: Sequence[str] = ()
    cuts: dict[str, tuple[Sequence[str], Sequence[tuple[str, str]]]] = field(default_factory=dict)


def authority(*zones: Zone) -> Behaviour:
    """Return a server that is authoritative for ``zones``."""

    def behave(query: dns.message.Message, transport: str) -> dns.message.Message | None:
        qname = query.question[0].name.to_text(omit_final_dot=True).lower()
        qtype = dns.rdatatype.to_text(query.question[0].rdtype)
        holding = [zone for zone in zones if is_within(qname, zone.name)]
        if not holding:
            return reply(query, rcode="REFUSED", aa=False)
        zone = max(holding, key=lambda zone: len(zone.name.strip(".").split(".")) if zone.name != "." else 0)
        for child, (hosts, glue) in zone.cuts.items():
            if is_within(qname, child):
                return referral(query, child, hosts, glue)
        owner = "." if qname == "." else f"{qname}."
        here = [line for line in zone.records if line.split()[0].lower() == owner]
        wanted = [line for line in here if line.split()[3] in (qtype, "CNAME")]
        if wanted:
            return reply(query, answer=wanted)
        exists = here or any(line.split()[0].lower().endswith("." + owner) for line in zone.records)
        soa = f"{zone.name.removesuffix('.')}. {SOA}"
        return reply(query, authority=[soa], rcode="NOERROR" if exists else "NXDOMAIN")

    return behave


@dataclass
class World:
    """The running servers by simulated address; ``walker`` and ``transport`` reach them."""

    servers: dict[str, NameServer]
    transport: DnsTransport
    walker: Walker
    now: list[datetime] = field(default_factory=lambda: [datetime(2026, 1, 1, tzinfo=UTC)])

    def asked(self, address: str | None = None) -> list[tuple[str, str, str]]:
        """Return the questions that one server (or all) got."""
        chosen = self.servers.values() if address is None else [self.servers[address]]
        return [query for server in chosen for query in server.queries]

    def deadline(self, seconds: float = 10) -> float:
        """Return a loop time from now."""
        return asyncio.get_running_loop().time() + seconds


@asynccontextmanager
async def world(behaviours: dict[str, Behaviour], *, timeout: float = 0.6) -> AsyncIterator[World]:  # noqa: ASYNC109
    """Run a server for each address; an address that has none refuses."""
    async with AsyncExitStack() as stack:
        servers = {
            address: await stack.enter_async_context(NameServer(behave)) for address, behave in behaviours.items()
        }
        now = [datetime(2026, 1, 1, tzinfo=UTC)]

        def clock() -> datetime:
            return now[0]

        def route(address: str) -> tuple[str, int]:
            if address not in servers:
                return "::1" if ":" in address else "127.0.0.1", 1
            return "127.0.0.1", servers[address].port

        transport = await stack.enter_async_context(DnsTransport(clock, route=route, timeout=timeout))
        yield World(servers, transport, Walker(transport, HINTS, clock), now)


def run(work: Callable[[], Awaitable[T]], seconds: float = 30) -> T:
    """Run a coroutine function with a bound on its time."""

    async def main() -> T:
        async with asyncio.timeout(seconds):
            return await work()

    return asyncio.run(main())
