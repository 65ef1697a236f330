"""Asking one server, or one resolver, everything that a check wants to know of it."""

import asyncio
from collections.abc import Callable, Sequence

from nswatch.model import Facts, Outcome, Question, Result, Status, Transport
from nswatch.observe.answers_round import heard
from nswatch.observe.delegation_round import Line, Reading, better
from nswatch.observe.facts import answer_facts
from nswatch.observe.plan import Target
from nswatch_cli.check.values import ServerAnswer

Named = tuple[str, str]
"""A name and a type."""
Departs = Callable[[Reading], bool]


async def ask_server(target: Target, questions: Sequence[Named], line: Line, *, recursive: bool) -> list[Reading]:
    """Ask the first question and, if it is answered, the others; one reading a question, in their order.

    A server that is silent or does not serve the zone is asked no more: the others are then NOT_ASKED.
    """
    first = await _ask(target, questions[0], line, recursive=recursive)
    if first.facts.result.definite or first.facts.result is Result.BOGUS:
        others = (_ask(target, named, line, recursive=recursive) for named in questions[1:])
        return [first, *await asyncio.gather(*others)]
    why = "it said nothing to the question before" if silent(first.facts) else "it does not serve the zone"
    status, sent = Status.NOT_ASKED, first.outcome.sent
    left = [_question(target, named, recursive=recursive) for named in questions[1:]]
    outcomes = [Outcome(question, status, Transport.UDP, sent, reason=why) for question in left]
    return [first, *(Reading(target, outcome, answer_facts(outcome)) for outcome in outcomes)]


async def confirm(reading: Reading, departs: Departs, line: Line) -> Reading:
    """Ask again over TCP what departs over UDP; what TCP says counts.

    Behind a resolver's address there may be several caches. So when TCP says something in order, UDP is asked once
    more, and if that departs again it stands.
    """
    over_tcp = reading.outcome.transport is Transport.TCP
    if over_tcp or not says_something(reading.facts) or not departs(reading):
        return reading
    question = reading.outcome.question
    again = await line.ask(question, Transport.TCP)
    counts = Reading(reading.target, *better(reading.outcome, reading.facts, again, answer_facts(again)))
    if question.recursion_desired and counts.outcome is again and not departs(counts):
        outcome = await line.ask(question)
        third = Reading(reading.target, outcome, answer_facts(outcome))
        if says_something(third.facts) and departs(third):
            return third
    return counts


async def _ask(target: Target, named: Named, line: Line, *, recursive: bool) -> Reading:
    return Reading(target, *await heard(_question(target, named, recursive=recursive), line))


def _question(target: Target, named: Named, *, recursive: bool) -> Question:
    return Question(target.address, *named, recursion_desired=recursive)


def says_something(facts: Facts) -> bool:
    """Whether there is anything that TCP could confirm or contradict."""
    return facts.result.definite or facts.result is Result.MALFORMED


def silent(facts: Facts) -> bool:
    """Whether nothing was heard."""
    return facts.result in (Result.TIMEOUT, Result.UNREACHABLE)


def answer_of(reading: Reading) -> ServerAnswer:
    """Return a reading as a check shows it."""
    target, outcome, facts = reading.target, reading.outcome, reading.facts
    if outcome.status is Status.NOT_ASKED:
        return ServerAnswer(target.host, target.address, note=outcome.reason)
    took = (outcome.received - outcome.sent).total_seconds() * 1000 if outcome.received is not None else None
    return ServerAnswer(target.host, target.address, facts, outcome.transport, took, facts.note)
