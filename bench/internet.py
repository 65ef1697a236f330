"""The Internet of the load test: root, top-level domains, name servers and resolvers, all in one process on loopback.

Run it as a program: it prints its port (UDP and TCP, on every address of 127/8), answers a line on stdin with the
number of queries so far, and ends when stdin does. Which server is asked is told by the address that a question came
to. The root and its two top-level domains are signed where DS or DNSKEY is asked for, and delegate nobody securely.
Every answer is made once, by dnspython, and kept. Those about as many domains as its argument says are made before
it prints its port, so that it is not what a first pass waits for.
"""

import contextlib
import select
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from nswatch.observe.servers import Server
from nswatch_cli.replay.signing import Signer, ds_rdata, window_of

ROOT = tuple(
    Server(f"{letter}.root-servers.net", (f"127.1.0.{place}",)) for place, letter in enumerate("abcdefghijklm", 1)
)
RESOLVERS = ("127.5.0.1", "127.5.0.2", "127.5.0.3")
HOSTS = 100
"""So many hosts serve all domains, four each."""
_TLD_SERVERS = 6
_LIFETIME = 3600.0
_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
_INFO = struct.Struct("=I4s4s")


_SIGNERS = {zone: Signer(zone, f"key of {zone}") for zone in (".", "example", "test")}
_SIGNED = (dns.rdatatype.DS, dns.rdatatype.DNSKEY)


def anchor() -> str:
    """Return the root's DS, as ``RootAnchors`` takes it."""
    (ds,) = ds_rdata(".", ["key of ."])
    return ":".join(ds.to_text().split())


def domain(number: int) -> str:
    """Return the name of a watched domain."""
    return f"d{number}.example"


def hosts_of(number: int) -> list[str]:
    """Return the name servers of a watched domain."""
    return [f"h{(number + place * HOSTS // 4) % HOSTS}.dns.test" for place in range(4)]


def entry(number: int) -> dict[str, object]:
    """Return a watched domain's entry as `apply` writes it."""
    hosts = sorted(hosts_of(number))
    return {
        "delegation": {"ns": hosts, "soa_mname": hosts_of(number)[0]},
        "answers": [
            {"name": "@", "type": "A", "within": ["198.51.100.0/24"]},
            {"name": "@", "type": "MX", "values": ["10 mx.mail.test."]},
        ],
        "resolvers": list(RESOLVERS),
        "every": 60,
        "delegation_every": 60,
        "severity": {},
        "language": "en",
        "baseline": {"addresses": {host: [_address(host)] for host in hosts}},
    }


def _address(host: str) -> str:
    number = int(host.partition(".")[0].removeprefix("h"))
    return f"127.4.0.{number + 1}"


@dataclass(slots=True)
class Internet:
    """Answers queries; ``asked`` counts them."""

    asked: int = 0
    _known: dict[tuple[int, bytes], bytes] = field(default_factory=dict)

    def reply(self, query: bytes, address: bytes) -> bytes:
        """Return the answer of the server at ``address`` (four octets)."""
        self.asked += 1
        end = query.index(0, 12) + 5
        made = self._answer(address[1], query[12:end].lower())
        return query[:2] + made[2:12] + query[12:end] + made[end:]

    def prepare(self, domains: int) -> None:
        """Make what will be answered about the first ``domains``."""
        for number in range(domains):
            for role, types in {2: ("NS", "DS"), 4: ("SOA", "NS", "A", "MX"), _RESOLVER: ("NS", "A", "MX")}.items():
                for rdtype in types:
                    query = dns.message.make_query(domain(number), rdtype, use_edns=False)
                    self._answer(role, query.to_wire()[12:])

    def _answer(self, role: int, question: bytes) -> bytes:
        """Return the answer of a kind of server to a question in lower case; every query has EDNS, with DO."""
        known = self._known.get((role, question))
        if known is not None:
            return known
        name, _ = dns.name.from_wire(question, 0)
        rdtype = dns.rdatatype.RdataType(int.from_bytes(question[-4:-2], "big"))
        asked = dns.message.make_query(name, rdtype, use_edns=0, want_dnssec=True)
        asked.flags = dns.flags.RD if role == _RESOLVER else dns.flags.Flag(0)
        made = dns.message.make_response(asked)
        if rdtype in _SIGNED and role in (1, 2):
            _signed(made, name.to_text(True).replace("@", "."), rdtype)
        else:
            _ROLES[role](made, name.to_text(True), rdtype)
        self._known[role, question] = made.to_wire()
        return self._known[role, question]


def _add(section: list[dns.rrset.RRset], owner: str, ttl: int, rdtype: str, *values: str) -> None:
    section.append(dns.rrset.from_text(f"{owner}.", ttl, "IN", rdtype, *values))


def _signed(made: dns.message.Message, name: str, rdtype: int) -> None:
    """Answer for the keys of a signed zone, and for the DS records in it: it has those of signed zones alone."""
    made.flags |= dns.flags.AA
    above = "." if name in _SIGNERS else name.rpartition(".")[2]
    signer, now = _SIGNERS[name if rdtype == dns.rdatatype.DNSKEY else above], window_of(datetime.now(UTC))
    if rdtype == dns.rdatatype.DNSKEY:
        made.answer.append(signer.keys)
    elif name in _SIGNERS:
        made.answer.append(
            dns.rrset.from_rdata_list(dns.name.from_text(name), 86400, ds_rdata(name, [f"key of {name}"]))
        )
    else:
        soa = dns.rrset.from_text(
            dns.name.from_text(above), 900, "IN", "SOA", f"a.nic.{above}. h. 1 900 900 604800 900"
        )
        made.authority += [soa, *signer.denies_ds(name, 900)]
    for section in (made.answer, made.authority):
        section += [signer.rrsig(each, now) for each in list(section)]


