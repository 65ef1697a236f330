"""What is refused before dnspython parses it, and what never raises."""

import contextlib
import struct
import time

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.observe import wire

QUESTION = b"\x07example\x03com\x00\x00\x02\x00\x01"


def header(answers: int) -> bytes:
    return struct.pack("!6H", 1, 0x8400, 1, answers, 0, 0)


def record(owner: bytes, rdtype: int, rdata: bytes) -> bytes:
    return owner + struct.pack("!HHIH", rdtype, 1, 300, len(rdata)) + rdata


def pointer(at: int) -> bytes:
    return struct.pack("!H", 0xC000 | at)


def deep(labels: int, records: int, rdtype: int = 2) -> bytes:
    """Return an answer whose every name ends in one of ``labels`` labels by a pointer."""
    at = 12 + len(QUESTION)
    chain = b"".join(bytes([1, 97 + i % 26]) for i in range(labels)) + b"\0"
    made = header(records) + QUESTION + record(chain, rdtype, pointer(at))
    for i in range(records - 1):
        label = bytes([2, 97 + i % 26, 97 + i // 26])
        made += record(label + pointer(at), rdtype, label + pointer(at))
    return made


def hops(count: int) -> bytes:
    """Return an answer with a chain of pointers to pointers."""
    start = 12 + len(QUESTION) + 11
    chain = pointer(12) + b"".join(pointer(start + 2 * i) for i in range(count - 1))
    made = QUESTION + record(b"\0", 65280, chain) + record(pointer(start + 2 * (count - 1)), 1, b"\x7f\0\0\1") * 60
    return header(61) + made


HOSTILE = {
    "120 labels in 70 records": deep(120, 70),
    "120 labels in 5 records": deep(120, 5),
    "30 labels in 60 records": deep(30, 60),
    "pointers to pointers": hops(200),
    "too many records": header(128) + QUESTION + record(pointer(12), 1, b"\x7f\0\0\1") * 128,
    "too many octets": header(1) + QUESTION + record(pointer(12), 16, b"\0" * 17000),
    "a HIP record with names by the thousand": header(1) + QUESTION + record(
        pointer(12), 55, struct.pack("!BBH", 1, 1, 1) + b"xx" + pointer(12) * 2000
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_parse_is_too_costly_when_a_message_is_made_to_burn_time(message: bytes) -> None:
    start = time.process_time()
    with pytest.raises(wire.TooCostly):
        wire.parse(message)
    assert time.process_time() - start < 0.01


def test_parse_is_quick_when_a_message_just_fits() -> None:
    fitting = [deep(labels, n) for labels in (2, 5, 20, 60, 110) for n in range(1, 129)]
    costs = []
    for message in fitting:
        start = time.process_time()
        try:
            wire.parse(message)
        except (wire.TooCostly, wire.Malformed):
            continue
        costs.append(time.process_time() - start)
    assert len(costs) > 50
    assert sorted(costs)[len(costs) * 9 // 10] < 0.01


def test_parse_takes_the_biggest_honest_referral_when_it_comes() -> None:
    query = dns.message.make_query("example.com", "NS", want_dnssec=True)
    made = dns.message.make_response(query)
    hosts = [f"{letter}.gtld-servers.net." for letter in "abcdefghijklm"]
    made.authority.append(dns.rrset.from_text("com.", 172800, "IN", "NS", *hosts))
    for host in hosts:
        made.additional.append(dns.rrset.from_text(host, 172800, "IN", "A", "192.0.2.1", "192.0.2.2"))
        made.additional.append(dns.rrset.from_text(host, 172800, "IN", "AAAA", "2001:db8::1", "2001:db8::2"))
    assert len(wire.parse(made.to_wire(max_size=65535)).authority[0]) == 13


MALFORMED = {
    "nothing": b"",
    "half a header": b"\0" * 11,
    "a question that is not there": header(0),
    "a pointer to itself": header(0) + pointer(12) + b"\0\2\0\1",
    "a pointer forwards": header(0) + pointer(20) + b"\0\2\0\1" + b"\0" * 20,
    "a label of a reserved kind": header(0) + b"\x80" + b"\0\2\0\1",
    "RDATA beyond the end": header(1) + QUESTION + pointer(12) + struct.pack("!HHIH", 1, 1, 0, 4) + b"\1",
    "an address of three octets": header(1) + QUESTION + record(pointer(12), 1, b"\1\2\3"),
    "an NS name longer than its RDATA": header(1) + QUESTION + record(pointer(12), 2, b"\3abc"),
    "rubbish behind": header(0) + QUESTION + b"x",
    "TSIG": header(0)[:10] + b"\0\1" + QUESTION + record(b"\0", 250, b"\0" * 20),
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_parse_is_malformed_when_the_bytes_are_no_message(message: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.parse(message)


def example() -> bytes:
    made = dns.message.make_response(dns.message.make_query("example.com", "NS", want_dnssec=True))
    made.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", "ns1.example.com.", "ns2.example.net."))
    made.authority.append(
        dns.rrset.from_text("x.com.", 60, "IN", "NSEC3", "1 1 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS")
    )
    made.additional.append(dns.rrset.from_text("ns1.example.com.", 60, "IN", "A", "192.0.2.1"))
    return made.to_wire()


EXAMPLE = example()


@given(st.lists(st.tuples(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 255)), max_size=12), st.integers(0, 20))
def test_parse_raises_its_own_two_errors_when_bytes_are_flipped(flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(EXAMPLE)
    for at, value in flips:
        data[at] = value
    with contextlib.suppress(wire.Malformed, wire.TooCostly):
        wire.parse(bytes(data[: len(data) - cut]))


@given(st.binary(max_size=300))
def test_parse_raises_its_own_two_errors_when_bytes_are_random(data: bytes) -> None:
    with contextlib.suppress(wire.Malformed, wire.TooCostly):
        wire.parse(data)


def test_digest_ignores_the_id_and_the_case_of_the_question_when_all_else_is_equal() -> None:
    one = header(0) + QUESTION + b"X"
    other = b"\xff\xff" + header(0)[2:] + QUESTION.replace(b"example", b"eXaMPle") + b"X"
    assert wire.digest(one) == wire.digest(other)
    assert wire.digest(one) != wire.digest(one[:-1] + b"x")
    assert wire.digest(b"") == wire.digest(b"\0")
