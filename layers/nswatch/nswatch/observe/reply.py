"""What one answer means to a walk that stands at a zone and looks for a name below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.model import Outcome, Status
from nswatch.names import is_within
from nswatch.observe import wire
from nswatch.observe.budget import ADDRESSES, NAMES
from nswatch.observe.facts import canonical_values
from nswatch.observe.servers import Server


class Kind(StrEnum):
    """How an answer moves a walk on; LAME (not authoritative for the zone it was asked for, or broken) does not."""

    REFERRAL = "referral"
    ANSWER = "answer"
    ALIAS = "alias"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    LAME = "lame"


@dataclass(frozen=True, slots=True)
class Reply:
    """``owner`` and ``servers`` are those of a referral or of an NS answer; ``values`` an answer's or the alias'."""

    kind: Kind
    owner: str = ""
    servers: tuple[Server, ...] = ()
    values: tuple[str, ...] = ()
    ttl: int = 0
    answered: bool = False
    authoritative: bool = False
    recursion_available: bool = False


_LAME = Reply(Kind.LAME)


def read_reply(outcome: Outcome, zone: str) -> Reply:
    """Read the answer of a server of ``zone``, and believe only what such a server may say.

    That is: a referral to a zone below its own and above the question, data for the question with AA=1, and addresses
    of hosts within its zone. All else is LAME.
    """
    if outcome.status is not Status.ANSWERED or outcome.wire is None:
        return _LAME
    try:
        message = wire.parse(outcome.wire)
    except (wire.TooCostly, wire.Malformed):
        return _LAME
    return _Reading(message, zone, outcome.question.qname, outcome.question.qtype).reply()


@dataclass(frozen=True, slots=True)
class _Reading:
    message: dns.message.Message
    zone: str
    qname: str
    qtype: str

    def reply(self) -> Reply:
        rcode = self.message.rcode()
        if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return self._made(Kind.LAME)
        data = self._at(self.message.answer, self.qname, RdataType[self.qtype])
        if data is not None and self._authoritative:
            servers = self._servers(data) if self.qtype == "NS" else ()
            return self._made(Kind.ANSWER, self.qname, servers, canonical_values(data), data.ttl)
        alias = self._at(self.message.answer, self.qname, RdataType.CNAME)
        if alias is not None and self._authoritative:
            return self._made(Kind.ALIAS, values=canonical_values(alias), ttl=alias.ttl)
        delegation = self._delegation()
        if delegation is not None and not self.message.answer:
            owner = wire.text(delegation.name)
            return self._made(Kind.REFERRAL, owner, self._servers(delegation), ttl=delegation.ttl)
        if not self._authoritative or self.message.answer:
            return self._made(Kind.LAME)
        return self._made(Kind.NXDOMAIN if rcode == dns.rcode.NXDOMAIN else Kind.NODATA)

    def _made(
        self,
        kind: Kind,
        owner: str = "",
        servers: tuple[Server, ...] = (),
        values: tuple[str, ...] = (),
        ttl: int = 0,
    ) -> Reply:
        recursion = bool(self.message.flags & dns.flags.RA)
        answered = self.message.rcode() == dns.rcode.NOERROR
        return Reply(kind, owner, servers, values, ttl, answered, self._authoritative, recursion)

    @property
    def _authoritative(self) -> bool:
        return bool(self.message.flags & dns.flags.AA)

    def _delegation(self) -> dns.rrset.RRset | None:
        """Return the NS RRset of a referral from the zone towards the question."""
        if any(rrset.rdtype == RdataType.SOA for rrset in self.message.authority):
            return None
        for rrset in self.message.authority:
            owner = wire.text(rrset.name)
            below = owner != self.zone and is_within(owner, self.zone)
            if rrset.rdtype == RdataType.NS and below and is_within(self.qname, owner):
                return rrset
        return None

    @staticmethod
    def _at(section: list[dns.rrset.RRset], owner: str, rdtype: int) -> dns.rrset.RRset | None:
        return next((rrset for rrset in section if rrset.rdtype == rdtype and wire.text(rrset.name) == owner), None)

    def _servers(self, rrset: dns.rrset.RRset) -> tuple[Server, ...]:
        names = canonical_values(rrset)[:NAMES]
        return tuple(server_at(name, self._glue(name)) for name in names)

    def _glue(self, host: str) -> list[str]:
        """Return a host's addresses from the additional section, if the zone may speak for it."""
        if not is_within(host, self.zone):
            return []
        return [
            address
            for rdtype in (RdataType.A, RdataType.AAAA)
            if (found := self._at(self.message.additional, host, rdtype)) is not None
            for address in canonical_values(found)
        ]


def server_at(name: str, addresses: Sequence[str]) -> Server:
    """Return a name server at what is known of its addresses, of each family at most two."""
    return Server(name, preferred(addresses), tuple(each for each in addresses if ":" in each)[:ADDRESSES])


def preferred(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return at most two: the IPv4 addresses, or the IPv6 ones when there are no others."""
    old = [address for address in addresses if ":" not in address]
    return tuple((old or list(addresses))[:ADDRESSES])
