"""The content of every zone as one region sees it: written by the scenario, or made up where it says nothing."""

import ipaddress
from collections.abc import Callable, Iterable

import dns.rrset
from dns.rdatatype import RdataType

from nswatch.names import is_within
from nswatch_cli.replay.signing import Signer, ds_rdata
from nswatch_cli.replay.suffixes import OPT_OUT, ROOT
from nswatch_cli.replay.text import address_rrsets, ancestors, names_rrset, rrset, to_name
from nswatch_cli.replay.world import World
from nswatch_cli.replay.zones import Content, Node

SUFFIX_TTL = 172800
HOST_TTL = 300

_SOA_TTL = 900
_ORIGIN_ZONES = {"origin.asn.cymru.com": 4, "origin6.asn.cymru.com": 6}


def suffix_key(zone: str) -> str:
    """Return the name of the key that signs a public suffix's zone; no scenario can write it."""
    return f"zone {zone}"


def trust_anchor() -> dns.rrset.RRset:
    """Return the DS RRset of the simulated root: the monitor's trust anchor in a replay."""
    return dns.rrset.from_rdata_list(to_name(ROOT), SUFFIX_TTL, ds_rdata(ROOT, [suffix_key(ROOT)]))


class Contents:
    """Gives the content of zones of one world, made once until the world changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[tuple[str, str, str], Content] = {}
        self._signers: dict[str, Signer] = {}
        self._epoch = world.epoch

    def of(self, region: str, zone: str, version: str = "") -> Content:
        """Return the content of ``zone`` as ``region`` sees it; ``version`` is a watched domain's zone version."""
        if self._epoch != self._world.epoch:
            self._epoch = self._world.epoch
            self._made.clear()
        key = (self._world.view(region), zone, version)
        if key not in self._made:
            self._made[key] = self._make(region, zone, version)
        return self._made[key]

    def _make(self, region: str, zone: str, version: str) -> Content:
        kind = self._world.kind(zone)
        if version:
            return self._world.version(zone, version).with_hosts(self._hosts_in(region, zone))
        if zone not in self._signers and self._world.signed(zone):
            self._signers[zone] = Signer(zone, suffix_key(zone), opt_out=zone in OPT_OUT)
        if kind == "suffix":
            return SuffixZone(self._world, zone, self._signers[zone])
        signer = self._signers[zone] if self._world.signed(zone) else None
        made = OriginZone if zone == "cymru.com" else HostedZone
        return made(self._world, region, zone, signer)

    def _hosts_in(self, region: str, zone: str) -> dict[str, Node]:
        hosts = {host for domain in self._world.domains.values() for host in domain.hosts(region)}
        return {
            host: _node(address_rrsets(host, HOST_TTL, self._world.addresses(host)))
            for host in sorted(hosts)
            if is_within(host, zone) and self._world.resolves(host, region)
        }


def _node(rrsets: Iterable[dns.rrset.RRset]) -> dict[int, dns.rrset.RRset]:
    return {found.rdtype: found for found in rrsets}


def _apex(zone: str, mname: str, hosts: tuple[str, ...], ttl: int) -> dict[int, dns.rrset.RRset]:
    contact = f"hostmaster.{zone}." if zone != ROOT else "hostmaster."
    soa = rrset(zone, _SOA_TTL, "SOA", [f"{mname}. {contact} 1 1800 900 604800 900"])
    return _node([soa, names_rrset(zone, ttl, hosts)])


