"""How questions travel: UDP first, TCP when truncated, mangled or asked for; every end is a value.

What a server or the network does never raises. Timers run on the event loop alone, and the clock that stamps outcomes
is injected, so that the same code runs on virtual time. A question over UDP costs no task, no future and no timer of
its own: that is most of what a query would cost.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from nswatch.model import Clock, Outcome, Question, Status, Transport
from nswatch.observe import messages, outcomes
from nswatch.observe.cookies import Jar, Look
from nswatch.observe.exchanges import Batch, Endpoint, Exchange, Lane, Lanes
from nswatch.observe.overtcp import TcpSide
from nswatch.observe.places import Places
from nswatch.observe.udp import UdpSocket
from nswatch.observe.waits import Waits

WINDOW = 200
PER_SERVER = 8
_BACKOFF = (0.5, 1.0, 1.5)
"""What part of the timeout each attempt waits: a lost packet is noticed soon, a slow server is still heard."""
_ICMP_GRACE = 0.2
"""Seconds that an answer may still take after an ICMP error, which anybody may have forged."""
_TC = 0x02
_NO_RECORDS = bytes(5)
_ODD_RCODES = frozenset({1, 4, 7})
"""FORMERR and NOTIMP, which may be about EDNS, and the low bits of BADCOOKIE."""


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
    the ``attempts``; ``window`` and ``per_server`` bound what is in flight together and to one address; ``mix_case``
    draws QNAME's letter case (answers must repeat it over UDP); ``jar`` keeps DNS cookies for longer than this lives.
    """

    def __init__(  # noqa: PLR0913 - each has a default that production goes by
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
        jar: Jar | None = None,
    ) -> None:
        self._clock = clock
        self._patience = [timeout * _BACKOFF[min(each, len(_BACKOFF) - 1)] for each in range(attempts)]
        self._mix_case = mix_case
        self._dice = messages.Dice()
        self._tcp = TcpSide(clock, self._dice, tcp_timeout)
        self._sockets: dict[int, UdpSocket | OSError] = {}
        self._lanes = Lanes(route, jar if jar is not None else Jar())
        self._batches: set[Batch] = set()
        self._places = Places(window, per_server, self._start, self._converse)
        self._waits = Waits(self._wait_over)
        self._entered = False

    async def __aenter__(self) -> Self:
        self._waits.open()
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for batch in list(self._batches):
            self._expire(batch)
        for opened in self._sockets.values():
            if isinstance(opened, UdpSocket):
                opened.close()
        self._sockets.clear()
        self._lanes.clear()
        self._waits.close()
        self._entered = False

    async def ask(
        self, questions: Sequence[Question], *, deadline: float, over: Transport = Transport.UDP
    ) -> list[Outcome]:
        """See `Asker`."""
        if not self._entered:
            raise RuntimeError("enter the transport first: async with DnsTransport(…) as transport")
        loop = asyncio.get_running_loop()
        if not questions or loop.time() >= deadline:
            return [outcomes.not_asked(question, over, self._clock()) for question in questions]
        batch = Batch(loop.create_future(), deadline, len(questions), [None] * len(questions))
        self._batches.add(batch)
        timer = loop.call_at(deadline, self._expire, batch)
        try:
            self._begin(batch, questions, tcp=over is Transport.TCP)
            await batch.done
        finally:
            timer.cancel()
            self._batches.discard(batch)
            if batch.left:
                self._abandon(batch)
            batch.exchanges.clear()  # or each exchange and its batch hold one another until a garbage collection
        return [outcome for outcome in batch.outcomes if outcome is not None]

    def _begin(self, batch: Batch, questions: Sequence[Question], *, tcp: bool) -> None:
        lanes, add, join = self._lanes, batch.exchanges.append, self._places.join
        waiting: dict[str, Lane] = {}
        for place, question in enumerate(questions):
            lane = lanes[question.server]
            exchange = Exchange(batch, place, question, lane, messages.template(question, edns=True), tcp)
            add(exchange)
            if not join(exchange):
                waiting[question.server] = lane
        for lane in waiting.values():
            self._places.admit(lane)
        self._places.fill()

    def _leave_window(self, exchange: Exchange) -> None:
        """Nothing that comes over UDP counts for this exchange any more."""
        exchange.done = True
        self._places.leave_window()
        opened = self._sockets[exchange.lane.family]
        if isinstance(opened, UdpSocket):
            opened.pending.pop(exchange.ident, None)

    # UDP

    def _start(self, exchange: Exchange) -> None:
        udp = self._sockets.get(exchange.lane.family) or self._open(exchange.lane.family)
        if isinstance(udp, OSError):
            exchange.sent = self._clock()
            self.unsendable(exchange, udp.errno or 0)
            return
        ident = self._dice.ident()
        while ident in udp.pending:
            ident = self._dice.ident()
        exchange.ident = ident
        udp.pending[ident] = exchange
        self._compose(exchange)
        self._send(exchange, udp)

    def _open(self, family: int) -> UdpSocket | OSError:
        try:
            opened: UdpSocket | OSError = UdpSocket(family, self)
        except OSError as error:
            opened = error
        self._sockets[family] = opened
        return opened

    def _compose(self, exchange: Exchange) -> None:
        prebuilt = exchange.prebuilt
        exchange.section = self._dice.mix_case(prebuilt) if self._mix_case else prebuilt.question
        exchange.wire = messages.compose(prebuilt, exchange.ident, exchange.section, exchange.lane.cookie.options)

    def _send(self, exchange: Exchange, udp: UdpSocket) -> None:
        """Send an exchange's query and wait for this attempt's time."""
        patience = self._patience[exchange.attempt]
        exchange.attempt += 1
        exchange.sent = self._clock()
        self._waits.add(exchange, patience)
        udp.send(exchange)

    def _again(self, exchange: Exchange) -> None:
        """Send another query in place of the one that was just answered."""
        self._compose(exchange)
        exchange.attempt -= 1
        self._repeat(exchange)

    def _repeat(self, exchange: Exchange) -> None:
        udp = self._sockets[exchange.lane.family]
        if isinstance(udp, UdpSocket):
            self._send(exchange, udp)

    def replied(self, exchange: Exchange, data: bytes) -> bool:
        """See `nswatch.observe.udp.Receiver`."""
        odd = data[3] & 15 in _ODD_RCODES or data[6:11] == _NO_RECORDS
        if exchange.edns:
            if odd and messages.dislikes_edns(data):
                exchange.edns = False
                exchange.prebuilt = messages.template(exchange.question, edns=False)
                self._again(exchange)
                return True
            cookie = exchange.lane.cookie
            if odd or cookie.tail is None or not data.endswith(cookie.tail):
                look = cookie.look(data)
                if look is not Look.FINE:
                    return self._without_cookie(exchange, data, look)
        if data[2] & _TC:
            self._leave_window(exchange)
            self._converse([exchange])
            return True
        self._end(exchange, outcomes.answered(exchange, self._clock(), data))
        return True

    def _without_cookie(self, exchange: Exchange, data: bytes, look: Look) -> bool:
        if look is Look.FORGED:
            return False
        if look is Look.MISSING:
            self.mangled(exchange, data)
        elif look is Look.RENEW and not exchange.trouble.renewed:
            exchange.trouble = replace(exchange.trouble, renewed=True)
            self._again(exchange)
        else:
            self._leave_window(exchange)
            self._converse([exchange])
        return True

    def mangled(self, exchange: Exchange, data: bytes) -> None:
        """See `nswatch.observe.udp.Receiver`."""
        exchange.trouble = replace(exchange.trouble, mangled=data, mangled_at=self._clock())

    def refused(self, exchange: Exchange, number: int) -> None:
        """See `nswatch.observe.udp.Receiver`."""
        exchange.trouble = replace(exchange.trouble, refused=number)
        self._waits.shorten(exchange, _ICMP_GRACE)

    def unsendable(self, exchange: Exchange, number: int) -> None:
        """See `nswatch.observe.udp.Receiver`."""
        exchange.trouble = replace(exchange.trouble, refused=number)
        now = self._clock()
        self._end(exchange, outcomes.malformed(exchange, Status.NOT_ASKED) or outcomes.unreachable(exchange, now))

    def drained(self) -> None:
        """See `nswatch.observe.udp.Receiver`."""
        self._places.fill()

    def _wait_over(self, exchange: Exchange) -> None:
        """Nothing that counts has come within an attempt's time."""
        if exchange.trouble.mangled is not None:
            exchange.lane.cookie.forget()
            self._leave_window(exchange)
            self._converse([exchange])
        elif exchange.attempt < len(self._patience):
            self._repeat(exchange)
        else:
            self._end(exchange, outcomes.silence(exchange, self._clock()))
        self._places.fill()

    def _end(self, exchange: Exchange, outcome: Outcome) -> None:
        """Settle an exchange that is in the window."""
        self._leave_window(exchange)
        exchange.batch.put(exchange.place, outcome)
        self._places.leave_server(exchange.lane)

    def _expire(self, batch: Batch) -> None:
        """End what the deadline leaves open; conversations over TCP see to that themselves."""
        for exchange in batch.exchanges:
            if exchange.done:
                continue
            if exchange.attempt:
                self._end(
                    exchange,
                    outcomes.malformed(exchange, Status.NOT_ASKED) or outcomes.silence(exchange, self._clock()),
                )
            else:
                exchange.done = True
                over = Transport.TCP if exchange.tcp else Transport.UDP
                batch.put(exchange.place, outcomes.not_asked(exchange.question, over, self._clock()))
        self._places.fill()

    def _abandon(self, batch: Batch) -> None:
        """Nobody waits for this batch any more."""
        for task in batch.tasks:
            task.cancel()
        self._expire(batch)

    # TCP

    def _converse(self, exchanges: list[Exchange]) -> None:
        """Ask over TCP, on one connection; all are of one batch and hold a place at the server."""
        batch, lane = exchanges[0].batch, exchanges[0].lane
        for exchange in exchanges:
            exchange.done = True
        task = asyncio.get_running_loop().create_task(self._tcp.settle(batch, lane, exchanges))
        batch.tasks.add(task)

        def over(_: "asyncio.Task[None]") -> None:
            batch.tasks.discard(task)
            self._places.leave_server(lane, len(exchanges))
            self._places.fill()

        task.add_done_callback(over)