def _root(made: dns.message.Message, name: str, _rdtype: int) -> None:
    tld = name.rsplit(".", 1)[-1]
    if tld in ("example", "test"):
        names = [f"{letter}.nic.{tld}" for letter in "abcdef"[:_TLD_SERVERS]]
        _add(made.authority, tld, 172800, "NS", *(f"{each}." for each in names))
        for place, each in enumerate(names, 1):
            _add(made.additional, each, 172800, "A", f"127.2.0.{place}")
        return
    made.flags |= dns.flags.AA
    if name in (".", "@", ""):
        made.answer.append(dns.rrset.from_text(".", 518400, "IN", "NS", *(f"{server.name}." for server in ROOT)))
    else:
        made.set_rcode(dns.rcode.NXDOMAIN)
        made.authority.append(
            dns.rrset.from_text(".", 86400, "IN", "SOA", "a.root-servers.net. n. 1 1800 900 604800 86400")
        )


def _tld(made: dns.message.Message, name: str, _rdtype: int) -> None:
    if name.endswith(".dns.test") or name == "dns.test":
        _add(made.authority, "dns.test", 172800, "NS", "ns1.dns.test.", "ns2.dns.test.")
        for place in (1, 2):
            _add(made.additional, f"ns{place}.dns.test", 172800, "A", f"127.3.0.{place}")
    elif name.startswith("d"):
        _add(made.authority, name, 172800, "NS", *(f"{host}." for host in hosts_of(_number(name))))


def _host_zone(made: dns.message.Message, name: str, rdtype: int) -> None:
    made.flags |= dns.flags.AA
    if name.startswith("h") and rdtype == dns.rdatatype.A:
        _add(made.answer, name, 3600, "A", _address(name))
    else:
        _add(made.authority, "dns.test", 900, "SOA", "ns1.dns.test. h. 1 7200 900 1209600 300")


def _server(made: dns.message.Message, name: str, rdtype: int) -> None:
    made.flags |= dns.flags.AA
    hosts = [f"{host}." for host in hosts_of(_number(name))]
    match rdtype:
        case dns.rdatatype.NS:
            _add(made.answer, name, 172800, "NS", *hosts)
        case dns.rdatatype.SOA:
            _add(made.answer, name, 900, "SOA", f"{hosts[0]} hostmaster.example. 1 7200 900 1209600 86400")
        case dns.rdatatype.A:
            _add(made.answer, name, 60, "A", "198.51.100.10", "198.51.100.11")
        case dns.rdatatype.MX:
            _add(made.answer, name, 300, "MX", "10 mx.mail.test.")


def _resolver(made: dns.message.Message, name: str, rdtype: int) -> None:
    _server(made, name, rdtype)
    made.flags = (made.flags | dns.flags.RA) & ~dns.flags.AA


_RESOLVER = 5
_ROLES = {1: _root, 2: _tld, 3: _host_zone, 4: _server, _RESOLVER: _resolver}
"""What the second octet of an address says of who is asked."""


def _number(name: str) -> int:
    return int(name.partition(".")[0].removeprefix("d"))


def _serve_udp(internet: Internet, udp: socket.socket, ends: float) -> None:
    while time.monotonic() < ends:
        select.select([udp], [], [], 1)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                query, ancillary, _flags, source = udp.recvmsg(2048, 64)
                _interface, _local, address = _INFO.unpack(ancillary[0][2])
                info = (socket.IPPROTO_IP, _PKTINFO, _INFO.pack(0, address, bytes(4)))
                udp.sendmsg([internet.reply(query, address)], [info], 0, source)


def _serve_tcp(internet: Internet, tcp: socket.socket) -> None:
    while True:
        connection, _address = tcp.accept()
        threading.Thread(target=_serve_connection, args=(internet, connection), daemon=True).start()


def _serve_connection(internet: Internet, connection: socket.socket) -> None:
    address = socket.inet_aton(connection.getsockname()[0])
    with connection, connection.makefile("rb") as stream, contextlib.suppress(ConnectionError):
        while len(length := stream.read(2)) == 2:
            answer = internet.reply(stream.read(int.from_bytes(length, "big")), address)
            connection.sendall(len(answer).to_bytes(2, "big") + answer)


def main() -> int:
    """Answer until stdin ends."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    udp.bind(("0.0.0.0", 0))  # noqa: S104 - every address of 127/8 is a server; nothing of it is for others
    udp.setblocking(False)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.bind(udp.getsockname())
    tcp.listen(256)
    internet = Internet()
    internet.prepare(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(udp.getsockname()[1], flush=True)
    ends = time.monotonic() + _LIFETIME
    threading.Thread(target=_serve_udp, args=(internet, udp, ends), daemon=True).start()
    threading.Thread(target=_serve_tcp, args=(internet, tcp), daemon=True).start()
    for _ in sys.stdin:
        print(internet.asked, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
