"""A private Internet for `nswatch check` and the probe: real servers at real addresses on port 53, and its cases.

From the root down all is signed but what the cases leave unsigned. Every case has a domain of its own; what a test
changes is put back by `conftest.py`.
"""

import shutil
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.support.internet import COM_SERVERS, ROOT_SERVERS, host_zones
from tests.support.knot import Knot, addresses_of, cut, zone
from tests.support.namespace import Namespace

# The hijack: Route 53's names and their look-alikes.
DOMAIN = "victim.com"
GENUINE = {"ns-1515.awsdns-61.org": "205.251.197.235", "ns-405.awsdns-50.com": "205.251.193.149"}
FORGED = {"ns-1515.awsdns-061.org": "45.77.24.61", "ns-405.awsdns-050.com": "45.77.24.50"}
CONTENT = ("@ 300 IN A 13.224.10.10", "@ 300 IN MX 10 mx1.mail.org.")
FORGED_CONTENT = ("@ 600 IN A 54.192.85.80", "@ 600 IN MX 10 mail", "mail 600 IN A 45.77.24.250")

# Signed, with a DS at com.
SEALED = {"ns1.sealed.com": "203.0.113.11", "ns2.sealed.com": "203.0.113.12"}

# Below a parent that is no TLD, and whose parent is on the same servers.
BELOW = {"ns1.example.co.uk": "203.0.113.21", "ns2.example.co.uk": "203.0.113.22"}

# One server that answers, one that knows nothing of the zone, one where none listens, and one that is silent.
LAME = {
    "ns1.lame.com": "203.0.113.31",
    "ns2.lame.com": "203.0.113.12",
    "ns3.lame.com": "203.0.113.33",
    "ns4.lame.com": "203.0.113.34",
}

# A name server that has IPv6 alone.
SIX = {"ns1.six.com": "203.0.113.41", "ns2.six.com": "2001:db8:6::53"}

# A name server that says nothing over UDP but TC, one that UDP does not reach, and an answer that is too large for it.
TCP = {"ns1.tcp.com": "203.0.113.51", "ns2.tcp.com": "203.0.113.52"}
LONG = [f"part {number}: {'x' * 200}" for number in range(8)]

COOKIE = {"ns1.cookie.com": "203.0.113.61"}

HOSTS = {DOMAIN: GENUINE} | {
    next(iter(hosts)).partition(".")[2]: hosts for hosts in (SEALED, BELOW, LAME, SIX, TCP, COOKIE)
}
"""Domain -> its name servers and their addresses."""

NO_IPV6 = {
    "without-a-route": ("ip -6 route del local ::/0 dev lo", "ip -6 route add local ::/0 dev lo"),
    "prohibited-here": (
        "ip -6 route add prohibit ::/0 table local metric 1",
        "ip -6 route del prohibit ::/0 table local",
    ),
}
"""How to switch IPv6 off, and on again."""

RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")

_GTLD = {f"{letter}.gtld-servers.net": address for letter, address in COM_SERVERS.items()}
_NSTLD = {"av1.nstld.com": "192.82.134.30"}
_ORG = {"a0.org.afilias-nst.org": "199.19.56.1", "b0.org.afilias-nst.org": "199.19.54.1"}
_UK = {"nsa.nic.uk": "156.154.100.3", "nsb.nic.uk": "156.154.101.3"}
_CYMRU = {"ns1.cymru.com": "203.0.113.71"}
ORIGINS = {"13.224.10": 16509, "54.192.85": 16509, "45.77.24": 20473}
"""Who announces a /24, as Team Cymru's service over DNS would say."""


def _own(origin: str, servers: Mapping[str, str], *lines: str) -> str:
    """Return a domain's own zone: its name servers' records in the domain included."""
    inside = {host: address for host, address in servers.items() if f".{host}.".endswith(f".{origin}")}
    return zone(origin, servers, *addresses_of(inside), *lines, mname=next(iter(servers)))


def _origin_zone() -> str:
    lines = (
        f'*.{".".join(reversed(prefix.split(".")))} IN TXT "{number} | {prefix}.0/24 | US | arin | 2010-01-01"'
        for prefix, number in ORIGINS.items()
    )
    return zone("origin.asn.cymru.com.", _CYMRU, *lines, mname="ns1.cymru.com")


