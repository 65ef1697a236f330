"""Prebuilt questions, and what can be told of a reply from its first bytes."""

import os
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode

from nswatch.model import Question

EDNS_PAYLOAD = 1232
"""What is advertised (DNS flag day 2020): an answer of that size is not fragmented anywhere."""
NO_OPTIONS = b"\0\0"
"""OPT's RDLENGTH where there is no option."""

_QR, _OPCODE = 0x80, 0x78
_HEADER = 12
_OPT_NAME_AND_TYPE = b"\0\0\x29"
_TEMPLATES = 4096
_POOL = 4096


@dataclass(frozen=True, slots=True)
class Template:
    """One question's wire in pieces: ``head`` is the header behind the ID, ``opt`` OPT up to its RDLENGTH or empty.

    ``question`` is the question section; ``number`` is that as one number, of ``size`` octets, and ``letters`` has bit
    0x20 set where QNAME has a letter in it.
    """

    head: bytes
    question: bytes
    opt: bytes
    number: int
    size: int
    letters: int


_Asked = tuple[str, str, bool, bool, bool, bool]
_templates: dict[_Asked, Template] = {}


def template(question: Question, *, edns: bool) -> Template:
    """Return the prebuilt message for a question (52 µs when built with dnspython, so it is kept)."""
    asked = (
        question.qname, question.qtype, question.recursion_desired, question.dnssec_ok, question.checking_disabled, edns
    )  # fmt: skip
    found = _templates.get(asked)
    if found is None:
        if len(_templates) >= _TEMPLATES:
            del _templates[next(iter(_templates))]
        found = _templates[asked] = _build(question, edns=edns)
    return found


def _build(question: Question, *, edns: bool) -> Template:
    flags = (dns.flags.RD if question.recursion_desired else 0) | (dns.flags.CD if question.checking_disabled else 0)
    message = dns.message.make_query(
        question.qname.removesuffix(".") + ".",
        question.qtype,
        use_edns=0 if edns else False,
        want_dnssec=question.dnssec_ok and edns,
        payload=EDNS_PAYLOAD,
        flags=flags,
        id=0,
    )
    wire = message.to_wire()
    at, letters = _HEADER, bytearray()
    while wire[at]:
        label = wire[at + 1 : at + 1 + wire[at]]
        letters += b"\0" + bytes(0x20 if each < 128 and chr(each).isalpha() else 0 for each in label)
        at += wire[at] + 1
    end = at + 5
    opt = wire[end : -len(NO_OPTIONS)] if edns else b""
    section = wire[_HEADER:end]
    mask = int.from_bytes(letters + bytes(5), "big")
    return Template(wire[2:_HEADER], section, opt, int.from_bytes(section, "big"), len(section), mask)


class Dice:
    """Unpredictable octets, drawn from the system many at a time. Not for use across a fork."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def draw(self, octets: int) -> bytes:
        """Return so many octets (at most 4096)."""
        at = self._at
        end = self._at = at + octets
        if end > len(self._pool):
            self._pool = os.urandom(_POOL)
            at, self._at = 0, octets
            end = octets
        return self._pool[at:end]

    def ident(self) -> bytes:
        """Return a message ID."""
        return self.draw(2)

    def mix_case(self, prebuilt: Template) -> bytes:
        """Return the question section in a drawn letter case, which a forger off the path must guess as well.

        See draft-vixie-dnsext-dns0x20.
        """
        size = prebuilt.size
        drawn = int.from_bytes(self.draw(size), "big") & prebuilt.letters
        return (prebuilt.number ^ drawn).to_bytes(size, "big")


def compose(prebuilt: Template, ident: bytes, section: bytes, options: bytes = NO_OPTIONS) -> bytes:
    """Return a query's wire; ``options`` are OPT's RDLENGTH and RDATA, left out where there is no OPT."""
    if prebuilt.opt:
        return b"".join((ident, prebuilt.head, section, prebuilt.opt, options))
    return ident + prebuilt.head + section


def is_reply(data: bytes, question: bytes, *, fold_case: bool = False) -> bool:
    """Whether ``data`` is a response (QR, opcode QUERY) to exactly this question section; its ID is not looked at."""
    if len(data) < _HEADER or not data[2] & _QR or data[2] & _OPCODE or data[4:6] != b"\0\1":
        return False
    if data.startswith(question, _HEADER):
        return True
    return fold_case and data[_HEADER : _HEADER + len(question)].lower() == question.lower()


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
