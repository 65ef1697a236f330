"""The values that the rooms hand to one another.

Conventions, used everywhere:

* A *name* is a ``str`` in lower-case A-labels without the trailing dot (``example.com``); the root is ``"."``.
* A *moment* is an aware ``datetime`` in UTC; durations are seconds unless a name says otherwise.
* Terms are those of RFC 9499.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Clock = Callable[[], datetime]
"""Gives the current moment. Injected, so that a replay can skip time."""


class Source(StrEnum):
    """The kind of server that was asked."""

    PARENT = "parent"
    AUTHORITATIVE = "authoritative"
    RECURSIVE = "recursive"
    ITERATIVE = "iterative"
    """Our own walk from the root: what is asked of no particular server (a name server's address, say)."""

    # What follows is asked seldom, by the collectors at the hubs; each key's ``qtype`` names an attribute.
    RDAP = "rdap"
    """A registry's (or registrar's) RDAP service, RFC 9083."""
    REGISTRAR = "registrar"
    """The registrar's own interface: Route 53 Domains."""
    REGISTRY = "registry"
    """Whether a name exists at its registry, by DNS and RDAP together."""
    CT = "ct"
    """A search service over Certificate Transparency logs."""
    ROUTE53 = "route53"
    """Route 53's interface: what a hosted zone holds."""
    CHAIN = "chain"
    """Our own validation from the root's trust anchor (RFC 4035 section 5)."""
    WEB = "web"
    """The web site itself; each region's probe asks it in every pass."""


OF_DNS = frozenset({Source.PARENT, Source.AUTHORITATIVE, Source.RECURSIVE, Source.ITERATIVE})
"""The sources that are asked by DNS for the records of a watched domain, in every pass."""


class Transport(StrEnum):
    """What carried an answer; everything over HTTPS is TCP."""

    UDP = "udp"
    TCP = "tcp"


class Status(StrEnum):
    """How one exchange with one server ended, before anything is read out of the answer."""

    ANSWERED = "answered"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    """The network or the host refused (ICMP, RST, no route, no IPv6 here)."""
    MALFORMED = "malformed"
    """Something came from the right address with our ID that is not an answer to our question."""
    OVER_CAP = "over_cap"
    """The answer is larger than we are willing to parse; its digest stands for it."""
    NOT_ASKED = "not_asked"
    """The deadline or a budget ran out first."""


class Result(StrEnum):
    """What an exchange says about its question: the first five are definite, the others unknown."""

    REFERRAL = "referral"
    ANSWER = "answer"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    OVER_CAP = "over_cap"

    NOT_VISIBLE = "not_visible"
    """The parent's server is authoritative for the child too, and gave child data: its delegation can't be seen."""
    NOT_AUTHORITATIVE = "not_authoritative"
    REFUSED = "refused"
    SERVFAIL = "servfail"
    BOGUS = "bogus"
    """A recursive resolver's SERVFAIL that becomes an answer when checking is disabled (CD, RFC 4035 section 3.2.2)."""
    OTHER_ERROR = "other_error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"

    @property
    def definite(self) -> bool:
        """Whether the server said what it holds; anything else is unknown, which is neither fine nor changed."""
        return self in _DEFINITE


_DEFINITE = frozenset({Result.REFERRAL, Result.ANSWER, Result.NODATA, Result.NXDOMAIN, Result.OVER_CAP})


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one server address.

    ``server`` is an IP address in text; ``qtype`` the mnemonic (``"NS"``).
    """

    server: str
    qname: str
    qtype: str
    recursion_desired: bool = False
    dnssec_ok: bool = True
    checking_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question ended. ``wire`` is the answer as received (its first 16 KiB when over the cap), or None."""

    question: Question
    status: Status
    transport: Transport
    sent: datetime
    received: datetime | None = None
    wire: bytes | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    r"""What one answer says, in canonical form: order, letter case and compression do not show.

    ``values`` are sorted; for NS they are names, for TXT the whole text of each record (its strings joined, unquoted,
    octets that are not UTF-8 as ``\xff``), for other types RDATA in presentation form with names lower-cased.
    ``aliases`` are the CNAME targets by which a server came to its answer, or to none, in order.
    ``ttl`` is the RRset's TTL as this server gave it, in seconds. ``ds`` and ``glue`` are a referral's; ``ds`` is None
    when the answer neither holds a DS RRset nor proves that there is none. ``digest`` stands for an answer over a cap.
    ``zone`` is the parent zone whose server was asked for a delegation.
    """

    result: Result
    values: tuple[str, ...] = ()
    ttl: int | None = None
    ds: tuple[str, ...] | None = None
    glue: tuple[tuple[str, tuple[str, ...]], ...] = ()
    digest: str = ""
    note: str = ""
    zone: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The grain of an observation: who asked whom for what."""

    region: str
    source: Source
    server: str
    qname: str
    qtype: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One answered (or failed) question about a watched domain, with the evidence.

    ``server_name`` is the host whose address was asked. ``pass_time`` is the turn in which it was asked.
    """

    domain: str
    key: Key
    server_name: str
    facts: Facts
    transport: Transport
    sent: datetime
    received: datetime | None
    pass_time: datetime
    watchlist_version: int
    wire: bytes | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What one hub's record says now about one key.

    ``facts`` are the last *definite* ones (None before the first); they stand since ``first_seen`` (when that answer
    was received) and were last known to stand at ``last_seen`` (a pass time). ``result`` is the latest result, which
    may be unknown while ``facts`` still stand; it holds since ``result_since``. ``was`` are the values of the definite
    facts that stood before these (None: these are the first), kept for what is no DNS server's.
    """

    key: Key
    server_name: str
    facts: Facts | None
    transport: Transport
    first_seen: datetime
    first_pass: datetime
    last_seen: datetime
    result: Result
    result_since: datetime
    was: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The newest pass that one region completed for one shard. ``incomplete`` names domains it did not get through.

    ``release`` is that of the probe; empty where one wrote it that does not say. ``changed`` are the domains that this
    and the passes shortly before it saw change, with the newest pass that did: what the stream has not brought in time.
    ``latencies`` are how long the last visits to each domain's web site took, in whole milliseconds, the oldest first.
    """

    region: str
    shard: int
    pass_time: datetime
    watchlist_version: int
    incomplete: tuple[str, ...] = ()
    release: str = ""
    changed: Mapping[str, datetime] = field(default_factory=dict)
    latencies: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Severity(StrEnum):
    """How urgently something is told: ``page`` wakes a person, ``notice`` is email, ``log`` is only recorded."""

    PAGE = "page"
    NOTICE = "notice"
    LOG = "log"

    @property
    def rank(self) -> int:
        """Greater is more urgent."""
        return ("log", "notice", "page").index(self.value)


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """Who saw it, where and when first: the sources of a finding."""

    region: str
    source: Source
    server: str
    server_name: str
    transport: Transport
    at: datetime


Value = tuple[str, str, tuple[str, ...]]
"""An RRset's data as somebody gave it: (qname, qtype, values as in `Facts`)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as expected, with all that a text needs to tell it.

    ``subject`` is the watched domain (for `vantage_silent`, the region). ``expected`` and ``seen`` are the two sides
    in canonical form. ``since`` is the first sighting. ``detail`` holds what the rule explains beyond that: plain JSON
    values, whose shape each rule documents.

    ``values`` are the unexplained RRsets behind it, each ``(qname, qtype, canonical values)``: by them a cache's answer
    is recognised as part of a story. ``cause`` is the story that it belongs to where that is not its code's own.
    ``residual`` says that only caches hold it, and that its values are an earlier incident's: it is listed, but neither
    opens an incident nor keeps one open. ``common`` is a key that findings of different domains share when one change
    at one place made them all (the same strangers at one parent, one failing operator, one TLD); "" where none is.
    """

    code: str
    subject: str
    severity: Severity
    expected: tuple[str, ...]
    seen: tuple[str, ...]
    since: datetime
    sightings: tuple[Sighting, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    values: tuple[Value, ...] = ()
    cause: str = ""
    residual: bool = False
    common: str = ""