class PrivateInternet:
    """All authoritative servers, by name in ``servers``; resolvers are a test's own."""

    def __init__(self, there: Namespace, home: Path) -> None:
        self.there = there
        genuine, genuine_cuts = host_zones(GENUINE)
        forged, forged_cuts = host_zones(FORGED)
        cuts = {name: genuine_cuts.get(name, []) + forged_cuts.get(name, []) for name in genuine_cuts}
        self._cuts = cuts
        self._home = home
        self._changed: dict[tuple[str, str], Callable[[], object]] = {}
        genuine[f"{DOMAIN}."] = _own(f"{DOMAIN}.", GENUINE, *CONTENT)
        forged[f"{DOMAIN}."] = _own(f"{DOMAIN}.", FORGED, *FORGED_CONTENT)
        hosted = {
            "sealed": ({"sealed.com.": _own("sealed.com.", SEALED, "@ 300 IN MX 10 mx1.mail.org.")}, SEALED.values()),
            "below": ({"example.co.uk.": _own("example.co.uk.", BELOW)}, BELOW.values()),
            "lame": ({"lame.com.": _own("lame.com.", LAME)}, [LAME["ns1.lame.com"]]),
            "silent": ({"lame.com.": _own("lame.com.", LAME)}, [LAME["ns4.lame.com"]]),
            "six": ({"six.com.": _own("six.com.", SIX)}, SIX.values()),
            "truncating": ({"tcp.com.": self._tcp_zone()}, [TCP["ns1.tcp.com"]]),
            "tcp": ({"tcp.com.": self._tcp_zone()}, [TCP["ns2.tcp.com"]]),
            "cookie": ({"cookie.com.": _own("cookie.com.", COOKIE, "@ 300 IN A 203.0.113.66")}, COOKIE.values()),
            "cymru": (
                {"origin.asn.cymru.com.": _origin_zone(), "cymru.com.": _own("cymru.com.", _CYMRU)},
                _CYMRU.values(),
            ),
        }
        modules = {"truncating": ["mod-noudp"], "cookie": ["mod-cookies", "mod-stats"]}
        self.servers: dict[str, Knot] = {
            "aws": self._knot("aws", GENUINE.values(), genuine),
            "evil": self._knot("evil", FORGED.values(), forged),
        } | {
            name: self._knot(name, addresses, zones, modules.get(name, ()))
            for name, (zones, addresses) in hosted.items()
        }
        self.servers["sealed"].signed = frozenset({"sealed.com."})

    @staticmethod
    def _tcp_zone() -> str:
        return _own("tcp.com.", TCP, *(f'@ 300 IN TXT "{text}"' for text in LONG), "@ 300 IN MX 10 mx1.mail.org.")

    def _knot(self, name: str, addresses: Iterable[str], zones: Mapping[str, str], modules: Sequence[str] = ()) -> Knot:
        return Knot(self._home / name, list(addresses), 53, zones, modules=modules, start_process=self.there.spawn)

    def start(self) -> None:
        """Make keys from the leaves to the root, so that each parent has its children's DS; start everything."""
        for server in self.servers.values():
            server.write()
            server.make_keys()
        self._make_registries()
        self._make_root()
        for server in self.servers.values():
            server.start()
        for server in self.servers.values():
            server.wait()

    def _make_registries(self) -> None:
        below_com = {domain: hosts for domain, hosts in HOSTS.items() if domain.endswith(".com") and domain != DOMAIN}
        com = [
            *(f"{DOMAIN}. IN NS {host}." for host in GENUINE),
            *(line for domain, hosts in below_com.items() for line in cut(domain, hosts)),
            *cut("nstld.com", _NSTLD),
            *cut("cymru.com", _CYMRU),
            *self._cuts["com."],
            self.servers["sealed"].ds("sealed.com."),
        ]
        net = [f"gtld-servers.net. IN NS {host}." for host in _NSTLD]
        both = {"com.": _own("com.", _GTLD, *com), "net.": _own("net.", _GTLD, *net)}
        first, second = (self._knot(f"com-{letter}", [address], both) for letter, address in COM_SERVERS.items())
        shared = {
            "org.": _own("org.", _ORG, *self._cuts["org."]),
            "gtld-servers.net.": _own("gtld-servers.net.", _NSTLD, *addresses_of(_GTLD)),
            "nstld.com.": _own("nstld.com.", _NSTLD),
        }
        org = self._knot("org", [*_ORG.values(), *_NSTLD.values()], shared)
        uk = self._knot(
            "uk", list(_UK.values()), {"uk.": "", "co.uk.": _own("co.uk.", _UK, *cut("example.co.uk", BELOW))}
        )
        for server, signed in ((first, {"com.", "net."}), (org, {"org."}), (uk, {"uk.", "co.uk."})):
            server.signed = frozenset(signed)
            server.write()
            server.make_keys()
        second.signed = first.signed
        second.write()
        second.take_keys(first)
        uk.zones = {**uk.zones, "uk.": _own("uk.", _UK, *cut("co.uk", _UK), uk.ds("co.uk."))}
        uk.write()
        self.servers |= {"com-a": first, "com-b": second, "org": org, "uk": uk}

    def _make_root(self) -> None:
        com, org, uk = (self.servers[name] for name in ("com-a", "org", "uk"))
        roots = {f"{letter}.root-servers.net": address for letter, address in ROOT_SERVERS.items()}
        lines = [
            *cut("com", _GTLD),
            *(f"net. IN NS {host}." for host in _GTLD),
            *cut("org", _ORG),
            *cut("uk", _UK),
            *(server.ds(f"{name}.") for server, name in ((com, "com"), (com, "net"), (org, "org"), (uk, "uk"))),
            *addresses_of(_NSTLD),
        ]
        text = zone(".", roots, *addresses_of(roots), *lines, ttl=518400, mname="a.root-servers.net")
        root = self._knot("root", list(ROOT_SERVERS.values()), {".": text})
        root.signed = frozenset({"."})
        root.write()
        root.make_keys()
        self.servers["root"] = root

    @property
    def trust_anchor(self) -> str:
        """The root's DS, for resolvers that validate."""
        return self.servers["root"].ds(".")

    def restore(self) -> None:
        """Undo what was changed since `start`."""
        for undo in reversed(self._changed.values()):
            undo()
        self._changed.clear()

    def delegate(self, domain: str, hosts: Iterable[str]) -> None:
        """Have the registry's servers give another delegation of a domain."""
        self._at_parent(domain, "NS", [f"{host}." for host in hosts], [f"{host}." for host in HOSTS[domain]])

    def set_ds(self, domain: str, data: Sequence[str]) -> None:
        """Have the registry's servers give other DS records, as ``tag algorithm type digest``."""
        self._at_parent(domain, "DS", data, [self.ds_of(domain)])

    def set_apex(self, domain: str, hosts: Iterable[str]) -> None:
        """Have a domain's own server give another NS RRset."""
        server = self.servers[domain.partition(".")[0]]
        self._changed[domain, "apex"] = lambda: server.set_ns(f"{domain}.", f"{domain}.", HOSTS[domain])
        server.set_ns(f"{domain}.", f"{domain}.", hosts)

    def ds_of(self, domain: str) -> str:
        """Return the DS data that fits a domain's key."""
        return self.servers[domain.partition(".")[0]].ds(f"{domain}.").partition(" DS ")[2]

    def _at_parent(
        self, domain: str, qtype: str, data: Iterable[str], right: Iterable[str], owner: str | None = None
    ) -> None:
        parent = domain.partition(".")[2] + "."

        def put(values: Iterable[str]) -> None:
            for name in ("com-a", "com-b") if parent == "com." else ("uk",):
                self.servers[name].set_records(parent, f"{owner or domain}.", qtype, values)

        self._changed[owner or domain, qtype] = lambda: put(right)
        put(data)

    def set_glue(self, host: str, address: str) -> None:
        """Have the registry's servers give another IPv4 address of a name server in a domain below them."""
        domain = host.partition(".")[2]
        self._at_parent(domain, "A", [address], [HOSTS[domain][host]], owner=host)

    def pause(self, name: str) -> None:
        """Have a server say nothing."""
        process = self.servers[name].process
        assert process is not None
        self._changed[name, "pause"] = lambda: process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGSTOP)

    def stop_server(self, name: str) -> None:
        """Have nobody listen at a server's addresses."""
        server = self.servers[name]

        def start_again() -> None:
            server.start()
            server.wait()

        self._changed[name, "stop"] = start_again
        server.stop()

    def shell(self, command: str, undo: str) -> None:
        """Run a command inside, to be undone by another."""
        self._changed[command, "shell"] = lambda: self.there.shell(undo)
        self.there.shell(command)

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers.values():
            server.stop()
        shutil.rmtree(self._home, ignore_errors=True)
