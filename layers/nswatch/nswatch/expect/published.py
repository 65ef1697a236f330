"""AWS's published address ranges (ip-ranges.json): read, held against what is known, and what is known from then on.

The format is https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html: networks by service, ``createDate``
(UTC) and ``syncToken``, the same moment in seconds since 1970. Ranges only ever explain addresses, so that too few are
dangerous at night, and too many for some days are not.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from nswatch.errors import InvalidDocument
from nswatch.expect.networks import AwsRanges, Network
from nswatch.moments import iso, parse_iso

SOURCE = "ip-ranges"
"""What this file is called in a collector's report."""
PUBLISHED = "https://ip-ranges.amazonaws.com/ip-ranges.json"

KEPT = timedelta(days=14)
"""A network that is published no more explains addresses so much longer: caches may keep an answer for seven days (RFC
8767 section 4), and a file that lost networks by mistake is mended within days. Longer would be a stranger's turn."""

_LEAST = 0.5
"""The share of what is known that a file has at least: one with less lost it by mistake."""
_AHEAD = timedelta(days=1)
"""A file that claims to be of later than so would keep all true ones out, as they are older."""
_CREATED = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)\Z", re.ASCII)
_TOKEN = re.compile(r"[0-9]{1,12}\Z", re.ASCII)
_SERVICE = re.compile(r"[A-Z0-9_]{1,64}\Z", re.ASCII)
_SHORTEST = {4: 8, 6: 16}
"""No announced prefix of one company is shorter; a file that holds one would allow strangers."""
_ALWAYS = ("AMAZON", "CLOUDFRONT", "EC2", "ROUTE53")


@dataclass(frozen=True, slots=True)
class Published:
    """The ranges of one file; ``token`` is its moment in seconds since 1970."""

    ranges: AwsRanges
    token: int

    @classmethod
    def of(cls, ranges: AwsRanges) -> "Published":
        """Return ranges that come without a token, the shipped ones, by the moment that they are of."""
        return cls(ranges, int(parse_iso(ranges.created).timestamp()) if ranges.created else 0)


def read_published(octets: bytes, name: str) -> Published:
    """Return the ranges in a file of the form of AWS's ip-ranges.json, each service's networks merged.

    Raises InvalidDocument, with ``name`` as the file's, when it is something else or not whole.
    """
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise InvalidDocument(f"{name}: is not JSON: {reason}; give a file like {PUBLISHED}") from error
    if not isinstance(document, Mapping):
        raise InvalidDocument(f"{name}: is no mapping; give a file like {PUBLISHED}")
    created = _created(document.get("createDate"), name)
    token = document.get("syncToken")
    if not isinstance(token, str) or not _TOKEN.match(token):
        raise InvalidDocument(f"{name}: syncToken: is {_short(token)}; it is like 1792976464")
    services: dict[str, list[Network]] = {}
    for service, network in _prefixes(document, name):
        services.setdefault(service, []).append(network)
    missing = [service for service in _ALWAYS if service not in services]
    if missing:
        raise InvalidDocument(f"{name}: has no networks of {', '.join(missing)}, so it is not whole")
    merged = {service: tuple(_merged(networks)) for service, networks in sorted(services.items())}
    return Published(AwsRanges(merged, created), int(token))


def _created(value: Any, name: str) -> str:
    match = _CREATED.match(value) if isinstance(value, str) else None
    try:
        if match is not None:
            moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
            return moment.isoformat().replace("+00:00", "Z")
    except ValueError:
        pass
    raise InvalidDocument(f"{name}: createDate: is {_short(value)}; it is like 2026-10-26-01-11-04")


