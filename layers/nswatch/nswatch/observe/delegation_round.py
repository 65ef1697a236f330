"""Asking the parent's servers for one domain's delegation, until two have said something definite."""

import asyncio
from collections.abc import Collection, Sequence
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
    """One question to one server, the outcome that counts, and what it says."""

    target: Target
    outcome: Outcome
    facts: Facts


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


async def ask_delegation(
    domain: str,
    now: Sequence[Target],
    reserve: Sequence[Target],
    expected_sets: Collection[frozenset[str]],
    line: Line,
) -> list[Reading]:
    """Ask the servers in ``now``, and of ``reserve`` as many as it takes to hear two definite answers.

    All of them once one says what is not expected: how many give it is the first thing that anybody will ask.
    """
    waiting, running, readings = list(reserve), set[asyncio.Task[Reading]](), list[Reading]()

    def start(targets: Sequence[Target]) -> None:
        running.update(asyncio.create_task(_read(domain, target, expected_sets, line)) for target in targets)

    start(now)
    try:
        while running:
            done, _ = await asyncio.wait(
                running, timeout=_PATIENCE if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            running -= done
            readings += [task.result() for task in done]
            missing = DEFINITE - sum(reading.facts.result.definite for reading in readings)
            more = missing if not done else missing - len(running)
            if any(_departs(task.result().facts, expected_sets) for task in done):
                more = len(waiting)
            if more > 0:
                start(waiting[:more])
                del waiting[:more]
    finally:
        for task in running:
            task.cancel()
    return sorted(readings, key=lambda reading: reading.target)


async def _read(domain: str, target: Target, expected_sets: Collection[frozenset[str]], line: Line) -> Reading:
    question = Question(target.address, domain, "NS")
    outcome = await line.ask(question)
    facts = delegation_facts(outcome, domain)
    if outcome.transport is Transport.UDP and not _as_expected(facts, expected_sets):
        confirmed = await line.ask(question, Transport.TCP)
        outcome, facts = better(outcome, facts, confirmed, delegation_facts(confirmed, domain))
    return Reading(target, outcome, facts)


def _as_expected(facts: Facts, expected_sets: Collection[frozenset[str]]) -> bool:
    """Whether nothing needs a second look: an expected delegation, or nothing that was said at all."""
    if facts.result is Result.REFERRAL:
        return frozenset(facts.values) in expected_sets
    return not facts.result.definite and facts.result is not Result.MALFORMED


def _departs(facts: Facts, expected_sets: Collection[frozenset[str]]) -> bool:
    return facts.result.definite and not _as_expected(facts, expected_sets)


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
