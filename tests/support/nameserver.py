"""A real name server on loopback for tests: UDP and TCP on one port, its behaviour a function of the query.

    async with NameServer(lambda query, transport: answer(query, ["example.com. 60 IN NS ns1.example.net."])) as server:
        ... server.port, server.queries

``behave(query, transport)`` gets the parsed message and ``"udp"`` or ``"tcp"`` and returns the reply (a message, bytes,
a list of them, or None for silence); TCP replies are sent with their length prefix, except `Raw` bytes.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Reply = dns.message.Message | bytes
Behaviour = Callable[[dns.message.Message, str], "Reply | Sequence[Reply] | None"]


class Raw(bytes):
    """Sent over TCP as it is, without a length prefix; then the connection is closed."""


class NameServer:
    """Bound to ``host`` and ``port`` (0: a free one) while entered.

    ``queries`` is what was asked: (transport, qname, qtype).
    """

    def __init__(
        self, behave: Behaviour, *, host: str = "127.0.0.1", port: int = 0, udp: bool = True, tcp: bool = True
    ) -> None:
        self.behave = behave
        self.host = host
        self.port = port
        self.queries: list[tuple[str, str, str]] = []
        self.messages: list[dns.message.Message] = []
        self._udp, self._tcp, self._fixed = udp, tcp, port != 0
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _ in range(50):
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.bind((self.host, self.port if self._fixed else 0))
            self.port = udp.getsockname()[1]
            try:
                if self._tcp:
                    self._server = await asyncio.start_server(self._serve_tcp, self.host, self.port)
            except OSError:
                udp.close()
                if self._fixed:
                    raise
                continue
            if self._udp:
                self._transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), sock=udp)
            else:
                udp.close()
            return self
        raise OSError("no port is free for both UDP and TCP")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.abort()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)

    def replies(self, data: bytes, transport: str) -> list[bytes]:
        """Return what goes back for one query."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return []
        question = query.question[0]
        self.queries.append(
            (transport, question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype))
        )
        self.messages.append(query)
        made = self.behave(query, transport)
        if made is None:
            return []
        several = [made] if isinstance(made, (bytes, dns.message.Message)) else list(made)
        limit = (query.payload or 512) if transport == "udp" else 65535
        return [one if isinstance(one, bytes) else render(one, limit) for one in several]

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                    for reply in self.replies(data, "tcp"):
                        if isinstance(reply, Raw):
                            writer.write(reply)
                            await writer.drain()
                            return
                        writer.write(len(reply).to_bytes(2, "big") + reply)
                    await writer.drain()
        finally:
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for reply in self._server.replies(data, "udp"):
            self._transport.sendto(reply, addr)


def render(message: dns.message.Message, limit: int) -> bytes:
    """Return the wire; with TC and without records when it is larger than ``limit``."""
    try:
        return message.to_wire(max_size=limit)
    except dns.exception.TooBig:
        short = dns.message.Message(id=message.id)
        short.flags = message.flags | dns.flags.TC
        short.question = message.question
        return short.to_wire()


def reply(
    query: dns.message.Message,
    *,
    answer: Sequence[str] = (),
    authority: Sequence[str] = (),
    additional: Sequence[str] = (),
    aa: bool = True,
    rcode: str = "NOERROR",
    ra: bool = False,
    tc: bool = False,
) -> dns.message.Message:
    """Return a response to ``query`` with records given as lines of master-file text (owner TTL IN TYPE data)."""
    made = dns.message.make_response(query)
    made.flags |= (dns.flags.AA if aa else 0) | (dns.flags.RA if ra else 0) | (dns.flags.TC if tc else 0)
    made.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((made.answer, answer), (made.authority, authority), (made.additional, additional)):
        for line in lines:
            owner, ttl, rdclass, rdtype, data = line.split(None, 4)
            rrset = dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, data)
            for known in section:
                if known.match(rrset.name, rrset.rdclass, rrset.rdtype, rrset.covers):
                    for rdata in rrset:
                        known.add(rdata, int(ttl))
                    break
            else:
                section.append(rrset)
    return made


def referral(
    query: dns.message.Message, zone: str, hosts: Sequence[str], glue: Sequence[tuple[str, str]] = (), ttl: int = 172800
) -> dns.message.Message:
    """Return a referral to ``zone``; ``glue`` holds (host, address)."""
    return reply(
        query,
        authority=[f"{zone}. {ttl} IN NS {host}." for host in hosts],
        additional=[f"{host}. {ttl} IN {'AAAA' if ':' in address else 'A'} {address}" for host, address in glue],
        aa=False,
    )
