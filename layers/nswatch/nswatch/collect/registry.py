"""Whether names exist at their registries, asked of the registries' own name servers, many names at a time.

A registry is asked gently: `PER_SECOND` names a second, shared by all that want to know. Each turn begins with a name
that nobody can have: a registry that has an answer for that one too (a wildcard) says nothing about any other.
"""

import asyncio
import secrets
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nswatch.model import Clock, Outcome, Question, Status, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.reply import Kind, read_reply
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker

PER_SECOND = 50
"""So many names one registry is asked about in a second; a larger one answers some 100,000 times as many."""
SERVERS = 3
"""So many of a registry's servers share the questions."""

_WALK = 60
_ANSWERS, _AUTHORITATIVE, _RCODE, _NXDOMAIN = slice(6, 8), 0x04, 0x0F, 3


class State(StrEnum):
    """What a registry's servers say of a name."""

    THERE = "there"
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one name: ``hosts`` it is delegated to, and ``note`` why nothing is known."""

    state: State
    sent: datetime
    hosts: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Registry:
    """One zone that names are registered in: the addresses of servers that answer for it, or why there are none."""

    zone: str
    addresses: tuple[str, ...] = ()
    note: str = ""


class Registries:
    """Asks in one round. Bound to one event loop, and to ``deadline`` (loop time)."""

    def __init__(self, asker: Asker, walker: Walker, clock: Clock, deadline: float) -> None:
        self._asker = asker
        self._walker = walker
        self._clock = clock
        self._deadline = deadline
        self._known: dict[str, asyncio.Task[_Registry]] = {}

    async def look(self, names: Collection[str]) -> dict[str, Said]:
        """Return what the registries say of canonical names, each one label below a public suffix.

        Never raises for what the network does. A name that is not come to before the deadline is unknown.
        """
        by_suffix: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(names):
            by_suffix[name.partition(".")[2]].append(name)
        found = await asyncio.gather(*(self._in_suffix(suffix, each) for suffix, each in by_suffix.items()))
        return {name: said for each in found for name, said in each.items()}

    async def confirm(self, name: str) -> Said:
        """Ask all servers about one name over TCP: its state where all that have one agree, else it is unknown."""
        registry = await self._registry(name.partition(".")[2])
        said = await self._ask([(name, address) for address in registry.addresses], registry, Transport.TCP)
        definite = [each for each in said if each.state is not State.UNKNOWN]
        if not definite or len({each.state for each in definite}) > 1:
            return Said(State.UNKNOWN, self._clock(), note="the registry's servers do not agree")
        return definite[0]

    async def aclose(self) -> None:
        """Stop what nobody waits for any more."""
        for task in self._known.values():
            task.cancel()
        await asyncio.gather(*self._known.values(), return_exceptions=True)

    async def _in_suffix(self, suffix: str, names: Sequence[str]) -> dict[str, Said]:
        registry = await self._registry(suffix)
        if not registry.addresses:
            return {name: Said(State.UNKNOWN, self._clock(), note=registry.note) for name in names}
        found: dict[str, Said] = {}
        for start in range(0, len(names), PER_SECOND):
            if start:
                await self._pause()
            found |= await self._some(names[start : start + PER_SECOND], registry)
        return found

    async def _pause(self) -> None:
        left = self._deadline - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(min(1.0, left))

    async def _some(self, names: Sequence[str], registry: _Registry) -> dict[str, Said]:
        """Ask one server about each name, and another one where that has no answer."""
        servers = registry.addresses
        found: dict[str, Said] = {}
        for turn in range(2):
            left = [name for name in names if name not in found or found[name].state is State.UNKNOWN]
            if not left:
                break
            pairs = [(name, servers[(place + turn) % len(servers)]) for place, name in enumerate(left)]
            found |= zip(left, await self._ask(pairs, registry), strict=True)
        return found

    async def _ask(
        self, pairs: Iterable[tuple[str, str]], registry: _Registry, over: Transport = Transport.UDP
    ) -> list[Said]:
        questions = [Question(address, name, "NS", dnssec_ok=False) for name, address in pairs]
        outcomes = await self._asker.ask(questions, deadline=self._deadline, over=over)
        return [read_state(outcome, registry.zone) for outcome in outcomes]

    # Registries

    async def _registry(self, suffix: str) -> _Registry:
        task = self._known.get(suffix)
        if task is None:
            task = self._known[suffix] = asyncio.create_task(self._find(suffix))
        return await asyncio.shield(task)

    async def _find(self, suffix: str) -> _Registry:
        """Walk to the zone that names under ``suffix`` are in, and try its servers with a name that nobody can have."""
        # Drawn anew each time: one that could be foretold could be registered, and would blind us to the others.
        nobodys = f"x{secrets.token_hex(12)}.{suffix}"
        parent = await self._walker.parent_of(nobodys, Budget(_WALK), self._deadline)
        if self._walker.interception is not None:
            return _Registry(parent.zone, note=f"somebody answers for the root: {self._walker.interception.reason}")
        if parent.zone == "." or not parent.servers:
            return _Registry(parent.zone, note=f"no server of the registry of .{suffix} could be found")
        start = zlib.crc32(nobodys.encode()) % len(parent.servers)
        order = [*parent.servers[start:], *parent.servers[:start]]
        registry = _Registry(parent.zone, tuple(dict.fromkeys(server.addresses[0] for server in order)))
        working: list[str] = []
        for address in registry.addresses:
            (said,) = await self._ask([(nobodys, address)], registry)
            if said.state is State.THERE:
                return _Registry(parent.zone, note=f"the registry of .{suffix} has an answer for every name")
            working += [address] if said.state is State.FREE else []
            if len(working) == SERVERS:
                break
        note = "" if working else f"no server of the registry of .{suffix} answers"
        return _Registry(parent.zone, tuple(working), note)


def read_state(outcome: Outcome, zone: str) -> Said:
    """Read what a server of the registry's ``zone`` answered to a question for a name's NS.

    A delegation, or data of the name (a server of both), is existence; NXDOMAIN with authority is none. NODATA is
    neither: a name that only lies above others, or that the registry keeps to itself.
    """
    wire = outcome.wire
    if outcome.status is not Status.ANSWERED or wire is None or len(wire) < 12:
        return Said(State.UNKNOWN, outcome.sent, note=outcome.reason or str(outcome.status))
    if wire[3] & _RCODE == _NXDOMAIN and wire[2] & _AUTHORITATIVE and wire[_ANSWERS] == b"\0\0":
        return Said(State.FREE, outcome.sent)  # most answers: nothing more of them is read
    reply = read_reply(outcome, zone)
    if reply.kind is Kind.ALIAS:
        return Said(State.THERE, outcome.sent)
    if reply.kind in (Kind.REFERRAL, Kind.ANSWER) and reply.owner == outcome.question.qname:
        return Said(State.THERE, outcome.sent, tuple(sorted(server.name for server in reply.servers)))
    return Said(State.UNKNOWN, outcome.sent, note=f"the registry's server gave {reply.kind}")
