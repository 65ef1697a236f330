"""The values of one check: what was asked and answered, and what is said about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from nswatch.judge.delegation import delegated
from nswatch.judge.route53 import explain
from nswatch.model import Facts, Finding, Key, Result, Source, Transport
from nswatch.observe.servers import Addresses, Interception


class Status(IntEnum):
    """A monitoring plugin's exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORSE = (Status.OK, Status.UNKNOWN, Status.WARNING, Status.CRITICAL)
"""From good to bad, as `max_state_alt` of monitoring-plugins has it: what is known to be wrong outranks a gap."""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status: critical, then warning, then unknown; ok when there is none."""
    return max(statuses, key=_WORSE.index, default=Status.OK)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one address of one server said.

    ``facts`` is None when nothing was asked, and ``note`` then says why; ``address`` is empty when the host has none.
    ``ms`` is the time from the last query to its answer in milliseconds, None when there was no answer.
    """

    host: str
    address: str = ""
    facts: Facts | None = None
    transport: Transport | None = None
    ms: float | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """What people call it: the host or, for a resolver, its address."""
        return self.host or self.address

    @property
    def result(self) -> str:
        """The result's name; ``no_address`` or ``not_asked`` when there is none."""
        if self.facts is not None:
            return self.facts.result.value
        return "not_asked" if self.address else "no_address"

    @property
    def delegated(self) -> frozenset[str] | None:
        """The hosts that a parent's server delegates to (none: the delegation is gone), or None when it's unknown."""
        return delegated(self.facts)

    @property
    def apex(self) -> frozenset[str] | None:
        """The apex NS set that a server of the zone gave, or None."""
        known = self.facts is not None and self.facts.result is Result.ANSWER
        return frozenset(self.facts.values) if known and self.facts is not None else None


@dataclass(frozen=True, slots=True)
class Record:
    """What name servers and resolvers say of one RRset beside the delegation."""

    qname: str
    qtype: str
    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ServerAnswer, ...] = ()

    @property
    def answers(self) -> tuple[tuple[Source, ServerAnswer], ...]:
        """All answers with the kind of server that gave them, the zone's own servers' first."""
        own = tuple((Source.AUTHORITATIVE, answer) for answer in self.servers)
        return own + tuple((Source.RECURSIVE, answer) for answer in self.resolvers)


@dataclass(frozen=True, slots=True)
class Look:
    """One pass over one domain from here. ``at`` is when it began, ``seconds`` how long it took.

    ``children`` and ``resolvers`` hold the apex NS RRset, ``records`` everything else. ``hosts`` are the addresses that
    a walk found for name servers, ``glue`` those that the parent gives. ``origins`` are the TXT texts by the name that
    says who announces an address. ``ipv6`` says whether IPv6 works from here, None when nothing showed it.
    """

    domain: str
    at: datetime
    zone: str
    parents: tuple[ServerAnswer, ...]
    children: tuple[ServerAnswer, ...] = ()
    interception: Interception | None = None
    seconds: float = 0.0
    resolvers: tuple[ServerAnswer, ...] = ()
    records: tuple[Record, ...] = ()
    hosts: tuple[Addresses, ...] = ()
    glue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ipv6: bool | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say about a look: a finding of the product's rules, or one that only a check makes.

    ``sentence`` is plain, harmless text without a full stop, ``explanation`` says what it means; ``lines`` are names
    lined up for monospace text. ``finding`` is the product's own where its rules made it.
    """

    code: str
    status: Status
    sentence: str
    expected: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    servers: tuple[ServerAnswer, ...] = ()
    lines: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    finding: Finding | None = None
    explanation: str = ""


class Mark(StrEnum):
    """How a value stands to what it is compared with."""

    RIGHT = " "
    WRONG = "+"
    MISSING = "-"
    VARIES = "~"
    """It differs, and nothing says that it must not."""


@dataclass(frozen=True, slots=True)
class Group:
    """Those that say one and the same of an RRset. ``facts`` are one answer's, for its values and aliases."""

    facts: Facts
    mark: Mark
    servers: tuple[ServerAnswer, ...]
    resolvers: tuple[ServerAnswer, ...]

    @property
    def ttls(self) -> tuple[int, ...]:
        """The TTLs that these servers give, in seconds; of a cache, what is left."""
        known = (each.facts.ttl for each in (*self.servers, *self.resolvers) if each.facts is not None)
        return tuple(sorted({ttl for ttl in known if ttl is not None}))


@dataclass(frozen=True, slots=True)
class Compared:
    """One RRset and what is said of it, the right or most widely given answer first.

    ``watched`` says whether the watchlist judges it, ``expected`` what it approves, as text.
    """

    record: Record
    groups: tuple[Group, ...]
    watched: bool = False
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look comes to. ``reference`` is the set that differences are marked against.

    ``approved`` are the watchlist's sets at that moment, the current one first; None without a watchlist.
    """

    status: Status
    summary: str
    remarks: tuple[Remark, ...]
    reference: frozenset[str]
    approved: tuple[frozenset[str], ...] | None = None
    compared: tuple[Compared, ...] = ()


REGION = "here"


def key_of(source: Source, answer: ServerAnswer, qname: str, qtype: str) -> Key:
    """Return the key under which the product would record an answer."""
    return Key(REGION, source, answer.address, qname, qtype)


def gives(answers: Iterable[ServerAnswer]) -> dict[frozenset[str], list[ServerAnswer]]:
    """Return the parent's definite answers by the set they delegate to, the most widely given first.

    Where two are given as widely, the one comes first that has fewer names which only look like Route 53's.
    """
    groups: dict[frozenset[str], list[ServerAnswer]] = {}
    for answer in answers:
        if answer.delegated is not None:
            groups.setdefault(answer.delegated, []).append(answer)
    return dict(sorted(groups.items(), key=lambda pair: (-len(pair[1]), _odd(pair[0]), sorted(pair[0]))))


def _odd(hosts: frozenset[str]) -> int:
    return sum(bool(explain(host)) for host in hosts)
