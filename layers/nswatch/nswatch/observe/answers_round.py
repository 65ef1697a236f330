"""What authoritative servers and resolvers say in one pass: asked, compared, and confirmed where it surprises."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from nswatch.expect.matching import Verdict
from nswatch.expect.values import of_family
from nswatch.model import Facts, Key, Observation, Outcome, Question, Result, Source, Transport
from nswatch.observe.delegation_round import Line, better
from nswatch.observe.facts import answer_facts
from nswatch.observe.origins import Origins
from nswatch.observe.plan import Ask
from nswatch.observe.servers import Addresses, Texts
from nswatch.observe.task import DomainTask, Vantage, is_silent, says_the_same, untestable

DEPARTING = frozenset({Verdict.UNEXPECTED, Verdict.MISSING})
_FIRST = {Source.AUTHORITATIVE: "SOA", Source.RECURSIVE: "NS"}
"""By which question about the apex a server that was silent is found to be back."""

_SHOWN = 4
"""How many values that a resolver does not believe are noted."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One question, the outcome that counts, what it says, and how that compares."""

    ask: Ask
    key: Key
    outcome: Outcome
    facts: Facts
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether the server said nothing definite, though it could be asked from here."""
        return not self.facts.result.definite and not untestable(self.ask.target.address, self.facts)


@dataclass(slots=True)
class AnswersRound:
    """Asks each question once a pass; ``answered`` grows. ``look_up`` and ``look_up_texts`` walk from the root."""

    task: DomainTask
    vantage: Vantage
    origins: Origins
    look_up: Callable[[str], Awaitable[Addresses]]
    look_up_texts: Callable[[str], Awaitable[Texts]]
    answered: list[Answered] = field(default_factory=list)
    _asked: set[Key] = field(default_factory=set)
    _spoke: dict[Key, bool] = field(default_factory=dict)
    _walks: "dict[str, asyncio.Future[Texts]]" = field(default_factory=dict)

    async def ask(self, asks: Iterable[Ask], line: Line) -> None:
        """Ask what was not asked yet.

        A server that was silent about everything when it was last asked gets one question, and the others when it is
        back: a dead one costs one question and not all.
        """
        now, held = list[tuple[Ask, Key]](), list[tuple[Ask, Key]]()
        for ask in asks:
            key = self._key(ask)
            if key in self._asked:
                continue
            self._asked.add(key)
            (held if self._waits(key) else now).append((ask, key))
        await self._read_all(now, line)
        await self._read_all([each for each in held if self._spoke.get(_first(each[1], self.task.domain), True)], line)

    async def _read_all(self, asks: Collection[tuple[Ask, Key]], line: Line) -> None:
        for read in await asyncio.gather(*(self._read(ask, key, line) for ask, key in asks)):
            self.answered.append(read)
            self._spoke[read.key] = not is_silent(read.facts.result)

    def observations(self, source: Source) -> list[Observation]:
        """Return what the servers of one kind said."""
        made = (
            self.vantage.observation(self.task.domain, one.key, one.ask.target.host, one.facts, one.outcome)
            for one in sorted(self.answered, key=lambda one: one.key)
            if one.key.source is source
        )
        return [observation for observation in made if observation is not None]

    def _key(self, ask: Ask) -> Key:
        return self.vantage.key(ask.source, ask.target.address, ask.qname, ask.qtype)

    def _waits(self, key: Key) -> bool:
        first = _first(key, self.task.domain)
        silent = self.task.record.silent
        return key != first and key in silent and first in silent

    async def _read(self, ask: Ask, key: Key, line: Line) -> Answered:
        recursive = ask.source is Source.RECURSIVE
        question = Question(ask.target.address, ask.qname, ask.qtype, recursion_desired=recursive)
        outcome, facts = await heard(question, line)
        facts = await self._followed(key, facts)
        verdict = await self._verdict(key, facts)
        if outcome.transport is Transport.UDP and _doubtful(verdict, facts) and not self._confirmed(key, facts):
            outcome, facts, verdict = await self._confirm(question, key, (outcome, facts, verdict), line)
        return Answered(ask, key, outcome, facts, verdict)

    async def _followed(self, key: Key, facts: Facts) -> Facts:
        """Follow an alias that leads out of the zone: what counts is the address, or text, that everybody is given."""
        if key.source is not Source.AUTHORITATIVE or facts.result is not Result.NODATA or not facts.aliases:
            return facts
        target = facts.aliases[-1]
        if key.qtype == "A":
            values = of_family((await self.look_up(target)).addresses, key.qtype)
        elif key.qtype == "TXT":
            values = (await self._texts(target)).values
        else:
            return facts
        return replace(facts, result=Result.ANSWER, values=tuple(sorted(values)), ttl=None) if values else facts

    async def _texts(self, name: str) -> Texts:
        """Look texts up once a pass: walks do not remember them."""
        if name not in self._walks:
            self._walks[name] = asyncio.ensure_future(self.look_up_texts(name))
        return await self._walks[name]

    async def _verdict(self, key: Key, facts: Facts) -> Verdict:
        await self.origins.settle(key.qname, key.qtype, facts)
        return self.origins.expectations.verdict(key, facts)

    def _confirmed(self, key: Key, facts: Facts) -> bool:
        return says_the_same(self.task.record.confirmed.get(key), facts, key.source)

    async def _confirm(
        self, question: Question, key: Key, read: tuple[Outcome, Facts, Verdict], line: Line
    ) -> tuple[Outcome, Facts, Verdict]:
        """Ask again over TCP, which counts if it says anything of use.

        Behind a resolver's address stand several caches, and TCP may have come to another one: when it says something
        expected, UDP is asked once more, and what that repeats stands.
        """
        outcome, facts, _ = read
        over_tcp = await line.ask(question, Transport.TCP)
        outcome, facts = better(outcome, facts, over_tcp, await self._followed(key, answer_facts(over_tcp)))
        verdict = await self._verdict(key, facts)
        if key.source is Source.RECURSIVE and verdict is Verdict.EXPECTED:
            again, said = await heard(question, line)
            verdict_again = await self._verdict(key, said)
            if verdict_again in DEPARTING:
                return again, replace(said, note=_with(said.note, "over TCP: as expected")), verdict_again
        return outcome, facts, verdict


async def heard(question: Question, line: Line) -> tuple[Outcome, Facts]:
    """Ask; a resolver that fails is asked again with CD: BOGUS when it answers as soon as it need not validate.

    RFC 4035 section 3.2.2. One that fails because a zone's servers are slow has the answer when it is asked again, with
    CD or without; so it is asked a third time, as at first, and BOGUS is only what fails then too.
    """
    outcome = await line.ask(question)
    facts = answer_facts(outcome)
    if question.recursion_desired and facts.result is Result.SERVFAIL:
        unchecked = answer_facts(await line.ask(replace(question, checking_disabled=True)))
        if unchecked.result.definite:
            again = await line.ask(question)
            checked = answer_facts(again)
            if checked.result.definite:
                return again, checked
            if checked.result is Result.SERVFAIL:
                said = ", ".join(unchecked.values[:_SHOWN]) or unchecked.result.value
                return outcome, Facts(Result.BOGUS, note=f"with CD: {said}")
    return outcome, facts


def _doubtful(verdict: Verdict, facts: Facts) -> bool:
    return verdict in DEPARTING or facts.result is Result.MALFORMED


def _first(key: Key, domain: str) -> Key:
    return replace(key, qname=domain, qtype=_FIRST[key.source])


def _with(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more
