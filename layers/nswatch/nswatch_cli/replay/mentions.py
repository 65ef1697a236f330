"""Every host that a scenario names, wherever it does: such hosts' registrable domains exist unless said otherwise."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import dns.rrset
from dns.rdatatype import RdataType

from nswatch.errors import InvalidName
from nswatch.names import is_within, normalise, public_suffix, registrable
from nswatch_cli.replay.addresses import canonical
from nswatch_cli.replay.text import ancestors
from nswatch_cli.replay.zones import parse_records

_HOST_FIELD = {"MX": 1, "SRV": 3, "NS": 0, "CNAME": 0, "PTR": 0}


@dataclass(slots=True)
class Mentions:
    """What the file names: hosts in the part of a name server, other hosts, addresses, domains with a date."""

    name_servers: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    dated: set[str] = field(default_factory=set)
    resolvers: set[str] = field(default_factory=set)

    def add_state(self, state: Mapping[str, Any]) -> None:
        """Read one state of the world."""
        self.dated |= {normalise(name) for name in mapping(state.get("registered_domains"))}
        for name, domain in mapping(state.get("domains")).items():
            self._domain(normalise(name), mapping(domain))

    def _domain(self, name: str, domain: Mapping[str, Any]) -> None:
        self.others.add(name)
        registry = mapping(domain.get("registry"))
        by_region = mapping(domain.get("nameservers_from")).values()
        hosts = [
            *(registry.get("ns") or ()),
            *mapping(registry.get("glue")),
            *mapping(domain.get("nameservers")),
            *mapping(domain.get("addresses")),
            *(host for region in by_region for host in mapping(region) if host != "*"),
            *(mapping(domain.get("registration")).get("ns") or ()),
        ]
        self.name_servers |= {normalise(host) for host in hosts}
        for of_hosts in (registry.get("glue"), domain.get("addresses")):
            for addresses in mapping(of_hosts).values():
                self.addresses |= {canonical(address) for address in addresses or ()}
        for resolvers in mapping(domain.get("resolvers")).values():
            self.resolvers |= {canonical(address) for address in mapping(resolvers)}
        for zone in mapping(domain.get("zones")).values():
            for node in parse_records(name, mapping(zone).get("records") or "").values():
                for found in node.values():
                    self._rrset(found)

    def _rrset(self, found: dns.rrset.RRset) -> None:
        match found.rdtype:
            case RdataType.NS:
                self.name_servers |= set(_names(r.target.to_text() for r in found))
            case RdataType.MX:
                self.others |= set(_names(r.exchange.to_text() for r in found))
            case RdataType.CNAME | RdataType.SRV:
                self.others |= set(_names(r.target.to_text() for r in found))
            case RdataType.SOA:
                self.others |= set(_names(r.mname.to_text() for r in found))
            case RdataType.A | RdataType.AAAA:
                self.addresses |= {canonical(r.address) for r in found}

    def add_watchlist(self, watchlist: Mapping[str, Any]) -> None:
        """Read a watchlist as it is written (or as canonical JSON); what is no name in it is skipped."""
        defaults = mapping(watchlist.get("defaults"))
        self.resolvers |= {canonical(address) for address in defaults.get("resolvers") or ()}
        for name, entry in mapping(watchlist.get("domains")).items():
            self.others |= set(_names([name]))
            self._entry(mapping(entry))
        self.others |= set(_names(_mail_domains(watchlist)))

    def _entry(self, entry: Mapping[str, Any]) -> None:
        self.resolvers |= {canonical(address) for address in entry.get("resolvers") or ()}
        for part in (entry, *(mapping(change) for change in entry.get("planned_changes") or ())):
            delegation = mapping(part.get("delegation"))
            self.name_servers |= set(_names(delegation.get("ns") or ()))
            self.others |= set(_names([delegation.get("soa_mname"), part.get("fallback_domain")]))
            self.others |= set(_names([urlsplit(str(mapping(part.get("web")).get("url") or "")).hostname]))
            for answer in part.get("answers") or ():
                at = _HOST_FIELD.get(str(mapping(answer).get("type")).upper())
                for value in (mapping(answer).get("values") or ()) if at is not None else ():
                    self.others |= set(_names(str(value).split()[at : at + 1] if at is not None else ()))

    def registrables(self) -> set[str]:
        """Return the registrable domains of all hosts named, and those that enclose one (a private public suffix)."""
        own = {registrable(host) for host in self.name_servers | self.others if host != "."}
        enclosing = {registrable(above) for name in own for above in ancestors(name)[1:]}
        return {name for name in own | enclosing if public_suffix(name) != name}

    def below(self, zone: str) -> set[str]:
        """Return the hosts named at or below ``zone``."""
        return {host for host in self.name_servers | self.others if is_within(host, zone)}


def mapping(value: object) -> Mapping[Any, Any]:
    """Return a mapping as it is, and anything else (an absent key, null) as an empty one."""
    return value if isinstance(value, Mapping) else {}


def _names(texts: Iterable[object]) -> Iterator[str]:
    for text in texts:
        if not text:
            continue
        try:
            name = normalise(str(text))
        except InvalidName:
            continue
        if "." in name.strip("."):
            yield name


def _mail_domains(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (word.rpartition("@")[2].strip("<>,;") for word in value.split() if "@" in word.strip("@"))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _mail_domains(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _mail_domains(inner)
