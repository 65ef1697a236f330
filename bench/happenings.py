"""What happens to domains that nobody attacks: the domains of `bench.noise`, their world, and their benign stories.

A story yields, one after the other, what a step sets. Whatever it is, nobody may be paged for it.
"""

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any

START = datetime(2026, 1, 5, tzinfo=UTC)
REGIONS = ("ap-northeast-1", "us-east-1", "eu-west-1")
HUBS = ("ap-northeast-1", "eu-west-1")
RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")

Patch = dict[str, Any]
"""What a step sets: ``{"world": {...} of the domain, "watchlist": {...} of its entry, "internet": {...} of all}``."""
Turn = tuple[float, Patch]
"""Hours after the one before (or the beginning), and what happens then."""


@dataclass
class Domain:
    """One domain: its names, what is happening to it, and when that goes on."""

    name: str
    signed: bool
    operators: tuple[str, str]
    """Where its name servers are; where that is the domain itself, they have glue."""
    rng: random.Random
    happening: Iterator[Turn] = field(default_factory=lambda: iter(()))
    following: Turn | None = None
    at: datetime = START
    generation: int = 0
    key: int = 0
    mail: str = "mail.example"

    @property
    def hosts(self) -> list[str]:
        """Its four name servers: two of each operator."""
        return [f"ns{number}.{operator}" for operator in self.operators for number in (1, 2)]


# The world in order


def addresses(host: str) -> list[str]:
    """Return the addresses of a name server, IPv4 and IPv6, out of the networks for benchmarks (RFC 2544, RFC 5180)."""
    number = zlib.crc32(host.encode())
    return [str(IPv4Address("198.18.0.0") + number % 2**17), str(IPv6Address("2001:2::") + number)]


def with_addresses(domain: Domain, hosts: Iterable[str]) -> Patch:
    """Return the part of the world that gives name servers their addresses, and glue to those in the domain."""
    glue = {host: addresses(host) for host in hosts if host.endswith(f".{domain.name}")}
    return {"addresses": {host: addresses(host) for host in hosts}, "registry": {"glue": glue}}


def zone(
    domain: Domain,
    *,
    address: int = 10,
    ttl: int = 300,
    hosts: Sequence[str] = (),
    key: str = "",
    mail: str = "",
    more: Sequence[str] = (),
) -> Patch:
    """Return a version of a domain's zone."""
    names, mail = list(hosts or domain.hosts), mail or domain.mail
    lines = [f"@ 172800 IN NS {host}." for host in names]
    lines += [f"@ 900 IN SOA {names[0]}. hostmaster.{names[0]}. {address} 7200 900 1209600 86400"]
    lines += [f"{owner} {ttl} IN A 198.51.100.{address}" for owner in ("@", "www")]
    lines += [f"@ {ttl} IN MX 10 mx1.{mail}.", f'@ {ttl} IN TXT "v=spf1 include:spf.{mail} -all"', *more]
    for host in (name for name in names if name.endswith(f".{domain.name}")):
        v4, v6 = addresses(host)
        lines += [f"{host}. 3600 IN A {v4}", f"{host}. 3600 IN AAAA {v6}"]
    return {"records": "\n".join(["$TTL 300", *lines, ""]), **({"signed_with": key} if key else {})}


def signing_key(domain: Domain) -> str:
    """Return the name of the key that signs a domain, or an empty text."""
    return f"key-{domain.key}" if domain.signed else ""


def entry(domain: Domain) -> Patch:
    """Return the domain's entry of the watchlist."""
    return {
        "delegation": {
            "ns": domain.hosts,
            "soa_mname": domain.hosts[0],
            "dnssec": "signed" if domain.signed else "unsigned",
        },
        "answers": [
            {"name": "@", "type": "MX", "values": ["10 mx1.mail.example."]},
            {"name": "www", "type": "A", "within": ["198.51.100.0/24"]},
            {"name": "@", "type": "TXT", "contains": ["v=spf1 include:spf.mail.example -all"]},
        ],
        "registration": {"registrar": "Registrar A", "locks": ["clientTransferProhibited"]},
        "web": {"url": f"https://www.{domain.name}/", "issuers": ["Amazon"]},
    }


