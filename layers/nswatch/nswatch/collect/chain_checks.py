"""Signatures over RRsets, and the keys that a DS RRset vouches for (RFC 4035 section 5), at a bounded cost.

A zone may be hostile: keys that share a tag, and signatures by each of them, make a validator try every pair
(KeyTrap, CVE-2023-50387). So the pairs that are tried are counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import dns.exception
import dns.message
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from nswatch.collect.trust_anchor import ALGORITHMS, DIGESTS, Ds, usable
from nswatch.observe import wire

if TYPE_CHECKING:
    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.RRSIG import RRSIG

MAX_SAME_TAG = 4
"""So many keys with the tag of a signature are tried."""
MAX_SIGNATURES = 8
"""So many signatures over one RRset are looked at, and so many records of a DS RRset."""
MAX_CHECKS = 100
"""So many signatures are verified for one domain, and for one zone above it."""

_ZONE, _REVOKED, _ENTRY, _PROTOCOL = 0x0100, 0x0080, 0x0001, 3
_ENTRIES = 16
_KEY_OCTETS = 1100
"""Of an RSA key of 8192 bits, twice what anybody uses."""


class Effort:
    """What may still be spent on one domain; ``exhausted`` once more was wanted."""

    def __init__(self, checks: int = MAX_CHECKS) -> None:
        self._left = checks
        self.exhausted = False

    def spend(self) -> bool:
        """Count one signature to be verified; False when there is none left."""
        self.exhausted = self.exhausted or self._left <= 0
        self._left -= 1
        return not self.exhausted


class ZoneKey(NamedTuple):
    """A key of a zone that may sign its data."""

    tag: int
    algorithm: int
    rdata: "DNSKEY"


@dataclass(frozen=True, slots=True)
class Keys:
    """Trusted keys of ``zone``."""

    zone: str
    keys: tuple[ZoneKey, ...]

    @property
    def name(self) -> dns.name.Name:
        """The zone as dnspython has it."""
        return to_name(self.zone)

    def as_ds(self) -> tuple[str, ...]:
        """Return what DS records of these keys would say, with SHA-256 and with SHA-384, in canonical form, sorted.

        Only of those that are meant to have one (secure entry points, RFC 4034 section 2.1.1): of all where none says
        that it is, since the flag is a hint that a zone may do without.
        """
        entries = ([key for key in self.keys if key.rdata.flags & _ENTRY] or self.keys)[:_ENTRIES]
        return tuple(sorted(str(ds_of(self.zone, key, kind)) for key in entries for kind in DIGESTS if kind != 1))


class Signed(NamedTuple):
    """What an RRset's signatures are worth: ``reason`` is empty when one of them is good.

    ``labels`` is that signature's number of labels: fewer than the owner's, and a wildcard was expanded.
    """

    reason: str
    labels: int = 0


def to_name(name: str) -> dns.name.Name:
    """Return a canonical name as dnspython has it."""
    return dns.name.from_text(name.removesuffix(".") + ".")


def labels_of(name: dns.name.Name) -> int:
    """Return how many labels a name has, neither the root's nor a wildcard's counted (RFC 4034 section 3.1.3)."""
    return len(name.labels) - 1 - (name.labels[0] == b"*")


def in_section(section: Iterable[dns.rrset.RRset], owner: dns.name.Name, rdtype: int) -> dns.rrset.RRset | None:
    """Return an RRset of a section."""
    return next((rrset for rrset in section if rrset.rdtype == rdtype and rrset.name == owner), None)


def signatures_over(section: Iterable[dns.rrset.RRset], rrset: dns.rrset.RRset) -> "list[RRSIG]":
    """Return the RRSIG records of a section that cover an RRset of it."""
    return [
        rdata
        for each in section
        if each.rdtype == RdataType.RRSIG and each.covers == rrset.rdtype and each.name == rrset.name
        for rdata in each
    ]


def check(
    rrset: dns.rrset.RRset, section: Iterable[dns.rrset.RRset], keys: Keys, now: datetime, effort: Effort
) -> Signed:
    """Verify an RRset by the signatures in its section, with the keys of its zone (RFC 4035 section 5.3)."""
    what = f"{wire.text(rrset.name)} {dns.rdatatype.to_text(rrset.rdtype)}"
    found = signatures_over(section, rrset)
    of_zone = [each for each in found if each.signer == keys.name and each.labels <= labels_of(rrset.name)]
    if not of_zone:
        return Signed(f"{what} has no signature" + (" of this zone" if found else ""))
    known = {(key.tag, key.algorithm) for key in keys.keys}
    of_zone.sort(key=lambda each: ((each.key_tag, each.algorithm) not in known, each.key_tag))
    reasons = []
    for each in of_zone[:MAX_SIGNATURES]:
        reason = _verify(rrset, each, keys, now, effort)
        if not reason:
            return Signed("", each.labels)
        reasons.append(reason)
    return Signed(f"{what}: {min(reasons)[1:]}")


def _verify(rrset: dns.rrset.RRset, signature: "RRSIG", keys: Keys, now: datetime, effort: Effort) -> str:
    """Return why one signature is not good, behind a digit by which the most telling reason is chosen; "" if it is."""
    import dns.dnssec  # noqa: PLC0415 - cryptography's 60 ms burden no other function
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    at = now.timestamp()
    if signature.expiration < at:
        return f"0expired {_moment(signature.expiration)}"
    if signature.inception > at:
        return f"1not valid before {_moment(signature.inception)}"
    candidates = [key for key in keys.keys if (key.tag, key.algorithm) == (signature.key_tag, signature.algorithm)]
    if not candidates:
        return f"3signed by key {signature.key_tag}, which the zone does not have"
    for key in candidates[:MAX_SAME_TAG]:
        if not effort.spend():
            return "9there are more signatures to try than are worth it"
        try:
            dns.dnssec.validate_rrsig(rrset, signature, {keys.name: dns.rdataset.from_rdata(0, key.rdata)}, now=at)
        except (
            dns.exception.DNSException,
            UnsupportedAlgorithm,
            ValueError,
        ):  # whatever an odd key makes of it, it is not verified
            continue
        return ""
    return f"2wrong signature by key {signature.key_tag}"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def zone_keys(rrset: dns.rrset.RRset) -> tuple[ZoneKey, ...]:
    """Return the keys of a DNSKEY RRset that may sign the zone's data: revoked ones (RFC 5011) may not."""
    import dns.dnssec  # noqa: PLC0415 - see _verify

    return tuple(
        ZoneKey(dns.dnssec.key_id(rdata), int(rdata.algorithm), rdata)
        for rdata in rrset
        if rdata.flags & _ZONE
        and not rdata.flags & _REVOKED
        and rdata.protocol == _PROTOCOL
        and rdata.algorithm in ALGORITHMS
        and len(rdata.key) <= _KEY_OCTETS
    )


