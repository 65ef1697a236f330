"""What an answer says about a delegation or an apex, however it is put."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.renderer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.nameserver import reply

from nswatch.model import Facts, Outcome, Question, Result, Status, Transport
from nswatch.observe import wire
from nswatch.observe.facts import answer_facts, delegation_facts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOMAIN = "example.com"
NS = ("ns1.example.com", "ns2.example.net")
NS_LINES = [f"example.com. 172800 IN NS {host}." for host in NS]
PARENT_SOA = ["com. 900 IN SOA a.gtld-servers.net. nstld.example. 1 1800 900 604800 86400"]
CHILD_SOA = ["example.com. 900 IN SOA ns1.example.com. h.example.com. 1 1800 900 604800 86400"]
DS = "example.com. 86400 IN DS 60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
DS_VALUE = "60485 13 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a"


def outcome(
    data: bytes | dns.message.Message | None, qtype: str = "NS", status: Status = Status.ANSWERED, *, rd: bool = False,
    reason: str = "",
) -> Outcome:  # fmt: skip
    raw = data.to_wire(max_size=65535) if isinstance(data, dns.message.Message) else data
    question = Question("192.0.2.1", DOMAIN, qtype, recursion_desired=rd)
    return Outcome(question, status, Transport.UDP, NOW, NOW, raw, reason)


def message(**sections: object) -> dns.message.Message:
    query = dns.message.make_query("ExAmPle.com", "NS", want_dnssec=True)
    return reply(query, **sections)  # type: ignore[arg-type]


def delegation(**sections: object) -> Facts:
    return delegation_facts(outcome(message(**sections)), DOMAIN)


def answer(qtype: str = "NS", *, rd: bool = False, **sections: Any) -> Facts:
    return answer_facts(outcome(message(**sections), qtype, rd=rd))


def test_delegation_facts_give_names_ttl_and_glue_when_it_is_a_referral() -> None:
    glue = ["NS1.example.com. 172800 IN A 192.0.2.2", "ns1.example.com. 172800 IN AAAA 2001:DB8:0::1",
            "ns1.example.com. 172800 IN A 192.0.2.1", "other.example.com. 1 IN A 192.0.2.9"]  # fmt: skip
    facts = delegation(authority=NS_LINES, additional=glue, aa=False)
    assert facts == Facts(
        Result.REFERRAL, values=NS, ttl=172800, ds=None, glue=((NS[0], ("192.0.2.1", "192.0.2.2", "2001:db8::1")),)
    )


CASES: dict[str, tuple[dict[str, object], Result]] = {
    "a referral elsewhere": ({"authority": ["example.org. 1 IN NS ns.x."], "aa": False}, Result.NOT_AUTHORITATIVE),
    "a referral upward": ({"authority": [". 1 IN NS a.root-servers.net."], "aa": False}, Result.NOT_AUTHORITATIVE),
    "a referral to the parent": ({"authority": ["com. 1 IN NS a.x."], "aa": False}, Result.NOT_AUTHORITATIVE),
    "a referral below": ({"authority": ["a.example.com. 1 IN NS a.x."], "aa": False}, Result.NOT_AUTHORITATIVE),
    "nothing without AA": ({"aa": False}, Result.NOT_AUTHORITATIVE),
    "NODATA without AA": ({"authority": PARENT_SOA, "aa": False}, Result.NOT_AUTHORITATIVE),
    "NXDOMAIN without AA": ({"authority": PARENT_SOA, "rcode": "NXDOMAIN", "aa": False}, Result.NOT_AUTHORITATIVE),
    "NXDOMAIN beside NS": ({"authority": NS_LINES, "rcode": "NXDOMAIN", "aa": False}, Result.NOT_AUTHORITATIVE),
    "a resolver's answer": ({"answer": NS_LINES, "aa": False, "ra": True}, Result.NOT_AUTHORITATIVE),
    "an answer and a referral": ({"answer": NS_LINES, "authority": NS_LINES, "aa": False}, Result.NOT_AUTHORITATIVE),
    "child data": ({"answer": NS_LINES}, Result.NOT_VISIBLE),
    "the child's NODATA": ({"authority": CHILD_SOA}, Result.NOT_VISIBLE),
    "the child's NXDOMAIN": ({"authority": CHILD_SOA, "rcode": "NXDOMAIN"}, Result.NOT_VISIBLE),
    "AA on a referral": ({"authority": NS_LINES}, Result.NOT_VISIBLE),
    "NODATA": ({"authority": PARENT_SOA}, Result.NODATA),
    "NXDOMAIN": ({"authority": PARENT_SOA, "rcode": "NXDOMAIN"}, Result.NXDOMAIN),
    "NXDOMAIN without SOA": ({"rcode": "NXDOMAIN"}, Result.NXDOMAIN),
    "NODATA of another zone": ({"authority": ["org. " + PARENT_SOA[0][5:]]}, Result.NOT_AUTHORITATIVE),
    "an alias": ({"answer": ["example.com. 60 IN CNAME x.example.org."]}, Result.NODATA),
    "REFUSED": ({"rcode": "REFUSED", "aa": False}, Result.REFUSED),
    "SERVFAIL with data": ({"rcode": "SERVFAIL", "authority": NS_LINES, "aa": False}, Result.SERVFAIL),
    "FORMERR": ({"rcode": "FORMERR", "aa": False}, Result.OTHER_ERROR),
    "an extended error": ({"rcode": "BADVERS", "aa": False}, Result.OTHER_ERROR),
    "truncated": ({"authority": NS_LINES, "aa": False, "tc": True}, Result.OTHER_ERROR),
}  # fmt: skip


@pytest.mark.parametrize(("sections", "result"), CASES.values(), ids=CASES)
def test_delegation_facts_have_the_result_when_a_parent_answers(sections: dict[str, object], result: Result) -> None:
    facts = delegation(**sections)
    assert facts.result is result
    assert facts.values == ()
    assert facts.ds is None


def test_delegation_facts_hold_ds_when_it_is_signed() -> None:
    assert delegation(authority=[*NS_LINES, DS], aa=False).ds == (DS_VALUE,)


def nsec3(domain: str, *, shift: tuple[int, int], flags: int = 1, types: str = "NS") -> str:
    """Return an NSEC3 from the domain's hash + shift[0] to its hash + shift[1]."""
    value = dns.dnssec.nsec3_hash(domain, "aabb", 3, 1)
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    number = 0
    for digit in value:
        number = number * 32 + digits.index(digit)

    def at(offset: int) -> str:
        left, out = (number + offset) % 32**32, ""
        for _ in range(32):
            left, rest = divmod(left, 32)
            out = digits[rest] + out
        return out

    return f"{at(shift[0])}.com. 86400 IN NSEC3 1 {flags} 3 aabb {at(shift[1])} {types}"


