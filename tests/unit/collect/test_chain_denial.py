"""Proofs of what does not exist: NSEC and NSEC3, and whatever somebody may put in their place."""

import base64

import dns.name
import dns.rdata
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.collect.chain_denial import MAX_ITERATIONS, Denial, Proofs, nsec3_hash, read_proofs

ZONE = dns.name.from_text("example.")
PROVEN, INSECURE, NOT_PROVEN = Denial.PROVEN, Denial.INSECURE, Denial.NOT_PROVEN


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def nsec(*records: str) -> Proofs:
    """Return the proofs of records, each ``OWNER NEXT TYPES``."""
    rrsets = []
    for record in records:
        owner, _, rdata = record.partition(" ")
        rrsets.append(dns.rrset.from_text(owner, 300, "IN", "NSEC", rdata))
    return read_proofs(ZONE, rrsets)


def label(digest: bytes) -> str:
    return base64.b32hexencode(digest).decode().lower()


def nsec3(*records: tuple[str, str], flags: int = 0, iterations: int = 0, salt: str = "-") -> Proofs:
    """Return proofs: ``("=name", types)`` matches a name, ``("~name", "")`` covers it and nothing else."""
    raw, rrsets = bytes.fromhex(salt.replace("-", "")), []
    for what, types in records:
        number = int.from_bytes(nsec3_hash(name(what[1:]), raw, iterations))
        first, following = (number, number + 1) if what[0] == "=" else (number - 1, number + 1)
        rdata = f"1 {flags} {iterations} {salt} {label(following.to_bytes(20))} {types}"
        rrsets.append(dns.rrset.from_text(f"{label(first.to_bytes(20))}.example.", 300, "IN", "NSEC3", rdata))
    return read_proofs(ZONE, rrsets)


@pytest.mark.parametrize(
    ("records", "denied"),
    [
        pytest.param(["a.example. c.example. NS RRSIG NSEC"], INSECURE, id="a cut without DS"),
        pytest.param(["a.example. c.example. NS DS RRSIG NSEC"], NOT_PROVEN, id="a cut with a DS"),
        pytest.param(["a.example. c.example. A RRSIG NSEC"], PROVEN, id="no cut"),
        pytest.param(["a.example. c.example. NS SOA RRSIG NSEC"], NOT_PROVEN, id="the zone below's own"),
        pytest.param(["A.EXAMPLE. c.example. NS RRSIG NSEC"], INSECURE, id="in other letters"),
        pytest.param(["b.example. c.example. NS RRSIG NSEC"], NOT_PROVEN, id="of another name"),
        pytest.param(["example. c.example. NS SOA RRSIG NSEC"], NOT_PROVEN, id="covers, but denies no wildcard"),
        pytest.param(["example. x.a.example. NS SOA RRSIG NSEC"], PROVEN, id="an empty non-terminal"),
        pytest.param([], NOT_PROVEN, id="nothing"),
    ],
)
def test_nsec_denies_a_ds_only_when_it_says_so(records: list[str], denied: Denial) -> None:
    assert nsec(*records).no_type(name("a.example."), RdataType.DS) is denied


@pytest.mark.parametrize(
    ("records", "denied"),
    [
        pytest.param(["a.example. c.example. A RRSIG NSEC"], PROVEN, id="other types only"),
        pytest.param(["a.example. c.example. MX RRSIG NSEC"], NOT_PROVEN, id="the type is there"),
        pytest.param(["a.example. c.example. CNAME RRSIG NSEC"], NOT_PROVEN, id="an alias is there"),
        pytest.param(["a.example. c.example. NS RRSIG NSEC"], NOT_PROVEN, id="from above the cut"),
        pytest.param(["a.example. \\000.a.example. RRSIG NSEC TYPE128"], PROVEN, id="compact denial (RFC 9824)"),
        pytest.param(["example. c.example. NS SOA", "*.example. a.example. A"], PROVEN, id="no type at the wildcard"),
        pytest.param(["example. c.example. NS SOA", "*.example. a.example. MX"], NOT_PROVEN, id="the wildcard has it"),
    ],
)
def test_nsec_denies_a_type_only_when_it_says_so(records: list[str], denied: Denial) -> None:
    assert nsec(*records).no_type(name("a.example."), RdataType.MX) is denied


