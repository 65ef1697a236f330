"""What one answer says, and nothing of how it was put: an outcome in, `Facts` out.

Two questions are asked differently, because they are read differently: the *delegation* of a domain at a server of its
parent (a referral, RFC 1034 section 4.3.2), and data at a server that should be authoritative for it. Order, letter
case, compression and duplicates never change the facts. Names in RDATA are lower-case without the trailing dot.
"""

from collections.abc import Hashable
from typing import Any, TypeVar

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
from nswatch.observe.memo import Memo

_FAILED = {
    Status.TIMEOUT: Result.TIMEOUT,
    Status.NOT_ASKED: Result.TIMEOUT,
    Status.UNREACHABLE: Result.UNREACHABLE,
    Status.MALFORMED: Result.MALFORMED,
}
_REFUSALS = {dns.rcode.REFUSED: Result.REFUSED, dns.rcode.SERVFAIL: Result.SERVFAIL}
_CNAME_CHAIN = 8
_ANSWERED = Status.ANSWERED  # looking a member up is slow in 3.11

_Section = list[tuple[str, dns.rrset.RRset]]
"""The RRsets of a section with their owners."""
_Asked = TypeVar("_Asked", bound=Hashable)
_Answer = tuple[str, str, bool]
"""QNAME, QTYPE, and whether recursion was desired."""


def delegation_facts(outcome: Outcome, domain: str) -> Facts:
    """Return what a server of the parent says about the delegation of ``domain`` (the answer to ``domain NS``).

    REFERRAL, NODATA, NXDOMAIN and OVER_CAP are definite. A server that is authoritative for the child as well shows
    the child's data instead (NOT_VISIBLE). An answer without authority for the parent is NOT_AUTHORITATIVE.
    """
    return _read(_DELEGATIONS, outcome, domain)


def answer_facts(outcome: Outcome) -> Facts:
    """Return what a server says for the question in ``outcome``: ANSWER, NODATA, NXDOMAIN, or why it is unknown.

    The answer must be authoritative (AA=1), unless recursion was desired.
    """
    question = outcome.question
    return _read(_ANSWERS, outcome, (question.qname, question.qtype, question.recursion_desired))


def _read(memo: Memo[_Asked], outcome: Outcome, asked: _Asked) -> Facts:
    if outcome.status is not _ANSWERED or outcome.wire is None:
        if outcome.status is Status.OVER_CAP:
            return Facts(Result.OVER_CAP, digest=outcome.reason, note="larger than we parse")
        return Facts(_FAILED.get(outcome.status, Result.MALFORMED), note=outcome.reason)
    try:
        return memo.facts(outcome.wire, asked)
    except wire.TooCostly as costly:
        return Facts(Result.OVER_CAP, digest=wire.digest(outcome.wire), note=str(costly))
    except wire.Malformed as malformed:
        return Facts(Result.MALFORMED, note=str(malformed))


def _error(message: dns.message.Message) -> Facts | None:
    rcode = message.rcode()
    if rcode in _REFUSALS:
        return Facts(_REFUSALS[rcode])
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Facts(Result.OTHER_ERROR, note=dns.rcode.to_text(rcode))
    return Facts(Result.OTHER_ERROR, note="truncated") if message.flags & dns.flags.TC else None


def _read_delegation(message: dns.message.Message, domain: str) -> Facts:
    return _error(message) or _delegation(message, domain)


def _read_answer(message: dns.message.Message, asked: _Answer) -> Facts:
    return _error(message) or _answer(message, *asked)


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
        keys = () if denial.no_ds(sections.message.authority, domain) else None
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
    while len(aliases) <= _CNAME_CHAIN and owner not in (qname, *aliases)[: len(aliases)]:
        rrset = sections.find(sections.answer, owner, rdtype)
        if rrset is not None:
            note = f"by way of {', '.join(aliases)}" if aliases else ""
            values = canonical_values(rrset)
            return Facts(Result.ANSWER, values=values, ttl=rrset.ttl, note=note, aliases=tuple(aliases))
        alias = sections.find(sections.answer, owner, RdataType.CNAME)
        if alias is None:
            break
        owner = canonical_values(alias)[0]
        aliases.append(owner)
    if aliases:
        return Facts(Result.NODATA, note=f"an alias of {', '.join(aliases)}", aliases=tuple(aliases))
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
            value = wire.text(rdata.target)
        case RdataType.MX:
            value = f"{rdata.preference} {wire.text(rdata.exchange)}"
        case RdataType.SRV:
            value = f"{rdata.priority} {rdata.weight} {rdata.port} {wire.text(rdata.target)}"
        case RdataType.SOA:
            numbers = f"{rdata.serial} {rdata.refresh} {rdata.retry} {rdata.expire} {rdata.minimum}"
            value = f"{wire.text(rdata.mname)} {wire.text(rdata.rname)} {numbers}"
        case RdataType.DS:
            value = f"{rdata.key_tag} {int(rdata.algorithm)} {int(rdata.digest_type)} {rdata.digest.hex()}"
        case RdataType.TXT:
            value = b"".join(rdata.strings).decode("utf-8", "backslashreplace")  # as a watchlist's texts are read
        case _:
            value = str(rdata.to_text())
    return value


class _Sections:
    """The sections of a message, asked by canonical names; each owner's text is made once."""

    def __init__(self, message: dns.message.Message) -> None:
        self.message = message
        self.answer = [(wire.text(rrset.name), rrset) for rrset in message.answer]
        self.authority = [(wire.text(rrset.name), rrset) for rrset in message.authority]

    @staticmethod
    def find(section: _Section, owner: str, rdtype: int) -> dns.rrset.RRset | None:
        for name, rrset in section:
            if name == owner and rrset.rdtype == rdtype and rrset.rdclass == dns.rdataclass.IN:
                return rrset
        return None

    @staticmethod
    def owners(section: _Section, rdtype: int) -> tuple[str, ...]:
        return tuple(sorted({name for name, rrset in section if rrset.rdtype == rdtype}))

    def glue(self, hosts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the addresses in the additional section for those of ``hosts`` that have any."""
        found: dict[str, set[str]] = {}
        for rrset in self.message.additional:
            if rrset.rdtype in (RdataType.A, RdataType.AAAA) and (host := wire.text(rrset.name)) in hosts:
                found.setdefault(host, set()).update(rdata.address for rdata in rrset)
        return tuple((host, tuple(sorted(found[host]))) for host in sorted(found))


_DELEGATIONS: Memo[str] = Memo(_read_delegation)
_ANSWERS: Memo[_Answer] = Memo(_read_answer)
