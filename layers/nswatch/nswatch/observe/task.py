"""What a pass over one domain is told, and what it hands back."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import Origin
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Facts, Key, Observation, Outcome, Result, Source, Status, View
from nswatch.observe.servers import Interception, Parent

Followed = Sequence[tuple[str, Sequence[str]]]
"""Formerly forged hosts, each with its last known addresses."""


@dataclass(frozen=True, slots=True)
class Record:
    """What this region's record says of a domain before a pass.

    ``unexpected`` are the keys whose last answer was not the expected one, ``silent`` those that got none when they
    were last asked. ``confirmed`` are the facts that every hub holds as given over TCP: to hear them again over UDP
    needs no second confirmation. ``origins`` are what is known of who announces an address, by `origin_name`.
    """

    unexpected: Collection[Key] = frozenset()
    silent: Collection[Key] = frozenset()
    confirmed: Mapping[Key, Facts] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DomainTask:
    """One domain of a shard: what is expected of it now, and what the record says.

    A pass that asks ``everything`` asks every server and resolver all its questions, whosever turn it is: the first one
    over a domain, so that the record is whole from the start, and the first one after a pause.
    """

    expectations: Expectations
    followed: Followed = ()
    record: Record = Record()
    everything: bool = False

    @property
    def entry(self) -> DomainEntry:
        """The watchlist's entry."""
        return self.expectations.entry

    @property
    def domain(self) -> str:
        """The watched domain."""
        return self.expectations.entry.domain


@dataclass(frozen=True, slots=True)
class DomainPass:
    """What one pass found: the parent's answers first, then authoritative, our own walk's, and caches' last.

    So a judgement in the middle of the writing never sees a cache before the registry. ``complete`` is False when no
    server of the parent said what the delegation is. ``gone`` is `nswatch.observe.reach.Reach.gone` of a complete pass
    that asked everybody: of what stands, it tells what could not be asked any more. ``rotates`` is
    `nswatch.expect.matching.Expectations.rotates` by all that the pass came to know.
    """

    domain: str
    observations: tuple[Observation, ...]
    complete: bool
    interception: Interception | None = None
    parent: Parent | None = None
    gone: Callable[[Mapping[Key, View]], Iterable[Key]] | None = None
    rotates: Callable[[Key, Facts], bool] | None = None


@dataclass(frozen=True, slots=True)
class Vantage:
    """From where and when a pass is made: the region, its turn, and the watchlist's version it goes by.

    A ``short`` pass asks the parent alone.
    """

    region: str
    region_index: int
    region_count: int
    pass_time: datetime
    watchlist_version: int
    short: bool = False

    def key(self, source: Source, server: str, qname: str, qtype: str) -> Key:
        """Return the key of what is asked from here."""
        return Key(self.region, source, server, qname, qtype)

    def observation(
        self, domain: str, key: Key, server_name: str, facts: Facts, outcome: Outcome
    ) -> Observation | None:
        """Return an observation; None for what was not asked, or can't be from here (IPv6)."""
        if outcome.status is Status.NOT_ASKED or untestable(key.server, facts):
            return None
        return Observation(
            domain=domain,
            key=key,
            server_name=server_name,
            facts=facts,
            transport=outcome.transport,
            sent=outcome.sent,
            received=outcome.received,
            pass_time=self.pass_time,
            watchlist_version=self.watchlist_version,
            wire=outcome.wire,
        )


def untestable(address: str, facts: Facts) -> bool:
    """Whether an address can't be asked from here, which says nothing about the server: IPv6 without a route."""
    return facts.result is Result.UNREACHABLE and ":" in address


def is_silent(result: Result) -> bool:
    """Whether nothing was heard of a server."""
    return result in (Result.TIMEOUT, Result.UNREACHABLE)


def says_the_same(one: Facts | None, other: Facts, source: Source) -> bool:
    """Whether two facts differ in nothing that is recorded; a cache's TTL counts down and says nothing."""
    if one is None:
        return False
    return _bare(one, source) == _bare(other, source)


def _bare(facts: Facts, source: Source) -> Facts:
    return replace(facts, note="", zone="", ttl=None if source is Source.RECURSIVE else facts.ttl)
