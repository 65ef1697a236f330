"""How much one domain may cost in one pass, so that a hostile delegation harms nobody else (decision 17)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from nswatch.model import Clock, Outcome, Question, Status, Transport
from nswatch.observe.transport import Asker

QUERIES = 200
NAMES = 13
ADDRESSES = 2
DEPTH = 3
CONCURRENT = 32
_ATTEMPTS = 3


class Budget:
    """Counts queries down: questions, and (afterwards, so it may be overdrawn a little) what the transport repeated.

    A share has its own limit and is paid for by the whole, too.
    """

    def __init__(self, queries: int = QUERIES, *, whole: "Budget | None" = None, concurrent: int = CONCURRENT) -> None:
        self._left = queries
        self._whole = whole
        self._slots: asyncio.Semaphore = whole._slots if whole is not None else asyncio.Semaphore(concurrent)

    @property
    def left(self) -> int:
        """How many questions may still be sent."""
        return self._left if self._whole is None else min(self._left, self._whole.left)

    def share(self, queries: int) -> "Budget":
        """Return a budget of at most ``queries`` that draws on this one."""
        return Budget(queries, whole=self)

    def take(self) -> bool:
        """Count one question; False when there is none left."""
        if self.left <= 0:
            return False
        self._pay()
        return True

    def _pay(self) -> None:
        self._left -= 1
        if self._whole is not None:
            self._whole._pay()

    async def ask(
        self,
        asker: Asker,
        questions: Sequence[Question],
        *,
        deadline: float,
        clock: Clock,
        over: Transport = Transport.UDP,
    ) -> list[Outcome]:
        """Ask what the budget allows; one outcome a question in the same order, the others NOT_ASKED."""
        return list(await asyncio.gather(*(self._one(asker, q, deadline, clock, over) for q in questions)))

    async def _one(self, asker: Asker, question: Question, deadline: float, clock: Clock, over: Transport) -> Outcome:
        if not self.take():
            return not_asked(question, over, clock(), "the domain's budget of queries is used up")
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
        except TimeoutError:
            return not_asked(question, over, clock(), "the deadline came first")
        try:
            outcome = (await asker.ask([question], deadline=deadline, over=over))[0]
        finally:
            self._slots.release()
        for _ in range(_repeats(outcome, over)):
            self._pay()
        return outcome


def _repeats(outcome: Outcome, over: Transport) -> int:
    """Return how many more queries than one the transport has sent, as far as the outcome tells."""
    if outcome.status is Status.TIMEOUT and outcome.transport is Transport.UDP:
        return _ATTEMPTS - 1
    return int(outcome.transport is not over)


def not_asked(question: Question, over: Transport, now: datetime, reason: str) -> Outcome:
    """Return the outcome of a question that was never sent."""
    return Outcome(question, Status.NOT_ASKED, over, now, reason=reason)
