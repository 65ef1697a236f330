"""What a walk finds: servers, the parent of a domain, the addresses of a host, the texts of a name."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from nswatch.model import Facts, Outcome, Question, Result, Status, Transport


@dataclass(frozen=True, slots=True)
class Server:
    """A name server: its name, and the addresses (texts) at which walks ask it: IPv4 ones, or IPv6 ones without such.

    ``ipv6`` are all that are known of it; who asks every server there is wants them.
    """

    name: str
    addresses: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interception:
    """Somebody between us and the root answers in its place, so nothing seen from here is the registry's word."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The zone directly above a domain and its name servers; ``lost`` are those of which no address is known.

    ``zone`` is the deepest cut that could be reached; ``servers`` is empty when there is none with an address.
    ``certain``: the walk has come to the parent, and every server of it has an address here.
    """

    zone: str
    servers: tuple[Server, ...]
    interception: Interception | None = None
    lost: tuple[str, ...] = ()
    certain: bool = False


class Lookup(StrEnum):
    """How a look-up ended; ``UNKNOWN`` is also a budget or deadline that ran out."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of ``host``, sorted: all its IPv4 ones, or the IPv6 ones when it has no IPv4.

    ``ttl`` in seconds when found. ``outcome`` is the last answer of the look-up, its evidence. An UNKNOWN look-up holds
    the addresses that were last found, if any: to be asked, and not to be judged.
    """

    host: str
    addresses: tuple[str, ...]
    result: Lookup
    ttl: int | None = None
    outcome: Outcome | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Texts:
    """An RRset of ``name`` (mostly TXT), as `Facts.values` has it; ``outcome`` is the last answer of the look-up."""

    name: str
    values: tuple[str, ...]
    result: Lookup
    outcome: Outcome | None = field(default=None, compare=False, repr=False)


_RESULTS = {
    Lookup.FOUND: Result.ANSWER,
    Lookup.NODATA: Result.NODATA,
    Lookup.NXDOMAIN: Result.NXDOMAIN,
    Lookup.UNKNOWN: Result.TIMEOUT,
}


def lookup_facts(result: Lookup, values: tuple[str, ...]) -> Facts:
    """Return what a look-up by our own walk says; TIMEOUT when nobody had a definite word."""
    if result is Lookup.UNKNOWN:
        return Facts(Result.TIMEOUT, note="no server on the way gave a definite answer")
    return Facts(_RESULTS[result], values=tuple(sorted(values)))


def lookup_outcome(outcome: Outcome | None, qname: str, qtype: str, now: datetime) -> Outcome:
    """Return the evidence of a look-up; what is remembered, or ended without an answer, has none."""
    if outcome is not None:
        return outcome
    return Outcome(Question("", qname, qtype), Status.TIMEOUT, Transport.UDP, now)
