"""Names and RRsets from text: the few conversions that every simulated server makes, cached."""

import functools
import ipaddress
from collections.abc import Iterable

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType


@functools.lru_cache(maxsize=16384)
def to_name(text: str) -> dns.name.Name:
    """Return an absolute dnspython name, the letters as written; a trailing dot may be absent."""
    return dns.name.from_text(text if text.endswith(".") else text + ".")


@functools.lru_cache(maxsize=16384)
def to_text(name: dns.name.Name) -> str:
    """Return the canonical text of a name: lower case, no trailing dot, the root is ``.``."""
    return name.to_text(omit_final_dot=True).lower() if name.labels != (b"",) else "."


def ancestors(name: str) -> list[str]:
    """Return ``name`` and every name above it but the root, nearest first."""
    if name == ".":
        return []
    labels = name.split(".")
    return [".".join(labels[index:]) for index in range(len(labels))]


def rrset(owner: str, ttl: int, rdtype: str, values: Iterable[str]) -> dns.rrset.RRset:
    """Return an RRset of class IN; ``values`` in presentation form with absolute names (the dot may not be absent)."""
    return dns.rrset.from_text_list(to_name(owner), ttl, "IN", rdtype, list(values))


@functools.lru_cache(maxsize=1024)
def names_rrset(owner: str, ttl: int, hosts: tuple[str, ...]) -> dns.rrset.RRset:
    """Return an NS RRset with the hosts' letters as they are written; shared, not to be changed."""
    rdata = [dns.rdata.from_text("IN", "NS", to_name(host).to_text()) for host in hosts]
    return dns.rrset.from_rdata_list(to_name(owner), ttl, rdata)


@functools.lru_cache(maxsize=4096)
def address_rrsets(owner: str, ttl: int, addresses: tuple[str, ...]) -> tuple[dns.rrset.RRset, ...]:
    """Return the A and the AAAA RRset of a host, those that it has; shared, not to be changed."""
    by_type: dict[RdataType, list[str]] = {}
    for address in addresses:
        version = ipaddress.ip_address(address).version
        by_type.setdefault(RdataType.A if version == 4 else RdataType.AAAA, []).append(address)
    return tuple(rrset(owner, ttl, rdtype.name, values) for rdtype, values in sorted(by_type.items()))
