"""What one answer says, and nothing of how it was put: an outcome in, `Facts` out.

Two questions are asked differently, because they are read differently: the *delegation* of a domain at a server of its
parent (a referral, RFC 1034 section 4.3.2), and data at a server that should be authoritative for it. Order, letter
case, compression and duplicates never change the facts. Names in RDATA are lower-case without the trailing dot.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.model import Facts, Outcome, Result, Status
from nswatch.names import is_within
from nswatch.observe import denial, wire

_FAILED = {
    Status.TIMEOUT: Result.TIMEOUT,
    Status.NOT_ASKED: Result.TIMEOUT,
    Status.UNREACHABLE: Result.UNREACHABLE,
    Status.MALFORMED: Result.MALFORMED,
}
_REFUSALS = {dns.rcode.REFUSED: Result.REFUSED, dns.rcode.SERVFAIL: Result.SERVFAIL}
_CNAME_CHAIN = 8


def delegation_facts(outcome: Outcome, domain: str) -> Facts:
    """Return what a server of the parent says about the delegation of ``domain`` (the answer to ``domain NS``).

    REFERRAL, NODATA, NXDOMAIN and OVER_CAP are definite. A server that is authoritative for the child as well shows
    the child's data instead (NOT_VISIBLE). An answer without authority for the parent is NOT_AUTHORITATIVE.
    """
    return _read(outcome, lambda message: _delegation(message, domain))


def answer_facts(outcome: Outcome) -> Facts:
    """Return what a server says for the question in ``outcome``: ANSWER, NODATA, NXDOMAIN, or why it is unknown.

    The answer must be authoritative (AA=1), unless recursion was desired.
    """
    question = outcome.question
    return _read(outcome, lambda message: _answer(message, question.qname, question.qtype, question.recursion_desired))


def _read(outcome: Outcome, read: Callable[[dns.message.Message], Facts]) -> Facts:
    if outcome.status is Status.OVER_CAP:
        return Facts(Result.OVER_CAP, digest=outcome.reason, note="larger than we parse")
    if outcome.status in _FAILED or outcome.wire is None:
        return Facts(_FAILED.get(outcome.status, Result.MALFORMED), note=outcome.reason)
    try:
        message = wire.parse(outcome.wire)
    except wire.TooCostly as costly:
        return Facts(Result.OVER_CAP, digest=wire.digest(outcome.wire), note=str(costly))
    except wire.Malformed as malformed:
        return Facts(Result.MALFORMED, note=str(malformed))
    return _error(message) or read(message)


def _error(message: dns.message.Message) -> Facts | None:
    rcode = message.rcode()
    if rcode in _REFUSALS:
        return Facts(_REFUSALS[rcode])
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Facts(Result.OTHER_ERROR, note=dns.rcode.to_text(rcode))
    return Facts(Result.OTHER_ERROR, note="truncated") if message.flags & dns.flags.TC else None


def _delegation(message: dns.message.Message, domain: str) -> Facts:
    sections = _Sections(message)
    if not message.flags & dns.flags.AA:
        return _referral(sections, domain, nxdomain=message.rcode() == dns.rcode.NXDOMAIN)
    owners = sections.owners(sections.authority, RdataType.SOA)
    if sections.find(sections.answer, domain, RdataType.NS) or domain in owners:
        return Facts(Result.NOT_VISIBLE, note="the server answers for the child zone itself")
    alias = sections.find(sections.answer, domain, RdataType.CNAME)
    if alias:
        return Facts(Result.NODATA, note=f"an alias of {', '.join(canonical_values(alias))} instead of a delegation")
    if owners and not any(is_within(domain, owner) for owner in owners):
        return Facts(Result.NOT_AUTHORITATIVE, note=f"speaks for {', '.join(owners)}")
    if not owners and domain in sections.owners(sections.authority, RdataType.NS):
        return Facts(Result.NOT_VISIBLE, note="AA is set on what looks like a referral")
    return _nothing(message, owners)


def _referral(sections: "_Sections", domain: str, *, nxdomain: bool) -> Facts:
    """Read an answer with AA=0: the only good one is a referral to ``domain`` itself."""
    rrset = sections.find(sections.authority, domain, RdataType.NS)
    if nxdomain or rrset is None or sections.answer:
        owners = sections.owners(sections.authority, RdataType.NS)
        if sections.answer:
            note = "an answer without AA where a referral belongs"
        elif owners:
            note = f"a referral to {', '.join(owners)}"
        else:
            note = "neither authority nor a referral"
        return Facts(Result.NOT_AUTHORITATIVE, note=note)
    hosts = canonical_values(rrset)
    ds = sections.find(sections.authority, domain, RdataType.DS)
    if ds is not None:
        keys: tuple[str, ...] | None = canonical_values(ds)
    else:
        keys = () if denial.no_ds(sections.authority, domain) else None
    return Facts(Result.REFERRAL, values=hosts, ttl=rrset.ttl, ds=keys, glue=sections.glue(hosts))


def _answer(message: dns.message.Message, qname: str, qtype: str, recursive: bool) -> Facts:
    sections = _Sections(message)
    if not recursive and not message.flags & dns.flags.AA:
        owners = sections.owners(sections.authority, RdataType.NS)
        return Facts(
            Result.NOT_AUTHORITATIVE,
            note=f"a referral to {', '.join(owners)}" if owners and not sections.answer else "an answer without AA",
        )
    rdtype = dns.rdatatype.from_text(qtype)
    owner, aliases = qname, list[str]()
    while len(aliases) < _CNAME_CHAIN:
        rrset = sections.find(sections.answer, owner, rdtype)
        if rrset is not None:
            note = f"by way of {', '.join(aliases)}" if aliases else ""
            return Facts(Result.ANSWER, values=canonical_values(rrset), ttl=rrset.ttl, note=note)
        alias = sections.find(sections.answer, owner, RdataType.CNAME)
        if alias is None:
            break
        owner = canonical_values(alias)[0]
        aliases.append(owner)
    if aliases:
        return Facts(Result.NODATA, note=f"an alias of {', '.join(aliases)}")
    owners = sections.owners(sections.authority, RdataType.SOA)
    if not recursive and owners and not any(is_within(qname, soa) for soa in owners):
        return Facts(Result.NOT_AUTHORITATIVE, note=f"speaks for {', '.join(owners)}")
    return _nothing(message, owners)


def _nothing(message: dns.message.Message, soa_owners: tuple[str, ...]) -> Facts:
    """Return NXDOMAIN or NODATA (RFC 2308 section 2); some servers send them without an SOA."""
    result = Result.NXDOMAIN if message.rcode() == dns.rcode.NXDOMAIN else Result.NODATA
    return Facts(result, note=f"by {', '.join(soa_owners)}" if soa_owners else "without an SOA")


def canonical_values(rrset: dns.rrset.RRset) -> tuple[str, ...]:
    """Return the RRset's data, sorted and without duplicates; names as `wire.text` writes them."""
    return tuple(sorted({_value(rdata) for rdata in rrset}))