DENIALS = {
    "NSEC": ("example.com. 1 IN NSEC f.com. NS RRSIG NSEC", ()),
    "NSEC with DS": ("example.com. 1 IN NSEC f.com. NS DS RRSIG NSEC", None),
    "NSEC of another": ("exampla.com. 1 IN NSEC f.com. NS RRSIG NSEC", None),
    "NSEC without NS": ("example.com. 1 IN NSEC f.com. A RRSIG NSEC", None),
    "NSEC3 that matches": (nsec3(DOMAIN, shift=(0, 5), flags=0), ()),
    "NSEC3 that matches with DS": (nsec3(DOMAIN, shift=(0, 5), types="NS DS"), None),
    "NSEC3 that covers, opt-out": (nsec3(DOMAIN, shift=(-5, 5)), ()),
    "NSEC3 that covers, no opt-out": (nsec3(DOMAIN, shift=(-5, 5), flags=0), None),
    "NSEC3 beside it": (nsec3(DOMAIN, shift=(5, 9)), None),
    "the last NSEC3": (nsec3(DOMAIN, shift=(-5, -9)), ()),
    "NSEC3 of another": (nsec3("example.org", shift=(0, 5)), None),
    "NSEC3 of no hash": ("wwwwwwwwwwwwwwww.com. 1 IN NSEC3 1 1 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS", None),
}


@pytest.mark.parametrize(("line", "ds"), DENIALS.values(), ids=DENIALS)
def test_delegation_facts_tell_no_ds_from_unknown_when_a_denial_is_there(line: str, ds: tuple[str, ...] | None) -> None:
    assert delegation(authority=[*NS_LINES, line], aa=False).ds == ds


ENDS = {
    Status.TIMEOUT: Result.TIMEOUT,
    Status.UNREACHABLE: Result.UNREACHABLE,
    Status.MALFORMED: Result.MALFORMED,
    Status.OVER_CAP: Result.OVER_CAP,
}


