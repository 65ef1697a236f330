"""Who announces an address, where a ``within`` names AS numbers: looked up by our own walk, and remembered."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zlib import crc32

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import Networks, Origin, origin_name, read_origin
from nswatch.model import Clock, Facts, Key, Observation, Outcome, Question, Result, Source, Status, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.servers import Lookup, Texts
from nswatch.observe.task import DomainTask, Vantage
from nswatch.observe.walk import Walker

KEPT = timedelta(hours=24)
"""How long a process remembers who announces an address; the record remembers it for other processes."""
NEW, RENEWED = 8, 2
"""How many origins one domain may look up in a pass: unknown ones, and such as only the record knows."""
_QUERIES = 60
_ENTRIES = 5000
_AS = "AS"

_RESULTS = {
    Lookup.FOUND: Result.ANSWER,
    Lookup.NODATA: Result.NODATA,
    Lookup.NXDOMAIN: Result.NXDOMAIN,
    Lookup.UNKNOWN: Result.TIMEOUT,
}


def lookup_facts(result: Lookup, values: tuple[str, ...]) -> Facts:
    """Return what a look-up by our own walk says; TIMEOUT when nobody had a definite word."""
    if result is Lookup.UNKNOWN:
        return Facts(Result.TIMEOUT, note="no server on the way gave a definite answer")
    return Facts(_RESULTS[result], values=tuple(sorted(values)))


def lookup_outcome(outcome: Outcome | None, qname: str, qtype: str, now: datetime) -> Outcome:
    """Return the evidence of a look-up; what is remembered, or ended without an answer, has none."""
    if outcome is not None:
        return outcome
    return Outcome(Question("", qname, qtype), Status.TIMEOUT, Transport.UDP, now)


class OriginMemory:
    """Shared by all domains of a process, and by its passes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[Texts, datetime]] = {}

    def put(self, texts: Texts) -> None:
        """Remember a definite look-up."""
        self._kept.pop(texts.name, None)
        if len(self._kept) >= _ENTRIES:
            del self._kept[next(iter(self._kept))]
        self._kept[texts.name] = (texts, self._clock() + KEPT)

    def get(self, name: str) -> Texts | None:
        """Return a look-up that still holds."""
        texts, until = self._kept.get(name, (None, None))
        return texts if until is not None and self._clock() < until else None


@dataclass(slots=True)
class Origins:
    """What one pass over one domain knows of origins; ``expectations`` compares by it."""

    task: DomainTask
    walker: Walker
    memory: OriginMemory
    vantage: Vantage
    budget: Budget
    clock: Clock
    deadline: float
    expectations: Expectations = field(init=False)
    _known: dict[str, Origin] = field(init=False)
    _within: dict[tuple[str, str], list[str]] = field(init=False)
    _used: dict[str, "asyncio.Task[Texts | None]"] = field(default_factory=dict)
    _left: dict[bool, int] = field(default_factory=lambda: {False: NEW, True: RENEWED})

    def __post_init__(self) -> None:
        self.expectations = self.task.expectations
        self.budget = self.budget.share(_QUERIES)
        self._known = dict(self.task.record.origins)
        self._within = {}
        allowed = self.expectations.allowed
        for answer in (*allowed.answers, *allowed.planned_answers):
            if any(item.startswith(_AS) for item in answer.within):
                self._within.setdefault((answer.name, answer.type), []).extend(answer.within)

    async def settle(self, qname: str, qtype: str, facts: Facts) -> None:
        """Look up who announces the addresses of an answer that hang on it."""
        within = self._within.get((qname, qtype))
        if within is None or facts.result is not Result.ANSWER:
            return
        plain, known = Networks(self.expectations.networks.aws), self.expectations.networks
        undecided = [address for address in facts.values if plain.allows(address, within) is None]
        # In another order each pass: whoever lists many addresses could hide one behind those that come first.
        salt = f"{self.vantage.pass_time}".encode()
        undecided.sort(key=lambda address: (known.allows(address, within) is not None, crc32(address.encode() + salt)))
        names = [origin_name(address) for address in undecided]
        for name in names:
            self._start(name)
        waiting = [self._used[name] for name in names if name in self._used]
        if waiting:
            await asyncio.wait(waiting)

    def _start(self, name: str) -> None:
        if name in self._used:
            return
        recorded = name in self._known
        if self.memory.get(name) is None:
            if not self._left[recorded]:
                return
            self._left[recorded] -= 1
        self._used[name] = asyncio.create_task(self._look_up(name))

    async def _look_up(self, name: str) -> Texts | None:
        texts = self.memory.get(name)
        if texts is None:
            texts = await self.walker.texts_of(name, self.budget, self.deadline)
            if texts.result is Lookup.UNKNOWN:
                return texts
            self.memory.put(texts)
        origin = read_origin(name, texts.values)
        if origin is not None and self._known.get(name) != origin:
            self._known[name] = origin
            networks = Networks(self.expectations.networks.aws, tuple(self._known.values()))
            self.expectations = replace(self.expectations, networks=networks)
        return texts

    def observations(self) -> Iterator[Observation]:
        """Yield what was looked up, or used from memory, in this pass."""
        for name, task in sorted(self._used.items()):
            texts = task.result() if task.done() and not task.cancelled() else None
            if texts is None:
                continue
            key = Key(self.vantage.region, Source.ITERATIVE, "", name, "TXT")
            facts = lookup_facts(texts.result, texts.values)
            outcome = lookup_outcome(texts.outcome, name, "TXT", self.clock())
            found = self.vantage.observation(self.task.domain, key, "", facts, outcome)
            if found is not None:
                yield found
