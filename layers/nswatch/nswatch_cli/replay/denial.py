"""NXDOMAIN of a public suffix, put into bytes without reading the query as a message.

Who looks for look-alikes asks registries about hundreds of names that nobody has. For such a question an answer is the
question itself with the zone's SOA behind it, which is made once.
"""

import io
import re
from collections.abc import Iterable

import dns.rrset

from nswatch_cli.replay.reply import EDNS_PAYLOAD
from nswatch_cli.replay.world import Place, World

_HEADER = 12
_ONE_QUESTION = (b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1")
"""QDCOUNT to ARCOUNT of a query without and with OPT."""
_IN, _DS = b"\0\1", b"\0\x2b"
_OPT = b"\0\0\x29" + EDNS_PAYLOAD.to_bytes(2, "big") + bytes(6)
_RESPONSE, _RD, _CD, _DO = 0x84, 0x01, 0x10, 0x80
"""QR and AA; what is repeated from the query; what asks for DNSSEC."""
_NXDOMAIN = 3
_LABEL = re.compile(r"[a-z0-9_-]+\Z")


class Denials:
    """Answers questions for names that do not exist directly under a public suffix's zone, asked without DNSSEC."""

    def __init__(self, world: World) -> None:
        self._world = world

    def zone(self, place: Place, query: bytes, end: int) -> str | None:
        """Return the suffix whose denial is the whole answer, None where the query has to be read.

        ``end`` is where the first question's name ends.
        """
        if len(place.zones) != 1 or place.resolver or place.infrastructure is not None:
            return None
        zone = next(iter(place.zones))
        if query[4:_HEADER] not in _ONE_QUESTION or query[2] & ~_RD or not _plain(query, end):
            return None
        labels = _name(query, end)
        if ".".join(labels[1:]) != zone or self._world.kind(zone) != "suffix":
            return None
        return zone if self._is_nobodys(".".join(labels)) else None

    def _is_nobodys(self, name: str) -> bool:
        suffixes = self._world.suffixes
        return self._world.kind(name) is None and not suffixes.is_suffix(name) and not name.startswith("tld-servers.")


def denial(query: bytes, end: int, soa: bytes) -> bytes:
    """Return NXDOMAIN with authority for a query whose first question's name ends at ``end``."""
    flags = bytes((_RESPONSE | query[2] & _RD, _NXDOMAIN | query[3] & _CD))
    opt = _OPT if query[_HEADER - 1] else b""
    return query[:2] + flags + b"\0\1\0\0\0\1" + query[_HEADER - 2 : end + 4] + soa + opt


def wire_of(rrsets: Iterable[dns.rrset.RRset]) -> bytes:
    """Return RRsets' bytes without compression."""
    file = io.BytesIO()
    for rrset in rrsets:
        rrset.to_wire(file)
    return file.getvalue()


def _plain(query: bytes, end: int) -> bool:
    """Whether what follows the name is a question of class IN that is not for DS, and at most an OPT without DO."""
    if query[end + 2 : end + 4] != _IN or query[end : end + 2] == _DS:
        return False
    rest = query[end + 4 :]
    if not query[_HEADER - 1]:
        return not rest
    return len(rest) >= len(_OPT) and rest[:3] == _OPT[:3] and rest[6] == 0 and not rest[7] & _DO


def _name(query: bytes, end: int) -> list[str]:
    """Return a name's labels; none where a character could be taken for what parts them."""
    labels, at = [], _HEADER
    while at < end - 1:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    return labels if all(_LABEL.match(label) for label in labels) else []
