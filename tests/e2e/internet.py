"""A private Internet: real name servers (knot) at real addresses, from the root to three domains and their forgery.

Runs inside a network namespace in which every address is local. Nothing here knows nswatch.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.internet import COM_SERVERS, ROOT_SERVERS, host_zones
from tests.support.knot import Knot, addresses_of, cut, zone

COINCHECK = "coincheck.com"
DOMAINS = (COINCHECK, "example.com", "example.net")
"""All are served by the same hosts, and would be by the same forged ones. The registry of .com and .net is one."""
GENUINE = {
    "ns-1515.awsdns-61.org": "205.251.197.235",
    "ns-1985.awsdns-56.co.uk": "205.251.199.193",
    "ns-650.awsdns-17.net": "205.251.194.138",
    "ns-405.awsdns-50.com": "205.251.193.149",
}
FORGED = {
    "ns-1515.awsdns-061.org": "45.77.24.61",
    "ns-1985.awsdns-056.co.uk": "45.77.24.56",
    "ns-650.awsdns-017.net": "45.77.24.17",
}


def _zone(origin: str, servers: Iterable[str], *lines: str) -> str:
    names = list(servers)
    return zone(origin, names, *lines, mname=names[0])


def _registry_of(domain: str) -> str:
    return domain.partition(".")[2] + "."


class Internet:
    """All the servers. ``com`` are those of the .com registry."""

    def __init__(self, home: Path) -> None:
        genuine, genuine_cuts = host_zones(GENUINE)
        forged, forged_cuts = host_zones(FORGED)
        cuts = {name: genuine_cuts.get(name, []) + forged_cuts.get(name, []) for name in genuine_cuts}
        gtld = {f"{letter}.gtld-servers.net": address for letter, address in COM_SERVERS.items()}
        nstld = {"av1.nstld.com": "192.82.134.30"}
        org = {"a0.org.afilias-nst.org": "199.19.56.1"}
        uk = {"nsa.nic.uk": "156.154.100.3"}
        roots = {f"{letter}.root-servers.net": address for letter, address in ROOT_SERVERS.items()}
        root = [*cut("com", gtld), *(f"net. IN NS {host}." for host in gtld), *cut("org", org), *cut("uk", uk)]
        delegations = {
            tld: [f"{domain}. IN NS {host}." for domain in DOMAINS if _registry_of(domain) == tld for host in GENUINE]
            for tld in ("com.", "net.")
        }
        com = [*cut("nstld.com", nstld), *delegations["com."], *cuts["com."]]
        net = [*(f"gtld-servers.net. IN NS {host}." for host in nstld), *delegations["net."], *cuts["net."]]
        registry = {"com.": _zone("com.", gtld, *com), "net.": _zone("net.", gtld, *net)}
        shared = {
            "org.": _zone("org.", org, *addresses_of(org), *cuts["org."]),
            "uk.": _zone("uk.", uk, *addresses_of(uk)),
            "co.uk.": _zone("co.uk.", uk, *cuts["co.uk."]),
            "gtld-servers.net.": _zone("gtld-servers.net.", nstld, *addresses_of(gtld)),
            "nstld.com.": _zone("nstld.com.", nstld, *addresses_of(nstld)),
        }

        def content(domain: str, servers: Mapping[str, str], *lines: str) -> str:
            return zone(f"{domain}.", servers, *lines, ttl=300, mname=next(iter(servers)))

        for domain in DOMAINS:
            right = ("@ IN A 13.224.10.10", "@ IN MX 10 mx1.mail.example.")
            wrong = ("@ IN A 54.192.85.80", "@ IN MX 10 mail", "mail IN A 45.77.24.250")
            genuine[f"{domain}."] = content(domain, GENUINE, *right)
            forged[f"{domain}."] = content(domain, FORGED, *wrong)

        def authority(name: str, addresses: Iterable[str], zones: dict[str, str], *signed: str) -> Knot:
            return Knot(home / name, list(addresses), 53, zones, frozenset(signed))

        self.root = authority(
            "root", ROOT_SERVERS.values(), {".": _zone(".", roots, *addresses_of(roots | nstld), *root)}, "."
        )
        self.com = [authority(f"com-{k}", [a], registry, "com.", "net.") for k, a in COM_SERVERS.items()]
        self.registries = authority(
            "registries", [*org.values(), *uk.values(), *nstld.values()], shared, "org.", "uk.", "co.uk."
        )
        self.genuine = authority("genuine", GENUINE.values(), genuine)
        self.forged = authority("forged", FORGED.values(), forged)

    @property
    def servers(self) -> list[Knot]:
        """All processes."""
        return [self.root, *self.com, self.registries, self.genuine, self.forged]

    @property
    def trust_anchor(self) -> str:
        """The root's DS, as the template's parameter has it."""
        return ":".join(self.root.ds(".").partition(" DS ")[2].split())

    def start(self) -> None:
        """Start all servers, and return when they answer. The servers of .com sign with the same keys."""
        first, *others = self.com
        for server in self.servers:
            server.write()
            if server in others:
                server.take_keys(first)
            else:
                server.make_keys()
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait()

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.stop()

    def hijack(self, domain: str) -> None:
        """Delegate a domain to the forged servers, at each server of the registry."""
        self._delegate(domain, FORGED)

    def repair(self, domain: str) -> None:
        """Delegate a domain to its own servers again."""
        self._delegate(domain, GENUINE)

    def _delegate(self, domain: str, hosts: Iterable[str]) -> None:
        for server in self.com:
            server.set_ns(_registry_of(domain), f"{domain}.", hosts)
