"""Prebuilt questions, and what can be told of a reply from its first bytes."""

import os
from dataclasses import dataclass
from functools import lru_cache

import dns.flags
import dns.message
import dns.rcode

EDNS_PAYLOAD = 1232
"""What is advertised (DNS flag day 2020): an answer of that size is not fragmented anywhere."""

_QR, _OPCODE, _TC = 0x80, 0x78, 0x02
_HEADER = 12
_OPT_NAME_AND_TYPE = b"\0\0\x29"


@dataclass(frozen=True, slots=True)
class Template:
    """One question's wire with ID 0; ``question`` is its question section, ``letters`` where QNAME has letters."""

    wire: bytes
    question: bytes
    letters: tuple[int, ...]


@lru_cache(maxsize=4096)
def template(
    qname: str, qtype: str, *, recursion_desired: bool, dnssec_ok: bool, checking_disabled: bool, edns: bool
) -> Template:
    """Return the prebuilt message for a question (52 µs when built with dnspython, so it is kept)."""
    flags = (dns.flags.RD if recursion_desired else 0) | (dns.flags.CD if checking_disabled else 0)
    message = dns.message.make_query(
        qname.removesuffix(".") + ".",
        qtype,
        use_edns=0 if edns else False,
        want_dnssec=dnssec_ok and edns,
        payload=EDNS_PAYLOAD,
        flags=flags,
        id=0,
    )
    wire = message.to_wire()
    at, letters = _HEADER, list[int]()
    while wire[at]:
        letters += [i for i in range(at + 1, at + 1 + wire[at]) if chr(wire[i]).isalpha() and wire[i] < 128]
        at += wire[at] + 1
    return Template(wire, wire[_HEADER : at + 5], tuple(letters))


def stamp(prebuilt: Template, ident: int, *, mix_case: bool) -> tuple[bytes, bytes]:
    """Return (message with that ID, its question section).

    ``mix_case`` draws the letter case of QNAME, so that a forger off the path must guess it as well
    (draft-vixie-dnsext-dns0x20).
    """
    wire = bytearray(prebuilt.wire)
    wire[0:2] = ident.to_bytes(2, "big")
    if mix_case and prebuilt.letters:
        draw = int.from_bytes(os.urandom(len(prebuilt.letters) // 8 + 1), "big")
        for bit, at in enumerate(prebuilt.letters):
            if draw >> bit & 1:
                wire[at] ^= 0x20
    return bytes(wire), bytes(wire[_HEADER : _HEADER + len(prebuilt.question)])


def random_id() -> int:
    """Return 16 unpredictable bits."""
    return int.from_bytes(os.urandom(2), "big")


def is_reply(data: bytes, question: bytes, *, fold_case: bool = False) -> bool:
    """Whether ``data`` is a response (QR, opcode QUERY) to exactly this question section; its ID is not looked at."""
    if len(data) < _HEADER or not data[2] & _QR or data[2] & _OPCODE or data[4:6] != b"\0\1":
        return False
    seen = data[_HEADER : _HEADER + len(question)]
    return seen == question or (fold_case and seen.lower() == question.lower())


def is_bare_error(data: bytes) -> bool:
    """Whether ``data`` is an error without a question section, as old servers send to what they can't read."""
    return len(data) >= _HEADER and bool(data[2] & _QR) and data[4:6] == b"\0\0" and data[3] & 15 != dns.rcode.NOERROR


def dislikes_edns(data: bytes) -> bool:
    """Whether a reply refuses EDNS: FORMERR, NOTIMP or BADVERS (RFC 6891 sections 6.1.3 and 7)."""
    if len(data) < _HEADER:
        return False
    if data[3] & 15 in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
        return True
    if data[3] & 15 or data[6:12] != b"\0\0\0\0\0\1":
        return False
    at = _HEADER
    if data[4:6] == b"\0\1":
        while at < len(data) and 0 < data[at] < 64:
            at += data[at] + 1
        at += 5
    return data[at : at + 3] == _OPT_NAME_AND_TYPE and data[at + 5 : at + 6] == b"\1"


def is_truncated(data: bytes) -> bool:
    """Whether TC is set."""
    return bool(data[2] & _TC)
