"""What a walk finds: servers, the parent of a domain, the addresses of a host, the texts of a name."""

from dataclasses import dataclass, field
from enum import StrEnum

from nswatch.model import Outcome


@dataclass(frozen=True, slots=True)
class Server:
    """A name server: its name and its addresses (texts; IPv4 before IPv6)."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interception:
    """Somebody between us and the root answers in its place, so nothing seen from here is the registry's word."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The zone directly above a domain and its name servers, those without a known address left out.

    ``zone`` is the deepest cut that could be reached; ``servers`` is empty when there is none with an address.
    """

    zone: str
    servers: tuple[Server, ...]
    interception: Interception | None = None


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
    """The TXT RRset of ``name``, as `Facts.values` has it; ``outcome`` is the last answer of the look-up."""

    name: str
    values: tuple[str, ...]
    result: Lookup
    outcome: Outcome | None = field(default=None, compare=False, repr=False)
