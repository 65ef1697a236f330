"""What has been read once is not parsed again: three levels, each dearer than the one before.

A message that equals a known one but for TTLs, letter case and the like (`canonical.mask`): one number is compared. One
with a known canonical form, however its records are ordered: the walk. All else is parsed by dnspython. What is kept is
bounded by octets, so that a server that never says the same thing twice fills nothing.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import dns.exception
import dns.message

from nswatch.model import Facts
from nswatch.observe.canonical import Canonical, canonical, mask
from nswatch.observe.layout import Malformed, read_layout

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
A = TypeVar("A", bound=Hashable)

_OCTETS = 16 << 20
_OVERHEAD = 400
"""Octets that an entry takes beside its bytes, roughly."""
_MASKS = 8
"""How many masks are tried for one question and length: an RRset of so many records may be rotated."""
_LARGEST_TTL = b"\x7f\xff\xff\xff"


class Recent(Generic[K, V]):
    """Keeps what was used of late: at most ``octets`` in a young and as many in an old generation."""

    def __init__(self, octets: int = _OCTETS) -> None:
        self._limit = octets
        self._size = 0
        self._young: dict[K, tuple[V, int]] = {}
        self._old: dict[K, tuple[V, int]] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """Return what is kept for ``key``, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is None:
                return None
            self.put(key, *found)
        return found[0]

    def put(self, key: K, value: V, octets: int) -> None:
        """Keep ``value``, which takes about so many octets."""
        size = octets + _OVERHEAD
        replaced = self._young.get(key)
        if replaced is not None:
            self._size -= replaced[1] + _OVERHEAD
        elif self._size + size > self._limit:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[key] = value, octets
        self._size += size


@dataclass(slots=True)
class _Known(Generic[A]):
    """Facts as last given: ``ttls`` are the TTLs they came from (``ttl_mask`` of the message), found at ``offsets``."""

    asked: A
    facts: Facts
    offsets: tuple[int, ...]
    ttl_mask: int
    ttls: int


class Memo(Generic[A]):
    """Reads facts with ``read(message, asked)``, which is a pure function, and remembers them."""

    def __init__(self, read: Callable[[dns.message.Message, A], Facts]) -> None:
        self._read = read
        self._masks: Recent[tuple[A, int], tuple[int, ...]] = Recent()
        self._known: Recent[int, _Known[A]] = Recent()
        self._canonical: Recent[tuple[bytes, A], Facts | Malformed] = Recent()
        self.parsed = 0

    def facts(self, wire: bytes, asked: A) -> Facts:
        """Return what ``wire`` says about ``asked``; raise TooCostly when it is over a cap, Malformed."""
        masks = self._masks.get((asked, len(wire)))
        if masks is not None:
            number = int.from_bytes(wire, "big")
            find = self._known.get
            for each in masks:
                known = find(number & each)
                if known is not None and known.asked == asked:
                    if number & known.ttl_mask != known.ttls:
                        _update(known, number, wire)
                    return known.facts
        return self._walk(wire, asked)

    def _walk(self, wire: bytes, asked: A) -> Facts:
        layout = read_layout(wire)
        form = canonical(wire, layout)
        read = self._canonical.get((form.message, asked))
        again = read is not None
        if read is None:
            read = self._parse(form.message, asked)
            self._canonical.put((form.message, asked), read, len(form.message))
        if isinstance(read, Malformed):
            raise read
        offsets = () if read.ttl is None else form.ttls[read.ttl]
        facts = _with_ttl(read, _ttl(wire, offsets)) if offsets else read
        if again:  # what comes only once is not worth more
            self._remember(wire, asked, mask(wire, layout), facts, offsets)
        return facts

    def _parse(self, message: bytes, asked: A) -> Facts | Malformed:
        """Return the facts in a canonical message; their ``ttl`` is an index as in `Canonical`."""
        self.parsed += 1
        try:
            return self._read(dns.message.from_wire(message, raise_on_truncation=False), asked)
        except dns.exception.DNSException as error:
            return Malformed(f"{type(error).__name__}: {error}")

    def _remember(self, wire: bytes, asked: A, of: int | None, facts: Facts, offsets: tuple[int, ...]) -> None:
        if of is None:
            return
        size, number = len(wire), int.from_bytes(wire, "big")
        masks = self._masks.get((asked, size)) or ()
        if of not in masks:
            masks = of, *masks[: _MASKS - 1]
            self._masks.put((asked, size), masks, size * len(masks))
        ttl_mask = sum(0xFFFFFFFF << 8 * (size - 4 - at) for at in offsets)
        self._known.put(number & of, _Known(asked, facts, offsets, ttl_mask, number & ttl_mask), 3 * size)


def _update(known: _Known[A], number: int, wire: bytes) -> None:
    """Give known facts the TTL of this message."""
    known.ttls = number & known.ttl_mask
    ttl = _ttl(wire, known.offsets)
    if ttl != known.facts.ttl:
        known.facts = _with_ttl(known.facts, ttl)


def _with_ttl(of: Facts, ttl: int) -> Facts:
    # dataclasses.replace takes three times as long, and this is done for every answer of a cache.
    return Facts(of.result, of.values, ttl, of.ds, of.glue, of.digest, of.note, of.zone, of.aliases)


def _ttl(wire: bytes, offsets: tuple[int, ...]) -> int:
    """Return the lowest TTL of an RRset; one with the highest bit set is 0 (RFC 2181 section 8)."""
    ttls = [wire[at : at + 4] for at in offsets]
    return 0 if max(ttls) > _LARGEST_TTL else int.from_bytes(min(ttls), "big")


__all__ = ["Canonical", "Memo", "Recent"]