@pytest.mark.parametrize(
    ("records", "denied"),
    [
        pytest.param(["a.example. c.example. A", "example. a.example. NS SOA"], PROVEN, id="the name and the wildcard"),
        pytest.param(["a.example. c.example. A"], NOT_PROVEN, id="the name alone"),
        pytest.param(["a.example. example. A", "example. a.example. NS SOA"], PROVEN, id="the last name of the zone"),
        pytest.param(["b.example. c.example. A", "example. a.example. NS"], NOT_PROVEN, id="the name exists"),
        pytest.param(["a.example. x.b.example. A", "example. a.example. A"], NOT_PROVEN, id="names exist below it"),
        pytest.param(["a.example. c.other. A", "example. a.example. A"], NOT_PROVEN, id="a next name outside"),
    ],
)
def test_nsec_denies_a_name_only_with_its_wildcard(records: list[str], denied: Denial) -> None:
    assert nsec(*records).no_name(name("b.example.")) is denied


@pytest.mark.parametrize("types", ["NS RRSIG NSEC", "A DNAME RRSIG NSEC"])
def test_nsec_from_above_says_nothing_of_names_below_a_cut_or_a_dname(types: str) -> None:
    proofs = nsec(f"a.example. c.example. {types}", "example. a.example. NS SOA")
    assert proofs.no_name(name("x.a.example.")) is NOT_PROVEN
    assert proofs.no_name(name("b.example.")) is PROVEN


def test_wildcard_answer_needs_the_denial_of_what_is_closer() -> None:
    assert nsec("a.example. c.example. A").no_closer(name("b.example."), 1) is PROVEN
    assert nsec("c.example. d.example. A").no_closer(name("b.example."), 1) is NOT_PROVEN
    between = nsec("x.b.example. c.example. A")
    assert between.no_closer(name("y.b.example."), 1) is NOT_PROVEN, "b.example exists: the wildcard is not the closest"
    hashed = nsec3(("~b.example.", ""))
    assert hashed.no_closer(name("x.b.example."), 1) is PROVEN
    assert hashed.no_closer(name("x.c.example."), 1) is NOT_PROVEN
    assert nsec3(("~b.example.", ""), flags=1).no_closer(name("b.example."), 1) is INSECURE


@pytest.mark.parametrize(
    ("records", "flags", "denied"),
    [
        pytest.param([("=a.example.", "NS")], 0, INSECURE, id="a cut without DS"),
        pytest.param([("=a.example.", "NS DS")], 0, NOT_PROVEN, id="a cut with a DS"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", "")], 1, INSECURE, id="opt-out"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", "")], 0, NOT_PROVEN, id="covered, without opt-out"),
        pytest.param([("~a.example.", "")], 1, NOT_PROVEN, id="without the closest encloser"),
        pytest.param([("=example.", "NS SOA"), ("~b.example.", "")], 1, NOT_PROVEN, id="about another name"),
        pytest.param([("=example.", "DNAME SOA NS"), ("~a.example.", "")], 1, NOT_PROVEN, id="below a DNAME"),
    ],
)
def test_nsec3_denies_a_ds_only_when_it_says_so(records: list[tuple[str, str]], flags: int, denied: Denial) -> None:
    for salt in ("-", "aabbccdd"):
        proofs = nsec3(*records, flags=flags, iterations=5, salt=salt)
        assert proofs.no_type(name("a.example."), RdataType.DS) is denied


@pytest.mark.parametrize(
    ("records", "flags", "denied"),
    [
        pytest.param([("=example.", "NS SOA"), ("~a.example.", ""), ("~*.example.", "")], 0, PROVEN, id="all three"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", ""), ("~*.example.", "")], 1, INSECURE, id="opt-out"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", "")], 0, NOT_PROVEN, id="without the wildcard"),
        pytest.param([("~a.example.", ""), ("~*.example.", "")], 0, NOT_PROVEN, id="without the closest encloser"),
    ],
)
def test_nsec3_denies_a_name_only_with_all_that_it_takes(
    records: list[tuple[str, str]], flags: int, denied: Denial
) -> None:
    assert nsec3(*records, flags=flags).no_name(name("x.a.example.")) is denied


