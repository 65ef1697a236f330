"""A private Internet: real name servers (knot) at real addresses, from the root down to a domain and its forgery.

Runs inside a network namespace in which every address is local. Nothing here knows nswatch.
"""

import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT_SERVERS = {
    "a": "198.41.0.4",
    "b": "170.247.170.2",
    "c": "192.33.4.12",
    "d": "199.7.91.13",
    "e": "192.203.230.10",
    "f": "192.5.5.241",
    "g": "192.112.36.4",
    "h": "198.97.190.53",
    "i": "192.36.148.17",
    "j": "192.58.128.30",
    "k": "193.0.14.129",
    "l": "199.7.83.42",
    "m": "202.12.27.33",
}
COM_SERVERS = {"a": "192.5.6.30", "b": "192.33.14.30"}

DOMAIN = "coincheck.com"
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

SOA = "@ 900 IN SOA {mname}. hostmaster.invalid. 1 7200 900 1209600 900"


def _zone(origin: str, servers: Iterable[str], *lines: str, ttl: int = 172800) -> str:
    names = list(servers)
    head = [f"$ORIGIN {origin}", f"$TTL {ttl}", SOA.format(mname=names[0])]
    return "\n".join([*head, *(f"@ IN NS {name}." for name in names), *lines, ""])


def _cut(name: str, servers: dict[str, str]) -> list[str]:
    """Return a delegation with all its glue."""
    return [
        *(f"{name}. IN NS {host}." for host in servers),
        *(f"{host}. IN A {address}" for host, address in servers.items()),
    ]


