"""A small Internet on loopback for the command line: one port, an address for each server, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.functional.observe.world import Zone, authority
from tests.support.nameserver import Behaviour, NameServer

Cuts = dict[str, tuple[Sequence[str], Sequence[tuple[str, str]]]]
ROOT, REGISTRY, DNS, NS1, NS2 = (f"127.0.53.{number}" for number in range(1, 6))
DOMAIN = "watched.example"
HOSTS = ("ns1.dns.example", "ns2.dns.example")
MAIL = f"mail.{DOMAIN}"


def zone(mx: str = f"10 {MAIL}.", ttl: int = 300) -> Behaviour:
    """Return a server of the watched domain."""
    return authority(
        Zone(
            DOMAIN,
            [
                f"{DOMAIN}. 900 IN SOA {HOSTS[0]}. hostmaster.{DOMAIN}. 1 7200 900 1209600 86400",
                *(f"{DOMAIN}. 172800 IN NS {host}." for host in HOSTS),
                f"{DOMAIN}. {ttl} IN MX {mx}",
                f"{MAIL}. 60 IN A 192.0.2.25",
            ],
        )
    )


def hosts(places: tuple[str, str] = (NS1, NS2)) -> Behaviour:
    """Return a server of dns.example, the name servers' zone."""
    return authority(
        Zone(
            "dns.example",
            [
                "dns.example. 3600 IN NS a.dns.example.",
                *(f"{host}. 3600 IN A {address}" for host, address in zip(HOSTS, places, strict=True)),
            ],
        )
    )


def registry(ns: tuple[str, ...] = HOSTS) -> Behaviour:
    """Return a server of example, which delegates the watched domain to ``ns``."""
    cuts: Cuts = {DOMAIN: (ns, ()), "dns.example": (["a.dns.example"], [("a.dns.example", DNS)])}
    return authority(Zone("example", ["example. 300 IN NS a.nic.example."], cuts))


def root() -> Behaviour:
    """Return a root server."""
    cuts: Cuts = {"example": (["a.nic.example"], [("a.nic.example", REGISTRY)])}
    return authority(Zone(".", [". 518400 IN NS a.root-servers.net."], cuts))


def in_order() -> dict[str, Behaviour]:
    """Return everything in order."""
    return {ROOT: root(), REGISTRY: registry(), DNS: hosts(), NS1: zone(), NS2: zone()}


class Internet:
    """Runs while entered; ``set`` makes servers behave otherwise, ``options`` are those that lead the command here."""

    def __init__(self, folder: Path, behaviours: Mapping[str, Behaviour] | None = None) -> None:
        self._behaviours = dict(behaviours or in_order())
        self._hints = folder / "root.hints"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self.servers: dict[str, NameServer] = {}
        self.port = 0

    def __enter__(self) -> Self:
        self._hints.write_text(f". 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A {ROOT}\n", "ascii")
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        for _ in range(20):
            self.port = _free_port()
            async with AsyncExitStack() as stack:
                try:
                    for address, behave in self._behaviours.items():
                        server = NameServer(behave, host=address, port=self.port)
                        self.servers[address] = await stack.enter_async_context(server)
                except OSError:
                    continue
                self._stack = stack.pop_all()
                return
        raise OSError("no port is free at all addresses")

    def set(self, behaviours: Mapping[str, Behaviour]) -> None:
        """Make some servers behave otherwise from now on."""
        for address, behave in behaviours.items():
            self.servers[address].behave = behave

    def asked(self) -> int:
        """Return how many questions were asked so far."""
        return sum(len(server.queries) for server in self.servers.values())

    @property
    def options(self) -> list[str]:
        """The options of `apply` that make it ask here."""
        return ["--root-hints", str(self._hints), "--port", str(self.port)]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ROOT, 0))
        port: int = probe.getsockname()[1]
        return port
