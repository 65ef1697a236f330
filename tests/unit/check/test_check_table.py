"""The screen of a check, from values alone."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.check.test_check_compare import record as answered
from tests.unit.check.test_check_compare import said
from tests.unit.check.test_check_verdict import ENTRY, GOOD, NOW, gives, look, page, says

from nswatch.model import Facts, Result, Transport
from nswatch.observe.servers import Addresses, Lookup
from nswatch_cli.check.meaning import MEANING
from nswatch_cli.check.record import record
from nswatch_cli.check.values import Look, ServerAnswer
from nswatch_cli.check.verdict import verdict_on

DOC = (Path(__file__).parents[3] / "docs" / "check.md").read_text(encoding="utf-8")


def cached(address: str, *hosts: str, result: Result = Result.ANSWER, ttl: int = 120, note: str = "") -> ServerAnswer:
    return ServerAnswer("", address, Facts(result, tuple(sorted(hosts)), ttl=ttl if hosts else None, note=note), Transport.UDP, 1.0, note)  # fmt: skip  # noqa: E501


def rows(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_screen_counts_each_side_apart(capsys: pytest.CaptureFixture[str]) -> None:
    seen = look(gives(0, *GOOD), gives(1, *GOOD), resolvers=(cached("1.1.1.1", *GOOD), cached("9.9.9.9", GOOD[0])))
    found = rows(page(capsys, seen))
    assert ["NS", GOOD[0], "2/2", "2/2", "2/2"] in found
    assert [GOOD[1], "2/2", "2/2", "1/2"] in found, "a cache that lags does not make a name missing"


def test_screen_counts_a_server_once_when_it_has_several_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    again = ServerAnswer("a.gtld.example", "2001:db8::1", gives(0, *GOOD).facts, Transport.UDP, 1.0)
    assert ["NS", GOOD[0], "1/1", "2/2", "-"] in rows(page(capsys, look(gives(0, *GOOD), again)))


@pytest.mark.parametrize(
    ("ds", "expected"),
    [
        ((), "none: not signed, as the registry proves"),
        (None, "unknown: the registry neither gives one nor proves"),
        (("12345 13 2 00ff",), "signed: 12345 13 2"),
    ],
    ids=["absent", "unknown", "present"],
)
def test_screen_says_of_ds_what_is_known(
    capsys: pytest.CaptureFixture[str], ds: tuple[str, ...] | None, expected: str
) -> None:
    parent = ServerAnswer("a.gtld.example", "192.0.2.1", Facts(Result.REFERRAL, GOOD, ttl=1, ds=ds), Transport.UDP, 1.0)
    line = next(line for line in page(capsys, look(parent)) if line.startswith("  DS"))
    assert expected in line


def test_screen_shows_who_differs_and_for_how_long_it_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    mx = answered("MX", said("ns1", "10 good"), said("ns2", "10 good"), said("9.9.9.9", "10 evil", ttl=86400))
    lines = page(capsys, look(gives(0, *GOOD), records=(mx,)))
    assert ["MX", "10", "good", "2/2", "0/1"] in rows(lines)
    assert ["+", "10", "evil", "at", "9.9.9.9,", "TTL", "86400", "0/2", "1/1"] in rows(lines)
    assert "it never came from there" in lines[0]


def test_screen_names_the_secondary_that_lags(capsys: pytest.CaptureFixture[str]) -> None:
    soa = answered("SOA", said("ns1", "m r 3 1 1 1 1"), said("ns2", "m r 2 1 1 1 1"))
    lines = page(capsys, look(gives(0, *GOOD), records=(soa,)))
    assert lines[0].startswith("OK ")
    assert any("serial 3; behind: ns2" in line for line in lines)


def test_screen_gathers_what_nobody_has_in_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    empty = [answered(qtype, said("ns1", result=Result.NODATA)) for qtype in ("A", "AAAA", "MX")]
    assert ["none", "A,", "AAAA,", "MX"] in rows(page(capsys, look(gives(0, *GOOD), records=tuple(empty))))


def test_screen_names_those_that_say_nothing_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    children = (says(GOOD[0], *GOOD), says(GOOD[1], result=Result.REFUSED))
    resolvers = (cached("8.8.8.8", result=Result.TIMEOUT), cached("9.9.9.9", result=Result.BOGUS, note="with CD: x"))
    lines = page(capsys, look(gives(0, *GOOD), children=children, resolvers=resolvers, ipv6=False))
    assert f"  name server {GOOD[1]}: REFUSED" in lines
    assert "  resolver 8.8.8.8: no answer" in lines
    assert "  resolver 9.9.9.9: bogus (with CD: x)" in lines
    assert "  IPv6 is not testable: it does not work from here" in lines


def test_an_ipv6_server_is_no_finding_when_ipv6_does_not_work_here(capsys: pytest.CaptureFixture[str]) -> None:
    six = ServerAnswer(GOOD[1], "2001:db8::1", note="IPv6 does not work from here")
    seen = look(gives(0, *GOOD), children=(says(GOOD[0], *GOOD), six), ipv6=False)
    assert verdict_on(seen, ENTRY, NOW).remarks == ()
    assert f"  name server {GOOD[1]}: not testable here (IPv6)" in page(capsys, seen)


def test_screen_says_what_a_finding_means(capsys: pytest.CaptureFixture[str]) -> None:
    lines = page(capsys, look(gives(0, "ns.evil.example", over=Transport.TCP)), ENTRY)
    told = " ".join(" ".join(line.split()) for line in lines)
    assert MEANING["delegation_changed"] in told


@pytest.mark.parametrize(
    ("glue", "found", "differs"),
    [
        (("192.0.2.1",), ("192.0.2.1",), False),
        (("192.0.2.9",), ("192.0.2.1",), True),
        (("192.0.2.1", "192.0.2.9"), ("192.0.2.1",), True),
        (("192.0.2.1",), ("192.0.2.1", "192.0.2.2"), False),
        (("2001:db8::9",), ("192.0.2.1",), False),
        (("192.0.2.9",), (), False),
    ],
    ids=["same", "other", "one more", "one less", "other family", "not found"],
)
def test_glue_differs_only_when_a_walk_finds_another_address(
    glue: tuple[str, ...], found: tuple[str, ...], differs: bool
) -> None:
    host = Addresses(GOOD[0], found, Lookup.FOUND if found else Lookup.UNKNOWN)
    seen = look(gives(0, *GOOD), hosts=(host,), glue={GOOD[0]: glue})
    codes = [remark.code for remark in verdict_on(seen, None, NOW).remarks]
    assert codes == (["glue_differs"] if differs else [])


def test_screen_is_harmless_when_records_are_hostile(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["v=spf1 \x1b[2J\u202e|" + "x" * 5000, *(f"v=spf1 {n}" + "y" * 80 for n in range(50))]
    evil = tuple(
        answered(qtype, said("ns\x1b1", *texts), said("9.9.9.9", *(text + "\n" for text in texts)), name="a" * 300)
        for qtype in ("TXT", "MX", "CNAME", "A")
    )
    for entry in (None, ENTRY):
        lines = page(capsys, look(gives(0, *GOOD), records=evil), entry)
        assert all(char.isprintable() and char.isascii() for line in lines for char in line)
        assert max(map(len, lines[1:])) <= 100
        assert lines[0].count("|") == 1
        assert len(lines) <= 60


# The document


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for below in value.values() for key in keys(below)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def whole() -> tuple[Look, dict[str, Any]]:
    """Return a look with everything in it, and its JSON."""
    mx = answered("MX", said("ns1", "10 good"), said("9.9.9.9", "10 evil", ttl=86400))
    host = Addresses(GOOD[0], ("192.0.2.1",), Lookup.FOUND)
    glue = {GOOD[0]: ("192.0.2.1",)}
    seen = look(gives(0, *GOOD), resolvers=(cached("9.9.9.9", *GOOD),), records=(mx,), hosts=(host,), glue=glue)
    return seen, record(seen, verdict_on(seen, None, NOW))


def test_document_shows_every_key_of_the_json() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)
    shown = json.loads(block)
    _, told = whole()
    told["findings"][0]["detail"] = {"records": []}
    assert keys(told) == keys(shown)
    for part in (told["parent"]["servers"], told["child"], told["resolvers"], told["records"], told["findings"]):
        name = next(key for key, value in (*told.items(), *told["parent"].items()) if value is part)
        example = (shown | shown["parent"])[name][0]
        assert set(part[0]) == set(example), name


@pytest.mark.parametrize(
    ("took", "told"), [pytest.param(0.0431, 0.043, id="on this machine"), pytest.param(None, None, id="no answer")]
)
def test_record_tells_how_long_an_answer_took_to_the_microsecond(took: float | None, told: float | None) -> None:
    seen = look(replace(gives(0, *GOOD), ms=took))
    (row,) = record(seen, verdict_on(seen, None, NOW))["parent"]["servers"]
    assert row["ms"] == told


def test_document_explains_every_key_of_the_json() -> None:
    told = {name for row in re.findall(r"^\| (`[^|]+) \|", DOC, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    told |= set(re.findall(r"`(\w+)`", DOC))
    assert keys(whole()[1]) - told == set()


def test_document_lists_every_result_of_an_answer() -> None:
    listed = re.search(r"^\| `result` \| (.*) \|$", DOC, re.MULTILINE)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == {*map(str, Result), "no_address", "not_asked"}


def test_document_lists_every_code_that_only_a_check_gives() -> None:
    rows_of_codes = re.findall(r"^\| `(\w+)` \| (?:critical|warning|unknown|-) \|", DOC, re.MULTILINE)
    assert {"servers_disagree", "glue_differs", "delegation_unknown", "parent_server_lagging"} <= set(rows_of_codes)
    assert set(rows_of_codes) <= set(MEANING), "each has its meaning"