@pytest.mark.parametrize(("status", "result"), ENDS.items())
def test_facts_have_the_result_when_there_is_no_answer(status: Status, result: Result) -> None:
    for facts in (
        delegation_facts(outcome(None, status=status, reason="sha256:x"), DOMAIN),
        answer_facts(outcome(None, status=status, reason="sha256:x")),
    ):
        assert facts.result is result
        assert facts.digest == ("sha256:x" if result is Result.OVER_CAP else "")


def test_facts_are_over_cap_with_a_digest_when_there_are_too_many_records() -> None:
    many = [f"example.com. 60 IN NS ns{i}.example.net." for i in range(150)]
    made = message(answer=many).to_wire(max_size=65535)
    facts = answer_facts(outcome(made))
    assert facts.result is Result.OVER_CAP
    assert facts.result.definite
    assert facts.digest == wire.digest(made)


def test_facts_are_malformed_when_the_bytes_are_rubbish() -> None:
    assert delegation_facts(outcome(b"\0" * 40 + b"\xff" * 9), DOMAIN).result is Result.MALFORMED


SOA_LINE = "EXAMPLE.com. 900 IN SOA NS1.Example.NET. Host\\.Master.example.COM. 5 7200 900 1209600 86400"
ANSWERS: dict[str, tuple[str, dict[str, object], Result, tuple[str, ...]]] = {
    "NS": ("NS", {"answer": NS_LINES}, Result.ANSWER, NS),
    "SOA": ("SOA", {"answer": [SOA_LINE]}, Result.ANSWER,
            ("ns1.example.net host\\.master.example.com 5 7200 900 1209600 86400",)),
    "MX": ("MX", {"answer": ["example.com. 60 IN MX 10 Mail.Example."]}, Result.ANSWER, ("10 mail.example",)),
    "TXT": ("TXT", {"answer": ['example.com. 60 IN TXT "Case " "Stays"']}, Result.ANSWER, ("Case Stays",)),
    "A": ("A", {"answer": ["example.com. 60 IN A 192.0.2.9", "example.com. 60 IN A 192.0.2.10"]}, Result.ANSWER,
          ("192.0.2.10", "192.0.2.9")),
    "by an alias": ("A", {"answer": ["example.com. 60 IN CNAME B.example.", "b.example. 60 IN A 192.0.2.9"]},
                    Result.ANSWER, ("192.0.2.9",)),
    "an alias to nothing": ("NS", {"answer": ["example.com. 60 IN CNAME b.example."]}, Result.NODATA, ()),
    "an alias to itself": ("NS", {"answer": ["example.com. 60 IN CNAME example.com."]}, Result.NODATA, ()),
    "another owner's data": ("NS", {"answer": ["example.org. 60 IN NS ns.x."]}, Result.NODATA, ()),
    "no AA": ("NS", {"answer": NS_LINES, "aa": False}, Result.NOT_AUTHORITATIVE, ()),
    "a referral": ("NS", {"authority": NS_LINES, "aa": False}, Result.NOT_AUTHORITATIVE, ()),
    "NODATA": ("SOA", {"authority": CHILD_SOA}, Result.NODATA, ()),
    "NXDOMAIN": ("SOA", {"authority": CHILD_SOA, "rcode": "NXDOMAIN"}, Result.NXDOMAIN, ()),
    "NXDOMAIN without AA": ("SOA", {"authority": CHILD_SOA, "rcode": "NXDOMAIN", "aa": False},
                            Result.NOT_AUTHORITATIVE, ()),
    "another zone": ("SOA", {"authority": ["example.org. 1 IN SOA a. b. 1 1 1 1 1"]}, Result.NOT_AUTHORITATIVE, ()),
    "REFUSED": ("SOA", {"rcode": "REFUSED", "aa": False}, Result.REFUSED, ()),
}  # fmt: skip


@pytest.mark.parametrize(("qtype", "sections", "result", "values"), ANSWERS.values(), ids=ANSWERS)
def test_answer_facts_have_the_values_when_a_server_answers(
    qtype: str, sections: dict[str, Any], result: Result, values: tuple[str, ...]
) -> None:
    facts = answer(qtype, **sections)
    assert (facts.result, facts.values) == (result, values)


TEXTS = {
    "strings are joined": ('"v=spf1 -" "all"', "v=spf1 -all"),
    "quotes and backslashes are what they stand for": (r'"a\"b\\c"', 'a"b\\c'),
    "UTF-8 is text": (r'"\195\169"', "é"),
    "other octets are escaped": (r'"a\255b"', r"a\xffb"),
    "an empty string": ('""', ""),
}


