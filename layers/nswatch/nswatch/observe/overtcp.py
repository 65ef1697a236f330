"""The questions that go over TCP, asked together where they are for one server, and what is tried when that fails."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.model import Clock, Outcome, Question, Status, Transport
from nswatch.observe import messages, outcomes, tcp, wire
from nswatch.observe.exchanges import Batch, Endpoint, Exchange, Lane

TCP_WINDOW = 64
"""How many conversations with servers there may be at a time."""
_CLOSED = "closed without an answer"


@dataclass(frozen=True, slots=True)
class _Try:
    """How one question of a conversation ended; ``again`` says whether it is worth another, ``edns`` how."""

    outcome: Outcome
    again: bool = False
    edns: bool = True


class TcpSide:
    """Asks over TCP; ``timeout`` is what one conversation may take, in seconds."""

    def __init__(self, clock: Clock, dice: messages.Dice, timeout: float) -> None:
        self._clock = clock
        self._dice = dice
        self._timeout = timeout
        self._window = asyncio.Semaphore(TCP_WINDOW)

    async def settle(self, batch: Batch, lane: Lane, exchanges: Sequence[Exchange]) -> None:
        """Ask what exchanges of one batch ask one server; what came mangled over UDP counts where TCP says nothing."""
        ends = await self.ask([exchange.question for exchange in exchanges], lane.endpoint, batch.deadline)
        for exchange, outcome in zip(exchanges, ends, strict=True):
            useful = outcome.status in (Status.ANSWERED, Status.OVER_CAP)
            batch.put(exchange.place, (None if useful else outcomes.malformed(exchange, outcome.status)) or outcome)

    async def ask(self, questions: Sequence[Question], endpoint: Endpoint, deadline: float) -> list[Outcome]:
        """Return one outcome a question by loop time ``deadline``.

        What a conversation leaves open, because the server closed it or knows only one question a connection, is asked
        once more on its own; without EDNS when that was the trouble.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._window.acquire()
        except TimeoutError:
            return [self._not_asked(question) for question in questions]
        try:
            tries = await self._converse(questions, endpoint, deadline, edns=True)
            return list(await asyncio.gather(*(self._settled(each, endpoint, deadline) for each in tries)))
        finally:
            self._window.release()

    async def _settled(self, tried: _Try, endpoint: Endpoint, deadline: float) -> Outcome:
        if not tried.again or asyncio.get_running_loop().time() >= deadline:
            return tried.outcome
        (last,) = await self._converse([tried.outcome.question], endpoint, deadline, edns=tried.edns)
        return last.outcome

    async def _converse(
        self, questions: Sequence[Question], endpoint: Endpoint, deadline: float, *, edns: bool
    ) -> list[_Try]:
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return [_Try(self._not_asked(question)) for question in questions]
        asked: dict[bytes, tuple[bytes, bytes]] = {}
        for question in questions:
            prebuilt = messages.template(question, edns=edns)
            ident = self._dice.ident()
            while ident in asked:
                ident = self._dice.ident()
            asked[ident] = messages.compose(prebuilt, ident, prebuilt.question), prebuilt.question
        sent = self._clock()
        until = min(deadline, loop.time() + self._timeout)
        ends = await tcp.converse(endpoint, list(asked.values()), until)
        some = any(isinstance(end, bytes) for end in ends)
        return [self._read(question, end, sent, some, edns) for question, end in zip(questions, ends, strict=True)]

    def _read(self, question: Question, end: tcp.End, sent: datetime, some: bool, edns: bool) -> _Try:
        """Say how a question ended; ``some`` of its conversation's were answered."""
        if isinstance(end, TimeoutError):
            return _Try(Outcome(question, Status.TIMEOUT, Transport.TCP, sent, reason="no answer over TCP"), again=some)
        data: bytes | None = None
        reason, again = "", some
        match end:
            case bytes():
                status, data, again = Status.ANSWERED, end, edns and messages.dislikes_edns(end)
            case tcp.OverCap():
                status, reason, data, again = Status.OVER_CAP, wire.digest(end.data), end.data, False
            case tcp.NotAnAnswer():
                status, reason, data = Status.MALFORMED, str(end), end.data
            case tcp.Closed() | ConnectionResetError() | BrokenPipeError():
                status, reason, again = Status.UNREACHABLE, _CLOSED, True
            case OSError():
                status, reason = Status.UNREACHABLE, os.strerror(end.errno) if end.errno else "unreachable"
            case _:
                raise end
        seen = data[: wire.MAX_OCTETS] if data is not None else None
        outcome = Outcome(question, status, Transport.TCP, sent, self._clock(), seen, reason)
        return _Try(outcome, again, edns=status is not Status.ANSWERED)

    def _not_asked(self, question: Question) -> Outcome:
        return Outcome(question, Status.NOT_ASKED, Transport.TCP, self._clock(), reason="the deadline came first")
