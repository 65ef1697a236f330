"""Which addresses a watchlist's ``within`` allows: networks, AS numbers and AWS services.

AWS publishes its ranges by service (ip-ranges.json); a copy is shipped, see `nswatch.expect.data`. Which AS announces
an address is known only by asking (Team Cymru's DNS service), so that an address may be neither inside nor outside.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from nswatch.model import Facts, Key, Result, Source, Transport

_AWS, _AS = "aws:", "AS"
_ORIGIN = {4: "origin.asn.cymru.com", 6: "origin6.asn.cymru.com"}

_ROUTED = {4: 24, 6: 48}
"""No longer prefix is routed through the Internet."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class AwsRanges:
    """AWS's networks by service (``CLOUDFRONT``), as published at ``created`` (text, UTC)."""

    services: Mapping[str, tuple[str, ...]]
    created: str = ""
    _tables: dict[str, "_Table"] = field(default_factory=dict, compare=False, repr=False)

    def holds(self, address: Address, service: str) -> bool:
        """Whether ``address`` lies in the networks of ``service``."""
        return self._table(service).covers(address, address)

    def covers(self, network: str, service: str) -> bool:
        """Whether all of ``network`` lies in the networks of ``service``."""
        parsed = ipaddress.ip_network(network)
        return self._table(service).covers(parsed[0], parsed[-1])

    def size(self, service: str, version: int) -> int:
        """Return how many addresses of an IP version the networks of ``service`` hold."""
        return self._table(service).size(version)

    def _table(self, service: str) -> "_Table":
        table = self._tables.get(service)
        if table is None:
            table = self._tables[service] = _Table(self.services.get(service, ()))
        return table


NO_RANGES = AwsRanges({})
"""For whom no address hangs on AWS's networks; what does is unknown then."""


class _Table:
    """Networks to look addresses up in, quickly."""

    def __init__(self, networks: Iterable[str]) -> None:
        parsed = [ipaddress.ip_network(network) for network in networks]
        self._ends: dict[int, tuple[list[int], list[int]]] = {}
        for version in (4, 6):
            ours = ipaddress.collapse_addresses(network for network in parsed if network.version == version)  # type: ignore[type-var]
            spans = sorted((int(network[0]), int(network[-1])) for network in ours)
            self._ends[version] = [first for first, _ in spans], [last for _, last in spans]

    def covers(self, first: Address, last: Address) -> bool:
        firsts, lasts = self._ends[first.version]
        place = bisect_right(firsts, int(first)) - 1
        return place >= 0 and int(last) <= lasts[place]

    def size(self, version: int) -> int:
        return sum(last - first + 1 for first, last in zip(*self._ends[version], strict=True))


@dataclass(frozen=True, slots=True)
class Origin:
    """Who announces a network: several AS numbers when more than one does, none when nobody does.

    What is not ``confirmed`` over TCP speaks for an address, and never against it: one forged packet may have said it.
    """

    network: Network
    numbers: frozenset[int]
    confirmed: bool = True


def origin_name(address: str) -> str:
    """Return the name whose TXT RRset says which AS announces ``address`` (Team Cymru's IP to ASN service)."""
    parsed = ipaddress.ip_address(address)
    labels = parsed.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return f"{labels}.{_ORIGIN[parsed.version]}"


def is_origin_name(name: str) -> bool:
    """Whether ``name`` is one of `origin_name`."""
    return name.endswith(tuple(f".{zone}" for zone in _ORIGIN.values()))


def origin_in(key: Key, facts: Facts | None, transport: Transport) -> Origin | None:
    """Return who announces an address, where that is what an answer to our own walk says; None where it is not."""
    if key.source is not Source.ITERATIVE or key.qtype != "TXT" or not is_origin_name(key.qname):
        return None
    if facts is None or facts.result not in (Result.ANSWER, Result.NXDOMAIN):
        return None
    return read_origin(key.qname, facts.values, confirmed=transport is Transport.TCP)


def read_origin(name: str, texts: Sequence[str], *, confirmed: bool = True) -> Origin | None:
    """Return what an answer for `origin_name` says; no text (NXDOMAIN) means that nobody announces the address.

    Each text is ``"64500 64501 | 198.51.100.0/24 | US | arin | 2001-01-01"``. Of several the most specific counts, and
    of that the part that is routed as one (/24, /48): there may be a more specific announcement beside it.
    None when it cannot be read.
    """
    address = _address_of(name)
    read = [origin for origin in map(_read_text, texts) if origin is not None]
    found = [origin for origin in read if address is not None and address in origin.network]
    if address is None or (texts and not found):
        return None
    if not found:
        return Origin(ipaddress.ip_network(address), frozenset(), confirmed)
    origin = max(found, key=lambda origin: origin.network.prefixlen)
    length = max(origin.network.prefixlen, _ROUTED[address.version])
    return Origin(ipaddress.ip_network((address, length), strict=False), origin.numbers, confirmed)


def _read_text(text: str) -> Origin | None:
    parts = [part.strip() for part in text.split("|")]
    try:
        numbers = frozenset(int(number) for number in parts[0].split())
        return Origin(ipaddress.ip_network(parts[1]), numbers)
    except (IndexError, ValueError):
        return None


def _address_of(name: str) -> Address | None:
    for version, zone in _ORIGIN.items():
        if not name.endswith(f".{zone}"):
            continue
        labels = name.removesuffix(f".{zone}").split(".")[::-1]
        text = (
            ".".join(labels) if version == 4 else ":".join("".join(labels[i : i + 4]) for i in range(0, len(labels), 4))
        )
        try:
            return ipaddress.ip_address(text)
        except ValueError:
            return None
    return None


@dataclass(frozen=True, slots=True)
class Networks:
    """What is known of networks at a moment: AWS's ranges, and the origins that were looked up, the newest last."""

    aws: AwsRanges
    origins: tuple[Origin, ...] = ()

    def allows(self, address: str, within: Sequence[str]) -> bool | None:
        """Whether ``within`` allows ``address``; None when that hangs on what is not known.

        That is who announces the address (as confirmed over TCP, where it is none of ``within``), or what an item means
        that only a newer version knows (decision 15).
        """
        parsed = ipaddress.ip_address(address)
        numbers, strange = set[int](), False
        for item in within:
            if item.startswith(_AWS):
                if self.aws.holds(parsed, item.removeprefix(_AWS)):
                    return True
                strange |= not self.aws.services
            elif item.startswith(_AS) and item.removeprefix(_AS).isdecimal():
                numbers.add(int(item.removeprefix(_AS)))
            elif (network := _network(item)) is None:
                strange = True
            elif parsed in network:
                return True
        if strange:
            return None
        if not numbers:
            return False
        announced = self._announced(parsed)
        if announced is None:
            return None
        return bool(announced.numbers & numbers) or (False if announced.confirmed else None)

    def _announced(self, address: Address) -> Origin | None:
        best: Origin | None = None
        for origin in self.origins:
            if address in origin.network and (best is None or origin.network.prefixlen >= best.network.prefixlen):
                best = origin
        return best


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