def world(domain: Domain) -> Patch:
    """Return the domain's world at the start."""
    key = signing_key(domain)
    servers = with_addresses(domain, domain.hosts)
    versions = {f"v{number}": zone(domain, address=10 + number, key=key) for number in range(4)}
    return {
        "zones": versions,
        "registry": {
            "ns": domain.hosts,
            "ns_ttl": 172800,
            "ds": [key] if key else [],
            "lagging_servers": 0,
            **servers["registry"],
        },
        "addresses": servers["addresses"],
        "nameservers": dict.fromkeys(domain.hosts, "v0"),
        "registration": {
            "registrar": "Registrar A",
            "last_changed": "2020-01-10T00:00:00Z",
            "expires": "2035-01-10T00:00:00Z",
            "status": ["clientTransferProhibited"],
            "ns": domain.hosts,
        },
        "web": {region: {"status": 200, "latency_ms": 40} for region in REGIONS},
    }


# What happens


def rotation(domain: Domain) -> Iterator[Turn]:
    """Yield answers that rotate: another version of the zone, then that of the beginning."""
    for version in (f"v{domain.rng.randrange(1, 4)}", "v0"):
        yield domain.rng.uniform(1, 12), {"world": {"nameservers": dict.fromkeys(domain.hosts, version)}}


def geography(domain: Domain) -> Iterator[Turn]:
    """Yield answers that differ by region, from the name servers and from caches (ECS)."""
    seen = {region: {"*": f"v{domain.rng.randrange(4)}"} for region in REGIONS}
    cached = {region: dict.fromkeys(RESOLVERS, f"v{domain.rng.randrange(4)}") for region in REGIONS}
    yield 1, {"world": {"nameservers_from": seen, "resolvers": cached}}
    yield domain.rng.uniform(6, 48), {"world": {"nameservers_from": None, "resolvers": None}}


def caches_lag(domain: Domain) -> Iterator[Turn]:
    """Yield a resolver that answers with an older version, with TTLs that have run down, with failure, or never."""
    region, resolver = domain.rng.choice(REGIONS), domain.rng.choice(RESOLVERS)
    aged = zone(domain, ttl=domain.rng.randrange(1, 60), key=signing_key(domain))
    holds = {resolver: domain.rng.choice(["v1", "aged", "servfail", "timeout"])}
    yield 1, {"world": {"zones": {"aged": aged}, "resolvers": {region: holds}}}
    yield domain.rng.uniform(1, 24), {"world": {"resolvers": None}}


