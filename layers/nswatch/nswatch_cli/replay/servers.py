"""The far end on loopback: a UDP and a TCP port for every (region, address), made when it is first asked."""

import asyncio
import contextlib
import errno
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from nswatch.model import Transport
from nswatch.names import is_within
from nswatch.observe.web_round import WebFar
from nswatch_cli.replay.authority import FarEnd
from nswatch_cli.replay.http import HttpPort, WebServices
from nswatch_cli.replay.issuing import trusting
from nswatch_cli.replay.virtualtime import VirtualTimeLoop
from nswatch_cli.replay.web import WebFacts, WebPort
from nswatch_cli.replay.world import World

try:
    import resource
except ImportError:  # pragma: no cover - not a Unix
    resource = None  # type: ignore[assignment]

LOOPBACK = "127.0.0.1"

_DATAGRAM = 65535
_BACKLOG = 64
_ATTEMPTS = 50
_OPEN_FILES = 16384

Route = Callable[[str], tuple[str, int]]


class SimulatedInternet:
    """The servers of one world, reached through `route`.

    Leaving it as a context manager closes every socket: as an asynchronous one inside its loop, or as a plain one
    around runs of its loop.

    An address where nobody lives has a port too: one that takes datagrams, completes no TCP connection and never
    answers. With IPv6 unreachable, IPv6 addresses lead to a port that refuses.
    """

    def __init__(self, world: World, loop: AbstractEventLoop | None = None) -> None:
        self.world = world
        self.far_end = FarEnd(world)
        self._loop = loop or asyncio.get_running_loop()
        _allow_many_sockets()
        self._ports: dict[tuple[str, str], _Port] = {}
        self._silent: _SilentPort | None = None
        self._refusing: _RefusingPort | None = None
        self._http: HttpPort | None = None
        self._web: dict[str, WebPort] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self.aclose())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def route(self, region: str) -> Route:
        """Return what maps a simulated address to the socket address where ``region`` finds it (see DnsTransport)."""
        return lambda address: (LOOPBACK, self._port(region, address))

    def http(self) -> str:
        """Return the base URL of the simulated web services (see `nswatch_cli.replay.http`)."""
        if isinstance(self._loop, VirtualTimeLoop):
            self._loop.expect_traffic()
        self._http = self._http or HttpPort(self._loop, WebServices(self.world))
        return self._http.base_url

    def web(self, region: str) -> WebFar:
        """Return how ``region`` reaches the simulated web sites, wherever their names lead, and whom it trusts."""
        return WebFar(lambda *_: (LOOPBACK, self._web_port(region)), trusting())

    def _web_port(self, region: str) -> int:
        if isinstance(self._loop, VirtualTimeLoop):
            self._loop.expect_traffic()
        if region not in self._web:
            self._web[region] = WebPort(self._loop, partial(self._site, region))
        return self._web[region].number

    def _site(self, region: str, host: str) -> WebFacts | None:
        """Return what a host's site shows to a region; None where no watched domain has one of that name."""
        own = [name for name in self.world.domains if is_within(host, name)]
        return self.world.web(region, max(own, key=len)) if own else None

    def _port(self, region: str, address: str) -> int:
        if isinstance(self._loop, VirtualTimeLoop):
            self._loop.expect_traffic()
        if ":" in address and not self.world.ipv6_reachable:
            self._refusing = self._refusing or _RefusingPort()
            return self._refusing.number
        if self.world.place(region, address) is None:
            self._silent = self._silent or _SilentPort()
            return self._silent.number
        key = (region, address)
        if key not in self._ports:
            self._ports[key] = _Port(self._loop, self.far_end, region, address)
        return self._ports[key].number

    async def aclose(self) -> None:
        """Close every socket and end every conversation."""
        for closing in (self._silent, self._refusing):
            if closing is not None:
                closing.close()
        ports, self._ports = list(self._ports.values()), {}
        self._silent = self._refusing = None
        for port in ports:
            await port.aclose()
        if self._http is not None:
            await self._http.aclose()
            self._http = None
        web, self._web = list(self._web.values()), {}
        for sites in web:
            await sites.aclose()


