"""Answers of authoritative servers, section by section: data, denial, referral (RFC 1034 4.3.2, RFC 4035 3.1)."""

from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.names import is_within
from nswatch_cli.replay.contents import SUFFIX_TTL, Contents, suffix_key
from nswatch_cli.replay.domains import PARENT_SERVERS, Registry
from nswatch_cli.replay.signing import ds_rdata
from nswatch_cli.replay.text import address_rrsets, ancestors, names_rrset, to_name
from nswatch_cli.replay.world import World
from nswatch_cli.replay.zones import Content, Found, find

EDNS_PAYLOAD = 1232
"""Bytes; the UDP answer that crosses every path unfragmented (RFC 9715)."""

RRsets = list[dns.rrset.RRset]


@dataclass(slots=True, eq=False)
class Reply:
    """The parts of an answer that depend on its question. ``target`` is an alias's name outside the zone.

    One that `Replies` gave is shared: not to be changed.
    """

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authoritative: bool = True
    answer: RRsets = field(default_factory=list)
    authority: RRsets = field(default_factory=list)
    additional: RRsets = field(default_factory=list)
    target: str | None = None


class Replies:
    """Answers from the zones of one world, each made once until the world changes."""

    def __init__(self, world: World, contents: Contents) -> None:
        self._world = world
        self._contents = contents
        self._made: dict[tuple[object, ...], Reply] = {}
        self._epoch = world.epoch

    def authoritative(
        self,
        region: str,
        zone: str,
        version: str,
        index: int,
        qname: str,
        qtype: RdataType,
        *,
        dnssec: bool,
    ) -> Reply:
        """Answer as the ``index``-th server of ``zone`` does in ``version``."""
        if self._epoch != self._world.epoch:
            self._epoch = self._world.epoch
            self._made.clear()
        content = self._contents.of(region, zone, version)
        cut = self._world.cut_below(zone, qname)
        delegation = None if cut is None else self.delegation(cut, index)
        key = (content, self._world.view(region), delegation, qname, qtype, dnssec)
        if key not in self._made:
            if cut is None or delegation is None:
                self._made[key] = self._from_content(content, qname, qtype, dnssec)
            else:
                self._made[key] = self._below(region, content, cut, delegation, qname, qtype, dnssec)
        return self._made[key]

    def _below(
        self,
        region: str,
        content: Content,
        cut: str,
        delegation: Registry,
        qname: str,
        qtype: RdataType,
        dnssec: bool,
    ) -> Reply:
        if delegation.rcode == "NXDOMAIN":
            return self._nxdomain(content, cut, dnssec)
        if delegation.rcode != "NOERROR":
            return Reply(rcode=dns.rcode.from_text(delegation.rcode), authoritative=False)
        ds = _ds_rrset(cut, delegation)
        if not delegation.ns:
            return self._nodata(content, cut, (), dnssec)
        if qtype == RdataType.DS and cut == qname:
            return self._ds_answer(content, cut, ds, dnssec)
        return self._referral(region, content, cut, delegation, ds, dnssec)

    def denial(self, region: str, zone: str) -> RRsets:
        """Return the authority section of a name that is not in ``zone``, for who asks without DNSSEC."""
        return self._soa(self._contents.of(region, zone), dnssec=False)

    def delegation(self, cut: str, index: int) -> Registry:
        """Return what the ``index``-th server of the parent gives for the zone that begins at ``cut``."""
        if self._world.kind(cut) == "watched":
            return self._world.domains[cut].gives[index % PARENT_SERVERS]
        servers = self._world.servers(cut, "")
        keys = (suffix_key(cut),) if self._world.signed(cut) else ()
        return Registry(tuple(host for host, _ in servers), SUFFIX_TTL, keys, tuple(servers), "NOERROR")

    def _referral(
        self, region: str, content: Content, cut: str, given: Registry, ds: dns.rrset.RRset, dnssec: bool
    ) -> Reply:
        reply = Reply(authoritative=False, authority=[names_rrset(cut, given.ns_ttl, given.ns)])
        glue = dict(given.glue)
        for host in given.hosts:
            addresses = glue.get(host, ())
            if not addresses and is_within(host, cut) and self._world.resolves(host, region):
                # Without glue a name server inside the domain could not be found at all (RFC 9471): it is in order.
                addresses = self._world.addresses(host)
            reply.additional += address_rrsets(host, given.ns_ttl, addresses)
        reply.authority += self._ds_or_denial(content, cut, ds, dnssec)
        return reply

    def _ds_or_denial(self, content: Content, cut: str, ds: dns.rrset.RRset, dnssec: bool) -> RRsets:
        if not dnssec or (content.signer is None and not len(ds)):
            return []
        proof = [ds] if len(ds) or content.signer is None else content.signer.denies_ds(cut, self._minimum(content))
        return self._signed(content, proof, dnssec)

    def _ds_answer(self, content: Content, cut: str, ds: dns.rrset.RRset, dnssec: bool) -> Reply:
        if len(ds):
            return Reply(answer=self._signed(content, [ds], dnssec))
        reply = Reply(authority=self._soa(content, dnssec))
        reply.authority += self._ds_or_denial(content, cut, ds, dnssec)
        return reply

    def _from_content(self, content: Content, qname: str, qtype: RdataType, dnssec: bool) -> Reply:
        found = find(content, qname, qtype)
        reply = Reply(rcode=found.rcode, target=found.target)
        for rrset, wildcard in found.answer:
            reply.answer += self._signed(content, [rrset], dnssec, wildcard)
            if wildcard is not None and dnssec and content.signer is not None:
                denial = content.signer.covers(rrset.name, self._minimum(content))
                reply.authority += self._signed(content, [denial], dnssec)
        if found.cut is not None:
            self._own_referral(content, found, reply, dnssec)
        elif found.denied is not None:
            reply.authority += self._nxdomain(content, found.denied, dnssec).authority
        elif found.empty is not None:
            name, node, wildcard = found.empty
            types = () if wildcard is not None else tuple(node)
            reply.authority += self._nodata(content, name, types, dnssec).authority
        if qtype == RdataType.NS and reply.answer:
            reply.additional += self._addresses_in(content, reply.answer[0])
        return reply

    def _own_referral(self, content: Content, found: Found, reply: Reply, dnssec: bool) -> None:
        """Refer to a zone that the content itself delegates."""
        assert found.cut is not None  # noqa: S101 - the caller's condition
        node = content.node(found.cut) or {}
        reply.authoritative = bool(reply.answer)
        reply.authority.append(node[RdataType.NS])
        ds = node.get(RdataType.DS, dns.rrset.RRset(to_name(found.cut), dns.rdataclass.IN, RdataType.DS))
        reply.authority += self._ds_or_denial(content, found.cut, ds, dnssec)
        reply.additional += self._addresses_in(content, node[RdataType.NS])

    @staticmethod
    def _addresses_in(content: Content, servers: dns.rrset.RRset) -> RRsets:
        found: RRsets = []
        for rdata in servers if servers.rdtype == RdataType.NS else ():
            node = content.node(rdata.target.to_text(omit_final_dot=True).lower()) or {}
            found += [node[kind] for kind in (RdataType.A, RdataType.AAAA) if kind in node]
        return found

    def _nxdomain(self, content: Content, name: str, dnssec: bool) -> Reply:
        reply = Reply(rcode=dns.rcode.NXDOMAIN, authority=self._soa(content, dnssec))
        if dnssec and content.signer is not None:
            encloser = next((a for a in ancestors(name)[1:] if content.node(a) is not None), content.apex)
            proof = content.signer.denies_name(name, encloser, self._minimum(content))
            reply.authority += self._signed(content, proof, dnssec)
        return reply

    def _nodata(self, content: Content, name: str, types: tuple[int, ...], dnssec: bool) -> Reply:
        reply = Reply(authority=self._soa(content, dnssec))
        if dnssec and content.signer is not None:
            proof = content.signer.denies_type(name, types, self._minimum(content))
            reply.authority += self._signed(content, proof, dnssec)
        return reply

    def _soa(self, content: Content, dnssec: bool) -> RRsets:
        soa = (content.node(content.apex) or {}).get(RdataType.SOA)
        if soa is None:
            return []
        # The TTL of a negative answer is the lesser of the two (RFC 2308 section 5).
        negative = dns.rrset.from_rdata_list(soa.name, min(soa.ttl, soa[0].minimum), list(soa))
        return self._signed(content, [negative], dnssec)

    @staticmethod
    def _minimum(content: Content) -> int:
        soa = (content.node(content.apex) or {}).get(RdataType.SOA)
        return min(soa.ttl, soa[0].minimum) if soa is not None else 300

    def _signed(self, content: Content, rrsets: RRsets, dnssec: bool, wildcard: dns.name.Name | None = None) -> RRsets:
        if not dnssec or content.signer is None:
            return rrsets
        window = self._world.window
        return [each for rrset in rrsets for each in (rrset, content.signer.rrsig(rrset, window, wildcard))]


def _ds_rrset(cut: str, given: Registry) -> dns.rrset.RRset:
    """Return the DS RRset that the registry holds; empty where it holds none."""
    ds = dns.rrset.RRset(to_name(cut), dns.rdataclass.IN, RdataType.DS)
    for rdata in ds_rdata(cut, given.ds):
        ds.add(rdata, given.ns_ttl)
    return ds
