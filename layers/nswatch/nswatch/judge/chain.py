"""What our own validation from the root's trust anchors says of a domain, as the collectors found it.

Each of two collectors writes what it found, on change; see `nswatch.collect.chain` for the values.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from nswatch.judge.collected import about, newest, values_of
from nswatch.model import Source, View
from nswatch.names import is_within

_BOGUS, _AGAIN = "bogus", "again"
_KEY, _DS = "key ", "ds "


@dataclass(frozen=True, slots=True)
class Break:
    """A chain that does not validate: the data of ``zone`` does not, for a ``reason``; ``views`` are who says so.

    ``confirmed``: two collectors found it, or one in two rounds. ``since`` is the first of what stands.
    """

    zone: str
    reason: str
    views: tuple[View, ...]
    confirmed: bool

    @property
    def since(self) -> datetime:
        """When it was first found, as far as what stands tells."""
        return min(view.first_seen for view in self.views)

    @property
    def regions(self) -> list[str]:
        """The collectors that find it."""
        return sorted({view.key.region for view in self.views})

    def upstream(self, domain: str) -> str:
        """Return the zone above the domain whose data is broken for all that is below it; "" where it is the domain."""
        return self.zone if self.zone != domain and is_within(domain, self.zone) else ""


class Vouching(NamedTuple):
    """Keys of a zone whose DNSKEY RRset validated, as DS data, and the DS records by which it did."""

    by: frozenset[str]
    keys: frozenset[str]
    since: datetime


def broken(views: Iterable[View], domain: str) -> Break | None:
    """Return the break in a domain's chain, None where the newest that a collector found is another state, or none.

    That nobody could say (unknown) leaves what was found before.
    """
    given = list(about(views, Source.CHAIN, domain, "chain"))
    last = values_of(newest(given, Source.CHAIN, domain, "chain"))
    if last[:1] != (_BOGUS,) or len(last) < len(("", "", "")):
        return None
    bogus = tuple(view for view in given if values_of(view)[:1] == (_BOGUS,))
    regions = {view.key.region for view in bogus}
    again = any(_AGAIN in values_of(view)[3:] for view in bogus)
    return Break(last[1], last[2], bogus, len(regions) > 1 or again)


def vouching(views: Iterable[View], domain: str) -> Iterator[Vouching]:
    """Yield what secure chains have shown of a domain's keys, now and before that."""
    for view in about(views, Source.CHAIN, domain, "keys"):
        for values in (values_of(view), view.was or ()):
            by = frozenset(value.removeprefix(_DS) for value in values if value.startswith(_DS))
            keys = frozenset(value.removeprefix(_KEY) for value in values if value.startswith(_KEY))
            if by and keys:
                yield Vouching(by, keys, view.first_seen)
