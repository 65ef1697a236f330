"""The rule of Route 53's names: which can be, and why the others cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.judge.route53 import Mismatch, Route53Name, explain, mismatches, parse

GENUINE = ("ns-1515.awsdns-61.org", "ns-1985.awsdns-56.co.uk", "ns-650.awsdns-17.net", "ns-405.awsdns-50.com")
TLDS = ("com", "net", "org", "co.uk")


def name_of(number: int) -> str:
    """Write the rule once more, independently: blocks of 512 a suffix, stripes of 8."""
    return f"ns-{number}.awsdns-{(number - 512 * (number // 512)) // 8:02d}.{TLDS[number // 512]}"


@pytest.mark.parametrize("name", GENUINE)
def test_parse_returns_parts_when_name_is_genuine(name: str) -> None:
    found = parse(name)
    assert found is not None
    assert f"ns-{found.number}.awsdns-{found.stripe:02}.{found.suffix}" == name


def test_parse_gives_number_stripe_and_suffix() -> None:
    assert parse("ns-1515.awsdns-61.org") == Route53Name(1515, 61, "org")
    assert parse("ns-0.awsdns-00.com") == Route53Name(0, 0, "com")
    assert parse("ns-2047.awsdns-63.co.uk") == Route53Name(2047, 63, "co.uk")


def test_parse_accepts_exactly_one_name_when_number_is_in_range() -> None:
    for number in range(2048):
        valid = [
            f"ns-{number}.awsdns-{stripe:02d}.{tld}"
            for stripe in range(100)
            for tld in TLDS
            if parse(f"ns-{number}.awsdns-{stripe:02d}.{tld}")
        ]
        assert valid == [name_of(number)]
        assert explain(valid[0]) == ""


IMPOSSIBLE = {
    "three digits": ("ns-1515.awsdns-061.org", ["61 would be two digits: awsdns-061 has three"]),
    "three digits, valued 56": ("ns-1985.awsdns-056.co.uk", ["56 would be two digits: awsdns-056 has three"]),
    "one digit": ("ns-8.awsdns-1.com", ["01 would be two digits: awsdns-1 has one"]),
    "one zero": ("ns-0.awsdns-0.com", ["00 would be two digits: awsdns-0 has one"]),
    "wrong stripe": ("ns-1515.awsdns-62.org", ["ns-1515 belongs to awsdns-61, not awsdns-62"]),
    "wrong suffix": ("ns-1515.awsdns-61.net", ["ns-1515 lives in .org, not .net"]),
    "unknown suffix": ("ns-1515.awsdns-61.evil.example", ["ns-1515 lives in .org, not .evil.example"]),
    "uk for co.uk": ("ns-1985.awsdns-56.uk", ["ns-1985 lives in .co.uk, not .uk"]),
    "leading zero": ("ns-0650.awsdns-17.net", ["leading zero"]),
    "double zero": ("ns-00.awsdns-00.com", ["leading zero"]),
    "documentation com": ("ns-2048.awsdns-64.com", ["numbers end at ns-2047"]),
    "documentation net": ("ns-2049.awsdns-65.net", ["numbers end at ns-2047"]),
    "documentation org": ("ns-2050.awsdns-66.org", ["numbers end at ns-2047"]),
    "documentation co.uk": ("ns-2051.awsdns-67.co.uk", ["numbers end at ns-2047"]),
    "huge": ("ns-" + "9" * 60 + ".awsdns-61.org", ["numbers end at ns-2047"]),
    "huge stripe": ("ns-1515.awsdns-" + "9" * 50 + ".org", ["has 50 digits, not two", "belongs to awsdns-61"]),
    "stripe and suffix": ("ns-1515.awsdns-062.net", ["62 would be", "belongs to awsdns-61", "lives in .org"]),
    "all of it": ("ns-01515.awsdns-061.com", ["leading zero", "61 would be two digits", "lives in .org"]),
    "no number": ("ns-x.awsdns-61.org", ["of the form ns-X.awsdns-YY.TLD"]),
    "domain alone": ("awsdns-61.org", ["of the form ns-X.awsdns-YY.TLD"]),
    "label in front": ("a.ns-1515.awsdns-61.org", ["of the form ns-X.awsdns-YY.TLD"]),
    "no hyphen": ("ns1515.awsdns61.org", ["of the form ns-X.awsdns-YY.TLD"]),
    "embedded": ("ns-1515.awsdns-61.org.evil.example", ["not .org.evil.example"]),
}


@pytest.mark.parametrize(("name", "reasons"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_explain_gives_every_reason_when_name_is_impossible(name: str, reasons: list[str]) -> None:
    assert parse(name) is None
    clauses = explain(name).split("; ")
    assert len(clauses) == len(reasons)
    for clause, reason in zip(clauses, reasons, strict=True):
        assert reason in clause


@pytest.mark.parametrize("name", ["ns1.dnshost.example", "ns-1.example.com", ".", "com", "ns-1515.aws-61.org"])
def test_explain_is_silent_when_name_looks_like_nothing_of_route_53(name: str) -> None:
    assert parse(name) is None
    assert explain(name) == ""


@given(st.from_regex(r"ns-?[0-9]{0,6}\.awsdns-?[0-9]{0,5}\.(com|net|org|uk|co\.uk)", fullmatch=True))
def test_explain_speaks_exactly_when_parse_refuses(name: str) -> None:
    assert bool(explain(name)) == (parse(name) is None)


def test_mismatches_names_each_kind_when_delegation_was_replaced() -> None:
    delegated = ["ns-1515.awsdns-061.org", "ns-0.awsdns-00.com", "m.hostile.example", GENUINE[0], "ns9.new.example"]
    found = mismatches(delegated, set(GENUINE), {"ns9.new.example"})
    assert [(row.host, row.kind) for row in found] == [
        ("m.hostile.example", "not_route53"),
        ("ns-0.awsdns-00.com", "other_set"),
        ("ns-1515.awsdns-061.org", "impossible"),
    ]
    assert found[2] == Mismatch("ns-1515.awsdns-061.org", "impossible", "61 would be two digits: awsdns-061 has three")
    assert all(row.explanation for row in found)


@pytest.mark.parametrize("delegated", [GENUINE, GENUINE[:2], ()], ids=["same", "subset", "gone"])
def test_mismatches_is_empty_when_every_delegated_host_is_expected(delegated: tuple[str, ...]) -> None:
    assert mismatches(delegated, GENUINE) == []


def test_mismatches_accepts_impossible_names_when_they_are_expected() -> None:
    emulated = {"ns-2048.awsdns-64.com", "ns-2049.awsdns-65.net"}
    assert mismatches(emulated, emulated) == []
