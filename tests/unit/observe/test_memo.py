"""Facts are read out of a canonical form, and what was read once is remembered: nobody may notice but by the time."""

import random
import time
from dataclasses import replace

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.model import Facts
from nswatch.observe import facts as facts_module
from nswatch.observe.canonical import canonical, mask
from nswatch.observe.layout import Malformed, TooCostly, read_layout
from nswatch.observe.memo import Memo, Recent

NAMES = ("example.com", "www.example.com", "ns1.example.com", "a.ns.example.net", "com", "b.example", ".")
DATA: dict[str, tuple[str, ...]] = {
    "A": ("192.0.2.1", "192.0.2.2"),
    "AAAA": ("2001:db8::1", "2001:db8::2"),
    "NS": ("ns1.example.com.", "a.ns.example.net.", "NS1.example.com."),
    "CNAME": ("www.example.com.", "b.example."),
    "MX": ("10 a.ns.example.net.", "20 b.example.", "10 ."),
    "TXT": ('"one"', '"One" "two"'),
    "SOA": ("ns1.example.com. h.example.com. 1 2 3 4 5", "ns1.example.com. h.example.com. 2 2 3 4 5"),
    "DS": ("1 13 2 " + "ab" * 32,),
    "NSEC": ("f.example.com. NS RRSIG NSEC",),
    "SRV": ("1 2 3 b.example.",),
    "RRSIG": ("NS 13 2 300 20300101000000 20200101000000 7 example.com. " + "A" * 86 + "==",
              "DS 13 2 300 20300101000000 20200101000000 7 com. " + "A" * 86 + "=="),
}  # fmt: skip
Record = tuple[str, str, str, int]
"""Owner, type, data, TTL."""

records = st.sampled_from(sorted(DATA)).flatmap(
    lambda rdtype: st.tuples(
        st.sampled_from(NAMES), st.just(rdtype), st.sampled_from(DATA[rdtype]), st.sampled_from([0, 60, 300, 2**31])
    )
)
sections = st.tuples(*[st.lists(records, max_size=6) for _ in range(3)])
flags = st.sampled_from([0, dns.flags.AA, dns.flags.RA | dns.flags.RD, dns.flags.AA | dns.flags.TC])
rcodes = st.sampled_from([0, 2, 3, 5, 16, 22])
ASKED = ("example.com", "NS", False)


def cased(name: dns.name.Name, rng: random.Random) -> bytes:
    wire = bytearray(name.to_wire() or b"")
    at = 0
    while wire[at]:
        for i in range(at + 1, at + 1 + wire[at]):
            if chr(wire[i]).isalpha() and rng.random() < 0.5:
                wire[i] ^= 0x20
        at += wire[at] + 1
    return bytes(wire)


class Writer:
    """Writes a message record by record: compressed where chance will, in any letter case."""

    def __init__(self, rng: random.Random, *, compress: float) -> None:
        self.rng, self.compress, self.known = rng, compress, dict[bytes, int]()
        self.out = bytearray(12)

    def name(self, text: str) -> None:
        wire = cased(dns.name.from_text(text), self.rng)
        at = 0
        while wire[at]:
            target = self.known.get(wire[at:].lower())
            if target is not None and self.rng.random() < self.compress:
                self.out += (0xC000 | target).to_bytes(2, "big")
                return
            self.known[wire[at:].lower()] = len(self.out)
            self.out += wire[at : at + wire[at] + 1]
            at += wire[at] + 1
        self.out += b"\0"

    def record(self, record: Record, ttl: int) -> None:
        owner, rdtype, data, _ = record
        self.name(owner)
        number = dns.rdatatype.from_text(rdtype)
        self.out += number.to_bytes(2, "big") + b"\0\1" + ttl.to_bytes(4, "big")
        at = len(self.out)
        self.out += b"\0\0"
        if rdtype in ("NS", "CNAME"):
            self.name(data)
        elif rdtype == "MX":
            preference, host = data.split()
            self.out += int(preference).to_bytes(2, "big")
            self.name(host)
        else:
            rdata = dns.rdata.from_text("IN", rdtype, data)
            self.out += rdata.to_wire() or b""
        self.out[at : at + 2] = (len(self.out) - at - 2).to_bytes(2, "big")


