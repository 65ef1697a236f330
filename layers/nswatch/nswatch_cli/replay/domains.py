"""One watched domain's part of the world: read from a scenario's state, with what it leaves out in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from nswatch.names import normalise
from nswatch_cli.replay.addresses import canonical
from nswatch_cli.replay.mentions import mapping
from nswatch_cli.replay.text import to_name

PARENT_SERVERS = 4
NOT_SERVING = frozenset({"refused", "servfail", "timeout"})

_NS_TTL = 172800


@dataclass(frozen=True, slots=True)
class Registry:
    """What one of the parent's servers answers. ``ns`` as written; ``ds`` are names of keys."""

    ns: tuple[str, ...]
    ns_ttl: int
    ds: tuple[str, ...]
    glue: tuple[tuple[str, tuple[str, ...]], ...]
    rcode: str

    @property
    def answer(self) -> tuple[object, ...]:
        """What a lagging server does not have yet when it changes."""
        return (self.ns, self.ds, self.glue, self.rcode)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The delegated hosts, canonical, in the order given."""
        return tuple(normalise(host) for host in self.ns)


@dataclass(frozen=True, slots=True)
class DomainState:
    """The state of one watched domain.

    ``gives`` is the registry's answer by server index, lagging ones last. ``nameservers`` and the inner mappings of
    ``nameservers_from`` map a host to a zone version, a word of `NOT_SERVING`, or None (does not resolve).
    """

    name: str
    zones: Mapping[str, tuple[str, str | None]]
    registry: Registry
    gives: tuple[Registry, ...]
    before: tuple[Registry, ...]
    nameservers: Mapping[str, str | None]
    nameservers_from: Mapping[str, Mapping[str, str | None]]
    addresses: Mapping[str, tuple[str, ...]]
    resolvers: Mapping[str, Mapping[str, str]]
    registration: Mapping[str, Any] | None
    web: Mapping[str, Any]
    certificates: tuple[Mapping[str, Any], ...]

    def serves(self, host: str, region: str) -> str | None:
        """Return what ``host`` serves of this domain as ``region`` sees it, or None when it does not resolve for it."""
        here = self.nameservers_from.get(region, {})
        if host in here:
            return here[host]
        general = self.nameservers.get(host)
        if "*" in here and (general is not None or host in self.registry.hosts):
            return here["*"]
        return general

    def hosts(self, region: str) -> list[str]:
        """Return the hosts that could serve this domain, in the scenario's order."""
        here = self.nameservers_from.get(region, {})
        return list(dict.fromkeys([*self.nameservers, *(host for host in here if host != "*"), *self.registry.hosts]))


def read_domain(
    name: str, state: Mapping[str, Any], entry: Mapping[str, Any], previous: DomainState | None
) -> DomainState:
    """Read the state of ``name``; ``entry`` is its part of the first watchlist, which fills in what is absent."""
    zones = {
        version: (str(mapping(zone).get("records") or ""), mapping(zone).get("signed_with"))
        for version, zone in mapping(state.get("zones")).items()
    }
    registry = _registry(mapping(state.get("registry")), mapping(entry.get("delegation")), zones)
    expected = tuple(normalise(str(host)) for host in mapping(entry.get("delegation")).get("ns") or registry.ns)
    if not zones:
        zones = {"genuine": (_in_order(expected, entry), (registry.ds or (None,))[0])}
    nameservers = state.get("nameservers")
    if nameservers is None:
        nameservers = dict.fromkeys([*expected, *registry.hosts], next(iter(zones)))
    lagging = int(mapping(state.get("registry")).get("lagging_servers") or 0)
    before = _before(registry, previous)
    return DomainState(
        name=name,
        zones=zones,
        registry=registry,
        gives=tuple(before[i] if i >= PARENT_SERVERS - lagging else registry for i in range(PARENT_SERVERS)),
        before=before,
        nameservers=_served(nameservers),
        nameservers_from={
            str(region): _served(hosts) for region, hosts in mapping(state.get("nameservers_from")).items()
        },
        addresses=_addresses(state.get("addresses")),
        resolvers={
            str(region): {canonical(address): str(holds) for address, holds in mapping(caches).items() if holds}
            for region, caches in mapping(state.get("resolvers")).items()
        },
        registration=state.get("registration"),
        web=mapping(state.get("web")),
        certificates=tuple(state.get("certificates") or ()),
    )


def _before(registry: Registry, previous: DomainState | None) -> tuple[Registry, ...]:
    """Return what each server gave before the latest change."""
    if previous is None:
        return (registry,) * PARENT_SERVERS
    return previous.before if previous.registry.answer == registry.answer else previous.gives


def _registry(
    state: Mapping[str, Any], delegation: Mapping[str, Any], zones: Mapping[str, tuple[str, str | None]]
) -> Registry:
    ns, ds = state.get("ns"), state.get("ds")
    if ds is None:
        keys = [key for _, key in zones.values() if key] or ["genuine-key"]
        ds = keys[:1] if delegation.get("dnssec") == "signed" else []
    glue = _addresses(state.get("glue"))
    ns_ttl = state.get("ns_ttl")
    return Registry(
        ns=tuple(str(host) for host in (ns if ns is not None else delegation.get("ns") or ())),
        ns_ttl=_NS_TTL if ns_ttl is None else int(ns_ttl),
        ds=tuple(str(key) for key in ds),
        glue=tuple(sorted(glue.items())),
        rcode=str(state.get("rcode") or "NOERROR").upper(),
    )


def _served(hosts: object) -> dict[str, str | None]:
    return {
        host if host == "*" else normalise(str(host)): None if serves is None else str(serves)
        for host, serves in mapping(hosts).items()
    }


def _addresses(of_hosts: object) -> dict[str, tuple[str, ...]]:
    return {
        normalise(str(host)): tuple(canonical(address) for address in addresses)
        for host, addresses in mapping(of_hosts).items()
        if addresses
    }


def _in_order(hosts: tuple[str, ...], entry: Mapping[str, Any]) -> str:
    """Return a zone that gives what the watchlist expects, for a domain that the world does not describe."""
    mname = mapping(entry.get("delegation")).get("soa_mname") or (hosts[0] if hosts else "ns.invalid")
    lines = ["$TTL 300", f"@ 900 IN SOA {to_name(str(mname))} hostmaster 1 7200 900 1209600 86400"]
    lines += [f"@ {_NS_TTL} IN NS {to_name(host)}" for host in hosts]
    for answer in entry.get("answers") or ():
        values = [_dotted(str(value), str(answer.get("type"))) for value in answer.get("values") or ()]
        values += ['"' + str(text).replace('"', '\\"') + '"' for text in answer.get("contains") or ()]
        values += [_address_within(str(where)) for where in (answer.get("within") or ())[:1] if "/" in str(where)]
        lines += [f"{answer.get('name', '@')} IN {answer.get('type')} {value}" for value in values]
    return "\n".join(lines) + "\n"


def _dotted(value: str, rdtype: str) -> str:
    return value + "." if rdtype.upper() in ("MX", "CNAME", "NS", "SRV") and not value.endswith(".") else value


def _address_within(network: str) -> str:
    within = ip_network(network, strict=False)
    return str(within[min(10, within.num_addresses - 1)])