def _prefixes(document: Mapping[str, Any], name: str) -> Iterator[tuple[str, Network]]:
    for group, key, version in (("prefixes", "ip_prefix", 4), ("ipv6_prefixes", "ipv6_prefix", 6)):
        rows = document.get(group)
        if not isinstance(rows, list) or not rows:
            raise InvalidDocument(f"{name}: {group}: holds no list of networks, so it is not whole")
        for index, row in enumerate(rows):
            text, service = (row.get(key), row.get("service")) if isinstance(row, Mapping) else (None, None)
            try:
                network = ipaddress.ip_network(text) if isinstance(text, str) else None
            except ValueError:
                network = None
            named = isinstance(service, str) and _SERVICE.match(service) is not None
            if network is None or network.version != version or network.prefixlen < _SHORTEST[version] or not named:
                raise InvalidDocument(f"{name}: {group}[{index}]: is {_short(row)}, not a network of a service")
            yield str(service), network


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _merged(networks: Iterable[Network]) -> Iterator[str]:
    several = list(networks)
    for version in (4, 6):
        ours = (network for network in several if network.version == version)
        yield from map(str, ipaddress.collapse_addresses(ours))  # type: ignore[type-var]


def refusal(new: Published, known: Published, now: datetime | None = None) -> str:
    """Return why a file is not taken in place of what is ``known``, as a clause; "" where it is.

    One that is older could bring ranges back that AWS gave up; with ``now`` one of the future is refused too.
    """
    if new.token < known.token:
        return f"is of {new.ranges.created}, older than what is there ({known.ranges.created})"
    if now is not None and new.token > (now + _AHEAD).timestamp():
        return f"is of {new.ranges.created}, which is still to come"
    counts = _count(new.ranges), _count(known.ranges)
    if counts[0] < _LEAST * counts[1]:
        return f"has {counts[0]} networks where {counts[1]} are known, so it is not whole"
    for service in _ALWAYS:
        for version in (4, 6):
            held = known.ranges.size(service, version)
            if new.ranges.size(service, version) < _LEAST * held:
                return f"lost most of the IPv{version} networks of {service}, so it is not whole"
    return ""


def _count(ranges: AwsRanges) -> int:
    return sum(map(len, ranges.services.values()))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of AWS's ranges: the newest file, and what former ones held besides.

    ``gone`` is by service and network when the network was first missing.
    """

    published: Published
    gone: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)

    def followed_by(self, new: Published, now: datetime) -> "Known":
        """Return what is known when ``new`` is published: what it does not hold any more is remembered."""
        before = self.published.ranges.services
        gone: dict[str, dict[str, datetime]] = {}
        for service in before.keys() | self.gone.keys():
            left = dict.fromkeys(before.get(service, ()), now) | dict(self.gone.get(service, {}))
            still = set(new.ranges.services.get(service, ()))
            lost = {
                network: since
                for network, since in left.items()
                if network not in still and not new.ranges.covers(network, service)
            }
            if lost:
                gone[service] = lost
        return Known(new, gone)

    def at(self, now: datetime) -> "Known":
        """Return what of it still counts at ``now``.

        A service that is published no more at all was renamed rather than given up: its networks count as long as that
        lasts, since a watchlist that names it would else page for each of its addresses.
        """
        services = self.published.ranges.services
        gone = {}
        for service, networks in self.gone.items():
            young = {network: since for network, since in networks.items() if now - since < KEPT}
            left = young if service in services else networks
            if left:
                gone[service] = left
        return Known(self.published, gone)

    def ranges(self) -> AwsRanges:
        """Return the ranges by which addresses are judged: what is published, and what was lately."""
        published = self.published.ranges
        names = published.services.keys() | self.gone.keys()
        return AwsRanges(
            {name: (*published.services.get(name, ()), *self.gone.get(name, ())) for name in sorted(names)},
            published.created,
        )

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        published = self.published
        return {
            "token": published.token,
            "created": published.ranges.created,
            "services": {service: " ".join(networks) for service, networks in published.ranges.services.items()},
            "gone": {
                service: {network: iso(since) for network, since in networks.items()}
                for service, networks in self.gone.items()
            },
        }


def read_known(document: Mapping[str, Any]) -> Known:
    """Return what `Known.document` wrote; raises what `nswatch.errors.DEFECTS` lists when it is something else."""
    services = {service: tuple(networks.split(" ")) for service, networks in document["services"].items()}
    gone = {
        service: {network: parse_iso(since) for network, since in networks.items()}
        for service, networks in document.get("gone", {}).items()
    }
    return Known(Published(AwsRanges(services, document["created"]), int(document["token"])), gone)
