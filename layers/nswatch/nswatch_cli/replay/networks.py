"""Who announces which addresses."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

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
