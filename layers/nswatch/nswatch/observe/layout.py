"""One walk over a message before anything of it is parsed: what would be expensive or broken is refused.

A hijacker controls the answers, and a message of a few hundred compressed names of 120 labels keeps dnspython busy for
80 ms in 1,220 bytes, for seconds in 64 KiB. So a message is first walked over once: bytes, records and labels (pointers
followed, RFC 1035 section 4.1.4) are counted against budgets. The walk also finds what a canonical form is made of.
"""

import struct
from dataclasses import dataclass, field

import dns.opcode
import dns.rdatatype

MAX_OCTETS = 16 * 1024
MAX_RECORDS = 128
MAX_LABELS = 600
"""For a whole message: about twice the biggest honest referral; dnspython needs under 10 ms for it."""

HEADER = 12
_NAME_OCTETS = 255
_T = dns.rdatatype.RdataType
_NAME_AT: dict[int, tuple[int, int]] = {
    _T.NS: (0, 1), _T.CNAME: (0, 1), _T.PTR: (0, 1), _T.DNAME: (0, 1), _T.SOA: (0, 2),
    _T.MX: (2, 1), _T.SRV: (6, 1), _T.RRSIG: (18, 1), _T.NSEC: (0, 1),
}  # fmt: skip
"""RDATA that holds names: (octets before the first, how many names)."""

_PLAIN = frozenset({
    _T.A, _T.AAAA, _T.DS, _T.CDS, _T.TXT, _T.SPF, _T.NSEC3, _T.NSEC3PARAM, _T.DNSKEY, _T.CDNSKEY, _T.OPT, _T.CAA,
    _T.TLSA, _T.SSHFP, _T.HINFO, _T.CSYNC, _T.ZONEMD,
})  # fmt: skip
"""RDATA that holds none. Any other type (HIP may hold thousands) is not worth parsing in an answer of ours."""

_TEXTS = frozenset({int(_T.TXT), int(_T.SPF)})
"""RDATA of strings, of which a message may hold as many as labels."""
_BITMAPS = frozenset({int(_T.NSEC), int(_T.NSEC3), int(_T.CSYNC)})
"""RDATA with type bitmaps, whose windows of three octets cost as much as labels."""
_COSTLY = frozenset(int(rdtype) for rdtype in _T) - _PLAIN - frozenset(_NAME_AT)
"""Other types that dnspython parses; a type that it does not know it takes as opaque octets."""
_META = range(128, 256)
"""Types of questions and of signed transactions (RFC 6895 section 3.1)."""
_OPT = int(_T.OPT)
_ADDITIONAL = 3
_ROOT = b"\0"
_RECORD = struct.Struct("!HHIH")


class Malformed(ValueError):
    """The bytes are not a DNS message; never leaves this room."""


class TooCostly(ValueError):
    """The message is over one of the caps; never leaves this room."""


@dataclass(slots=True)
class Layout:
    """Where things are in a message.

    ``records`` are all but OPT: (section 1 to 3, owner with TYPE and CLASS, RDATA, offset of the TTL), with names
    uncompressed and in lower case. ``labels`` are the offsets of all labels that names were read from. ``opt`` is the
    offset of OPT's TYPE, or 0. ``regular`` when every compression pointer leads to the beginning of a label of a name
    that came before: then octets outside names never count as names.
    """

    records: list[tuple[int, bytes, bytes, int]] = field(default_factory=list)
    labels: set[int] = field(default_factory=set)
    opt: int = 0
    regular: bool = True


def read_layout(wire: bytes) -> Layout:
    """Walk over ``wire``; raise TooCostly when it is over a cap, Malformed when it is no message."""
    if len(wire) > MAX_OCTETS:
        raise TooCostly(f"{len(wire)} octets")
    if len(wire) < HEADER:
        raise Malformed(f"{len(wire)} octets are less than a header")
    counts = struct.unpack_from("!4H", wire, 4)
    if sum(counts) > MAX_RECORDS:
        raise TooCostly(f"{sum(counts)} records")
    if wire[2] & 0x78 != dns.opcode.QUERY:
        raise Malformed("another opcode than QUERY")
    walk = _Walk(wire)
    walk.run(counts)
    return walk.layout