def operator_fails(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which one of the two operators fails, in one of the ways to fail."""
    theirs = domain.hosts[:2] if domain.rng.random() < 0.5 else domain.hosts[2:]
    how = domain.rng.choice(["timeout", "servfail", "refused"])
    yield 1, {"world": {"nameservers": dict.fromkeys(theirs, how)}}
    yield domain.rng.uniform(1, 8), {"world": {"nameservers": dict.fromkeys(theirs, "v0")}}


def seen_from_one_region(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which one region reaches none of the name servers."""
    yield 1, {"world": {"nameservers_from": {domain.rng.choice(REGIONS): {"*": "timeout"}}}}
    yield domain.rng.uniform(1, 4), {"world": {"nameservers_from": None}}


def renewal(domain: Domain) -> Iterator[Turn]:
    """Yield a renewal of the registration: RDAP's last-changed moves, as it does in an attack."""
    domain.generation += 1
    changed = START + timedelta(days=domain.generation)
    expires = datetime(2036 + domain.generation % 60, 1, 10, tzinfo=UTC)
    says = {"last_changed": f"{changed:%Y-%m-%dT%H:%M:%SZ}", "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    yield 1, {"world": {"registration": says}}
    yield 60, {}


def rdap_refuses(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which the registry refuses."""
    yield 1, {"world": {"registration": {"http_status": domain.rng.choice([403, 422, 429, 500, 503])}}}
    yield domain.rng.uniform(6, 48), {"world": {"registration": {"http_status": None}}}


def certificate_renewed(domain: Domain) -> Iterator[Turn]:
    """Yield another certificate of a listed issuer: in CT logs first, then region by region."""
    domain.generation += 1
    issuer = f"Amazon RSA 2048 M{domain.generation:02d}"
    served = {"issuer": issuer, "fingerprint": f"{domain.generation:064x}", "trusted": True}
    yield 1, {"world": {"certificates": [{"issuer": issuer, "names": [f"www.{domain.name}", domain.name]}]}}
    for region in REGIONS:
        yield domain.rng.uniform(0, 6), {"world": {"web": {region: {"certificate": served}}}}


def slow_site(domain: Domain) -> Iterator[Turn]:
    """Yield a site that is slow or errs in one region for a while."""
    region = domain.rng.choice(REGIONS)
    slow = {"latency_ms": domain.rng.choice([150, 400, 2500]), "status": domain.rng.choice([200, 200, 500, 503])}
    yield 1, {"world": {"web": {region: slow}}}
    yield domain.rng.uniform(1, 24), {"world": {"web": {region: {"latency_ms": 40, "status": 200}}}}


def spelling(domain: Domain) -> Iterator[Turn]:
    """Yield the same delegation in another order and in capitals."""
    names = [host.upper() for host in domain.hosts]
    domain.rng.shuffle(names)
    yield 1, {"world": {"registry": {"ns": names}}}
    yield domain.rng.uniform(2, 24), {"world": {"registry": {"ns": domain.hosts}}}


def key_roll(domain: Domain) -> Iterator[Turn]:
    """Yield a roll-over done right (RFC 6781 section 4.1.2): both DS, the other key signs, the old DS goes."""
    if not domain.signed:
        return
    old = f"key-{domain.key}"
    domain.key += 1
    new = f"key-{domain.key}"
    rolled = {f"v{number}": zone(domain, address=10 + number, key=new) for number in range(4)}
    yield 1, {"world": {"registry": {"ds": [old, new]}}}
    yield 49, {"world": {"zones": rolled}}
    yield 49, {"world": {"registry": {"ds": [new]}}}


def window(domain: Domain, **values: Patch | list[Patch]) -> Patch:
    """Return the next planned change of a domain, of some ``values``, from an hour on and for long enough."""
    domain.generation += 1
    begins = domain.at + timedelta(hours=1)
    return {
        "id": f"CHG-{domain.generation}",
        "from": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{begins + timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}",
        "by": ["alice", "bob"],
        **values,
    }


def move(domain: Domain) -> Iterator[Turn]:
    """Yield a planned move to another operator: approved, rolled out region by region, lagging, and applied."""
    if domain.signed:
        return
    operators = (f"dns{domain.generation + 1}-{domain.name.partition('.')[0]}.example", domain.operators[1])
    hosts = [f"ns{number}.{operator}" for operator in operators for number in (1, 2)]
    planned = window(domain, delegation={"ns": hosts, "soa_mname": hosts[0]})
    old = domain.hosts
    yield 0, {"watchlist": {"planned_changes": [planned]}}
    versions = {f"v{number}": zone(domain, address=10 + number, hosts=hosts) for number in range(4)}
    domain.operators = operators
    servers = with_addresses(domain, hosts)
    given = {"ns": hosts, "lagging_servers": domain.rng.randrange(3), "glue": servers["registry"]["glue"]}
    yield (
        13,
        {
            "world": {
                "zones": versions,
                "nameservers": dict.fromkeys([*old, *hosts], "v0"),
                "addresses": servers["addresses"],
                "registry": given,
                "registration": {"ns": hosts},
            }
        },
    )
    yield 24, {"world": {"registry": {"lagging_servers": 0}}}
    approved = {"delegation": {"ns": hosts, "soa_mname": hosts[0]}, "planned_changes": []}
    yield 1, {"watchlist": approved}
    gone = [host for host in old if host not in hosts]
    yield 60, {"world": {"nameservers": dict.fromkeys(gone), "registry": {"glue": dict.fromkeys(gone)}}}


def mail_moves(domain: Domain) -> Iterator[Turn]:
    """Yield a planned move of the mail, rolled out region by region: approved, served, cached, and applied."""
    mail = f"mail{domain.generation + 1}.example"
    changed = [
        {"name": "@", "type": "MX", "values": [f"10 mx1.{mail}."]},
        {"name": "www", "type": "A", "within": ["198.51.100.0/24"]},
        {"name": "@", "type": "TXT", "contains": [f"v=spf1 include:spf.{mail} -all"]},
    ]
    planned = window(domain, answers=changed)
    key = signing_key(domain)
    new = {f"v{number}": zone(domain, address=10 + number, key=key, mail=mail) for number in range(4)}
    yield 0, {"watchlist": {"planned_changes": [planned]}}
    served = {"zones": {"new": new["v0"]}}
    for region in domain.rng.sample(REGIONS, len(REGIONS)):
        yield 2, {"world": {**served, "nameservers_from": {region: dict.fromkeys(domain.hosts, "new")}}}
    lagging = {domain.rng.choice(REGIONS): {domain.rng.choice(RESOLVERS): "old"}}
    old = zone(domain, key=key, mail=domain.mail)
    domain.mail = mail
    yield 6, {"world": {"zones": {**new, "old": old}, "nameservers_from": None, "resolvers": lagging}}
    yield 12, {"world": {"resolvers": None}}
    yield 1, {"watchlist": {"answers": changed, "planned_changes": []}}


def signing_ends(domain: Domain) -> Iterator[Turn]:
    """Yield a zone that is no longer signed, as planned: the DS goes, then the signatures, then it is applied."""
    if not domain.signed or domain.rng.random() < 0.5:
        return
    planned = window(domain, delegation={"dnssec": "unsigned"})
    domain.signed = False
    yield 0, {"watchlist": {"planned_changes": [planned]}}
    yield 13, {"world": {"registry": {"ds": []}}}
    bare = {f"v{number}": {**zone(domain, address=10 + number), "signed_with": None} for number in range(4)}
    yield 49, {"world": {"zones": bare}}
    yield 1, {"watchlist": {"delegation": {"dnssec": "unsigned"}, "planned_changes": []}}


def ttl_lowered(domain: Domain) -> Iterator[Turn]:
    """Yield TTLs that are lowered for a day, as before a move: worth a notice."""
    key = signing_key(domain)
    for ttl, hours in ((60, 1), (300, 24)):
        versions = {f"v{number}": zone(domain, address=10 + number, key=key, ttl=ttl) for number in range(4)}
        yield hours, {"world": {"zones": versions}}


def text_added(domain: Domain) -> Iterator[Turn]:
    """Yield another TXT record, by which a service is told that the domain is ours."""
    more = [f'@ 300 IN TXT "service-verification={domain.rng.randrange(2**32)}"']
    key = signing_key(domain)
    versions = {f"v{number}": zone(domain, address=10 + number, key=key, more=more) for number in range(4)}
    yield 1, {"world": {"zones": versions}}


def neighbour(domain: Domain) -> Iterator[Turn]:
    """Yield a near miss of the domain that somebody registers: worth a notice, and no page."""
    label, _, suffix = domain.name.partition(".")
    at = domain.rng.randrange(1, len(label))
    near = f"{label[:at]}{label[at - 1]}{label[at:]}.{suffix}"
    yield 1, {"internet": {"registered_domains": {near: f"{domain.at:%Y-%m-%dT%H:%M:%SZ}"}}}
    yield 60, {}


HAPPENINGS: tuple[Callable[[Domain], Iterator[Turn]], ...] = (
    rotation,
    geography,
    caches_lag,
    operator_fails,
    seen_from_one_region,
    renewal,
    rdap_refuses,
    certificate_renewed,
    slow_site,
    spelling,
    key_roll,
    move,
    mail_moves,
    signing_ends,
    ttl_lowered,
    text_added,
    neighbour,
)
