"""What a zone answers: RFC 1034 section 4.3.2 over any content, wildcards by RFC 4592."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from dns.rdatatype import RdataType

from nswatch.errors import InvalidDocument
from nswatch.names import is_within
from nswatch_cli.replay.signing import Signer
from nswatch_cli.replay.text import ancestors, to_name, to_text

Node = Mapping[int, dns.rrset.RRset]

_ALIASES = 8


class Content(Protocol):
    """One version of one zone."""

    @property
    def apex(self) -> str:
        """The zone's name."""

    @property
    def signer(self) -> Signer | None:
        """Who signs the zone, or None when it is unsigned."""

    def node(self, name: str) -> Node | None:
        """Return the RRsets at ``name`` (none at an empty non-terminal), or None when there is no such name."""


@dataclass(slots=True)
class Found:
    """What `find` came to. ``wildcard`` is the owner that an answer was synthesised from.

    ``denied`` is the name that does not exist, ``empty`` the name that lacks the type, ``cut`` the delegation (by NS
    records in the content) that the name lies at or below, ``target`` where an alias leaves the zone.
    """

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answer: list[tuple[dns.rrset.RRset, dns.name.Name | None]] = field(default_factory=list)
    denied: str | None = None
    empty: tuple[str, Node, dns.name.Name | None] | None = None
    cut: str | None = None
    target: str | None = None


def find(content: Content, qname: str, qtype: RdataType) -> Found:
    """Look ``qname`` up, following aliases inside the zone."""
    found = Found()
    name = qname
    for _ in range(_ALIASES):
        found.cut = _cut(content, name, qtype)
        if found.cut:
            return found
        node, wildcard = _match(content, name)
        if node is None:
            found.rcode, found.denied = dns.rcode.NXDOMAIN, name
            return found
        owner = to_name(name)
        types = [t for t in node if qtype in (t, RdataType.ANY)]
        for rdtype in types:
            found.answer.append((_named(node[rdtype], owner), wildcard))
        if types:
            return found
        if RdataType.CNAME not in node:
            found.empty = (name, node, wildcard)
            return found
        found.answer.append((_named(node[RdataType.CNAME], owner), wildcard))
        name = to_text(node[RdataType.CNAME][0].target)
        if not is_within(name, content.apex):
            break
    found.target = name
    return found


def _match(content: Content, name: str) -> tuple[Node | None, dns.name.Name | None]:
    node = content.node(name)
    if node is not None:
        return node, None
    for encloser in ancestors(name)[1:]:
        if content.node(encloser) is not None:
            star = f"*.{encloser}"
            return content.node(star), to_name(star)
        if encloser == content.apex:
            break
    return None, None


def _cut(content: Content, name: str, qtype: RdataType) -> str | None:
    for ancestor in reversed(ancestors(name)):
        if ancestor == content.apex or not is_within(ancestor, content.apex):
            continue
        if ancestor == name and qtype == RdataType.DS:
            return None
        node = content.node(ancestor)
        if node and RdataType.NS in node:
            return ancestor
    return None


def _named(rrset: dns.rrset.RRset, owner: dns.name.Name) -> dns.rrset.RRset:
    if rrset.name.labels == owner.labels:
        return rrset
    return dns.rrset.from_rdata_list(owner, rrset.ttl, list(rrset))


class ZoneVersion:
    """The content that a scenario writes as master-file text, with the addresses of name servers inside the zone."""

    def __init__(self, apex: str, records: str, signed_with: str | None = None) -> None:
        self.apex = apex
        self.signer = Signer(apex, signed_with) if signed_with else None
        self.nodes = parse_records(apex, records)
        if self.signer and apex in self.nodes:
            self.nodes[apex][RdataType.DNSKEY] = self.signer.keys
        self._between = {above for name in self.nodes for above in ancestors(name) if is_within(above, apex)}

    def node(self, name: str) -> Node | None:
        """See `Content`."""
        found = self.nodes.get(name)
        return {} if found is None and name in self._between else found

    def with_hosts(self, hosts: Mapping[str, Node]) -> "ZoneVersion":
        """Return a copy that holds the address RRsets of ``hosts`` too, where the text says nothing of the host."""
        missing = {host: dict(node) for host, node in hosts.items() if host not in self.nodes}
        if not missing:
            return self
        copy = ZoneVersion.__new__(ZoneVersion)
        copy.apex, copy.signer, copy.nodes = self.apex, self.signer, {**self.nodes, **missing}
        copy._between = self._between | {a for host in missing for a in ancestors(host) if is_within(a, self.apex)}
        return copy


def parse_records(apex: str, records: str) -> dict[str, dict[int, dns.rrset.RRset]]:
    """Return the RRsets of master-file text (RFC 1035 section 5.1) by owner and type; ``@`` is ``apex``.

    Raises InvalidDocument with the line that is wrong.
    """
    try:
        zone = dns.zone.from_text(records, origin=to_name(apex), relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidDocument(f"the records of {apex} are no master file: {error}") from error
    nodes: dict[str, dict[int, dns.rrset.RRset]] = {}
    for name, node in zone.items():  # type: ignore[no-untyped-call]
        for rdataset in node:
            found = dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
            nodes.setdefault(to_text(name), {})[rdataset.rdtype] = found
    return nodes
