"""DNSSEC for simulated zones: keys from names, signatures at the virtual clock, denials made for the question.

Every zone has one key (a combined signing key, ECDSA P-256, RFC 6605) derived from a name, so that the DS of a key is
the same in every run. Denials are minimally covering (RFC 4470) or opt-out NSEC3 (RFC 5155), as most TLDs give.
"""

import base64
import functools
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.util import Bitmap

from nswatch_cli.replay.text import to_name, to_text

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (FIPS 186-4, D.1.2.3)."""

_KEY_TTL = 3600
_WEEK = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPT_OUT = 1
_BASE32HEX = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")


@functools.cache
def _private_key(key_name: str) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256(b"nswatch replay key " + key_name.encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest) % (_ORDER - 1) + 1, ec.SECP256R1())


@functools.cache
def dnskey(key_name: str) -> DNSKEY:
    """Return the public key of the key that a scenario calls ``key_name``: flags 257, a secure entry point."""
    return dns.dnssec.make_dnskey(_private_key(key_name).public_key(), Algorithm.ECDSAP256SHA256, flags=257)


def ds_rdata(owner: str, key_names: Iterable[str]) -> list[DS]:
    """Return the DS RDATA (SHA-256) that delegates ``owner`` to each of the keys."""
    return [dns.dnssec.make_ds(to_name(owner), dnskey(name), DSDigest.SHA256) for name in key_names]


def window_of(moment: datetime) -> int:
    """Return the week in which signatures made at ``moment`` are cached; they are valid a day longer either side."""
    return (moment - _EPOCH) // _WEEK


def window_end(window: int) -> datetime:
    """Return the moment at which the next window begins."""
    return _EPOCH + (window + 1) * _WEEK


class Signer:
    """Signs the RRsets of the zone ``apex`` with one key. ``opt_out`` chooses NSEC3 with opt-out over NSEC."""

    def __init__(self, apex: str, key_name: str, *, opt_out: bool = False) -> None:
        self.apex = apex
        self.key_name = key_name
        self._name = to_name(apex)
        self._opt_out = opt_out
        self._insecure: dict[tuple[str, int], list[dns.rrset.RRset]] = {}
        self._cache: dict[tuple[object, ...], dns.rrset.RRset] = {}

    @property
    def keys(self) -> dns.rrset.RRset:
        """The DNSKEY RRset at the apex."""
        return dns.rrset.from_rdata_list(self._name, _KEY_TTL, [dnskey(self.key_name)])

    def rrsig(self, rrset: dns.rrset.RRset, window: int, wildcard: dns.name.Name | None = None) -> dns.rrset.RRset:
        """Return the RRSIG RRset over ``rrset``; one synthesised from ``wildcard`` is signed as that."""
        key = (rrset.name, wildcard, rrset.rdtype, rrset.ttl, tuple(sorted(r.to_wire() for r in rrset)), window)
        if key not in self._cache:
            signed = (wildcard or rrset.name, dns.rdataset.from_rdata_list(rrset.ttl, list(rrset)))
            begins = _EPOCH + window * _WEEK
            signature = dns.dnssec.sign(
                signed,
                _private_key(self.key_name),
                self._name,
                dnskey(self.key_name),
                inception=begins - timedelta(days=1),
                expiration=begins + _WEEK + timedelta(days=1),
            )
            self._cache[key] = dns.rrset.from_rdata_list(rrset.name, rrset.ttl, [signature])
        return self._cache[key]

    def denies_type(self, name: str, types: Iterable[int], ttl: int) -> list[dns.rrset.RRset]:
        """Return the records which say that ``name`` has RRsets of ``types`` only (NODATA)."""
        if self._opt_out:
            return [self._nsec3(_hash(name), types, ttl)]
        return [self._nsec(to_name(name), _after(to_name(name)), [*types, RdataType.NSEC], ttl)]

    def denies_ds(self, name: str, ttl: int) -> list[dns.rrset.RRset]:
        """Return the records which say that ``name`` is delegated insecurely (RFC 4035 3.1.4.1, RFC 5155 7.2.7)."""
        if (name, ttl) not in self._insecure:
            opt_out = [self._apex_nsec3(ttl), self._covering(name, ttl)] if self._opt_out else None
            self._insecure[name, ttl] = opt_out or self.denies_type(name, [RdataType.NS], ttl)
        return self._insecure[name, ttl]

    def denies_name(self, name: str, encloser: str, ttl: int) -> list[dns.rrset.RRset]:
        """Return the records which say that neither ``name`` exists nor a wildcard for it (NXDOMAIN).

        ``encloser`` is the nearest name above that does exist (RFC 4592 section 3.3.1).
        """
        labels = to_name(name).relativize(to_name(encloser)).labels
        closer = dns.name.Name(labels[-1:]).derelativize(to_name(encloser))
        if self._opt_out:
            star = "*." + encloser
            return [self._apex_nsec3(ttl), self._covering(to_text(closer), ttl), self._covering(star, ttl)]
        above = to_name(encloser)
        star_denied = self._nsec(_child(b")~", above), _child(b"+", above), _MINIMAL, ttl)
        return [self.covers(closer, ttl), star_denied]

    def covers(self, name: dns.name.Name, ttl: int) -> dns.rrset.RRset:
        """Return an NSEC record that denies ``name`` and everything below it, and no name that could exist."""
        return self._nsec(_before(name), _after(name, beyond=True), _MINIMAL, ttl)

    def _nsec(self, owner: dns.name.Name, after: dns.name.Name, types: Iterable[int], ttl: int) -> dns.rrset.RRset:
        windows = Bitmap.from_rdtypes([RdataType(t) for t in {*types, RdataType.RRSIG}]).windows
        rdata = NSEC(  # type: ignore[no-untyped-call]
            dns.rdataclass.IN, RdataType.NSEC, after, windows
        )
        return dns.rrset.from_rdata_list(owner, ttl, [rdata])

    def _apex_nsec3(self, ttl: int) -> dns.rrset.RRset:
        types = [RdataType.NS, RdataType.SOA, RdataType.DNSKEY, RdataType.RRSIG, RdataType.NSEC3PARAM]
        return self._nsec3(_hash(self.apex), types, ttl)

    def _covering(self, name: str, ttl: int) -> dns.rrset.RRset:
        return self._nsec3(_shift(_hash(name), -1), [], ttl, after=_shift(_hash(name), 1))

    def _nsec3(self, owner: bytes, types: Iterable[int], ttl: int, after: bytes | None = None) -> dns.rrset.RRset:
        windows = Bitmap.from_rdtypes([RdataType(t) for t in types]).windows
        following = after if after is not None else _shift(owner, 1)
        rdata = NSEC3(  # type: ignore[no-untyped-call]
            dns.rdataclass.IN, RdataType.NSEC3, 1, _OPT_OUT, 0, b"", following, windows
        )
        label = base64.b32encode(owner).decode().translate(_BASE32HEX).lower().encode()
        return dns.rrset.from_rdata_list(_child(label, self._name), ttl, [rdata])


_MINIMAL = (RdataType.NSEC,)


@functools.lru_cache(maxsize=4096)
def _hash(name: str) -> bytes:
    """Return the NSEC3 hash, SHA-1 without salt or further iterations (RFC 9276 section 3.1)."""
    return hashlib.sha1(to_name(name).canonicalize().to_wire() or b"", usedforsecurity=False).digest()


def _shift(digest: bytes, by: int) -> bytes:
    size: int = 2 ** (8 * len(digest))
    return ((int.from_bytes(digest) + by) % size).to_bytes(len(digest))


def _child(label: bytes, parent: dns.name.Name) -> dns.name.Name:
    return dns.name.Name((label, *parent.labels))


def _before(name: dns.name.Name) -> dns.name.Name:
    """Return a name just before ``name`` in canonical order (RFC 4470 section 3; RFC 4034 section 6.1)."""
    first = name.labels[0].lower()
    label = first[:-1] + bytes([first[-1] - 1]) + b"~" * (len(first) < 63)
    return dns.name.Name((label, *name.labels[1:]))


def _after(name: dns.name.Name, *, beyond: bool = False) -> dns.name.Name:
    r"""Return the name right after ``name``: ``\000.name``, or when ``beyond`` the first one after all below it."""
    if not beyond:
        return dns.name.Name((b"\x00", *name.labels))
    first = name.labels[0].lower()
    label = first + b"\x00" if len(first) < 63 else first[:-1] + bytes([first[-1] + 1])
    return dns.name.Name((label, *name.labels[1:]))
