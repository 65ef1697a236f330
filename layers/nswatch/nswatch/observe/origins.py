"""Who announces an address, where a ``within`` names AS numbers: looked up by our own walk, and remembered."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zlib import crc32

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import Networks, Origin, origin_name, read_origin
from nswatch.model import Clock, Facts, Key, Observation, Result, Source, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.servers import Lookup, Texts, lookup_facts, lookup_outcome
from nswatch.observe.task import DomainTask, Vantage
from nswatch.observe.walk import Walker

KEPT, _SPREAD = timedelta(minutes=40), timedelta(minutes=20)
"""How long a process remembers who announces an address: from 40 to 60 minutes, by a hash of the name, so that what is
hijacked by way of BGP is found within the hour, and Team Cymru is not asked about everything in the same pass."""
KEPT_NOTHING = timedelta(minutes=10)
"""How long it remembers that nobody announces one."""
NEW, RENEWED = 8, 2
"""How many origins one domain may look up in a pass: unknown ones, and such as only the record knows."""
_QUERIES = 60
_ENTRIES = 5000
_AS = "AS"


class OriginMemory:
    """Shared by all domains of a process, and by its passes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[Texts, Transport, datetime]] = {}

    def put(self, texts: Texts, over: Transport) -> None:
        """Remember a definite look-up that was made ``over`` a transport."""
        self.drop(texts.name)
        if len(self._kept) >= _ENTRIES:
            del self._kept[next(iter(self._kept))]
        spread = _SPREAD * (crc32(texts.name.encode()) / 2**32)
        until = self._clock() + (KEPT + spread if texts.result is Lookup.FOUND else KEPT_NOTHING)
        self._kept[texts.name] = (texts, over, until)

    def drop(self, name: str) -> None:
        """Forget a look-up."""
        self._kept.pop(name, None)

    def get(self, name: str, over: Transport = Transport.UDP) -> Texts | None:
        """Return a look-up that still holds; ``over`` TCP: one that was confirmed."""
        texts, made, until = self._kept.get(name, (None, None, None))
        if until is None or self._clock() >= until or (over is Transport.TCP and made is not over):
            return None
        return texts


@dataclass(slots=True)
class Origins:
    """What one pass over one domain knows of origins; ``expectations`` compares by it.

    One that speaks against an address is asked for again over TCP in the same pass, and without that it is unknown.
    """

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
    _asking: dict[tuple[str, Transport], "asyncio.Task[None]"] = field(default_factory=dict)
    _found: dict[str, Texts] = field(default_factory=dict)
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
        await self._ask(map(origin_name, undecided), Transport.UDP)
        known = self.expectations.networks
        doubtful = [origin_name(address) for address in undecided if known.allows(address, within) is None]
        await self._ask([name for name in doubtful if self._is_told(name)], Transport.TCP)

    def _is_told(self, name: str) -> bool:
        return name in self._found and self._found[name].result is not Lookup.UNKNOWN

    async def _ask(self, names: Iterable[str], over: Transport) -> None:
        waiting = list[asyncio.Task[None]]()
        for name in names:
            if (name, over) not in self._asking:
                if over is Transport.UDP and self.memory.get(name) is None:
                    recorded = name in self._known
                    if not self._left[recorded]:
                        continue
                    self._left[recorded] -= 1
                self._asking[name, over] = asyncio.create_task(self._look_up(name, over))
            waiting.append(self._asking[name, over])
        if waiting:
            await asyncio.wait(waiting)  # others wait for them too: whoever is cancelled here must cancel none
        for task in waiting:
            task.result()

    async def _look_up(self, name: str, over: Transport) -> None:
        texts = self.memory.get(name, over)
        if texts is None:
            texts = await self.walker.texts_of(name, self.budget, self.deadline, over=over)
            if texts.result is Lookup.UNKNOWN:
                self.memory.drop(name)  # what UDP alone said against an address is not kept
            else:
                self.memory.put(texts, over)
        self._found[name] = texts
        if texts.result is not Lookup.UNKNOWN:
            self._learn(name, read_origin(name, texts.values, confirmed=over is Transport.TCP))

    def _learn(self, name: str, origin: Origin | None) -> None:
        """Compare by what was told from now on; what the record holds as confirmed is not made less by being heard."""
        known = self._known.get(name)
        if origin is None or origin == known or (known is not None and replace(origin, confirmed=True) == known):
            return
        self._known.pop(name, None)  # the newest stands last
        self._known[name] = origin
        networks = Networks(self.expectations.networks.aws, tuple(self._known.values()))
        self.expectations = replace(self.expectations, networks=networks)

    def observations(self) -> Iterator[Observation]:
        """Yield what was looked up, or used from memory, in this pass."""
        for name, texts in sorted(self._found.items()):
            key = Key(self.vantage.region, Source.ITERATIVE, "", name, "TXT")
            facts = lookup_facts(texts.result, texts.values)
            outcome = lookup_outcome(texts.outcome, name, "TXT", self.clock())
            found = self.vantage.observation(self.task.domain, key, "", facts, outcome)
            if found is not None:
                yield found