@pytest.mark.parametrize(
    ("records", "flags", "denied"),
    [
        pytest.param([("=a.example.", "")], 0, PROVEN, id="an empty non-terminal"),
        pytest.param([("=a.example.", "TXT")], 0, PROVEN, id="a name without the type"),
        pytest.param([("=a.example.", "A")], 1, NOT_PROVEN, id="a name with the type"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", "")], 1, INSECURE, id="empty, above opted-out cuts"),
        pytest.param([("=example.", "NS SOA"), ("~a.example.", "")], 0, NOT_PROVEN, id="covered, without opt-out"),
        pytest.param(
            [("=example.", "NS SOA"), ("~a.example.", ""), ("=*.example.", "TXT")],
            1,
            PROVEN,
            id="a wildcard without it",
        ),
        pytest.param(
            [("=example.", "NS SOA"), ("~a.example.", ""), ("=*.example.", "A")], 1, NOT_PROVEN, id="a wildcard with it"
        ),
    ],
)
def test_nsec3_denies_a_type_only_when_it_says_so(records: list[tuple[str, str]], flags: int, denied: Denial) -> None:
    assert nsec3(*records, flags=flags).no_type(name("a.example."), RdataType.A) is denied


@pytest.mark.parametrize("iterations", [MAX_ITERATIONS, MAX_ITERATIONS + 1, 65535])
def test_nsec3_with_too_many_iterations_counts_as_insecure_and_is_not_computed(iterations: int) -> None:
    proofs = nsec3(("=example.", "NS SOA"), iterations=0)
    dear = read_proofs(ZONE, [with_iterations(iterations)])
    assert proofs.no_type(name("example."), RdataType.MX) is PROVEN
    expected = INSECURE if iterations > MAX_ITERATIONS else NOT_PROVEN
    assert dear.no_type(name("a.example."), RdataType.DS) is expected
    assert dear.no_name(name("a.example.")) is expected
    assert dear.no_closer(name("a.example."), 1) is expected


def with_iterations(iterations: int) -> dns.rrset.RRset:
    owner, following = label(bytes(20)), label(bytes(19) + b"\1")
    return dns.rrset.from_text(f"{owner}.example.", 300, "IN", "NSEC3", f"1 0 {iterations} - {following} NS SOA")


_LABELS = st.sampled_from(["a", "b", "c", "x", "*", "\\000", "zz", "A"])
_NAMES = st.lists(_LABELS, max_size=4).map(lambda labels: ".".join([*labels, "example."]))
_TYPES = st.lists(
    st.sampled_from(["A", "NS", "SOA", "DS", "CNAME", "DNAME", "MX", "TYPE65534"]), min_size=1, max_size=4
)
_NSEC = st.tuples(_NAMES, _NAMES, _TYPES)
_QUESTION = st.tuples(_NAMES, st.sampled_from([RdataType.DS, RdataType.A, RdataType.MX]))


@settings(max_examples=300)
@given(st.lists(_NSEC, max_size=4), _QUESTION)
def test_nsec_that_exist_never_deny_what_their_own_owners_hold(
    records: list[tuple[str, str, list[str]]], question: tuple[str, RdataType]
) -> None:
    qname, rdtype = question
    proofs = nsec(*(f"{owner} {following} {' '.join(types)}" for owner, following, types in records))
    holders = [set(types) for owner, _, types in records if name(owner) == name(qname)]
    denied = proofs.no_type(name(qname), rdtype)
    if holders and all(RdataType.to_text(rdtype) in types or "CNAME" in types for types in holders):
        assert denied is NOT_PROVEN
    if any(name(owner) == name(qname) for owner, _, _ in records) and len(records) == 1:
        assert proofs.no_name(name(qname)) is NOT_PROVEN
    assert proofs.no_closer(name(qname), 1) in Denial


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=60)), max_size=5),
    _QUESTION,
    st.integers(min_value=0, max_value=6),
)
def test_proofs_of_whatever_octets_are_read_without_an_error(
    given_: list[tuple[bytes, bytes]], question: tuple[str, RdataType], labels: int
) -> None:
    rrsets = []
    for owner, octets in given_:
        for rdtype in (RdataType.NSEC3, RdataType.NSEC):
            try:
                rdata = dns.rdata.from_wire("IN", rdtype, octets, 0, len(octets))
                at = dns.name.Name((owner[:63] or b"a", *ZONE.labels))
            except (dns.exception.DNSException, ValueError):
                continue
            rrsets.append(dns.rrset.from_rdata(at, 300, rdata))
    proofs = read_proofs(ZONE, rrsets)
    qname, rdtype = question
    assert proofs.no_type(name(qname), rdtype) in Denial
    assert proofs.no_name(name(qname)) in Denial
    assert proofs.no_closer(name(qname), labels) in Denial


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["=example.", "=a.example.", "~a.example.", "~*.example.", "~b.example."]), max_size=4))
def test_nsec3_deny_no_name_that_one_of_them_matches(records: list[str]) -> None:
    proofs = nsec3(*((each, "NS SOA" if each == "=example." else "A") for each in records))
    for text in ("a.example.", "b.example."):
        if f"={text}" in records:
            assert proofs.no_name(name(text)) is NOT_PROVEN
        if f"~{text}" not in records:
            assert proofs.no_name(name(text)) is NOT_PROVEN
