"""Where the addresses of Route 53's name servers lie: in the networks that AWS publishes as ROUTE53, or not.

A name that follows Route 53's rule (`nswatch.judge.route53`) is that of one of its servers, whoever's zone it serves.
So an address behind it that lies elsewhere is not Route 53's: forged glue behind right names. One that lies there
proves little, as anybody can have a zone at Route 53.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nswatch.expect.networks import AwsRanges
from nswatch.judge.route53 import parse

SERVICE = "ROUTE53"


@dataclass(frozen=True, slots=True)
class Placed:
    """Some addresses of one name server, by whether they lie in Route 53's networks."""

    inside: tuple[str, ...]
    outside: tuple[str, ...]


def placed(host: str, addresses: Iterable[str], aws: AwsRanges) -> Placed | None:
    """Return where a host's addresses lie; None where it is no server of Route 53, or its networks are not known."""
    if parse(host) is None or not aws.services.get(SERVICE):
        return None
    inside = {address: aws.holds(ipaddress.ip_address(address), SERVICE) for address in addresses}
    return Placed(
        tuple(address for address, lies in inside.items() if lies),
        tuple(address for address, lies in inside.items() if not lies),
    )


def strangers(hosts: Mapping[str, Iterable[str]], aws: AwsRanges) -> dict[str, tuple[str, ...]]:
    """Return the addresses that no server of Route 53 can have, by those of some hosts that are named as its servers.

    Of addresses that the Internet does not route (documentation, loopback and private networks) nothing is said: they
    are those of an example or of a private network, and nobody can be led there.
    """
    found: dict[str, tuple[str, ...]] = {}
    for host, addresses in hosts.items():
        routed = [address for address in addresses if ipaddress.ip_address(address).is_global]
        lie = placed(host, routed, aws)
        if lie is not None and lie.outside:
            found[host] = lie.outside
    return found