def _value(rdata: Any) -> str:
    match rdata.rdtype:
        case RdataType.NS | RdataType.CNAME | RdataType.PTR | RdataType.DNAME:
            return wire.text(rdata.target)
        case RdataType.MX:
            return f"{rdata.preference} {wire.text(rdata.exchange)}"
        case RdataType.SRV:
            return f"{rdata.priority} {rdata.weight} {rdata.port} {wire.text(rdata.target)}"
        case RdataType.SOA:
            numbers = f"{rdata.serial} {rdata.refresh} {rdata.retry} {rdata.expire} {rdata.minimum}"
            return f"{wire.text(rdata.mname)} {wire.text(rdata.rname)} {numbers}"
        case RdataType.DS:
            return f"{rdata.key_tag} {int(rdata.algorithm)} {int(rdata.digest_type)} {rdata.digest.hex()}"
        case _:
            return str(rdata.to_text())


@dataclass(frozen=True, slots=True)
class _Sections:
    """The sections of a message, asked by canonical names."""

    message: dns.message.Message

    @property
    def answer(self) -> list[dns.rrset.RRset]:
        return self.message.answer

    @property
    def authority(self) -> list[dns.rrset.RRset]:
        return self.message.authority

    @staticmethod
    def find(section: list[dns.rrset.RRset], owner: str, rdtype: int) -> dns.rrset.RRset | None:
        for rrset in section:
            if rrset.rdtype == rdtype and rrset.rdclass == dns.rdataclass.IN and wire.text(rrset.name) == owner:
                return rrset
        return None

    @staticmethod
    def owners(section: list[dns.rrset.RRset], rdtype: int) -> tuple[str, ...]:
        found = {wire.text(rrset.name) for rrset in section if rrset.rdtype == rdtype}
        return tuple(sorted(found))

    def glue(self, hosts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the addresses in the additional section for those of ``hosts`` that have any."""
        found: dict[str, set[str]] = {}
        for rrset in self.message.additional:
            if rrset.rdtype in (RdataType.A, RdataType.AAAA) and (host := wire.text(rrset.name)) in hosts:
                found.setdefault(host, set()).update(rdata.address for rdata in rrset)
        return tuple((host, tuple(sorted(found[host]))) for host in sorted(found))
