"""What a first pass over watched.example sees, as values: to take a baseline from without a network."""

from collections.abc import Sequence
from datetime import UTC, datetime

from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.model import Facts, Key, Observation, Result, Source, Transport
from nswatch_cli.watchlist.canonical import Json, canonical
from nswatch_cli.watchlist.load import read_watchlist

NOW = datetime(2027, 1, 12, tzinfo=UTC)
DOMAIN = "watched.example"
HOSTS = ("ns1.dns.example", "ns2.dns.example")
PLACES = {"ns1.dns.example": "192.0.2.1", "ns2.dns.example": "192.0.2.2"}
PARENTS = ("198.51.100.1", "198.51.100.2")
MX = {"name": "@", "type": "MX", "values": [f"10 mail.{DOMAIN}."]}
DS = "2371 13 2 " + "ab" * 32


def entry_json(domain: str = DOMAIN, **keys: object) -> Json:
    """Return a domain's canonical JSON."""
    whole = {"delegation": {"ns": list(HOSTS)}, "answers": [MX], **keys}
    return canonical(read_watchlist({"version": 1, "domains": {domain: whole}}))[domain]


def entry_of(**keys: object) -> DomainEntry:
    """Return the entry that Lambda would read."""
    return read_entry(DOMAIN, entry_json(DOMAIN, **keys))


def seen(source: Source, server: str, qname: str, qtype: str, facts: Facts, host: str = "") -> Observation:
    """Return one observation from here."""
    key = Key("here", source, server, qname, qtype)
    return Observation(DOMAIN, key, host, facts, Transport.UDP, NOW, NOW, NOW, 0)


def parent(
    ns: Sequence[str] = HOSTS,
    glue: Sequence[tuple[str, Sequence[str]]] = (),
    ds: tuple[str, ...] | None = (),
    server: str = PARENTS[0],
) -> Observation:
    """Return what a server of the parent says."""
    given = tuple((host, tuple(addresses)) for host, addresses in glue)
    facts = Facts(Result.REFERRAL, tuple(sorted(ns)), 172800, ds=ds, glue=given, zone="example")
    return seen(Source.PARENT, server, DOMAIN, "NS", facts, "a.nic.example")


def walked(host: str, *addresses: str, result: Result = Result.ANSWER) -> Observation:
    """Return what our own walk finds for a host."""
    return seen(Source.ITERATIVE, "", host, "A", Facts(result, addresses))


def answered(host: str, qname: str, qtype: str, *values: str, ttl: int | None = 300) -> Observation:
    """Return what one of the zone's servers says; NODATA without a value."""
    facts = Facts(Result.ANSWER, values, ttl) if values else Facts(Result.NODATA)
    return seen(Source.AUTHORITATIVE, PLACES.get(host, "203.0.113.66"), qname, qtype, facts, host)


def zone(host: str, mail: str = "192.0.2.25", ttl: int = 300) -> list[Observation]:
    """Return everything that one good server says."""
    return [
        answered(host, DOMAIN, "NS", *HOSTS, ttl=172800),
        answered(host, DOMAIN, "SOA", f"ns1.dns.example hostmaster.{DOMAIN} 1 2 3 4 5", ttl=900),
        answered(host, DOMAIN, "MX", f"10 mail.{DOMAIN}", ttl=ttl),
        answered(host, f"mail.{DOMAIN}", "A", mail, ttl=60),
        answered(host, f"mail.{DOMAIN}", "AAAA"),
    ]


def in_order() -> list[Observation]:
    """Return a first pass in which everything is as approved."""
    glue = [(host, [address]) for host, address in PLACES.items()]
    return [
        *(parent(glue=glue, server=server) for server in PARENTS),
        *(walked(host, address) for host, address in PLACES.items()),
        *(one for host in HOSTS for one in zone(host)),
    ]


BASELINE: Json = {
    "glue": {host: [address] for host, address in PLACES.items()},
    "addresses": {f"mail.{DOMAIN}": ["192.0.2.25"], **{host: [address] for host, address in PLACES.items()}},
    "ds": [],
    "ttls": {
        f"{DOMAIN} NS": 172800,
        f"{DOMAIN} SOA": 900,
        f"{DOMAIN} MX": 300,
        f"mail.{DOMAIN} A": 60,
    },
}
"""What is taken from `in_order`."""