def write(
    said: tuple[list[Record], ...],
    rng: random.Random,
    *,
    flag: int = 0,
    rcode: int = 0,
    shuffle: bool = True,
    duplicates: bool = True,
    compress: float = 0.7,
    options: bytes = b"",
    less: int = 0,
) -> bytes:
    """Return one of the many messages that say the same; ``less`` is taken off each TTL."""
    writer = Writer(rng, compress=compress)
    writer.name("example.com")
    writer.out += b"\0\2\0\1"
    counts = [1]
    for section in said:
        lines = list(section)
        if duplicates and lines and rng.random() < 0.5:
            lines.append(rng.choice(lines))
        if shuffle:
            rng.shuffle(lines)
        for line in lines:
            writer.record(line, max(0, line[3] - less) if line[3] < 2**31 else line[3])
        counts.append(len(lines))
    writer.out += b"\0\0\x29\x04\xd0" + bytes([rcode >> 4, 0, 0x80 * rng.randrange(2), 0])
    writer.out += len(options).to_bytes(2, "big") + options
    counts[3] += 1
    head = rng.randbytes(2) + (0x8000 | flag | rcode & 15 | rng.choice([0, 0x20, 0x10])).to_bytes(2, "big")
    writer.out[:12] = head + b"".join(count.to_bytes(2, "big") for count in counts)
    return bytes(writer.out)


def plain(wire: bytes, asked: tuple[str, str, bool] = ASKED) -> Facts:
    """Read facts without any memo or canonical form."""
    return facts_module._read_answer(dns.message.from_wire(wire, raise_on_truncation=False), asked)


def one_of_each_singleton(said: tuple[list[Record], ...]) -> tuple[list[Record], ...]:
    """Drop all but one CNAME, SOA or NSEC of an owner: of several, dnspython keeps whichever comes last."""
    kept = []
    for section in said:
        single = {(record[0], record[1]): record for record in section if record[1] in ("CNAME", "SOA", "NSEC")}
        kept.append([each for each in section if each[1] not in ("CNAME", "SOA", "NSEC")] + list(single.values()))
    return tuple(kept)


MEMO: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
DELEGATIONS: Memo[str] = Memo(facts_module._read_delegation)


@settings(max_examples=100, deadline=None)
@given(
    sections.map(one_of_each_singleton), flags, rcodes, st.sampled_from(["NS", "A", "MX", "TXT", "CNAME", "SOA"]),
    st.booleans(), st.integers(0, 2**32),
)  # fmt: skip
def test_memo_gives_the_facts_of_a_plain_reading_when_a_message_is_put_in_many_ways(
    said: tuple[list[Record], ...], flag: int, rcode: int, qtype: str, rd: bool, seed: int
) -> None:
    rng = random.Random(seed)
    asked = ("example.com", qtype, rd)
    for _ in range(6):
        wire = write(said, rng, flag=flag, rcode=rcode, less=rng.randrange(3), compress=rng.choice([0, 0.5, 1]))
        assert MEMO.facts(wire, asked) == plain(wire, asked)
        message = dns.message.from_wire(wire, raise_on_truncation=False)
        assert DELEGATIONS.facts(wire, "example.com") == facts_module._read_delegation(message, "example.com")


@settings(max_examples=100, deadline=None)
@given(sections.map(one_of_each_singleton), flags, st.integers(0, 2**32))
def test_memo_is_not_deceived_when_one_octet_differs(said: tuple[list[Record], ...], flag: int, seed: int) -> None:
    rng = random.Random(seed)
    wire = write(said, rng, flag=flag)
    for _ in range(2):
        MEMO.facts(wire, ASKED)
    fresh: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    for _ in range(20):
        other = bytearray(wire)
        other[rng.randrange(2, len(wire))] ^= 1 << rng.randrange(8)
        assert outcome(MEMO, bytes(other)) == outcome(fresh, bytes(other))


def outcome(memo: Memo[tuple[str, str, bool]], wire: bytes) -> object:
    try:
        return memo.facts(wire, ASKED)
    except (Malformed, TooCostly) as error:
        return str(error)


@given(sections, flags, st.integers(0, 2**32), st.binary(max_size=30))
def test_canonical_form_is_one_when_a_message_is_put_in_many_ways(
    said: tuple[list[Record], ...], flag: int, seed: int, options: bytes
) -> None:
    rng = random.Random(seed)
    forms = {
        canonical(wire, read_layout(wire)).message
        for wire in (
            write(said, rng, flag=flag),
            write(said, rng, flag=flag, options=options, less=7),
            write(said, rng, flag=flag, compress=0, shuffle=False, duplicates=False),
        )
    }
    assert len(forms) == 1


@given(sections, sections, flags, st.integers(0, 2**32))
def test_canonical_forms_differ_when_messages_say_different_things(
    one: tuple[list[Record], ...], other: tuple[list[Record], ...], flag: int, seed: int
) -> None:
    rng = random.Random(seed)

    def content(said: tuple[list[Record], ...]) -> list[set[tuple[str, str, str]]]:
        return [{(owner, rdtype, data if rdtype == "TXT" else data.lower()) for owner, rdtype, data, _ in each}
                for each in said]  # fmt: skip

    forms = [canonical(wire, read_layout(wire)).message for wire in (write(s, rng, flag=flag) for s in (one, other))]
    assert (forms[0] == forms[1]) == (content(one) == content(other))


def ns_answer(number: int, ttl: int = 300) -> tuple[list[Record], ...]:
    return [("example.com", "NS", f"ns{number}.example.net.", ttl)], [], []


