"""One UDP socket for all questions of one address family.

The receive path is our own (`loop.add_reader`): asyncio's datagram transport allocates 256 KiB for each read, and it
cannot say *which* destination an ICMP error is about. Linux can, through the socket's error queue (ip(7), IP_RECVERR).
"""

import asyncio
import contextlib
import errno
import socket
import struct
from typing import Protocol

from nswatch.observe import messages
from nswatch.observe.exchanges import Endpoint, Exchange

__all__ = ["Endpoint", "Receiver", "UdpSocket"]

_IP_RECVERR, _IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h; socket has no names for them before 3.14
_MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", 0)
_BATCH = 64
_RECEIVE_BUFFER = 1 << 20
_LARGEST = 1 << 16
_UNREACHABLE = frozenset({
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES,
    errno.EPERM, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL,
})  # fmt: skip
_NO_WAY = frozenset({
    errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EACCES, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT,
    errno.EINVAL,
})  # fmt: skip
"""What the kernel says when it has no way to send there at all. EPERM may be a full table of its firewall."""


class Receiver(Protocol):
    """Who is told what came."""

    def replied(self, exchange: Exchange, data: bytes) -> bool:
        """Take a reply that matches ID, source and question; False when it is a forgery after all."""
        ...

    def mangled(self, exchange: Exchange, data: bytes) -> None:
        """Take a message from the right address with the right ID that is no answer to the question."""
        ...

    def refused(self, exchange: Exchange, number: int) -> None:
        """Take an ICMP error (or what may pass) about a question: an answer may still come."""
        ...

    def unsendable(self, exchange: Exchange, number: int) -> None:
        """Take the kernel's own word that a query can't be sent from here: it ends the exchange."""
        ...

    def drained(self) -> None:
        """All that had arrived has been handed over."""
        ...


class UdpSocket:
    """Sends questions and gives each reply to the exchange it matches; all else is dropped and waiting goes on.

    ``pending`` are the exchanges in flight by ID.
    """

    def __init__(self, family: int, receiver: Receiver) -> None:
        """Open the socket in the running loop; OSError when the family does not work here."""
        self._loop = asyncio.get_running_loop()
        self._receiver = receiver
        self.pending: dict[bytes, Exchange] = {}
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
        """Close the socket."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self.pending.clear()

    def send(self, exchange: Exchange) -> None:
        """Send an exchange's query."""
        # A pending ICMP error of *another* exchange is reported by whatever call comes next: read it away, send again.
        for _ in range(3):
            try:
                self._socket.sendto(exchange.wire, exchange.lane.endpoint)
            except BlockingIOError:
                return  # the send buffer is full: as good as lost on the way, and sent again later
            except OSError as error:
                if self._read_errors():
                    continue
                number = error.errno or errno.EINVAL
                (self._receiver.unsendable if number in _NO_WAY else self._receiver.refused)(exchange, number)
            return

    def _readable(self) -> None:
        receive, pending, replied = self._socket.recvfrom, self.pending, self._receiver.replied
        for _ in range(_BATCH):
            try:
                data, source = receive(_LARGEST)
            except BlockingIOError:
                self._read_errors()  # the loop also wakes us when only the error queue has something
                break
            except OSError:
                self._read_errors()
                continue
            exchange = pending.get(data[:2])
            if exchange is None or exchange.lane.endpoint != source[:2]:
                self.dropped += 1
            elif messages.is_reply(data, exchange.section) or (
                exchange.edns and messages.is_bare_error(data) and messages.dislikes_edns(data)
            ):
                if not replied(exchange, data):
                    self.dropped += 1
            else:
                self._receiver.mangled(exchange, data)
        self._receiver.drained()

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
            exchange = self.pending.get(data[:2])
            if exchange is not None and exchange.lane.endpoint == destination:
                self._receiver.refused(exchange, number)
            return
        for exchange in list(self.pending.values()):
            if exchange.lane.endpoint == destination:
                self._receiver.refused(exchange, number)


def _errno_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return ee_errno of the struct sock_extended_err (linux/errqueue.h), or 0."""
    for _, _, data in ancillary:
        if len(data) >= 16:
            return int(struct.unpack_from("=I", data)[0])
    return 0
