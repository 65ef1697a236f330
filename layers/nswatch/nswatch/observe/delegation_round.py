"""Asking the parent's servers for one domain's delegation, until two have said something definite."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from nswatch.model import Clock, Facts, Outcome, Question, Result, Status, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.facts import delegation_facts
from nswatch.observe.plan import Target
from nswatch.observe.transport import Asker

DEFINITE = 2
"""So many servers must have said something definite, or all have been asked."""
_PATIENCE = 1.5
"""Seconds until further servers are asked beside those that have not answered."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One question to one server, the outcome that counts, what it says, and whether that is not what is expected."""

    target: Target
    outcome: Outcome
    facts: Facts
    departs: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the servers: who asks, on whose budget, and until when (loop times; TCP may take longer)."""

    asker: Asker
    budget: Budget
    clock: Clock
    deadline: float
    tcp_deadline: float

    async def ask(self, question: Question, over: Transport = Transport.UDP) -> Outcome:
        """Ask one question."""
        deadline = self.deadline if over is Transport.UDP else self.tcp_deadline
        return (await self.budget.ask(self.asker, [question], deadline=deadline, clock=self.clock, over=over))[0]


class DelegationRound:
    """Asks the parent's servers for one domain's delegation.

    ``departs`` says whether facts are not what is expected; ``confirmed`` whether the record holds what a server
    (address) says as confirmed already. ``readings`` grow while it runs; ``settled`` is set when two servers have said
    something definite, or nobody is left who could.
    """

    def __init__(
        self,
        domain: str,
        line: Line,
        departs: Callable[[Facts], Awaitable[bool]],
        confirmed: Callable[[str, Facts], bool],
    ) -> None:
        self.readings: list[Reading] = []
        self.settled = asyncio.Event()
        self._domain = domain
        self._line = line
        self._departs = departs
        self._confirmed = confirmed

    async def run(self, now: Sequence[Target], reserve: Sequence[Target]) -> list[Reading]:
        """Ask the servers in ``now``, and of ``reserve`` as many as it takes to hear two definite answers.

        All of them once one says what is not expected: how many give it is the first thing that anybody will ask.
        """
        waiting, running = list(reserve), set[asyncio.Task[Reading]]()

        def start(targets: Sequence[Target]) -> None:
            running.update(asyncio.create_task(self._read(target)) for target in targets)

        start(now)
        try:
            while running:
                done, _ = await asyncio.wait(
                    running, timeout=_PATIENCE if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                running -= done
                self.readings += [task.result() for task in done]
                missing = DEFINITE - sum(reading.facts.result.definite for reading in self.readings)
                more = missing if not done else missing - len(running)
                if any(task.result().departs for task in done):
                    more = len(waiting)
                if more > 0:
                    start(waiting[:more])
                    del waiting[:more]
                if missing <= 0 or not running:
                    self.settled.set()
        finally:
            self.settled.set()
            for task in running:
                task.cancel()
        return sorted(self.readings, key=lambda reading: reading.target)

    async def _read(self, target: Target) -> Reading:
        question = Question(target.address, self._domain, "NS")
        outcome = await self._line.ask(question)
        facts = delegation_facts(outcome, self._domain)
        departs = await self._departs(facts)
        doubtful = departs or facts.result is Result.MALFORMED
        if outcome.transport is Transport.UDP and doubtful and not self._confirmed(target.address, facts):
            over_tcp = await self._line.ask(question, Transport.TCP)
            outcome, facts = better(outcome, facts, over_tcp, delegation_facts(over_tcp, self._domain))
            departs = await self._departs(facts)
        return Reading(target, outcome, facts, departs)


def better(outcome: Outcome, facts: Facts, confirmed: Outcome, confirmed_facts: Facts) -> tuple[Outcome, Facts]:
    """Return what TCP said, which counts; what UDP said (and is marked so) when TCP said nothing of use."""
    useful = confirmed_facts.result.definite or confirmed_facts.result in (
        Result.NOT_VISIBLE,
        Result.NOT_AUTHORITATIVE,
    )
    if useful:
        return confirmed, confirmed_facts
    why = "not asked over TCP" if confirmed.status is Status.NOT_ASKED else f"over TCP: {confirmed_facts.result}"
    return outcome, replace(facts, note=f"{facts.note}; {why}" if facts.note else why)
