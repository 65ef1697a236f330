"""The iterative walk from the root: to the parent of a domain, the addresses of a host, and the texts of a name.

Questions carry the full QNAME (decision 17). A cut need not be a TLD, several labels may lie between two cuts (co.jp
is none), and one server may be authoritative for a zone and the one below it (uk and co.uk): then the lower cut is
never referred to and has to be looked for. Every walk is bounded by a budget, a depth and a deadline.
"""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from nswatch.model import Clock, Outcome, Question, Transport
from nswatch.names import is_within
from nswatch.observe.budget import ADDRESSES, DEPTH, NAMES, Budget
from nswatch.observe.cache import MAX_TTL, Cut, WalkCache, enclosing
from nswatch.observe.reply import Kind, Reply, read_reply, server_at
from nswatch.observe.servers import Addresses, Interception, Lookup, Parent, Server, Texts
from nswatch.observe.transport import Asker
from nswatch.observe.trip import Heard, Trip, held

_STAGGER = 0.8
"""Seconds until another server is asked beside one that has not answered."""
_ALIASES = 8
_CUTS = 20
"""How many cuts one walk may pass."""


class Walker:
    """Walks with ``asker`` from ``hints``. Bound to one event loop and one pass; ``cache`` may outlive them."""

    def __init__(self, asker: Asker, hints: Sequence[Server], clock: Clock, *, cache: WalkCache | None = None) -> None:
        self._asker = asker
        self._clock = clock
        self._started = clock()
        self._cache = cache if cache is not None else WalkCache(clock)
        self._root = Cut(".", tuple(server_at(hint.name, hint.addresses) for hint in hints))
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self.interception: Interception | None = None

    async def parent_of(self, domain: str, budget: Budget, deadline: float) -> Parent:
        """Return the zone directly above ``domain`` and its servers; never raises for what the network does.

        When no server leads on, it is the deepest zone that was reached.
        """
        trip = Trip(budget, deadline)
        cut = self._cache.parent(domain) or await self._find_parent(domain, trip)
        servers = await asyncio.gather(*(self._with_addresses(server, cut.zone, trip) for server in cut.servers))
        found = tuple(sorted((server for server in servers if server.addresses), key=lambda server: server.name))
        lost = tuple(sorted(server.name for server in servers if not server.addresses))
        certain = self._cache.parent(domain) is not None and not lost
        return Parent(cut.zone, found, self.interception, lost, certain)

    async def addresses_of(
        self,
        host: str,
        budget: Budget,
        deadline: float,
        *,
        anew: bool = False,
        over: Transport = Transport.UDP,
    ) -> Addresses:
        """Return the addresses of ``host``; never raises for what the network does.

        ``anew`` asks in this pass in any case. ``over`` TCP confirms: every question from the top-level domain on goes
        over TCP.
        """
        # Only the outermost look-up waits for others, so that two that need each other can't wait for ever.
        async with held(self._lock("host", host), deadline) as free:
            if not free:
                return self._unknown(host)
            trip = Trip(budget, deadline, resolving=frozenset({host}), over=over, anew=anew)
            return await self._addresses(host, trip)

    async def texts_of(self, name: str, budget: Budget, deadline: float, *, over: Transport = Transport.UDP) -> Texts:
        """Return the TXT RRset of ``name``, see `records_of`."""
        return await self.records_of(name, "TXT", budget, deadline, over=over)

    async def records_of(
        self, name: str, qtype: str, budget: Budget, deadline: float, *, over: Transport = Transport.UDP
    ) -> Texts:
        """Return an RRset of ``name``; never raises for what the network does. Nothing of it is remembered.

        ``over`` as for `addresses_of`.
        """
        trip, owner = Trip(budget, deadline, over=over), name
        for _ in range(_ALIASES):
            heard = await self._resolve(owner, qtype, trip)
            if heard is None:
                break
            if heard.kind is not Kind.ALIAS:
                return Texts(name, heard.reply.values, heard.result, heard.outcome)
            owner = heard.reply.values[0]
        return Texts(name, (), Lookup.UNKNOWN)

    async def look_for_interception(self, budget: Budget, deadline: float) -> Interception | None:
        """Ask two root servers for their own NS and note an answer that no root server gives."""
        questions = [Question(server.addresses[0], ".", "NS") for server in self._root.servers if server.addresses][:2]
        for outcome in await budget.ask(self._asker, questions, deadline=deadline, clock=self._clock):
            self._notice(outcome, read_reply(outcome, "."))
        return self.interception

    def _notice(self, outcome: Outcome, reply: Reply) -> None:
        if reply.recursion_available:
            reason = "the root offers recursion (RA=1), which no root server does"
        elif outcome.question.qname == "." and reply.answered and not reply.authoritative:
            reason = "the root answers for its own NS without authority (AA=0)"
        else:
            return
        self.interception = Interception(outcome.question.server, reason)

    async def _find_parent(self, domain: str, trip: Trip) -> Cut:
        cut = self._closest(domain, trip, above=True)
        if cut is self._root:
            _, lower = await asyncio.gather(
                self.look_for_interception(trip.budget, trip.deadline), self._below(cut, domain, trip)
            )
        else:
            lower = await self._below(cut, domain, trip)
        for _ in range(_CUTS):
            if lower is cut:
                self._cache.keep_parent(domain, cut)
                return cut
            if lower is None:
                break
            cut = lower
            lower = await self._below(cut, domain, trip)
        return self._cache.parent(domain, stale=True) or cut

    async def _below(self, cut: Cut, domain: str, trip: Trip) -> Cut | None:
        """Return the next cut from ``cut`` towards ``domain``; ``cut`` itself if it is the parent, None if unknown."""
        between = _between(domain, cut.zone)
        if not between:
            return cut
        heard = await self._ask(cut, domain, "NS", trip)
        if heard is None:
            return None
        if heard.kind is Kind.REFERRAL and heard.reply.owner != domain:
            return Cut(heard.reply.owner, heard.reply.servers)
        return await self._hidden_cut(cut, between, trip) or cut

    async def _hidden_cut(self, cut: Cut, names: Sequence[str], trip: Trip) -> Cut | None:
        """Look for a cut at one of ``names`` that the servers of ``cut`` hide by being authoritative for it."""
        for name in names:
            if self._cache.is_no_cut(name):
                continue
            heard = await self._ask(cut, name, "NS", trip)
            if heard is None:
                continue
            reply = heard.reply
            if reply.kind is Kind.REFERRAL:
                return Cut(reply.owner, reply.servers)
            if reply.kind is Kind.ANSWER:
                servers = _with_known_addresses(reply.servers, cut.servers)
                return self._cache.keep_cut(Cut(name, servers), reply.ttl, trip.basis.until)
            self._cache.keep_no_cut(name)
        return None

    async def _with_addresses(self, server: Server, zone: str, trip: Trip) -> Server:
        if server.addresses or is_within(server.name, zone):
            return server
        found = await self._addresses(server.name, trip.deeper(server.name))
        return server_at(server.name, found.addresses)

    async def _addresses(self, host: str, trip: Trip) -> Addresses:
        name, ttl = host, MAX_TTL
        for _ in range(_ALIASES):
            kept = self._kept(name, trip)
            if kept is not None:
                if name == host:
                    return kept
                alias = replace(kept, host=host, ttl=None if kept.ttl is None else min(ttl, kept.ttl))
                return self._cache.keep_addresses(alias, trip.basis.until)
            heard = await self._one_name(name, trip)
            if heard is None:
                break
            ttl = min(ttl, heard.reply.ttl)
            if heard.kind is not Kind.ALIAS:
                return self._cache.keep_addresses(heard.addresses(host, ttl), trip.basis.until)
            name = heard.reply.values[0]
            if name in trip.resolving:
                break
            trip = trip.by_way_of(name)
        return self._unknown(host)

    def _kept(self, name: str, trip: Trip) -> Addresses | None:
        """Return a look-up that is remembered, if this trip may go by it."""
        entry = self._cache.addresses(name)
        if entry is None:
            return None
        over = None if entry.value.outcome is None else entry.value.outcome.transport
        if (trip.fresh and entry.since < self._started) or (trip.over is Transport.TCP and over is not trip.over):
            return None
        trip.basis.until = min(trip.basis.until, entry.until)
        return entry.value

    def _unknown(self, host: str) -> Addresses:
        last = self._cache.addresses(host, stale=True)
        return Addresses(host, () if last is None else last.value.addresses, Lookup.UNKNOWN)

    async def _one_name(self, name: str, trip: Trip) -> Heard | None:
        """Return the last word on A, or on AAAA when there is no A; None when nobody has one."""
        heard = await self._resolve(name, "A", trip)
        if heard is None or heard.kind is not Kind.NODATA:
            return heard
        return await self._resolve(name, "AAAA", trip)

    async def _resolve(self, name: str, qtype: str, trip: Trip) -> Heard | None:
        cut = self._closest(name, trip)
        for _ in range(_CUTS):
            heard = await self._ask(cut, name, qtype, trip)
            if heard is None or heard.kind is not Kind.REFERRAL:
                return heard
            cut = Cut(heard.reply.owner, heard.reply.servers)
        return None

    def _closest(self, name: str, trip: Trip, *, above: bool = False) -> Cut:
        """Return the deepest cut to start from: one that is remembered where the trip may go by it, or the root."""
        entry = self._cache.closest(name, above=above, steady=trip.fresh)
        if entry is None:
            return self._root
        trip.basis.rests_on(entry)
        return entry.value

    async def _ask(self, cut: Cut, qname: str, qtype: str, trip: Trip) -> Heard | None:
        """Ask the servers of ``cut`` until one leads on; None when none does. Referrals are remembered.

        Of all walks that want to leave the root for one TLD at the same time, only the first asks.
        """
        if cut is not self._root:
            return await self._ask_servers(cut, qname, qtype, trip)
        lock = self._lock("tld", qname.rsplit(".", 1)[-1])
        async with held(lock, trip.deadline) as free:
            if not free:
                return None
            known = self._closest(qname, trip, above=qtype == "NS")
            if known is not self._root:
                return Heard(Reply(Kind.REFERRAL, known.zone, known.servers))
            return await self._ask_servers(cut, qname, qtype, trip)

    async def _ask_servers(self, cut: Cut, qname: str, qtype: str, trip: Trip) -> Heard | None:
        servers = _rotated(cut.servers[:NAMES], qname)
        known = [server.addresses[i] for i in range(ADDRESSES) for server in servers if i < len(server.addresses)]
        heard = await self._race(cut, known, (qname, qtype), trip)
        for server in servers:
            if heard is not None:
                break
            if server.addresses or trip.depth >= DEPTH or server.name in trip.resolving:
                continue
            found = await self._with_addresses(server, cut.zone, trip)
            heard = await self._race(cut, found.addresses, (qname, qtype), trip)
        if heard is not None and heard.kind is Kind.REFERRAL:
            self._cache.keep_cut(Cut(heard.reply.owner, heard.reply.servers), heard.reply.ttl, trip.basis.until)
        return heard

    async def _race(self, cut: Cut, addresses: Sequence[str], asked: tuple[str, str], trip: Trip) -> Heard | None:
        """Return the first reply that leads on: a further server is asked as soon as one disappoints or takes long."""
        waiting = list(addresses)
        running: set[asyncio.Task[Heard]] = set()
        try:
            while waiting or running:
                if waiting:
                    question = Question(waiting.pop(0), *asked)
                    running.add(asyncio.create_task(self._one(cut, question, trip)))
                done, running = await asyncio.wait(
                    running, timeout=_STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                good = [task.result() for task in done if task.result().kind is not Kind.LAME]
                if good:
                    return good[0]
        finally:
            for task in running:
                task.cancel()
        return None

    async def _one(self, cut: Cut, question: Question, trip: Trip) -> Heard:
        (outcome,) = await trip.budget.ask(
            self._asker, [question], deadline=trip.deadline, clock=self._clock, over=trip.over
        )
        reply = read_reply(outcome, cut.zone)
        if cut is self._root:
            self._notice(outcome, reply)
        return Heard(reply, outcome)

    def _lock(self, kind: str, name: str) -> asyncio.Lock:
        lock = self._locks.get((kind, name))
        if lock is None:
            lock = self._locks[kind, name] = asyncio.Lock()
        return lock


def _between(domain: str, zone: str) -> list[str]:
    """Return the names strictly between ``zone`` and ``domain``, the highest first."""
    names = [name for name in enclosing(domain) if name != domain and name != zone and is_within(name, zone)]
    return names[::-1]


def _rotated(servers: tuple[Server, ...], name: str) -> tuple[Server, ...]:
    """Return the servers from a place on that depends on the name, so that one server does not get every question."""
    start = zlib.crc32(name.encode()) % len(servers) if servers else 0
    return servers[start:] + servers[:start]


def _with_known_addresses(servers: tuple[Server, ...], known: tuple[Server, ...]) -> tuple[Server, ...]:
    at = {server.name: server for server in known}
    return tuple(one if one.addresses else at.get(one.name, one) for one in servers)
