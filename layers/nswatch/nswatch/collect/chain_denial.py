"""Proofs that something does not exist: NSEC (RFC 4035 section 5.4) and NSEC3 (RFC 5155 section 8).

Pure: whoever calls has verified the records' signatures. A proof is believed for what it says and nothing more: one
from above a cut says nothing of what is below it (RFC 6840 section 4.1).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.name
import dns.rrset
from dns.rdatatype import RdataType

MAX_ITERATIONS = 100
"""Proofs of more iterations are not computed, and what they deny counts as insecure (RFC 9276 section 3.2)."""

_SHA1 = 1
_OPT_OUT = 1


class Denial(StrEnum):
    """What the records come to."""

    PROVEN = "proven"
    INSECURE = "insecure"
    """There is a delegation without DS, or there may be one that opt-out leaves out, or nobody computes the proof."""
    NOT_PROVEN = "not proven"


@dataclass(frozen=True, slots=True)
class Nsec:
    """An NSEC record: nothing exists between ``owner`` and ``following``, and ``owner`` has ``types`` only."""

    owner: dns.name.Name
    following: dns.name.Name
    types: frozenset[int]


@dataclass(frozen=True, slots=True)
class Nsec3:
    """An NSEC3 record: the same of hashes."""

    owner: bytes
    following: bytes
    types: frozenset[int]
    opt_out: bool
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True)
class Proofs:
    """The verified records of one answer from ``zone``; of NSEC3 those of one set of parameters (RFC 5155, 8.2)."""

    zone: dns.name.Name
    nsec: tuple[Nsec, ...] = ()
    nsec3: tuple[Nsec3, ...] = ()

    def no_type(self, name: dns.name.Name, rdtype: int) -> Denial:
        """Whether ``name`` is proven to have no RRset of a type (NODATA).

        For DS at a cut, INSECURE is the proof that the delegation has none.
        """
        if self._too_costly:
            return Denial.INSECURE
        found = self._nsec_no_type(name, rdtype)
        return found if found is not Denial.NOT_PROVEN else self._nsec3_no_type(name, rdtype)

    def no_name(self, name: dns.name.Name) -> Denial:
        """Whether ``name`` is proven not to exist, nor a wildcard for it (NXDOMAIN)."""
        if self._too_costly:
            return Denial.INSECURE
        if self._matching(name) is not None or any(each.owner == name for each in self.nsec):
            return Denial.NOT_PROVEN
        cover = self._covering(name)
        if cover is not None:
            empty = cover.following.is_subdomain(name)  # a name above others exists, whatever it has
            denied = not empty and self._covering(_star(_encloser(name, cover))) is not None
            return Denial.PROVEN if denied else Denial.NOT_PROVEN
        closest = self._closest(name)
        if closest is None:
            return Denial.NOT_PROVEN
        encloser, closer = closest
        if self._hash_covering(_star(encloser)) is None:
            return Denial.NOT_PROVEN
        return Denial.INSECURE if closer.opt_out else Denial.PROVEN

    def no_closer(self, name: dns.name.Name, labels: int) -> Denial:
        """Whether a wildcard with ``labels`` labels behind its star may answer for ``name`` (RFC 4035, 5.3.4)."""
        if self._too_costly:
            return Denial.INSECURE
        cover = self._covering(name)
        if cover is not None:
            closest = len(_encloser(name, cover).labels) - 1
            return Denial.PROVEN if closest == labels else Denial.NOT_PROVEN
        closer = self._hash_covering(name.split(labels + 2)[1]) if len(name.labels) > labels + 1 else None
        if closer is None:
            return Denial.NOT_PROVEN
        return Denial.INSECURE if closer.opt_out else Denial.PROVEN

    @property
    def _too_costly(self) -> bool:
        return bool(self.nsec3) and self.nsec3[0].iterations > MAX_ITERATIONS

    # NSEC

    def _nsec_no_type(self, name: dns.name.Name, rdtype: int) -> Denial:
        own = next((each for each in self.nsec if each.owner == name), None)
        if own is not None:
            return _lacks(own.types, rdtype)
        cover = self._covering(name)
        if cover is None:
            return Denial.NOT_PROVEN
        if cover.following.is_subdomain(name):
            return Denial.PROVEN  # an empty non-terminal
        star = _star(_encloser(name, cover))
        wildcard = next((each for each in self.nsec if each.owner == star), None)
        if wildcard is not None:
            return _lacks(wildcard.types, rdtype)
        return Denial.NOT_PROVEN

    def _covering(self, name: dns.name.Name) -> Nsec | None:
        """Return an NSEC in whose gap ``name`` is, and that may speak of it."""
        for each in self.nsec:
            last = each.following <= each.owner
            inside = each.owner < name and (name < each.following or last)
            if inside and name.is_subdomain(self.zone) and not _hides(each, name):
                return each
        return None

    # NSEC3

    def _nsec3_no_type(self, name: dns.name.Name, rdtype: int) -> Denial:
        own = self._matching(name)
        if own is not None:
            return _lacks(own.types, rdtype)
        closest = self._closest(name)
        if closest is None:
            return Denial.NOT_PROVEN
        encloser, closer = closest
        wildcard = self._matching(_star(encloser))
        if wildcard is not None and not (rdtype == RdataType.DS and closer.opt_out):
            return _lacks(wildcard.types, rdtype)
        # What opt-out leaves out are delegations without DS, and the empty names that are there for these alone.
        return Denial.INSECURE if closer.opt_out else Denial.NOT_PROVEN

    def _closest(self, name: dns.name.Name) -> tuple[dns.name.Name, Nsec3] | None:
        """Return the closest encloser of a name that does not exist, and the record that denies the next closer name.

        RFC 5155 section 8.3.
        """
        if not name.is_subdomain(self.zone) or not self.nsec3:
            return None
        closer = name
        while closer != self.zone:
            encloser = closer.parent()
            match = self._matching(encloser)
            if match is not None:
                cut = RdataType.NS in match.types and RdataType.SOA not in match.types
                cover = None if cut or RdataType.DNAME in match.types else self._hash_covering(closer)
                return None if cover is None else (encloser, cover)
            closer = encloser
        return None

    def _matching(self, name: dns.name.Name) -> Nsec3 | None:
        if not self.nsec3:
            return None
        wanted = self._hash(name)
        return next((each for each in self.nsec3 if each.owner == wanted), None)

    def _hash_covering(self, name: dns.name.Name) -> Nsec3 | None:
        if not self.nsec3:
            return None
        wanted = self._hash(name)
        return next((each for each in self.nsec3 if _between(each.owner, wanted, each.following)), None)

    def _hash(self, name: dns.name.Name) -> bytes:
        return nsec3_hash(name, self.nsec3[0].salt, self.nsec3[0].iterations)


def read_proofs(zone: dns.name.Name, rrsets: Iterable[dns.rrset.RRset]) -> Proofs:
    """Return what verified NSEC and NSEC3 RRsets of ``zone`` say; what cannot be read says nothing."""
    given = list(rrsets)
    hashed = [each for rrset in given for each in _nsec3_of(rrset, zone)]
    return Proofs(
        zone,
        tuple(
            Nsec(rrset.name, rdata.next, _types(rdata.windows))
            for rrset in given
            if rrset.rdtype == RdataType.NSEC and rrset.name.is_subdomain(zone)
            for rdata in rrset
            if rdata.next.is_subdomain(zone)
        ),
        tuple(each for each in hashed if (each.salt, each.iterations) == (hashed[0].salt, hashed[0].iterations)),
    )


def nsec3_hash(name: dns.name.Name, salt: bytes, iterations: int) -> bytes:
    """Return the hash of a name (RFC 5155 section 5); SHA-1 is the only algorithm that there is."""
    value = hashlib.sha1(name.canonicalize().to_digestable() + salt, usedforsecurity=False).digest()
    for _ in range(iterations):
        value = hashlib.sha1(value + salt, usedforsecurity=False).digest()
    return value


def _nsec3_of(rrset: dns.rrset.RRset, zone: dns.name.Name) -> Iterator[Nsec3]:
    if rrset.rdtype != RdataType.NSEC3 or len(rrset.name.labels) < 2 or rrset.name.parent() != zone:
        return
    try:
        owner = base64.b32hexdecode(rrset.name.labels[0], casefold=True)
    except binascii.Error:
        return
    for rdata in rrset:
        if rdata.algorithm == _SHA1 and rdata.flags & ~_OPT_OUT == 0:
            types = _types(rdata.windows)
            yield Nsec3(owner, rdata.next, types, bool(rdata.flags & _OPT_OUT), rdata.salt, rdata.iterations)


def _types(windows: Sequence[tuple[int, bytes]]) -> frozenset[int]:
    return frozenset(
        window * 256 + at * 8 + bit
        for window, bitmap in windows
        for at, octet in enumerate(bitmap)
        for bit in range(8)
        if octet & (0x80 >> bit)
    )


def _lacks(types: frozenset[int], rdtype: int) -> Denial:
    """Return what a record at a name says of a type that an answer did not hold.

    A DS is the zone above's to deny, and everything else at a cut the zone below's (RFC 4035 section 5.4).
    """
    cut = RdataType.NS in types and RdataType.SOA not in types
    if rdtype in types or RdataType.CNAME in types:
        return Denial.NOT_PROVEN
    if rdtype == RdataType.DS:
        if RdataType.SOA in types:
            return Denial.NOT_PROVEN
        return Denial.INSECURE if cut else Denial.PROVEN
    return Denial.NOT_PROVEN if cut else Denial.PROVEN


def _hides(nsec: Nsec, name: dns.name.Name) -> bool:
    """Whether ``name`` lies below a cut or a DNAME at the NSEC's owner, of which the NSEC says nothing."""
    cut = RdataType.NS in nsec.types and RdataType.SOA not in nsec.types
    return (cut or RdataType.DNAME in nsec.types) and name.is_subdomain(nsec.owner)


def _encloser(name: dns.name.Name, cover: Nsec) -> dns.name.Name:
    """Return the closest encloser of a name that an NSEC denies: the longer of what it shares with either end."""
    shared = [name.fullcompare(end)[2] for end in (cover.owner, cover.following)]
    return name.split(max(shared))[1]


def _star(encloser: dns.name.Name) -> dns.name.Name:
    try:
        return dns.name.Name((b"*", *encloser.labels))
    except dns.name.NameTooLong:
        return encloser  # no wildcard fits below it


def _between(owner: bytes, wanted: bytes, following: bytes) -> bool:
    if owner < following:
        return owner < wanted < following
    return wanted > owner or wanted < following
