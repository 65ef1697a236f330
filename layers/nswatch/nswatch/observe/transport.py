"""How questions travel: UDP first, TCP when truncated, mangled or asked for; every end is a value.

What a server or the network does never raises. Timers run on the event loop alone, and the clock that stamps outcomes
is injected, so that the same code runs on virtual time.
"""

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from weakref import WeakValueDictionary

from nswatch.model import Clock, Outcome, Question, Status, Transport
from nswatch.observe import messages, tcp, wire
from nswatch.observe.udp import Endpoint, Exchange, UdpSocket

WINDOW = 200
PER_SERVER = 8
TCP_WINDOW = 64
_BACKOFF = (0.5, 1.0, 1.5)
"""What part of the timeout each attempt waits: a lost packet is noticed soon, a slow server is still heard."""


class Asker(Protocol):
    """Asks questions."""

    async def ask(
        self, questions: Sequence[Question], *, deadline: float, over: Transport = Transport.UDP
    ) -> list[Outcome]:
        """Return one outcome a question in the same order, by loop time ``deadline``; the network never raises."""
        ...


class DnsTransport:
    """The real thing: an async context manager that holds one UDP socket a family while it is entered.

    ``route`` gives the socket address that is really used for an address asked. ``timeout`` (seconds) is the mean of
    the ``attempts``; ``mix_case`` draws QNAME's letter case (answers must repeat it over UDP).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        route: Callable[[str], Endpoint] = lambda address: (address, 53),
        attempts: int = 3,
        timeout: float = 1.5,
        tcp_timeout: float = 3.0,
        window: int = WINDOW,
        per_server: int = PER_SERVER,
        mix_case: bool = True,
    ) -> None:
        self._clock = clock
        self._route = route
        self._attempts = attempts
        self._timeout = timeout
        self._tcp_timeout = tcp_timeout
        self._per_server = per_server
        self._mix_case = mix_case
        self._window = asyncio.Semaphore(window)
        self._tcp_window = asyncio.Semaphore(TCP_WINDOW)
        self._servers: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._sockets: dict[int, UdpSocket | OSError] = {}
        self._entered = False

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        for opened in self._sockets.values():
            if isinstance(opened, UdpSocket):
                opened.close()
        self._sockets.clear()

    async def ask(
        self, questions: Sequence[Question], *, deadline: float, over: Transport = Transport.UDP
    ) -> list[Outcome]:
        """See `Asker`."""
        if not self._entered:
            raise RuntimeError("enter the transport first: async with DnsTransport(…) as transport")
        return list(await asyncio.gather(*(self._ask(question, deadline, over) for question in questions)))

    async def _ask(self, question: Question, deadline: float, over: Transport) -> Outcome:
        host, port = self._route(question.server)
        endpoint = (str(ipaddress.ip_address(host)), port)
        if over is Transport.TCP:
            return await self._over_tcp(question, endpoint, deadline)
        async with self._slot(self._window, question.server, deadline) as free:
            if not free:
                return self._not_asked(question, Transport.UDP)
            result = await self._over_udp(question, endpoint, deadline)
        if isinstance(result, Outcome):
            return result
        outcome = await self._over_tcp(question, endpoint, deadline)
        if result.mangled is None or outcome.status in (Status.ANSWERED, Status.OVER_CAP):
            return outcome
        reason = f"not an answer to the question; over TCP: {outcome.status}"
        seen = result.mangled[: wire.MAX_OCTETS]
        return Outcome(question, Status.MALFORMED, Transport.UDP, result.sent, result.received, seen, reason)

    async def _over_udp(self, question: Question, endpoint: Endpoint, deadline: float) -> "Outcome | _AskOverTcp":
        loop = asyncio.get_running_loop()
        sent = self._clock()
        udp = self._socket(endpoint)
        if isinstance(udp, OSError):
            return self._unreachable(question, sent, udp.errno)
        exchange = udp.open_exchange(endpoint)
        try:
            query = self._compose(exchange, question)
            attempt = 0
            while attempt < self._attempts and loop.time() < deadline:
                patience = self._timeout * _BACKOFF[min(attempt, len(_BACKOFF) - 1)]
                sent = self._clock()
                reply = await udp.attempt(exchange, query, min(deadline, loop.time() + patience))
                if reply is not None and exchange.edns and messages.dislikes_edns(reply):
                    exchange.edns = False
                    query = self._compose(exchange, question)
                elif reply is not None:
                    truncated = messages.is_truncated(reply)
                    now = self._clock()
                    return _AskOverTcp(sent, now) if truncated else _answered(question, Transport.UDP, sent, now, reply)
                elif exchange.mangled is not None:
                    return _AskOverTcp(sent, self._clock(), exchange.mangled)
                else:
                    attempt += 1
        finally:
            udp.close_exchange(exchange)
        if attempt == 0:
            return self._not_asked(question, Transport.UDP)
        if exchange.refused:
            return self._unreachable(question, sent, exchange.refused)
        return Outcome(question, Status.TIMEOUT, Transport.UDP, sent, reason=f"no answer to {attempt} queries")

    def _unreachable(self, question: Question, sent: datetime, number: int | None) -> Outcome:
        return Outcome(question, Status.UNREACHABLE, Transport.UDP, sent, self._clock(), reason=_reason(number))

    def _compose(self, exchange: Exchange, question: Question) -> bytes:
        prebuilt = _template(question, edns=exchange.edns)
        query, exchange.question = messages.stamp(prebuilt, exchange.ident, mix_case=self._mix_case)
        return query

    async def _over_tcp(self, question: Question, endpoint: Endpoint, deadline: float) -> Outcome:
        async with self._slot(self._tcp_window, question.server, deadline) as free:
            if not free:
                return self._not_asked(question, Transport.TCP)
            outcome, edns = await self._connection(question, endpoint, deadline, edns=True)
            if outcome.reason == _CLOSED or (edns and messages.dislikes_edns(outcome.wire or b"")):
                outcome, _ = await self._connection(question, endpoint, deadline, edns=outcome.reason == _CLOSED)
            return outcome

    async def _connection(
        self, question: Question, endpoint: Endpoint, deadline: float, *, edns: bool
    ) -> tuple[Outcome, bool]:
        """Ask once over one connection; return the outcome and whether EDNS was used."""
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return self._not_asked(question, Transport.TCP), edns
        query, section = messages.stamp(_template(question, edns=edns), messages.random_id(), mix_case=False)
        sent = self._clock()
        received: datetime | None = None
        data: bytes | None = None
        reason = ""
        try:
            data = await tcp.exchange(endpoint, query, section, min(deadline, loop.time() + self._tcp_timeout))
            status = Status.ANSWERED
        except TimeoutError:
            status, reason = Status.TIMEOUT, "no answer over TCP"
        except tcp.OverCap as error:
            status, reason, data = Status.OVER_CAP, wire.digest(error.data), error.data
        except tcp.NotAnAnswer as error:
            status, reason, data = Status.MALFORMED, str(error), error.data
        except (tcp.Closed, ConnectionResetError, BrokenPipeError):
            status, reason = Status.UNREACHABLE, _CLOSED
        except OSError as error:
            status, reason = Status.UNREACHABLE, _reason(error.errno)
        if status is not Status.TIMEOUT:
            received = self._clock()
        seen = data[: wire.MAX_OCTETS] if data is not None else None
        return Outcome(question, status, Transport.TCP, sent, received, seen, reason), edns

    def _socket(self, endpoint: Endpoint) -> UdpSocket | OSError:
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        if family not in self._sockets:
            try:
                self._sockets[family] = UdpSocket(family)
            except OSError as error:
                self._sockets[family] = error
        return self._sockets[family]

    @contextlib.asynccontextmanager
    async def _slot(self, window: asyncio.Semaphore, address: str, deadline: float) -> AsyncIterator[bool]:
        """Hold a place at the server, then in the window (so that a slow server holds no place of others)."""
        server = self._servers.get(address)
        if server is None:
            server = self._servers[address] = asyncio.Semaphore(self._per_server)
        async with contextlib.AsyncExitStack() as stack:
            try:
                for semaphore in (server, window):
                    async with asyncio.timeout_at(deadline):
                        await stack.enter_async_context(semaphore)
            except TimeoutError:
                yield False
                return
            yield True

    def _not_asked(self, question: Question, over: Transport) -> Outcome:
        return Outcome(question, Status.NOT_ASKED, over, self._clock(), reason="the deadline came first")


@dataclass(frozen=True, slots=True)
class _AskOverTcp:
    """UDP could not settle it: truncated, or mangled with what came and when."""

    sent: datetime
    received: datetime
    mangled: bytes | None = None


_CLOSED = "closed without an answer"


def _answered(question: Question, over: Transport, sent: datetime, received: datetime, reply: bytes) -> Outcome:
    if len(reply) > wire.MAX_OCTETS:
        seen = reply[: wire.MAX_OCTETS]
        return Outcome(question, Status.OVER_CAP, over, sent, received, seen, wire.digest(reply))
    return Outcome(question, Status.ANSWERED, over, sent, received, reply)


def _template(question: Question, *, edns: bool) -> messages.Template:
    return messages.template(
        question.qname,
        question.qtype,
        recursion_desired=question.recursion_desired,
        dnssec_ok=question.dnssec_ok,
        checking_disabled=question.checking_disabled,
        edns=edns,
    )


def _reason(number: int | None) -> str:
    return os.strerror(number) if number else "unreachable"
