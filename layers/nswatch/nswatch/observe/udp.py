"""One UDP socket for all questions of one address family.

The receive path is our own (`loop.add_reader`): asyncio's datagram transport allocates 256 KiB for each read, and it
cannot say *which* destination an ICMP error is about. Linux can, through the socket's error queue (ip(7), IP_RECVERR).
"""

import asyncio
import contextlib
import errno
import socket
import struct
from dataclasses import dataclass, field

from nswatch.observe import messages

Endpoint = tuple[str, int]
"""An address as `socket` writes it, and a port."""

_IP_RECVERR, _IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h; socket has no names for them before 3.14
_MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", 0)
_BATCH = 64
_RECEIVE_BUFFER = 1 << 20
_ICMP_GRACE = 0.2
"""Seconds that an answer may still take after an ICMP error, which anybody may have forged."""
_UNREACHABLE = frozenset({
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES,
    errno.EPERM, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL,
})  # fmt: skip


@dataclass(slots=True, eq=False)
class Exchange:
    """One question on its way: what a reply must match, and what came that did not.

    ``refused`` is the errno of an ICMP error; ``mangled`` a message from the right address with the right ID that is no
    answer to the question.
    """

    ident: int
    endpoint: Endpoint
    question: bytes
    edns: bool = True
    refused: int = 0
    mangled: bytes | None = None
    reply: asyncio.Future[bytes | None] | None = field(default=None, repr=False)

    def finish(self, data: bytes | None) -> None:
        """Wake whoever waits; None when nothing more is to be expected."""
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(data)


class UdpSocket:
    """Sends questions and gives each reply to the exchange it matches; all else is dropped and waiting goes on."""

    def __init__(self, family: socket.AddressFamily) -> None:
        """Open the socket in the running loop; OSError when the family does not work here."""
        self._loop = asyncio.get_running_loop()
        self._pending: dict[int, Exchange] = {}
        self._buffer = bytearray(1 << 16)
        self.dropped = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if _MSG_ERRQUEUE:
            level, option = (
                (socket.IPPROTO_IPV6, _IPV6_RECVERR) if family == socket.AF_INET6 else (socket.IPPROTO_IP, _IP_RECVERR)
            )
            with contextlib.suppress(OSError):
                self._socket.setsockopt(level, option, 1)
        self._socket.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104 - replies come anywhere
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Close the socket; exchanges that still wait end as unanswered."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for exchange in self._pending.values():
            exchange.finish(None)

    def open_exchange(self, endpoint: Endpoint) -> Exchange:
        """Register an exchange under an ID that no other exchange in flight has; `close_exchange` it afterwards."""
        ident = messages.random_id()
        while ident in self._pending:
            ident = messages.random_id()
        exchange = self._pending[ident] = Exchange(ident, endpoint, b"")
        return exchange

    def close_exchange(self, exchange: Exchange) -> None:
        """Forget an exchange."""
        self._pending.pop(exchange.ident, None)

    async def attempt(self, exchange: Exchange, wire: bytes, until: float) -> bytes | None:
        """Send ``wire`` and return its reply, or None when none came before loop time ``until``."""
        exchange.reply = self._loop.create_future()
        self._send(exchange, wire)
        try:
            async with asyncio.timeout_at(until):
                return await exchange.reply
        except TimeoutError:
            return None

    def _send(self, exchange: Exchange, wire: bytes) -> None:
        # A pending ICMP error of *another* exchange is reported by whatever call comes next: read it away, send again.
        for _ in range(3):
            try:
                self._socket.sendto(wire, exchange.endpoint)
            except BlockingIOError:
                return  # the send buffer is full: as good as lost on the way, and sent again later
            except OSError as error:
                if self._read_errors():
                    continue
                self._refuse(exchange, error.errno or errno.EINVAL)
            return

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                length, source = self._socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                self._read_errors()  # the loop also wakes us when only the error queue has something
                return
            except OSError:
                self._read_errors()
                continue
            self._received(bytes(self._buffer[:length]), (source[0], source[1]))

    def _received(self, data: bytes, source: Endpoint) -> None:
        exchange = self._pending.get(int.from_bytes(data[:2], "big")) if len(data) >= 2 else None
        if exchange is None or exchange.endpoint != source:
            self.dropped += 1
        elif messages.is_reply(data, exchange.question) or (
            exchange.edns and messages.is_bare_error(data) and messages.dislikes_edns(data)
        ):
            exchange.finish(data)
        else:
            exchange.mangled = data

    def _read_errors(self) -> bool:
        """Hand ICMP errors to their exchanges; True when there was one (or when there may have been)."""
        if not _MSG_ERRQUEUE:
            return False
        found = False
        while True:
            try:
                data, ancillary, _, destination = self._socket.recvmsg(512, 512, _MSG_ERRQUEUE)
            except OSError:
                return found
            found = True
            number = _errno_of(ancillary)
            if number in _UNREACHABLE and destination:
                self._refused(data, (destination[0], destination[1]), number)

    def _refused(self, data: bytes, destination: Endpoint, number: int) -> None:
        """Find whom an ICMP error is about; ``data`` is as much of the question as it quotes."""
        if len(data) >= 2:
            exchange = self._pending.get(int.from_bytes(data[:2], "big"))
            if exchange is not None and exchange.endpoint == destination:
                self._refuse(exchange, number)
            return
        for exchange in self._pending.values():
            if exchange.endpoint == destination:
                self._refuse(exchange, number)

    def _refuse(self, exchange: Exchange, number: int) -> None:
        exchange.refused = number
        reply = exchange.reply
        if reply is not None:
            self._loop.call_later(_ICMP_GRACE, _give_up, reply)


def _give_up(reply: "asyncio.Future[bytes | None]") -> None:
    if not reply.done():
        reply.set_result(None)


def _errno_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return ee_errno of the struct sock_extended_err (linux/errqueue.h), or 0."""
    for _, _, data in ancillary:
        if len(data) >= 16:
            return int(struct.unpack_from("=I", data)[0])
    return 0
