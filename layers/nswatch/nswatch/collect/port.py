"""What a collector's sources are given, and what they give back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from nswatch.expect.matching import Expectations
from nswatch.model import Facts, Source, View


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """The grain of a reading within one domain and collector: a `nswatch.model.Key` without its region.

    ``server`` is who was asked (the host of a service, a log's name), ``qname`` about what, ``qtype`` which attribute.
    ``server`` and ``qtype`` hold no ``#``.
    """

    source: Source
    server: str
    qname: str
    qtype: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One domain that is due: what is expected now, and what this collector's record says of it.

    ``standing`` are this collector's own views: a source keeps its position and its baseline there, as readings.
    """

    expectations: Expectations
    standing: Mapping[Asked, View]

    @property
    def domain(self) -> str:
        """The watched domain."""
        return self.expectations.entry.domain


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source says of one attribute. ``wire`` is the document that it came from, at most 16 KiB: evidence.

    Unknown is a result that is not definite, with the reason in ``facts.note``; it never replaces what was known.
    """

    domain: str
    asked: Asked
    facts: Facts
    sent: datetime
    received: datetime | None = None
    wire: bytes | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What a source brings from one round. ``forgotten`` are views that shall stand no longer: (domain, key)."""

    readings: tuple[Reading, ...] = ()
    forgotten: tuple[tuple[str, Asked], ...] = ()


class Collecting(Protocol):
    """One slow source. It asks nobody for a domain more often than ``every``, ten minutes at the least.

    ``name`` is the value of the `Source` of its readings, or begins with it (``registry/candidates``). Each domain that
    it is asked about gets a reading, an unknown one if need be: by its standing views a domain is known to it, and one
    that is not known is due at once.
    """

    name: str
    every: timedelta

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Ask about each of ``subjects``, all of which are due at ``at``.

        What the network does is a reading with an unknown result; nothing of it is raised. Work in other threads (an
        HTTPS client) goes through `asyncio.to_thread`, so that a replay's clock can wait for it.
        """
        ...
