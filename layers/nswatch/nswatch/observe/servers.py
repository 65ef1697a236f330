"""What a walk finds: servers, the parent of a domain, the addresses of a host."""

from dataclasses import dataclass
from enum import StrEnum


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
    """How the look-up of a host's addresses ended; ``UNKNOWN`` is also a budget or deadline that ran out."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of ``host``: IPv4, or IPv6 when it has no IPv4; at most two. ``ttl`` in seconds when found."""

    host: str
    addresses: tuple[str, ...]
    result: Lookup
    ttl: int | None = None
