"""What one authoritative answer is worth to a validator: a DS RRset, keys, data, or the proof that there are none.

An answer that is no authoritative one (an error, a referral, silence) is unknown: nothing of it is bogus.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.collect.chain_checks import (
    Effort,
    Keys,
    Signed,
    check,
    check_keys,
    in_section,
    labels_of,
    read_ds,
    to_name,
)
from nswatch.collect.chain_denial import Denial, Proofs, read_proofs
from nswatch.collect.trust_anchor import Ds, usable
from nswatch.model import Outcome, Status
from nswatch.observe import wire

TOO_MUCH = "there are more keys and signatures to try than are worth it"

_ALIASES = 8
_PROOFS = 8
"""So many NSEC and NSEC3 RRsets of one answer are verified; a proof needs three."""
_SECTION = list[dns.rrset.RRset]


class Trust(StrEnum):
    """The states of RFC 4035 section 4.3; unknown is that nobody could say (there: indeterminate)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNKNOWN = "unknown"

    @property
    def good(self) -> bool:
        """Whether a validating resolver would give an answer."""
        return self in (Trust.SECURE, Trust.INSECURE)


class Said(NamedTuple):
    """What an answer is worth, and why; with the DS or the keys that were found.

    ``owner`` is the name whose data is bogus: that of the question, or one that its aliases lead to.
    """

    trust: Trust
    reason: str = ""
    ds: tuple[Ds, ...] = ()
    keys: Keys | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads answers at ``now``, within an effort."""

    now: datetime
    effort: Effort

    def ds(self, outcome: Outcome, child: str, keys: Keys) -> Said:
        """Read the answer to ``child DS`` of a server of the zone above, whose keys are ``keys``."""
        return self._read(outcome, lambda message: self._ds(message, to_name(child), keys))

    def keys(self, outcome: Outcome, zone: str, ds: Sequence[Ds]) -> Said:
        """Read the answer to ``zone DNSKEY`` of a server of the zone."""
        return self._read(outcome, lambda message: self._keys(message, zone, ds))

    def data(self, outcome: Outcome, keys: Keys) -> Said:
        """Read an answer of a server of the zone with ``keys`` about a name in it."""
        question = outcome.question
        return self._read(
            outcome,
            lambda message: self._data(message, to_name(question.qname), RdataType[question.qtype], keys),
        )

    def _read(self, outcome: Outcome, read: Callable[[dns.message.Message], Said]) -> Said:
        if outcome.status is not Status.ANSWERED or outcome.wire is None:
            return Said(Trust.UNKNOWN, outcome.reason or outcome.status.value)
        try:
            message = wire.parse(outcome.wire)
        except (wire.TooCostly, wire.Malformed) as error:
            return Said(Trust.UNKNOWN, str(error))
        rcode = message.rcode()
        if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return Said(Trust.UNKNOWN, dns.rcode.to_text(rcode))
        if not message.flags & dns.flags.AA or message.flags & dns.flags.TC:
            return Said(Trust.UNKNOWN, "an answer without authority")
        said = read(message)
        if said.trust is Trust.BOGUS and self.effort.exhausted:
            return Said(Trust.UNKNOWN, TOO_MUCH)
        return said

    def _ds(self, message: dns.message.Message, child: dns.name.Name, keys: Keys) -> Said:
        rrset = in_section(message.answer, child, RdataType.DS)
        if rrset is None:
            return self._no_ds(message, child, keys)
        signed = self._check(rrset, message.answer, keys)
        if signed.reason or signed.labels < labels_of(child):
            return Said(Trust.BOGUS, signed.reason or f"{wire.text(child)} DS comes from a wildcard")
        ds = read_ds(rrset)
        if not usable(ds):
            return Said(Trust.INSECURE, "its DS are of algorithms that nobody validates", ds)
        return Said(Trust.SECURE, ds=ds)

    def _no_ds(self, message: dns.message.Message, child: dns.name.Name, keys: Keys) -> Said:
        alias = in_section(message.answer, child, RdataType.CNAME)
        if alias is not None and not self._check(alias, message.answer, keys).reason:
            return Said(Trust.UNKNOWN, "an alias instead of a delegation")
        proofs, reason = self._proofs(message, keys)
        absent = message.rcode() == dns.rcode.NXDOMAIN
        denial = proofs.no_name(child) if absent else proofs.no_type(child, RdataType.DS)
        if denial is Denial.NOT_PROVEN:
            return Said(Trust.BOGUS, reason or f"nothing proves that {wire.text(child)} has no DS")
        if absent or denial is Denial.PROVEN:
            return Said(Trust.UNKNOWN, "there is no delegation")
        return Said(Trust.INSECURE, "it has no DS")

    def _keys(self, message: dns.message.Message, zone: str, ds: Sequence[Ds]) -> Said:
        keys, by, reason = check_keys(zone, message.answer, ds, self.now, self.effort)
        return Said(Trust.BOGUS, reason) if keys is None else Said(Trust.SECURE, "", by, keys)

    def _data(self, message: dns.message.Message, name: dns.name.Name, rdtype: int, keys: Keys) -> Said:
        owner = name
        for _ in range(_ALIASES):
            rrset = in_section(message.answer, owner, rdtype) or in_section(message.answer, owner, RdataType.CNAME)
            if rrset is None:
                followed = owner == name or any(each.rdtype == RdataType.SOA for each in message.authority)
                # A server need not follow an alias: then what it gives is all that there is to validate.
                return self._denied(message, owner, rdtype, keys) if followed else Said(Trust.SECURE)
            reason = self._positive(rrset, message, keys)
            if reason:
                return Said(Trust.BOGUS, reason, owner=wire.text(owner))
            if rrset.rdtype == rdtype:
                return Said(Trust.SECURE)
            owner = rrset[0].target
            if not owner.is_subdomain(keys.name):
                return Said(Trust.SECURE)
        return Said(Trust.UNKNOWN, "a chain of aliases")

    def _positive(self, rrset: dns.rrset.RRset, message: dns.message.Message, keys: Keys) -> str:
        """Return why an RRset of an answer is not believed, "" if it is."""
        signed = self._check(rrset, message.answer, keys)
        if signed.reason and rrset.rdtype == RdataType.CNAME:
            made_of = next((each for each in message.answer if _makes(each, rrset)), None)
            return signed.reason if made_of is None else self._check(made_of, message.answer, keys).reason
        if signed.reason or signed.labels == labels_of(rrset.name):
            return signed.reason
        proofs, reason = self._proofs(message, keys)
        if proofs.no_closer(rrset.name, signed.labels) is Denial.NOT_PROVEN:
            return reason or f"nothing proves that {wire.text(rrset.name)} comes from a wildcard"
        return ""

    def _denied(self, message: dns.message.Message, owner: dns.name.Name, rdtype: int, keys: Keys) -> Said:
        proofs, reason = self._proofs(message, keys)
        absent = message.rcode() == dns.rcode.NXDOMAIN
        denial = proofs.no_name(owner) if absent else proofs.no_type(owner, rdtype)
        if denial is not Denial.NOT_PROVEN:
            return Said(Trust.SECURE)
        what = wire.text(owner) if absent else f"{wire.text(owner)} {dns.rdatatype.to_text(RdataType(rdtype))}"
        return Said(Trust.BOGUS, reason or f"nothing proves that there is no {what}", owner=wire.text(owner))

    def _proofs(self, message: dns.message.Message, keys: Keys) -> tuple[Proofs, str]:
        """Return what the verified NSEC and NSEC3 records say, and why some are not verified."""
        given = [each for each in message.authority if each.rdtype in (RdataType.NSEC, RdataType.NSEC3)][:_PROOFS]
        checked = [(each, self._check(each, message.authority, keys)) for each in given]
        good = [each for each, signed in checked if not signed.reason and signed.labels == labels_of(each.name)]
        return read_proofs(keys.name, good), next((signed.reason for _, signed in checked if signed.reason), "")

    def _check(self, rrset: dns.rrset.RRset, section: _SECTION, keys: Keys) -> Signed:
        return check(rrset, section, keys, self.now, self.effort)


def _makes(dname: dns.rrset.RRset, cname: dns.rrset.RRset) -> bool:
    """Whether a CNAME is what a DNAME makes of its owner: then it has no signature (RFC 6672 section 5.3.1)."""
    if dname.rdtype != RdataType.DNAME or not cname.name.is_subdomain(dname.name) or cname.name == dname.name:
        return False
    try:
        target = cname.name.relativize(dname.name).derelativize(dname[0].target)
    except dns.name.NameTooLong:
        return False
    return [rdata.target for rdata in cname] == [target]
