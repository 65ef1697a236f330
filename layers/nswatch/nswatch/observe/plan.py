"""Which questions one pass asks, decided from the turn alone (decision 8): no state, no clock, no sockets.

Every region goes round all servers by itself, a few in each pass, and regions start at different ones. What looked
wrong or is unconfirmed is asked in every pass besides.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

PARENT_SERVERS = 2
"""How many servers of the parent each pass asks at least; two that agree are what a page needs (decision 1)."""
EXPECTED_ROUND = 3
"""In how many passes, at most, the apex is asked at every expected server."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One address of one server."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass of one region: ``tick`` counts passes (minutes since the epoch), ``index`` of ``count`` regions."""

    tick: int
    index: int
    count: int


def turn_start(now: datetime, index: int, count: int) -> datetime:
    """Return when turn ``index`` of ``count`` begins: at the next whole minute plus its share of that minute.

    The minute that ``now`` is in never counts, not even when it has only just begun: a schedule fires somewhat late,
    and an early one must not be two minutes from the next.
    """
    minute = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return minute + timedelta(seconds=60 * index / count)


def turn_of(pass_time: datetime, index: int, count: int, every: int = 60) -> Turn:
    """Return the turn of a pass that was due at ``pass_time``; passes are ``every`` seconds apart, at most 60."""
    return Turn(int(pass_time.timestamp() // max(1, min(60, every))), index, count)


def parent_servers(
    targets: Iterable[Target], turn: Turn, suspects: Collection[str] = ()
) -> tuple[tuple[Target, ...], tuple[Target, ...]]:
    """Return (the parent's servers to ask now, the others in the order in which to fall back on them).

    In any ceil(n/2) consecutive passes a region asks all n. ``suspects`` are addresses whose last answer was not the
    expected one, or is unconfirmed: they are asked now, beside the two whose turn it is.
    """
    ring = _rotated(_distinct(targets), turn, PARENT_SERVERS)
    now = [target for place, target in enumerate(ring) if place < PARENT_SERVERS or target.address in suspects]
    return tuple(now), tuple(target for target in ring if target not in now)


def apex_servers(
    expected: Iterable[Target], always: Iterable[Target], turn: Turn, suspects: Collection[str] = ()
) -> tuple[Target, ...]:
    """Return the servers to ask for the apex NS and SOA now.

    ``expected`` ones take turns, so that each is asked in every third pass at least; ``always`` are those that are
    delegated without being expected, and forged ones that are followed; who comes first there changes with the turn,
    because dead ones may use up the pass. An address is asked once, whatever its names.
    """
    must = _rotated(_distinct(always), turn, 1)
    addresses = {target.address for target in must}
    rest = [target for target in _distinct(expected) if target.address not in addresses]
    share = max(min(2, len(rest)), -(-len(rest) // EXPECTED_ROUND))
    ring = _rotated(rest, turn, share)
    return (*must, *(target for place, target in enumerate(ring) if place < share or target.address in suspects))


def _distinct(targets: Iterable[Target]) -> list[Target]:
    """Return the targets sorted, of several with one address the first."""
    found: dict[str, Target] = {}
    for target in sorted(targets):
        found.setdefault(target.address, target)
    return list(found.values())


def _rotated(items: Sequence[T], turn: Turn, step: int) -> list[T]:
    """Return ``items`` from this turn's place on; a region advances by ``step`` places a pass."""
    if not items:
        return []
    start = (turn.tick * step + turn.index * len(items) // max(1, turn.count)) % len(items)
    return [*items[start:], *items[:start]]