def _host_zones(hosts: dict[str, str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the zones that name servers' own names are in, and the cuts for them by parent zone."""
    zones: dict[str, str] = {}
    cuts: dict[str, list[str]] = {}
    for host, address in hosts.items():
        _, _, zone = host.partition(".")
        _, _, parent = zone.partition(".")
        server = f"g-ns-1.{zone}"
        zones[zone] = _zone(f"{zone}.", [server], f"g-ns-1 IN A {address}", f"{host}. IN A {address}")
        cuts.setdefault(parent, []).extend(_cut(zone, {server: address}))
    return zones, cuts


@dataclass
class Authority:
    """One knot process: zones by name, served at each of its addresses."""

    name: str
    addresses: list[str]
    zones: dict[str, str]
    home: Path
    signed: frozenset[str] = frozenset()
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def write(self) -> None:
        """Write configuration, zones and keys."""
        zones = self.home / "zones"
        zones.mkdir(parents=True)
        (self.home / "db").mkdir()
        for zone, text in self.zones.items():
            (zones / f"{zone or 'root'}.zone").write_text(text)
        listen = ", ".join(f"{address}@53" for address in self.addresses)
        conf = [
            f"server:\n    rundir: {self.home}\n    listen: [ {listen} ]\n    udp-workers: 1\n    tcp-workers: 1",
            "    background-workers: 1",
            f"log:\n  - target: {self.home}/knot.log\n    any: info",
            f"control:\n    listen: {self.home}/control",
            f"database:\n    storage: {self.home}/db",
            "policy:\n  - id: tld\n    manual: on\n    single-type-signing: on\n    nsec3: on\n    nsec3-opt-out: on",
            f"template:\n  - id: default\n    storage: {zones}\n    zonefile-sync: -1",
            "zone:",
        ]
        for zone in self.zones:
            conf.append(f"  - domain: {zone}.\n    file: {zone or 'root'}.zone")
            if zone in self.signed:
                conf.append("    dnssec-signing: on\n    dnssec-policy: tld")
        (self.home / "knot.conf").write_text("\n".join(conf) + "\n")

    def make_keys(self) -> None:
        """Make a signing key for each signed zone."""
        for zone in self.signed:
            self._run("keymgr", f"{zone}.", "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")

    def _run(self, tool: str, *arguments: str) -> None:
        command = [tool, "-c", str(self.home / "knot.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server."""
        with (self.home / "stderr").open("wb") as output:
            command = ["knotd", "-c", str(self.home / "knot.conf")]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def wait(self, patience: float = 15) -> None:
        """Return when the server has loaded its zones."""
        until = time.monotonic() + patience
        while True:
            try:
                self._run("knotc", "-b", "zone-status")
            except RuntimeError:
                if time.monotonic() > until or (self.process and self.process.poll() is not None):
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def set_delegation(self, zone: str, domain: str, servers: Iterable[str]) -> None:
        """Replace the NS RRset of ``domain`` in its parent ``zone``, in one transaction."""
        relative = domain.removesuffix(f".{zone}")
        self._run("knotc", "-b", "zone-begin", f"{zone}.")
        self._run("knotc", "-b", "zone-unset", f"{zone}.", relative, "NS")
        for server in servers:
            self._run("knotc", "-b", "zone-set", f"{zone}.", relative, "172800", "NS", f"{server}.")
        self._run("knotc", "-b", "zone-commit", f"{zone}.")


class Internet:
    """All the servers. ``com`` are those of the .com registry."""

    def __init__(self, home: Path) -> None:
        genuine, genuine_cuts = _host_zones(GENUINE)
        forged, forged_cuts = _host_zones(FORGED)
        cuts = {zone: genuine_cuts.get(zone, []) + forged_cuts.get(zone, []) for zone in ("com", "net", "org", "co.uk")}
        gtld = {f"{letter}.gtld-servers.net": address for letter, address in COM_SERVERS.items()}
        nstld = {"av1.nstld.com": "192.82.134.30"}
        org = {"a0.org.afilias-nst.org": "199.19.56.1"}
        uk = {"nsa.nic.uk": "156.154.100.3"}
        roots = {f"{letter}.root-servers.net": address for letter, address in ROOT_SERVERS.items()}
        at = [f"{host}. IN A {address}" for host, address in {**roots, **nstld}.items()]
        root = [*_cut("com", gtld), *(f"net. IN NS {host}." for host in gtld), *_cut("org", org), *_cut("uk", uk)]
        com = [*_cut("nstld.com", nstld), *(f"{DOMAIN}. IN NS {host}." for host in GENUINE), *cuts["com"]]
        net = [f"gtld-servers.net. IN NS {host}." for host in nstld]
        registry = {"com": _zone("com.", gtld, *com), "net": _zone("net.", gtld, *net, *cuts["net"])}
        shared = {
            "org": _zone("org.", org, *(f"{host}. IN A {address}" for host, address in org.items()), *cuts["org"]),
            "uk": _zone("uk.", uk, *(f"{host}. IN A {address}" for host, address in uk.items())),
            "co.uk": _zone("co.uk.", uk, *cuts["co.uk"]),
            "gtld-servers.net": _zone("gtld-servers.net.", nstld, *(f"{h}. IN A {a}" for h, a in gtld.items())),
            "nstld.com": _zone("nstld.com.", nstld, *(f"{h}. IN A {a}" for h, a in nstld.items())),
        }

        def content(servers: Iterable[str], *lines: str) -> str:
            return _zone(f"{DOMAIN}.", servers, *lines, ttl=300)

        genuine[DOMAIN] = content(GENUINE, "@ IN A 13.224.10.10", "@ IN MX 10 mx1.mail.example.")
        forged[DOMAIN] = content(FORGED, "@ IN A 54.192.85.80", "@ IN MX 10 mail", "mail IN A 45.77.24.250")

        def authority(name: str, addresses: Iterable[str], zones: dict[str, str], *signed: str) -> Authority:
            return Authority(name, list(addresses), zones, home / name, frozenset(signed))

        self.root = authority("root", ROOT_SERVERS.values(), {"": _zone(".", roots, *at, *root)}, "")
        self.com = [authority(f"com-{k}", [a], registry, "com", "net") for k, a in COM_SERVERS.items()]
        self.registries = authority(
            "registries", [*org.values(), *uk.values(), *nstld.values()], shared, "org", "uk", "co.uk"
        )
        self.genuine = authority("genuine", GENUINE.values(), genuine)
        self.forged = authority("forged", FORGED.values(), forged)

    @property
    def servers(self) -> list[Authority]:
        """All processes."""
        return [self.root, *self.com, self.registries, self.genuine, self.forged]

    def start(self) -> None:
        """Start all servers, and return when they answer. The servers of .com sign with the same keys."""
        first, *others = self.com
        for server in self.servers:
            server.write()
            if server not in others:
                server.make_keys()
        for other in others:
            shutil.copytree(first.home / "db", other.home / "db", dirs_exist_ok=True)
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait()

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.stop()

    def hijack(self) -> None:
        """Delegate the domain to the forged servers, at each server of .com."""
        for server in self.com:
            server.set_delegation("com", DOMAIN, FORGED)
