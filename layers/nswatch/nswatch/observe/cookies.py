"""DNS cookies (RFC 7873, RFC 9018): what only a server that hears us can say, so that forgers off the path fail.

Our cookie for a server goes with every query; what the server adds to it is kept and given back. A server that has
once shown that it knows cookies is held to it.
"""

import hashlib
import os
from dataclasses import dataclass, field
from enum import Enum, auto

from nswatch.observe.messages import NO_OPTIONS

_HEADER = 12
_OPT = 41
_COOKIE = 10
_CLIENT = 8
_SERVER = range(8, 33)
_BADCOOKIE = 23
_NONE = b"\0\0"
_MAX_RECORDS = 128
_SERVERS = 4096


class Look(Enum):
    """What a reply's cookie says about it."""

    FINE = auto()
    FORGED = auto()
    """Another cookie than ours: nobody who saw our query sent this."""
    MISSING = auto()
    """No cookie from a server that gives one: RFC 7873 section 5.3 discards it."""
    RENEW = auto()
    """BADCOOKIE with a new server cookie: ask again with that."""
    REFUSED = auto()
    """BADCOOKIE with nothing that could be given back."""


@dataclass(slots=True)
class Cookie:
    """What passes between us and one server. ``options`` are the RDLENGTH and RDATA of OPT that go with a query."""

    client: bytes
    options: bytes = NO_OPTIONS
    server: bytes = b""
    tail: bytes | None = None
    """The OPT record with which the last good reply ended; a reply with the same end needs no second look."""

    def __post_init__(self) -> None:
        self._set(b"")

    def _set(self, server: bytes) -> None:
        self.server = server
        cookie = self.client + server
        option = _COOKIE.to_bytes(2, "big") + len(cookie).to_bytes(2, "big") + cookie
        self.options = len(option).to_bytes(2, "big") + option

    def forget(self) -> None:
        """Hold the server to nothing any more."""
        self.tail = None
        self._set(b"")

    def look(self, data: bytes) -> Look:
        """Look at a reply to a query that carried ``options``, and learn from it."""
        if not self.server and data[10:12] == _NONE:
            return Look.FINE
        found = _find_opt(data)
        given = None if found is None else found.cookie
        if given is not None and given[:_CLIENT] != self.client:
            return Look.FORGED
        server = b"" if given is None else given[_CLIENT:]
        bad = found is not None and found.extended << 4 | data[3] & 15 == _BADCOOKIE
        if len(server) not in _SERVER:
            if bad:
                return Look.REFUSED
            if self.server:
                return Look.MISSING
        elif server != self.server:
            self._set(server)
        if bad:
            return Look.RENEW
        self.tail = None if found is None or not found.last else data[found.start :]
        return Look.FINE


@dataclass(slots=True)
class Jar:
    """The cookies of many servers by address; it may outlive a transport. ``secret`` makes ours unpredictable."""

    secret: bytes = field(default_factory=lambda: os.urandom(16))
    _cookies: dict[str, Cookie] = field(default_factory=dict)

    def of(self, address: str) -> Cookie:
        """Return the cookie for a server; of very many, the oldest are made anew."""
        found = self._cookies.get(address)
        if found is None:
            if len(self._cookies) >= _SERVERS:
                del self._cookies[next(iter(self._cookies))]
            ours = hashlib.blake2s(address.encode(), key=self.secret, digest_size=_CLIENT).digest()
            found = self._cookies[address] = Cookie(ours)
        return found


@dataclass(frozen=True, slots=True)
class _Opt:
    start: int
    last: bool
    extended: int
    cookie: bytes | None


def _find_opt(data: bytes) -> _Opt | None:
    """Return OPT of a reply with one question; None when there is none (or the message is not worth the walk)."""
    counts = [int.from_bytes(data[at : at + 2], "big") for at in (4, 6, 8, 10)]
    if not counts[3] or sum(counts) > _MAX_RECORDS:
        return None
    at = _HEADER
    for _ in range(counts[0]):
        at = _behind_name(data, at) + 4
    for number in range(sum(counts[1:])):
        start = at
        at = _behind_name(data, at) + 10
        if at > len(data):
            return None
        end = at + int.from_bytes(data[at - 2 : at], "big")
        if number >= counts[1] + counts[2] and data[at - 10 : at - 8] == _OPT.to_bytes(2, "big"):
            return _Opt(start, end == len(data), data[at - 6], _cookie_in(data[at:end]))
        at = end
    return None


def _behind_name(data: bytes, at: int) -> int:
    while at < len(data):
        length = data[at]
        if length == 0:
            return at + 1
        if length >= 192:
            return at + 2
        at += length + 1
    return at


def _cookie_in(options: bytes) -> bytes | None:
    at = 0
    while at + 4 <= len(options):
        code, length = (int.from_bytes(options[i : i + 2], "big") for i in (at, at + 2))
        if code == _COOKIE:
            return options[at + 4 : at + 4 + length]
        at += 4 + length
    return None