class _Port:
    """One server: a UDP socket and a TCP listener with the same number."""

    def __init__(self, loop: AbstractEventLoop, far_end: FarEnd, region: str, address: str) -> None:
        self._loop = loop
        self._far_end = far_end
        self._region = region
        self._address = address
        self._udp, self._tcp = _pair()
        self._tcp.listen(_BACKLOG)
        self.number: int = self._udp.getsockname()[1]
        self._accepting: set[asyncio.Task[None]] = set()
        self._conversations: set[_Conversation] = set()
        loop.add_reader(self._udp, self._datagrams)
        loop.add_reader(self._tcp, self._accept)

    def _datagrams(self) -> None:
        while True:
            try:
                query, client = self._udp.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            answer = self._far_end.answer(self._region, self._address, query, Transport.UDP)
            if answer is None or self._far_end.world.loss.loses(self._region, self._address, query):
                continue
            # The client may be gone, or its buffer full: a reply that is lost, as on any network.
            with contextlib.suppress(OSError):
                self._udp.sendto(answer, client)

    def _accept(self) -> None:
        try:
            connection, _ = self._tcp.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._converse(connection))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _converse(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: _Conversation(self.answer, self._conversations), connection
            )
        except OSError:
            connection.close()

    def answer(self, query: bytes) -> bytes | None:
        """Return the answer over TCP."""
        return self._far_end.answer(self._region, self._address, query, Transport.TCP)

    async def aclose(self) -> None:
        """Close both sockets and every conversation."""
        for listening in (self._udp, self._tcp):
            self._loop.remove_reader(listening)
            listening.close()
        if self._accepting:
            await asyncio.wait(self._accepting)
        closing = [conversation.closed for conversation in self._conversations]
        for conversation in list(self._conversations):
            conversation.abort()
        if closing:
            await asyncio.wait(closing)


class _Conversation(asyncio.Protocol):
    """DNS over one TCP connection: messages behind a length of two bytes (RFC 7766)."""

    def __init__(self, answer: Callable[[bytes], bytes | None], open_ones: "set[_Conversation]") -> None:
        self._answer = answer
        self._open = open_ones
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._open.add(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2:
            length = int.from_bytes(self._received[:2])
            if len(self._received) < 2 + length:
                return
            query = bytes(self._received[2 : 2 + length])
            del self._received[: 2 + length]
            answer = self._answer(query)
            if answer is not None and self._transport is not None:
                self._transport.write(len(answer).to_bytes(2) + answer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._open.discard(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()


class _SilentPort:
    """A port where nobody lives: datagrams vanish, and connection attempts meet a full backlog (SYN dropped)."""

    def __init__(self) -> None:
        self._udp, self._tcp = _pair()
        self._tcp.listen(0)
        self.number: int = self._udp.getsockname()[1]
        self._fillers = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(2)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex((LOOPBACK, self.number))

    def close(self) -> None:
        """Close the port."""
        for held in (*self._fillers, self._udp, self._tcp):
            held.close()


class _RefusingPort:
    """A port that refuses at once: no listener, and a UDP socket that belongs to another peer (ICMP, RST)."""

    def __init__(self) -> None:
        self._udp, self._tcp = _pair()
        self.number: int = self._udp.getsockname()[1]
        self._udp.connect((LOOPBACK, 9))

    def close(self) -> None:
        """Close the port."""
        self._udp.close()
        self._tcp.close()


def _allow_many_sockets() -> None:
    """Lift this process's soft limit of open files: two for each region and address, of a default of 1024."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket bound to one free port number of loopback."""
    for _ in range(_ATTEMPTS):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            tcp.bind((LOOPBACK, 0))
            udp.bind((LOOPBACK, tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            tcp.setblocking(False)
            udp.setblocking(False)
            return udp, tcp
    raise OSError(errno.EADDRINUSE, f"no port number is free for both UDP and TCP after {_ATTEMPTS} attempts")
