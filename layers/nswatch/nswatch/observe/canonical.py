"""The canonical form of an answer: what is left when all is taken away that never counts (decision 6).

Order, letter case, compression, duplicates, TTLs, the message ID, and OPT but for its part of the RCODE. Two messages
with one canonical form give the same facts, because the facts are read out of the canonical form itself.
"""

from dataclasses import dataclass

from nswatch.observe.layout import Layout

_QR, _OPCODE, _AA_TC, _RCODE = 0x80, 0x78, 0x06, 0x0F
_CASE_BIT = bytes(0x20 if chr(octet).isascii() and chr(octet).isalpha() else 0 for octet in range(256))
_OPT_HEAD = b"\0\0\x29\0\0"


@dataclass(frozen=True, slots=True)
class Canonical:
    """``message`` is a DNS message; the TTL of its records is their RRset's index in ``ttls``, offsets of real TTLs."""

    message: bytes
    ttls: tuple[tuple[int, ...], ...]


def canonical(wire: bytes, layout: Layout) -> Canonical:
    """Return the canonical form of a message."""
    counts, body, ttls = [0, 0, 0], list[bytes](), list[list[int]]()
    last_set, last_record = None, None
    for section, head, rdata, ttl_at in sorted(layout.records):
        this_set, this_record = (section, head), (section, head, rdata)
        if this_set != last_set:
            ttls.append([])
            last_set = this_set
        ttls[-1].append(ttl_at)
        if this_record != last_record:
            last_record = this_record
            counts[section - 1] += 1
            body += (head, (len(ttls) - 1).to_bytes(4, "big"), len(rdata).to_bytes(2, "big"), rdata)
    if layout.opt and wire[layout.opt + 4]:
        counts[2] += 1
        body += (_OPT_HEAD, wire[layout.opt + 4 : layout.opt + 5], bytes(5))
    header = bytes((0, 0, wire[2] & _AA_TC | _QR, wire[3] & _RCODE, 0, 0, 0, counts[0], 0, counts[1], 0, counts[2]))
    return Canonical(header + b"".join(body), tuple(map(tuple, ttls)))


def mask(wire: bytes, layout: Layout) -> int | None:
    """Return a mask with which a message is compared, as one number, with others of its length.

    A message that equals ``wire`` under it has the same layout and the same canonical form. It leaves out the ID, the
    flags that are no facts, TTLs, the letter case of names and the contents of OPT. None when there is no such mask,
    because names are read from odd places.
    """
    if not layout.regular or not wire[2] & _QR:
        return None
    left_out = bytearray(len(wire))
    left_out[0:4] = bytes((0xFF, 0xFF, 0x7F & ~(_OPCODE | _AA_TC), 0xFF & ~_RCODE))
    for _, _, _, at in layout.records:
        left_out[at : at + 4] = b"\xff\xff\xff\xff"
    for at in layout.labels:
        length = wire[at]
        if length < 64:
            left_out[at + 1 : at + 1 + length] = wire[at + 1 : at + 1 + length].translate(_CASE_BIT)
    if layout.opt:
        at = layout.opt
        length = int.from_bytes(wire[at + 8 : at + 10], "big")
        left_out[at + 2 : at + 8] = b"\xff\xff\0\0\xff\xff"  # payload size and flags, not RCODE and version
        left_out[at + 10 : at + 10 + length] = b"\xff" * length
    return ~int.from_bytes(left_out, "big") & (1 << 8 * len(wire)) - 1
