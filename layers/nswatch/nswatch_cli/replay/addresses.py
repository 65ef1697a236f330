"""Where simulated hosts live: addresses picked once, the same in every run, never twice.

Hosts whose addresses a scenario does not say get one by a hash of their name: valid Route 53 names in a range that is
Route 53's, everything else in the benchmarking networks 198.18.0.0/15 (RFC 2544), which nobody routes.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

ROUTE53 = ipaddress.IPv4Network("205.251.192.0/21")
HOSTS = ipaddress.IPv4Network("198.18.0.0/16")
SERVERS = ipaddress.IPv4Network("198.19.0.0/16")
SERVERS6 = ipaddress.IPv6Network("2001:2:0::/48")
"""RFC 5180, the IPv6 benchmarking network."""

_ROUTE53_NAME = re.compile(r"ns-(0|[1-9]\d{0,3})\.awsdns-(\d\d)\.(com|net|org|co\.uk)\Z", re.ASCII)


def route53_number(host: str) -> int | None:
    """Return X of a name that Route 53 could have given (``ns-X.awsdns-YY.TLD``, the rule of decision 2), or None."""
    match = _ROUTE53_NAME.match(host)
    if match is None:
        return None
    number, stripe, suffix = int(match[1]), int(match[2]), match[3]
    if number >= 2048 or suffix != ("com", "net", "org", "co.uk")[number // 512] or stripe != number % 512 // 8:
        return None
    return number


def canonical(address: object) -> str:
    """Return an IP address in its canonical text (RFC 5952); raise ValueError when it is none."""
    return str(ipaddress.ip_address(str(address)))


class AddressBook:
    """Gives every host an address of its own and keeps it. ``taken`` are addresses that the scenario uses itself."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._given: dict[str, str] = {}

    def host(self, name: str, ranges: Iterable[tuple[IPNetwork, str]]) -> str:
        """Return the address of host ``name``; ``ranges`` are networks with the AWS service that they are of."""
        return self._once(name, lambda: self._host(name, ranges))

    def server(self, name: str, version: int = 4) -> str:
        """Return the address (of IP ``version``) of a parent's or an infrastructure server."""
        return self._once(f"{name}/{version}", lambda: self._free(SERVERS if version == 4 else SERVERS6, name))

    def _once(self, key: str, pick: Callable[[], str]) -> str:
        if key not in self._given:
            self._given[key] = pick()
            self._taken.add(self._given[key])
        return self._given[key]

    def _host(self, name: str, ranges: Iterable[tuple[IPNetwork, str]]) -> str:
        number = route53_number(name)
        if number is not None:
            ours = [network for network, service in ranges if service == "ROUTE53" and network.version == 4]
            network = ours[0] if ours else ROUTE53
            # Route 53 really numbers its servers so: ns-1515 is 205.251.192.0 + 1515.
            address = str(network[number % network.num_addresses])
            return address if address not in self._taken else self._free(network, name)
        if name.endswith(".cloudfront.net"):
            ours = [network for network, service in ranges if service == "CLOUDFRONT" and network.version == 4]
            if ours:
                return self._free(ours[0], name)
        return self._free(HOSTS, name)

    def _free(self, network: IPNetwork, name: str) -> str:
        offset = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
        for step in range(network.num_addresses):
            address = str(network[(offset + step) % network.num_addresses])
            if address not in self._taken:
                return address
        raise ValueError(f"{network} has no address left for {name}")