def test_memo_parses_once_when_records_rotate_and_ttls_fall() -> None:
    memo: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    lines = [("example.com", "NS", f"ns{i}.example.net.", 1000) for i in range(6)]
    rng = random.Random(1)
    seen = [
        memo.facts(write((lines, [], []), rng, flag=dns.flags.AA, less=i, options=rng.randbytes(12)), ASKED)
        for i in range(300)
    ]
    assert memo.parsed == 1
    assert [facts.ttl for facts in seen] == [1000 - i for i in range(300)]
    assert len({replace(facts, ttl=0) for facts in seen}) == 1


def test_memo_takes_a_ttl_for_zero_when_its_highest_bit_is_set() -> None:
    lines = [("example.com", "NS", "ns1.example.net.", 2**31), ("example.com", "NS", "ns2.example.net.", 300)]
    for seed in range(4):
        assert MEMO.facts(write((lines, [], []), random.Random(seed), flag=dns.flags.AA), ASKED).ttl == 0


def test_memo_keeps_answers_apart_when_they_are_read_for_different_questions() -> None:
    memo: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    wire = write(([("example.com", "A", "192.0.2.1", 1), ("example.com", "MX", "10 b.example.", 2)], [], []),
                 random.Random(1), flag=dns.flags.AA)  # fmt: skip
    for _ in range(3):
        assert memo.facts(wire, ("example.com", "A", False)).values == ("192.0.2.1",)
        assert memo.facts(wire, ("example.com", "MX", False)).values == ("10 b.example",)
        assert memo.facts(wire, ("b.example", "A", False)).values == ()


def test_mask_is_refused_when_a_name_is_read_from_a_ttl() -> None:
    head = b"\0\0\x84\0\0\1\0\2\0\0\0\0" + b"\7example\3com\0\0\2\0\1"
    first = b"\xc0\x0c\0\2\0\1" + b"\1a\0\0" + b"\0\2\xc0\x0c"  # its TTL is the name "a."
    at_ttl = len(head) + 6
    second = b"\xc0\x0c\0\2\0\1\0\0\0\1\0\2" + (0xC000 | at_ttl).to_bytes(2, "big")
    wire = head + first + second
    assert mask(wire, read_layout(wire)) is None
    other = wire.replace(b"\1a\0\0", b"\1b\0\0")
    memo: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    for _ in range(3):
        assert memo.facts(wire, ASKED).values == ("a", "example.com")
        assert memo.facts(other, ASKED).values == ("b", "example.com")


def test_memo_is_bounded_when_every_answer_is_new() -> None:
    memo: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    limit = 100_000
    for kept in (memo._masks, memo._known, memo._canonical):
        kept._limit = limit
    sizes = []
    for number in range(1500):
        wire = write(ns_answer(number), random.Random(number), flag=dns.flags.AA)
        memo.facts(wire, ASKED)
        memo.facts(wire, ASKED)
        sizes.append(max(len(memo._known), len(memo._canonical)))
    assert max(sizes) <= 2 * limit / 400


def test_recent_keeps_what_is_used_when_much_else_comes() -> None:
    recent: Recent[int, int] = Recent(10_000)
    recent.put(-1, 7, 10)
    for number in range(1000):
        recent.put(number, number, 10)
        assert recent.get(-1) == 7
    assert recent.get(0) is None
    assert recent.get(999) == 999


def test_memo_reads_no_options_when_a_server_sends_broken_ones() -> None:
    wire = write(ns_answer(1), random.Random(1), flag=dns.flags.AA, options=b"\0\x0f\0\1\0")
    assert MEMO.facts(wire, ASKED).values == ("ns1.example.net",)


@pytest.mark.parametrize("again", [False, True], ids=["new", "known"])
def test_memo_raises_malformed_when_rdata_is_broken(again: bool) -> None:
    wire = write(([("example.com", "A", "192.0.2.1", 1)], [], []), random.Random(1), flag=dns.flags.AA)
    broken = wire.replace(b"\0\4\xc0\0\2\1", b"\0\3\xc0\0\2", 1)
    memo: Memo[tuple[str, str, bool]] = Memo(facts_module._read_answer)
    for _ in range(1 + again):
        with pytest.raises(Malformed):
            memo.facts(broken, ASKED)
    assert memo.parsed == 1


def test_memo_is_quick_when_an_answer_is_known() -> None:
    lines = [("example.com", "NS", f"ns{i}.example.net.", 1000) for i in range(4)]
    wire = write((lines, [], []), random.Random(1), flag=dns.flags.AA)
    for _ in range(3):
        MEMO.facts(wire, ASKED)
    best = min(timed(wire) for _ in range(20))
    assert best < 20e-6


def timed(wire: bytes) -> float:
    start = time.process_time()
    for _ in range(100):
        MEMO.facts(wire, ASKED)
    return (time.process_time() - start) / 100
