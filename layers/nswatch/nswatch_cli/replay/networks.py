"""Who announces which addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from nswatch.expect import data
from nswatch.expect.networks import AwsRanges
from nswatch_cli.replay.addresses import IPNetwork
from nswatch_cli.replay.mentions import mapping


@dataclass(frozen=True, slots=True)
class Network:
    """Who announces an address."""

    network: IPNetwork
    asn: int
    country: str
    aws: str | None

    def holds(self, address: str) -> bool:
        """Whether ``address`` is in it."""
        found = ip_address(address)
        return found.version == self.network.version and found in self.network


def read_networks(value: object) -> list[Network]:
    """Return a scenario's ``networks``, the most specific first."""
    read = [
        Network(
            ip_network(str(cidr), strict=False),
            int(said.get("asn") or 0),
            str(said.get("country") or ""),
            str(said["aws"]) if said.get("aws") else None,
        )
        for cidr, said in ((cidr, mapping(said)) for cidr, said in mapping(value).items())
    ]
    return sorted(read, key=lambda network: -network.network.prefixlen)


def aws_ranges(networks: Iterable[Network]) -> AwsRanges:
    """Return what AWS publishes: of these networks where some are said to be AWS's, and else what it really does."""
    services: dict[str, list[str]] = {}
    for network in networks:
        if network.aws is not None:
            services.setdefault(network.aws, []).append(str(network.network))
    if not services:
        return data.aws_ranges()
    return AwsRanges({service: tuple(ours) for service, ours in services.items()})