class _Walk:
    """One pass over a message; ``at`` is where it is."""

    def __init__(self, wire: bytes) -> None:
        self.layout = Layout()
        self._wire = wire
        self._at = HEADER
        self._left = MAX_LABELS
        self._names: dict[int, tuple[bytes, int]] = {}

    def run(self, counts: tuple[int, ...]) -> None:
        for _ in range(counts[0]):
            self._name()
            self._at += 4
        for section in (1, 2, 3):
            for _ in range(counts[section]):
                self._record(section)
        if self._at > len(self._wire):
            raise Malformed("cut short")
        if self._at < len(self._wire):
            raise Malformed("octets behind the last record")

    def _record(self, section: int) -> None:
        """Read the record at ``at``."""
        wire = self._wire
        owner = self._name()
        at = self._at
        start = at + 10
        if start > len(wire):
            raise Malformed("cut short")
        rdtype, _, _, length = _RECORD.unpack_from(wire, at)
        end = start + length
        if end > len(wire):
            raise Malformed("RDATA is cut short")
        if rdtype == _OPT:
            if section != _ADDITIONAL or self.layout.opt or owner != _ROOT:
                raise Malformed("OPT where it can't be")
            self.layout.opt, self._at = at, end
            return
        if rdtype in _NAME_AT:
            rdata = self._rdata_with_names(start, end, *_NAME_AT[rdtype])
        elif rdtype in _META:
            raise Malformed(f"type {rdtype} is no data")
        elif rdtype in _COSTLY:
            raise TooCostly(f"records of type {_T(rdtype).name}")
        else:
            if rdtype in _TEXTS:
                self._strings(start, end)
            rdata = wire[start:end]
        if rdtype in _BITMAPS:
            self._pay(length // 8)
        self._at = end
        self.layout.records.append((section, owner + wire[at : at + 4], rdata, at + 4))

    def _strings(self, at: int, end: int) -> None:
        while at < end:
            self._pay(1)
            at += self._wire[at] + 1

    def _rdata_with_names(self, start: int, end: int, skip: int, names: int) -> bytes:
        self._at = start + skip
        parts = [self._wire[start : start + skip], *[self._name() for _ in range(names)]]
        if self._at > end:
            raise Malformed("a name is longer than its RDATA")
        parts.append(self._wire[self._at : end])
        return b"".join(parts)

    def _name(self) -> bytes:
        """Return the name at ``at``, in lower case, and step behind it."""
        wire, start = self._wire, self._at
        if start + 1 < len(wire) and wire[start] >= 192:
            # Nearly all names in a message are pointers to one that was read before.
            known = self._names.get((wire[start] & 63) << 8 | wire[start + 1])
            if known is not None:
                self._pay(known[1] + 1)
                self.layout.labels.add(start)
                self._at = start + 2
                return known[0]
        parts: list[bytes] = []
        count = self._read(start, parts)
        name = b"".join(parts).lower()  # a length is below 64 and no letter
        if len(name) > _NAME_OCTETS:
            raise Malformed("a name of more than 255 octets")
        self._names[start] = name, count
        return name

    def _read(self, at: int, parts: list[bytes]) -> int:
        """Collect the labels of the name at ``at``, step behind it and return how many there are."""
        wire, labels, count = self._wire, self.layout.labels, 0
        first, limit, behind = at, len(wire), 0
        own: list[int] = []
        while True:
            if at >= limit:
                raise Malformed("a name is cut short")
            length = wire[at]
            own.append(at)
            count += 1
            self._pay(1)
            if length == 0:
                parts.append(_ROOT)
                self._at = behind or at + 1
                labels.update(own)
                return count
            if length < 64:
                parts.append(wire[at : at + length + 1])
                at += length + 1
            elif length >= 192 and at + 1 < limit:
                behind = behind or at + 2
                target = (length & 63) << 8 | wire[at + 1]
                if target >= first:
                    raise Malformed("a compression pointer does not point backwards")
                if target not in labels:
                    self.layout.regular = False
                # What a pointer leads to ends before the octets that it was read from.
                at = target
                limit = first
                first = target
            else:
                raise Malformed("a label of an unknown kind")

    def _pay(self, labels: int) -> None:
        self._left -= labels
        if self._left < 0:
            raise TooCostly(f"more than {MAX_LABELS} labels and strings")
