"""Reading an answer's bytes: what would be expensive or broken is refused before dnspython sees it.

A hijacker controls the answers, and a message of a few hundred compressed names of 120 labels keeps dnspython busy for
80 ms in 1,220 bytes, for seconds in 64 KiB. So a message is first walked over once, without building anything:
bytes, records and labels (pointers followed, RFC 1035 section 4.1.4) are counted against budgets.
"""

import hashlib
import struct
from functools import lru_cache

import dns.exception
import dns.message
import dns.name
import dns.rdatatype

MAX_OCTETS = 16 * 1024
MAX_RECORDS = 128
MAX_LABELS = 600
"""For a whole message: about twice the biggest honest referral; dnspython needs under 10 ms for it."""

_HEADER = 12
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

_KNOWN = frozenset(int(rdtype) for rdtype in _T)
"""What dnspython parses; a type that it does not know it takes as opaque octets."""
_META = range(128, 256)
"""Types of questions and of signed transactions (RFC 6895 section 3.1)."""


class Malformed(ValueError):
    """The bytes are not a DNS message; never leaves this room."""


class TooCostly(ValueError):
    """The message is over one of the caps; never leaves this room."""


def parse(wire: bytes) -> dns.message.Message:
    """Return the message in ``wire``; raise TooCostly when it is over a cap, Malformed when it is no message.

    It has ID 0 and its question in lower case: answers that differ in nothing else are parsed once, and what is
    returned is shared and only to be read.
    """
    end = question_end(wire)
    return _parsed(b"\0\0" + wire[2:_HEADER] + wire[_HEADER:end].lower() + wire[end:])


@lru_cache(maxsize=1024)
def _parsed(wire: bytes) -> dns.message.Message:
    check_cost(wire)
    try:
        return dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException as error:
        raise Malformed(f"{type(error).__name__}: {error}") from error


def digest(wire: bytes) -> str:
    """Return what stands for an answer over a cap: ``sha256:…`` of it without the ID and the letter case of QNAME."""
    end = question_end(wire)
    body = wire[2:_HEADER] + wire[_HEADER:end].lower() + wire[end:]
    return "sha256:" + hashlib.sha256(body).hexdigest()


def question_end(wire: bytes) -> int:
    """Return the offset behind the question section's first name, or that of the header when there is none."""
    at = _HEADER
    while at < len(wire) and 0 < wire[at] < 64:
        at += wire[at] + 1
    return at if at < len(wire) and wire[at] == 0 else min(_HEADER, len(wire))


def check_cost(wire: bytes) -> None:
    """Raise TooCostly when ``wire`` is over a cap, Malformed when its records do not fit together."""
    if len(wire) > MAX_OCTETS:
        raise TooCostly(f"{len(wire)} octets")
    if len(wire) < _HEADER:
        raise Malformed(f"{len(wire)} octets are less than a header")
    questions, *sections = struct.unpack_from("!4H", wire, 4)
    if questions + sum(sections) > MAX_RECORDS:
        raise TooCostly(f"{questions + sum(sections)} records")
    _Walk(wire).run(questions, sum(sections))


class _Walk:
    """One pass over a message that counts labels as dnspython would build them."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._labels = 0

    def run(self, questions: int, records: int) -> None:
        at = _HEADER
        for _ in range(questions):
            at = self._name(at) + 4
        for _ in range(records):
            at = self._record(self._name(at))
        if at > len(self._wire):
            raise Malformed("cut short")

    def _record(self, at: int) -> int:
        """Look at the record whose TYPE is at ``at``; return the offset behind it."""
        if at + 10 > len(self._wire):
            raise Malformed("cut short")
        rdtype, length = (int.from_bytes(self._wire[i : i + 2], "big") for i in (at, at + 8))
        start, end = at + 10, at + 10 + length
        if end > len(self._wire):
            raise Malformed("RDATA is cut short")
        if rdtype in _NAME_AT:
            skip, names = _NAME_AT[rdtype]
            start += skip
            for _ in range(names):
                start = self._name(start)
        elif rdtype in _META and rdtype != _T.OPT:
            raise Malformed(f"type {rdtype} is no data")
        elif rdtype in _KNOWN - _PLAIN:
            raise TooCostly(f"records of type {_T(rdtype).name}")
        return end

    def _name(self, at: int) -> int:
        """Count the labels of the name at ``at``; return the offset behind it."""
        wire, end, behind = self._wire, len(self._wire), 0
        while True:
            if at >= end:
                raise Malformed("a name is cut short")
            length = wire[at]
            self._labels += 1
            if self._labels > MAX_LABELS:
                raise TooCostly(f"more than {MAX_LABELS} labels")
            if length == 0:
                return behind or at + 1
            if length < 64:
                at += length + 1
            elif length >= 192 and at + 1 < end:
                behind = behind or at + 2
                target = (length & 63) << 8 | wire[at + 1]
                if target >= at:
                    raise Malformed("a compression pointer does not point backwards")
                at = target
            else:
                raise Malformed("a label of an unknown kind")


def text(name: dns.name.Name) -> str:
    """Return ``name`` in canonical form: lower case, no trailing dot; the root is ``"."``."""
    return name.canonicalize().to_text(omit_final_dot=True)
