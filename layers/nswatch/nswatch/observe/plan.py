"""Which questions one pass asks, decided from the turn alone (decision 8): no state, no clock, no sockets.

Every region goes round all servers and resolvers by itself, a third of them in each pass, and regions start at
different ones. What looked wrong or is unconfirmed is asked in every pass besides.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from nswatch.model import Source

PARENT_SERVERS = 2
"""How many servers of the parent each pass asks at least; two that agree are what a page needs (decision 1)."""
ROUND = 3
"""In how many passes, at most, every expected server and every resolver is asked."""
AUTHORITATIVE_CAP = 80
RECURSIVE_CAP = 40
"""How many questions a pass asks in turn. Enough for 13 servers with two addresses each, and 6 watched RRsets."""
_LIMITS = {Source.AUTHORITATIVE: (2, AUTHORITATIVE_CAP), Source.RECURSIVE: (1, RECURSIVE_CAP)}
"""At least so many servers a pass (two that disagree are told apart), and the cap."""

T = TypeVar("T")
RRset = tuple[str, str]
"""(qname, qtype)."""
Grain = tuple[str, str, str]
"""(server address, qname, qtype)."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One address of one server."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one server; a resolver's ``target`` has no host name."""

    source: Source
    target: Target
    qname: str
    qtype: str

    @property
    def rrset(self) -> RRset:
        """What is asked for."""
        return self.qname, self.qtype


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass of one region: ``tick`` counts passes (minutes since the epoch), ``index`` of ``count`` regions.

    A short pass has the tick of the full one before it; ``elapsed`` is the part of the minute that went by since.
    """

    tick: int
    index: int
    count: int
    elapsed: float = 0.0


def turn_start(now: datetime, index: int, count: int) -> datetime:
    """Return when turn ``index`` of ``count`` begins: at the next whole minute plus its share of that minute.

    The minute that ``now`` is in never counts, not even when it has only just begun: a schedule fires somewhat late,
    and an early one must not be two minutes from the next.
    """
    minute = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return minute + share(index, count)


def share(index: int, count: int) -> timedelta:
    """Return when in the minute turn ``index`` of ``count`` begins, in whole milliseconds."""
    return timedelta(milliseconds=60_000 * index // count)


def turn_of(pass_time: datetime, index: int, count: int) -> Turn:
    """Return the turn of a pass that was due at ``pass_time``: a region makes one a minute."""
    return Turn(int(pass_time.timestamp() // 60), index, count)


def parent_servers(
    targets: Iterable[Target], turn: Turn, suspects: Collection[str] = ()
) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """Return (the parent's servers to ask now, the others in the order in which to fall back on them).

    In any ceil(n/2) consecutive passes a region asks all n; short passes begin as far round the ring as the minute has
    gone. ``suspects`` are addresses whose last answer was not the expected one, or is unconfirmed: they are asked now,
    beside the two whose turn it is.
    """
    ring = rotated(_distinct(targets), turn, PARENT_SERVERS)
    ahead = int(turn.elapsed * len(ring))
    ring = [*ring[ahead:], *ring[:ahead]]
    now = [target for place, target in enumerate(ring) if place < PARENT_SERVERS or target.address in suspects]
    return tuple(now), tuple(target for target in ring if target not in now)


def authoritative(
    domain: str,
    usual: Iterable[Target],
    always: Iterable[Target],
    watched: Sequence[RRset],
    turn: Turn,
    again: Collection[Grain] = (),
    *,
    everything: bool = False,
) -> tuple[Ask, ...]:
    """Return what to ask authoritative servers now: the apex SOA and NS, and the ``watched`` RRsets.

    ``usual`` servers take turns, a third of them (at least two) a pass, and each is asked all its questions; so are
    ``always`` ones in every pass: those delegated without being expected, and forged ones that are followed. ``again``
    are questions whose last answer was not expected. An address is asked once, whatever its names. What to ask first
    if the budget should end stands first: the usual servers; among the others who comes first changes with the turn.

    A pass asks at most `AUTHORITATIVE_CAP` in turn. Where a third of the servers' questions are more, the watched
    RRsets take turns as well, in ``n`` parts: a pair of a server and a record is then asked in every 3n-th pass.
    """
    must = rotated(_distinct(always), turn, 1)
    taken = {target.address for target in must}
    rest = [target for target in _distinct(usual) if target.address not in taken]
    apex = ((domain, "SOA"), (domain, "NS"))
    records = [rrset for rrset in watched if rrset not in apex]
    asks = _in_turn(Source.AUTHORITATIVE, rest, apex, records, turn, again, everything=everything)
    asks += [
        Ask(Source.AUTHORITATIVE, target, *rrset) for rrset in (*apex, *rotated(records, turn, 1)) for target in must
    ]
    return tuple(asks)


def recursive(
    domain: str,
    resolvers: Iterable[str],
    watched: Sequence[RRset],
    turn: Turn,
    again: Collection[Grain] = (),
    *,
    everything: bool = False,
) -> tuple[Ask, ...]:
    """Return what to ask resolvers now: a third of them a pass, the domain's NS and the ``watched`` RRsets each.

    As with authoritative servers: ``again`` are asked besides, and `RECURSIVE_CAP` makes the records take turns.
    """
    targets = [Target("", address) for address in sorted(set(resolvers))]
    apex = ((domain, "NS"),)
    records = [rrset for rrset in watched if rrset not in apex]
    return tuple(_in_turn(Source.RECURSIVE, targets, apex, records, turn, again, everything=everything))


def everywhere(
    domain: str, rrsets: Iterable[RRset], servers: Iterable[Target], resolvers: Iterable[str]
) -> tuple[Ask, ...]:
    """Return the questions that show who gives what for some RRsets.

    Nobody is asked what `authoritative` and `recursive` never ask it: such an answer would stand, and never be renewed.
    """
    caches = [Target("", address) for address in sorted(set(resolvers))]
    asks = list[Ask]()
    for rrset in sorted(rrsets):
        asks += [Ask(Source.AUTHORITATIVE, target, *rrset) for target in _distinct(servers)]
        if rrset != (domain, "SOA"):
            asks += [Ask(Source.RECURSIVE, target, *rrset) for target in caches]
    return tuple(asks)


def _in_turn(
    source: Source,
    servers: Sequence[Target],
    apex: Sequence[RRset],
    records: Sequence[RRset],
    turn: Turn,
    again: Collection[Grain],
    *,
    everything: bool,
) -> list[Ask]:
    least, cap = _LIMITS[source]
    now, part = (servers, records) if everything else _shares(servers, records, turn, least, cap, len(apex))
    asks = [Ask(source, target, *rrset) for target in now for rrset in (*apex, *part)]
    if again:
        asked = {(ask.target.address, ask.rrset) for ask in asks}
        asks += [
            Ask(source, target, *rrset)
            for target in servers
            for rrset in (*apex, *records)
            if (target.address, *rrset) in again and (target.address, rrset) not in asked
        ]
    return asks


def _shares(
    servers: Sequence[Target], records: Sequence[RRset], turn: Turn, least: int, cap: int, fixed: int
) -> tuple[list[Target], Sequence[RRset]]:
    """Return the servers and the records whose turn it is; each of ``fixed`` questions is asked in any case.

    The servers stand in a ring, each region's beginning elsewhere, and are cut into at most `ROUND` groups. A group
    that comes round again takes the next part of the records.
    """
    if not servers:
        return [], records
    count = len(servers)
    share = min(count, max(least, -(-count // ROUND)))
    groups = -(-count // share)
    place = turn.tick % groups
    start = turn.index * count // max(1, turn.count) + place * share
    parts = -(-len(records) // max(1, cap // share - fixed))
    part = (turn.tick // groups + place) % max(1, parts)
    return [servers[(start + i) % count] for i in range(share)], records[part :: max(1, parts)]


def _distinct(targets: Iterable[Target]) -> list[Target]:
    """Return the targets sorted, of several with one address the first."""
    found: dict[str, Target] = {}
    for target in sorted(targets):
        found.setdefault(target.address, target)
    return list(found.values())


def rotated(items: Sequence[T], turn: Turn, step: int) -> list[T]:
    """Return ``items`` from this turn's place on; a region advances by ``step`` places a pass."""
    if not items:
        return []
    start = (turn.tick * step + turn.index * len(items) // max(1, turn.count)) % len(items)
    return [*items[start:], *items[:start]]
