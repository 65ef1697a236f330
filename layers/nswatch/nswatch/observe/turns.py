"""When a region's turns come: full passes a minute apart, and short ones of the parent alone between them.

A turn is a moment; all that is decided here follows from it, so that a message about it may come twice, late or out of
order. Turns are whole milliseconds, as their messages write them.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nswatch.observe.plan import Turn, share, turn_of, turn_start

TOO_LATE = timedelta(seconds=60)
"""A turn that is so long past is dropped: the next one is due."""
_MINUTE = timedelta(minutes=1)
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = 5
"""No region asks a domain's parent more often than so many seconds apart, whatever a watchlist says."""


def turns_due(now: datetime, queued: datetime | None, index: int, count: int) -> tuple[datetime, ...]:
    """Return the turns to queue at ``now``, the oldest first, when ``queued`` is the last one that was queued.

    A schedule fires some seconds early or late. Fired at 10:00:59 and then at 10:02:00, it has left out the turn of
    10:02, which is queued now. What the worker would drop (`TOO_LATE`) is not queued. A memory of a turn that is more
    than a minute beyond the next one is that of a clock which was set back since, and counts for nothing.
    """
    turn = turn_start(now, index, count)
    if queued is None or queued > turn + _MINUTE:
        return (turn,)
    due = list[datetime]()
    while turn > queued and now - turn <= TOO_LATE:
        due.append(turn)
        turn -= _MINUTE
    return tuple(reversed(due))


def is_short(every: int) -> bool:
    """Whether ``delegation_every`` (seconds) asks for short passes: it divides the minute, and not just into one."""
    return _LEAST <= every < 60 and 60 % every == 0


def short_turns(turn: datetime, intervals: Iterable[int], index: int, count: int) -> tuple[datetime, ...]:
    """Return the short passes that follow a region's full ``turn`` within the minute, for domains of ``intervals``."""
    after = sorted({at for every in intervals for at in _offsets(every, index, count)})
    return tuple(turn + timedelta(milliseconds=at) for at in after)


def is_short_turn(turn: datetime, every: int, index: int, count: int) -> bool:
    """Whether a domain whose parent is asked ``every`` so many seconds has a short pass at ``turn``."""
    return _after_full(turn, index, count) // _MILLISECOND in _offsets(every, index, count)


def short_turn_of(turn: datetime, index: int, count: int) -> Turn:
    """Return the turn of a short pass, by which it asks other servers of the parent than the full pass before it."""
    after = _after_full(turn, index, count)
    return Turn(turn_of(turn - after, index, count).tick, index, count, elapsed=after / _MINUTE)


def _after_full(turn: datetime, index: int, count: int) -> timedelta:
    """Return how long after the region's last full turn ``turn`` is."""
    return (turn - _EPOCH - share(index, count)) % _MINUTE


def _offsets(every: int, index: int, count: int) -> tuple[int, ...]:
    """Return when in the minute after a full turn the short passes are, in milliseconds.

    An interval apart, counted from the full turn. Where the turns of several regions would then fall on the same
    moments (four regions and 15 s: all do), each of these regions is shifted by its share of what lies between, so
    that the parent is asked every ``every / count`` seconds from somewhere.
    """
    if not is_short(every):
        return ()
    passes = 60 // every
    shift = index * math.gcd(passes, count) // count * every * 1000 // count
    return tuple(shift + number * every * 1000 for number in range(0 if shift else 1, passes))