def ds_of(zone: str, key: ZoneKey, digest_type: int) -> Ds:
    """Return the DS of a key (RFC 4034 section 5.1.4)."""
    octets = to_name(zone).canonicalize().to_digestable() + key.rdata.to_digestable()
    return Ds(key.tag, key.algorithm, digest_type, DIGESTS[digest_type](octets).digest())


def read_ds(rrset: dns.rrset.RRset) -> tuple[Ds, ...]:
    """Return a DS RRset's data, sorted."""
    return tuple(sorted(Ds(rd.key_tag, int(rd.algorithm), int(rd.digest_type), rd.digest) for rd in rrset))


def check_keys(
    zone: str, section: Sequence[dns.rrset.RRset], ds: Iterable[Ds], now: datetime, effort: Effort
) -> tuple[Keys | None, tuple[Ds, ...], str]:
    """Return the keys of a zone's DNSKEY RRset, the DS by which they are trusted, and why there are none.

    A DS counts that designates a key which has signed the RRset (RFC 4035 section 5.2); one is enough.
    """
    rrset = in_section(section, to_name(zone), RdataType.DNSKEY)
    if rrset is None:
        return None, (), f"{display_zone(zone)} has no DNSKEY RRset"
    keys, by, reasons = zone_keys(rrset), list[Ds](), list[str]()
    for each in usable(ds)[:MAX_SIGNATURES]:
        same = [key for key in keys if (key.tag, key.algorithm) == (each.tag, each.algorithm)][:MAX_SAME_TAG]
        key = next((key for key in same if ds_of(zone, key, each.digest_type) == each), None)
        if key is None:
            reasons.append(f"9no key of the zone fits the DS {each.tag} {each.algorithm} {each.digest_type}")
            continue
        said = check(rrset, section, Keys(zone, (key,)), now, effort)
        if said.reason:
            reasons.append(f"0{said.reason}")
        else:
            by.append(each)
    if by:
        return Keys(zone, keys), tuple(by), ""
    return None, (), min(reasons)[1:] if reasons else "no DS that is understood"


def display_zone(zone: str) -> str:
    """Return a zone's name for a sentence."""
    return "the root" if zone == "." else zone
