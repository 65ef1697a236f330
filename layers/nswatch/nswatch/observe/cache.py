"""What walks remember: cuts, parents and addresses, each for its TTL within [60 s, 3600 s]."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from nswatch.model import Clock
from nswatch.observe.servers import Addresses, Server

MIN_TTL = 60
MAX_TTL = 3600
_ENTRIES = 5000
"""Of each kind: a hostile delegation may name many hosts."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cut:
    """A zone and its servers as the zone above names them; those without glue have no addresses yet."""

    zone: str
    servers: tuple[Server, ...]


class _Kept(Generic[T]):
    """Values by name, with an end; a value past its end can still be had as a stale one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[str, tuple[T, datetime]] = {}

    def put(self, name: str, value: T, ttl: int) -> None:
        self._values.pop(name, None)
        if len(self._values) >= _ENTRIES:
            del self._values[next(iter(self._values))]
        seconds = max(MIN_TTL, min(MAX_TTL, ttl))
        self._values[name] = (value, self._clock() + timedelta(seconds=seconds))

    def get(self, name: str, *, stale: bool = False) -> T | None:
        value, until = self._values.get(name, (None, None))
        return value if until is not None and (stale or self._clock() < until) else None


class WalkCache:
    """Shared by all domains of a process, and by its passes: nothing in it belongs to an event loop."""

    def __init__(self, clock: Clock) -> None:
        self._cuts = _Kept[Cut](clock)
        self._parents = _Kept[str](clock)
        self._no_cuts = _Kept[bool](clock)
        self._hosts = _Kept[Addresses](clock)

    def keep_cut(self, cut: Cut, ttl: int) -> Cut:
        """Remember a cut and return it."""
        self._cuts.put(cut.zone, cut, ttl)
        return cut

    def closest(self, name: str, *, above: bool = False) -> Cut | None:
        """Return the deepest cut known that ``name`` is in (``above``: that it is below), the root left out."""
        for zone in enclosing(name):
            if not (above and zone == name) and (cut := self._cuts.get(zone)) is not None:
                return cut
        return None

    def keep_parent(self, domain: str, cut: Cut) -> None:
        """Remember that ``cut`` is directly above ``domain``."""
        self._parents.put(domain, cut.zone, MAX_TTL)

    def parent(self, domain: str, *, stale: bool = False) -> Cut | None:
        """Return the cut directly above ``domain``; ``stale`` ones are for when the network gives no fresh one."""
        zone = self._parents.get(domain, stale=stale)
        return self._cuts.get(zone, stale=stale) if zone is not None else None

    def keep_no_cut(self, name: str) -> None:
        """Remember that there is no cut at ``name``."""
        self._no_cuts.put(name, True, MAX_TTL)

    def is_no_cut(self, name: str) -> bool:
        """Whether it is known that there is no cut at ``name``."""
        return self._no_cuts.get(name) is not None

    def keep_addresses(self, found: Addresses) -> Addresses:
        """Remember a definite look-up (that there is no address: for a minute) and return it."""
        self._hosts.put(found.host, found, found.ttl or 0)
        return found

    def addresses(self, host: str) -> Addresses | None:
        """Return a look-up that still holds."""
        return self._hosts.get(host)


def enclosing(name: str) -> Iterator[str]:
    """Yield ``name`` and the names above it, the root left out."""
    while name not in (".", ""):
        yield name
        _, _, name = name.partition(".")
