"""What one walk carries with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from nswatch.model import Outcome, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.cache import Cut, Entry
from nswatch.observe.reply import Kind, Reply
from nswatch.observe.servers import Addresses, Lookup

_RESULTS = {Kind.ANSWER: Lookup.FOUND, Kind.NXDOMAIN: Lookup.NXDOMAIN, Kind.NODATA: Lookup.NODATA}
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Basis:
    """Until when that holds on which a walk's findings rest."""

    until: datetime = _EVER

    def rests_on(self, entry: Entry[Cut]) -> None:
        """Note that the walk went by a remembered cut; a steady one sets no end."""
        if not entry.value.steady:
            self.until = min(self.until, entry.until)


@dataclass(frozen=True, slots=True)
class Trip:
    """What one walk may still use; ``resolving`` are the hosts whose addresses it is in the middle of finding.

    ``anew`` walks go by nothing that is remembered from an earlier pass but the cuts of top-level domains; those
    ``over`` TCP by nothing that came over UDP either.
    """

    budget: Budget
    deadline: float
    depth: int = 0
    resolving: frozenset[str] = frozenset()
    over: Transport = Transport.UDP
    anew: bool = False
    basis: Basis = field(default_factory=Basis)

    @property
    def fresh(self) -> bool:
        """Whether what was remembered before this pass is left aside."""
        return self.anew or self.over is Transport.TCP

    def deeper(self, host: str) -> "Trip":
        """Return the trip that finds the addresses of ``host`` on the way."""
        return replace(self, depth=self.depth + 1, resolving=self.resolving | {host})

    def by_way_of(self, alias: str) -> "Trip":
        """Return the trip that goes on at an alias' target."""
        return replace(self, resolving=self.resolving | {alias})


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply that leads on, and the answer that it was read from (None: it is remembered)."""

    reply: Reply
    outcome: Outcome | None = None

    @property
    def kind(self) -> Kind:
        """What it means to the walk."""
        return self.reply.kind

    @property
    def result(self) -> Lookup:
        """How the look-up ends that it is the last word on."""
        return _RESULTS[self.kind]

    def addresses(self, host: str, ttl: int) -> Addresses:
        """Return it as the look-up of ``host``'s addresses."""
        if self.kind is Kind.ANSWER:
            return Addresses(host, self.reply.values, self.result, ttl, self.outcome)
        return Addresses(host, (), self.result, outcome=self.outcome)


@asynccontextmanager
async def held(lock: asyncio.Lock, deadline: float) -> AsyncIterator[bool]:
    """Hold ``lock``; gives False when the deadline came first."""
    try:
        async with asyncio.timeout_at(deadline):
            await lock.acquire()
    except TimeoutError:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
