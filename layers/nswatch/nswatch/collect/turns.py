"""When a collector's turns come: each shard once in ten minutes, and in each some of the domains of a slower source.

All that is decided here follows from the turn, a whole minute, so that a message about it may come twice or late.
"""

import zlib
from datetime import UTC, datetime, timedelta

ROUND = timedelta(minutes=10)
"""Each shard is due once in so long."""
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minutes_due(now: datetime, queued: datetime | None) -> tuple[datetime, ...]:
    """Return the whole minutes whose shards are to be queued at ``now``, oldest first, when ``queued`` was the last.

    A schedule fires some seconds early or late, and may miss some minutes: at most a round of them is made up for. A
    memory of a minute that is still to come is that of a clock which was set back, and counts for nothing.
    """
    minute = _EPOCH + (now - _EPOCH) // MINUTE * MINUTE
    if queued is None or queued > minute + MINUTE:
        return (minute,)
    missed = min((minute - queued) // MINUTE, ROUND // MINUTE)
    return tuple(minute - back * MINUTE for back in range(missed - 1, -1, -1))


def shards_due(minute: datetime, shards: int, place: int, collectors: int) -> list[int]:
    """Return the shards that are due in a minute at the collector that has ``place`` among ``collectors``.

    Two collectors are half a round apart, so that somebody looks at a domain twice as often as either.
    """
    minutes = ROUND // MINUTE
    number = (minute - _EPOCH) // MINUTE
    offset = place * minutes // collectors
    return [shard for shard in range(shards) if (shard + offset - number) % minutes == 0]


def is_due(domain: str, turn: datetime, every: timedelta, place: int, collectors: int) -> bool:
    """Whether a source that asks ``every`` so long asks about a domain in its shard's turn at ``turn``.

    Of a source that asks hourly each turn takes about a sixth of the domains, and the collectors take turns.
    """
    of = max(1, every // ROUND)
    return (zlib.crc32(domain.encode()) + (turn - _EPOCH) // ROUND + place * of // collectors) % of == 0
