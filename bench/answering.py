"""The name server of the benchmark: prebuilt answers, a process of its own, fast enough not to be what is measured.

Run it as a program: it prints its port on 127.0.0.1 (UDP and TCP), answers a line on stdin with the number of UDP
queries so far, and ends when stdin does or after three minutes.

Every answer differs from the one before to the same question: its records are rotated by one and its TTLs are a second
lower. One answer in a hundred has a record that was never seen before.
"""

import contextlib
import os
import select
import socket
import string
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import product

import dns.message
import dns.rrset

DOMAINS = 250
TYPES = ("NS", "A", "MX", "TXT")
CHANGED = 100
"""One answer in so many holds a new record."""
_TTL = 86400
_FRESH = b"zzzz"
"""What is replaced by four new letters where an answer changes."""
_LIFETIME = 180.0
_HEADER = 12
_DATA = {
    "NS": ("ns1.{name}.", "ns2.{name}.", "ns-3.dns.example.", "ns-4.dns.example."),
    "A": ("192.0.2.1", "192.0.2.2", "198.51.100.3"),
    "MX": ("10 mx1.{name}.", "20 mx2.mail.example."),
    "TXT": ('"v=spf1 include:_spf.mail.example -all"', '"site-verification=0123456789abcdef"'),
}
_NEW = {"NS": "zzzz.hijack.example.", "A": "122.122.122.122", "MX": "5 zzzz.hijack.example.", "TXT": '"zzzz"'}


def questions() -> list[tuple[str, str]]:
    """Return every question that there is an answer to: (qname, qtype), domain by domain."""
    return [(f"d{number}.bench.example", qtype) for number in range(DOMAINS) for qtype in TYPES]


@dataclass(slots=True)
class _Entry:
    """The answers to one question: the segments between the TTLs, for each rotation, and those with a new record."""

    rotations: list[list[bytes]]
    changed: list[bytes]
    counts: bytes
    asked: int = 0


@dataclass(slots=True)
class _Answers:
    """Answers queries; `asked` counts them."""

    asked: int = 0
    _entries: dict[bytes, _Entry] = field(default_factory=dict)
    _fresh: "product[tuple[str, ...]]" = field(default_factory=lambda: product(string.ascii_letters, repeat=4))

    def __post_init__(self) -> None:
        for qname, qtype in questions():
            query = dns.message.make_query(qname, qtype, id=0).to_wire()
            values = [text.format(name=qname) for text in _DATA[qtype]]
            rotations = [_segments(qname, qtype, values[i:] + values[:i]) for i in range(len(values))]
            changed = _segments(qname, qtype, [*values[:-1], _NEW[qtype]])
            self._entries[query[_HEADER:].lower()] = _Entry(rotations, changed, b"\0\1" + bytes([0, len(values)]))

    def reply(self, query: bytes) -> bytes:
        """Return the answer to ``query``; REFUSED for anything else."""
        end = query.find(0, _HEADER) + 5
        entry = self._entries.get(query[_HEADER:end].lower())
        self.asked += 1
        if entry is None:
            return query[:2] + b"\x81\5" + query[4:6] + bytes(6) + query[_HEADER:end]
        entry.asked = asked = entry.asked + 1
        if self.asked % CHANGED:
            segments = entry.rotations[asked % len(entry.rotations)]
        else:
            letters = "".join(next(self._fresh)).encode()
            segments = [segment.replace(_FRESH, letters) for segment in entry.changed]
        records = (_TTL - asked % _TTL).to_bytes(4, "big").join(segments)
        head = query[:2] + (b"\x85\0" if query[2] & 1 else b"\x84\0") + entry.counts + b"\0\0"
        if query[11]:
            return head + b"\0\1" + query[_HEADER:end] + records + b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"
        return head + b"\0\0" + query[_HEADER:end] + records


def _segments(qname: str, qtype: str, values: list[str]) -> list[bytes]:
    """Return an answer's records, cut where the TTLs are."""
    made = dns.message.make_response(dns.message.make_query(qname, qtype, id=0))
    records, segments = b"", []
    for value in values:
        made.answer = [dns.rrset.from_text(f"{qname}.", 0, "IN", qtype, value)]
        record = made.to_wire()[_HEADER + len(qname) + 6 :]
        segments.append(records + record[:6])
        records = record[10:]
    return [*segments, records]


def _serve_udp(answers: _Answers, udp: socket.socket, ends: float) -> None:
    """Answer until ``ends``."""
    while time.monotonic() < ends:
        select.select([udp], [], [], 1)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                query, source = udp.recvfrom(2048)
                udp.sendto(answers.reply(query), source)


def _serve_tcp(answers: _Answers, tcp: socket.socket) -> None:
    while True:
        connection, _address = tcp.accept()
        threading.Thread(target=_serve_connection, args=(answers, connection), daemon=True).start()


def _serve_connection(answers: _Answers, connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as stream, contextlib.suppress(ConnectionError):
        while len(length := stream.read(2)) == 2:
            reply = answers.reply(stream.read(int.from_bytes(length, "big")))
            connection.sendall(len(reply).to_bytes(2, "big") + reply)


def _listen() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket on one port of 127.0.0.1."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen(256)
        return udp, tcp


def _control(answers: _Answers) -> None:
    for _ in sys.stdin:
        print(answers.asked, flush=True)
    os._exit(0)


def main() -> None:
    """Serve."""
    ends = time.monotonic() + _LIFETIME
    answers = _Answers()
    udp, tcp = _listen()
    threading.Thread(target=_control, args=(answers,), daemon=True).start()
    threading.Thread(target=_serve_tcp, args=(answers, tcp), daemon=True).start()
    print(udp.getsockname()[1], flush=True)
    _serve_udp(answers, udp, ends)


if __name__ == "__main__":
    main()