class SuffixZone:
    """The root or a public suffix: nothing but its apex, its servers and delegations (which `World` knows)."""

    def __init__(self, world: World, apex: str, signer: Signer) -> None:
        self.apex = apex
        self.signer: Signer | None = signer
        servers = world.suffixes.servers(apex)
        hosts = tuple(host for host, _ in servers)
        self._suffixes = world.suffixes
        self._nodes: dict[str, Node] = {
            apex: {**_apex(apex, hosts[0], hosts, SUFFIX_TTL), RdataType.DNSKEY: signer.keys}
        }
        if apex != ROOT:
            self._nodes |= {host: _node(address_rrsets(host, SUFFIX_TTL, where)) for host, where in servers}
            self._nodes[f"tld-servers.{apex}"] = {}

    def node(self, name: str) -> Node | None:
        """See `Content`; a suffix without a cut (co.jp) is an empty non-terminal."""
        found = self._nodes.get(name)
        if found is not None:
            return found
        empty = "." in name and self._suffixes.is_suffix(name) and not self._suffixes.is_cut(name)
        return {} if empty else None


class HostedZone:
    """A domain that is not watched: the hosts in it that somebody names, and no others."""

    def __init__(self, world: World, region: str, apex: str, signer: Signer | None = None) -> None:
        self.apex = apex
        self.signer = signer
        servers = world.suffixes.infrastructure_servers(apex)
        hosts = tuple(host for host, _ in servers)
        nodes: dict[str, dict[int, dns.rrset.RRset]] = {}
        for host in sorted(world.names_below(apex) | self._fixed(world)):
            if world.is_name_server(host) and not world.resolves(host, region):
                continue
            nodes[host] = _node(address_rrsets(host, HOST_TTL, world.addresses(host)))
        nodes |= {host: _node(address_rrsets(host, SUFFIX_TTL, where)) for host, where in servers}
        nodes[apex] = {**nodes.get(apex, {}), **_apex(apex, hosts[0], hosts, SUFFIX_TTL)}
        if signer is not None:
            nodes[apex][RdataType.DNSKEY] = signer.keys
        self._nodes = nodes
        self._between = {above for name in nodes for above in ancestors(name) if is_within(above, apex)}

    def _fixed(self, world: World) -> set[str]:
        return {host for host, _ in world.suffixes.servers(ROOT) if is_within(host, self.apex)}

    def node(self, name: str) -> Node | None:
        """See `Content`."""
        found = self._nodes.get(name)
        return {} if found is None and name in self._between else found


class OriginZone(HostedZone):
    """Team Cymru's mapping of addresses to AS numbers, from ``networks`` (TXT, as origin.asn.cymru.com gives it)."""

    def __init__(self, world: World, region: str, apex: str, signer: Signer | None = None) -> None:
        super().__init__(world, region, apex, signer)
        self._world = world

    def node(self, name: str) -> Node | None:
        """See `Content`."""
        if name.endswith(".asn.cymru.com") or name == "asn.cymru.com":
            return self._origin(name)
        return super().node(name)

    def _origin(self, name: str) -> Node | None:
        if name in _ORIGIN_ZONES or name == "asn.cymru.com":
            return {}
        label = name.removesuffix(".asn.cymru.com")
        text = self._autonomous_system(label) if "." not in label else self._prefix(label)
        return _node([rrset(name, HOST_TTL, "TXT", [f'"{text}"'])]) if text else None

    def _autonomous_system(self, label: str) -> str | None:
        known = next((n for n in self._world.networks if label == f"as{n.asn}"), None)
        return f"{known.asn} | {known.country} | arin | 2000-01-01 | AS{known.asn}" if known else None

    def _prefix(self, label: str) -> str | None:
        reverse, _, kind = label.rpartition(".")
        readers: dict[str, Callable[[str], str | None]] = {"origin": _reversed4, "origin6": _reversed6}
        address = readers[kind](reverse) if kind in readers else None
        network = self._world.origin(address) if address else None
        return f"{network.asn} | {network.network} | {network.country} | arin | 2000-01-01" if network else None


def _reversed4(text: str) -> str | None:
    parts = text.split(".")[::-1]
    return _address(".".join(parts + ["0"] * (4 - len(parts))))


def _reversed6(text: str) -> str | None:
    nibbles = "".join(text.split(".")[::-1])
    if len(nibbles) > 32:
        return None
    padded = nibbles.ljust(32, "0")
    return _address(":".join(padded[i : i + 4] for i in range(0, 32, 4)))


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