@pytest.mark.parametrize(("data", "value"), TEXTS.values(), ids=TEXTS)
def test_answer_facts_give_the_whole_text_when_it_is_txt(data: str, value: str) -> None:
    assert answer("TXT", answer=[f"example.com. 60 IN TXT {data}"]).values == (value,)


CHAIN = ["example.com. 60 IN CNAME B.example.", "b.example. 60 IN CNAME c.example."]
ALIASES: dict[str, tuple[str, list[str], Result, tuple[str, ...], tuple[str, ...]]] = {
    "none": ("A", ["example.com. 60 IN A 192.0.2.1"], Result.ANSWER, ("192.0.2.1",), ()),
    "two": ("A", [*CHAIN, "c.example. 60 IN A 192.0.2.1"], Result.ANSWER, ("192.0.2.1",), ("b.example", "c.example")),
    "two in another order": ("MX", ["c.example. 60 IN MX 5 m.", *CHAIN[::-1]], Result.ANSWER, ("5 m",),
                             ("b.example", "c.example")),
    "to nothing": ("TXT", CHAIN, Result.NODATA, (), ("b.example", "c.example")),
    "asked for itself": ("CNAME", CHAIN, Result.ANSWER, ("b.example",), ()),
    "in a ring": ("A", [*CHAIN, "c.example. 1 IN CNAME b.example."], Result.NODATA, (),
                  ("b.example", "c.example", "b.example")),
    "to itself": ("A", ["example.com. 60 IN CNAME example.com."], Result.NODATA, (), ("example.com",)),
}  # fmt: skip


@pytest.mark.parametrize(("qtype", "lines", "result", "values", "aliases"), ALIASES.values(), ids=ALIASES)
def test_answer_facts_hold_the_aliases_when_an_answer_goes_by_way_of_them(
    qtype: str, lines: list[str], result: Result, values: tuple[str, ...], aliases: tuple[str, ...]
) -> None:
    facts = answer(qtype, answer=lines)
    assert (facts.result, facts.values, facts.aliases) == (result, values, aliases)


def test_answer_facts_need_no_aa_when_recursion_was_desired() -> None:
    assert answer(rd=True, answer=NS_LINES, aa=False, ra=True).values == NS


def cased(text: str, bits: int) -> str:
    return "".join(c.upper() if bits >> i % 61 & 1 else c for i, c in enumerate(text))


def rendered(lines: Sequence[tuple[str, int, str]], section: int, *, compress: bool, flags: int) -> bytes:
    """Return a response with exactly these records (owner, TTL, NS host) in this order, duplicates and all."""
    made = dns.message.Message(id=1)
    made.flags = dns.flags.QR | flags
    head = bytearray(made.to_wire())
    head[4:6] = b"\0\1"
    head[6 + 2 * section : 8 + 2 * section] = len(lines).to_bytes(2, "big")
    body = bytearray(dns.name.from_text(DOMAIN).to_wire() or b"") + b"\0\2\0\1"
    for owner, ttl, host in lines:
        name = b"\xc0\x0c" if compress else dns.name.from_text(owner).to_wire() or b""
        target = dns.name.from_text(host).to_wire() or b""
        body += name + b"\0\2\0\1" + ttl.to_bytes(4, "big") + len(target).to_bytes(2, "big") + target
    return bytes(head + body)


@given(
    st.lists(st.sampled_from(["ns1.example.com", "ns2.example.net", "a.ns.example.org", "b"]), min_size=1, max_size=12),
    st.integers(0, 2**61 - 1),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_facts_are_the_same_when_order_case_compression_and_duplicates_differ(
    hosts: list[str], bits: int, compress: bool, rng: random.Random
) -> None:
    plain = [(DOMAIN, 300, host) for host in sorted(set(hosts))]
    odd = [(cased(DOMAIN, bits), 300, cased(host, bits)) for host in hosts]
    rng.shuffle(odd)
    for section, flags, read in ((0, dns.flags.AA, answer_facts), (1, 0, lambda o: delegation_facts(o, DOMAIN))):
        want = read(outcome(rendered(plain, section, compress=False, flags=flags)))
        got = read(outcome(rendered(odd, section, compress=compress, flags=flags)))
        assert want.values == tuple(sorted(set(hosts)))
        assert got == want


def test_facts_hold_the_lowest_ttl_when_records_differ() -> None:
    data = rendered([(DOMAIN, 300, "a.example"), (DOMAIN, 60, "b.example")], 0, compress=True, flags=dns.flags.AA)
    assert answer_facts(outcome(data)).ttl == 60
