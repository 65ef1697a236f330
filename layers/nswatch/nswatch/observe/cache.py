"""What walks remember: cuts, parents and addresses.

The cuts of top-level domains are kept for their TTL within [60 s, 3600 s]; everything below for 150 s at most, so that
whoever changes a name server's address, in its zone or at that zone's registry, is seen within three passes. What was
found by way of something remembered ends with it: else two of these times would add up. Names end at different
moments, so that not all are looked up again in the same pass.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from nswatch.model import Clock
from nswatch.observe.servers import Addresses, Server

MIN_TTL = 60
MAX_TTL = 3600
_KEPT, _SPREAD = 100, 50
"""What is not a top-level domain's cut is kept for 100 to 150 seconds, by a hash of its name."""
_ENTRIES = 5000
"""Of each kind: a hostile delegation may name many hosts."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cut:
    """A zone and its servers as the zone above names them; those without glue have no addresses yet."""

    zone: str
    servers: tuple[Server, ...]

    @property
    def steady(self) -> bool:
        """Whether it is the root or a top-level domain, which does not move from one day to the next."""
        return "." not in self.zone or self.zone == "."


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """Something remembered, since when, and until when it holds."""

    value: T
    since: datetime
    until: datetime


class _Kept(Generic[T]):
    """Values by name, with an end; a value past its end can still be had as a stale one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry[T]] = {}

    def put(self, name: str, value: T, seconds: float, until: datetime | None = None) -> None:
        self._entries.pop(name, None)
        if len(self._entries) >= _ENTRIES:
            del self._entries[next(iter(self._entries))]
        now = self._clock()
        end = now + timedelta(seconds=seconds)
        self._entries[name] = Entry(value, now, end if until is None else min(end, until))

    def get(self, name: str, *, stale: bool = False) -> Entry[T] | None:
        entry = self._entries.get(name)
        return entry if entry is not None and (stale or self._clock() < entry.until) else None


class WalkCache:
    """Shared by all domains of a process, and by its passes: nothing in it belongs to an event loop."""

    def __init__(self, clock: Clock) -> None:
        self._cuts = _Kept[Cut](clock)
        self._parents = _Kept[str](clock)
        self._no_cuts = _Kept[bool](clock)
        self._hosts = _Kept[Addresses](clock)

    def keep_cut(self, cut: Cut, ttl: int, until: datetime | None = None) -> Cut:
        """Remember a cut, no longer than ``until`` unless it is steady, and return it."""
        if cut.steady:
            self._cuts.put(cut.zone, cut, max(MIN_TTL, min(MAX_TTL, ttl)))
        else:
            self._cuts.put(cut.zone, cut, _seconds(cut.zone, ttl), until)
        return cut

    def closest(self, name: str, *, above: bool = False, steady: bool = False) -> Entry[Cut] | None:
        """Return the deepest cut known that ``name`` is in (``above``: that it is below), the root left out.

        ``steady`` asks for a top-level domain.
        """
        for zone in enclosing(name):
            if above and zone == name:
                continue
            entry = self._cuts.get(zone)
            if entry is not None and (entry.value.steady or not steady):
                return entry
        return None

    def keep_parent(self, domain: str, cut: Cut) -> None:
        """Remember that ``cut`` is directly above ``domain``."""
        self._parents.put(domain, cut.zone, MAX_TTL)

    def parent(self, domain: str, *, stale: bool = False) -> Cut | None:
        """Return the cut directly above ``domain``; ``stale`` ones are for when the network gives no fresh one."""
        zone = self._parents.get(domain, stale=stale)
        cut = None if zone is None else self._cuts.get(zone.value, stale=stale)
        return None if cut is None else cut.value

    def keep_no_cut(self, name: str) -> None:
        """Remember that there is no cut at ``name``."""
        self._no_cuts.put(name, True, MAX_TTL)

    def is_no_cut(self, name: str) -> bool:
        """Whether it is known that there is no cut at ``name``."""
        return self._no_cuts.get(name) is not None

    def keep_addresses(self, found: Addresses, until: datetime | None = None) -> Addresses:
        """Remember a definite look-up (that there is no address: for a minute) and return it."""
        self._hosts.put(found.host, found, _seconds(found.host, found.ttl or 0), until)
        return found

    def addresses(self, host: str, *, stale: bool = False) -> Entry[Addresses] | None:
        """Return a look-up that still holds; ``stale`` ones are for when the network gives no fresh one."""
        return self._hosts.get(host, stale=stale)


def _seconds(name: str, ttl: int) -> int:
    return max(MIN_TTL, min(ttl, _KEPT + zlib.crc32(name.encode()) % _SPREAD))


def enclosing(name: str) -> Iterator[str]:
    """Yield ``name`` and the names above it, the root left out."""
    while name not in (".", ""):
        yield name
        _, _, name = name.partition(".")
