"""Whether a referral proves that the delegation is insecure (RFC 4035 section 3.1.4.1, RFC 5155 sections 7.2.4, 7.2.7).

The signatures are not checked here: this reads what the parent's server claims.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable

import dns.name
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.observe import wire

_MAX_ITERATIONS = 500
_OPT_OUT = 1
_PARAMETERS = 2
_Hashes = dict[tuple[bytes, int], bytes]
"""What has been computed for one answer, by salt and iterations."""


def no_ds(authority: Iterable[dns.rrset.RRset], domain: str) -> bool:
    """Return whether an NSEC or NSEC3 in ``authority`` says that ``domain`` is delegated without a DS RRset."""
    hashes: _Hashes = {}
    return any(
        _nsec(rrset, domain) if rrset.rdtype == RdataType.NSEC else _nsec3(rrset, domain, hashes)
        for rrset in authority
        if rrset.rdtype in (RdataType.NSEC, RdataType.NSEC3)
    )


def _nsec(rrset: dns.rrset.RRset, domain: str) -> bool:
    return wire.text(rrset.name) == domain and any(_delegated_insecurely(rdata.windows) for rdata in rrset)


def _nsec3(rrset: dns.rrset.RRset, domain: str, hashes: _Hashes) -> bool:
    owner = _from_base32hex(rrset.name.labels[0])
    if owner is None:
        return False
    for rdata in rrset:
        if rdata.algorithm != 1 or rdata.iterations > _MAX_ITERATIONS:
            continue
        wanted = _hash(domain, rdata.salt, rdata.iterations, hashes)
        if wanted is None:
            return False
        if wanted == owner:
            if _delegated_insecurely(rdata.windows):
                return True
        elif rdata.flags & _OPT_OUT and _covers(owner, rdata.next, wanted):
            return True
    return False


def _covers(owner: bytes, following: bytes, wanted: bytes) -> bool:
    if owner < following:
        return owner < wanted < following
    return wanted > owner or wanted < following


def _delegated_insecurely(windows: Iterable[tuple[int, bytes]]) -> bool:
    return _has(windows, RdataType.NS) and not _has(windows, RdataType.DS)


def _has(windows: Iterable[tuple[int, bytes]], rdtype: int) -> bool:
    window, offset = divmod(rdtype, 256)
    return any(
        number == window and offset // 8 < len(bitmap) and bool(bitmap[offset // 8] & (0x80 >> offset % 8))
        for number, bitmap in windows
    )


def _hash(domain: str, salt: bytes, iterations: int, hashes: _Hashes) -> bytes | None:
    """Return the NSEC3 hash of ``domain`` (RFC 5155 section 5; SHA-1 is the only algorithm there is).

    A zone has one salt and number of iterations, two while it changes them; None for more than that in one answer.
    """
    known = hashes.get((salt, iterations))
    if known is None and len(hashes) < _PARAMETERS:
        known = hashes[salt, iterations] = _hashed(domain, salt, iterations)
    return known


def _hashed(domain: str, salt: bytes, iterations: int) -> bytes:
    owner = dns.name.from_text(domain).canonicalize().to_digestable()
    value = hashlib.sha1(owner + salt, usedforsecurity=False).digest()
    for _ in range(iterations):
        value = hashlib.sha1(value + salt, usedforsecurity=False).digest()
    return value


def _from_base32hex(label: bytes) -> bytes | None:
    try:
        return base64.b32hexdecode(label, casefold=True)
    except binascii.Error:
        return None
