"""The table of characters that look alike, and reading what an xn-- label says."""

import json
import subprocess
import sys
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.judge import confusables
from nswatch.judge.confusables import UNSEEN, decode, likeness, skeleton
from nswatch.judge.lookalike import near_miss


def a_label(text: str) -> str:
    """Encode without IDNA's rules, as a lenient registry would."""
    return "xn--" + text.encode("punycode").decode("ascii")


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("\u043e", "o", "homoglyph"),
        ("o", "\u043e", "homoglyph"),
        ("\u043e", "\u03bf", "homoglyph"),
        ("\u04cf", "l", "homoglyph"),
        ("\u04cf", "i", "homoglyph"),
        ("\u00e9", "e", "diacritic"),
        ("\u00e9", "\u00e8", "diacritic"),
        ("\u1ed9", "o", "diacritic"),
        ("\u0451", "e", "homoglyph"),
        ("\u00e6", "ae", "homoglyph"),
        ("\u30fc", "\u4e00", "homoglyph"),
        ("\u0436", "x", None),
        ("\u65e5", "\u672c", None),
        ("\u043e", "a", None),
    ],
)
def test_likeness_tells_shapes_and_accents_apart(one: str, other: str, kind: str | None) -> None:
    assert likeness(one, other) == kind


@pytest.mark.parametrize(("char", "shape"), [("\u0430", "a"), ("\u00f6", "o"), ("x", "x"), ("\u65e5", "\u65e5")])
def test_skeleton_is_what_a_character_looks_like(char: str, shape: str) -> None:
    assert skeleton(char) == shape


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("dnshost.example", "dnshost.example"),
        ("xn--bcher-kva.example", "b\u00fccher.example"),
        ("a.xn--bcher-kva.xn--p1ai", "a.b\u00fccher.\u0440\u0444"),
        ("xn--.example", "xn--.example"),
        ("xn--999999999.example", "xn--999999999.example"),
        ("xn--dnshost-.example", "xn--dnshost-.example"),
        (a_label("dns\u200dhost") + ".example", f"dns{UNSEEN}host.example"),
        (a_label("dns\u202ehost") + ".example", f"dns{UNSEEN}host.example"),
    ],
)
def test_decode_shows_what_a_person_sees(name: str, shown: str) -> None:
    assert decode(name) == shown


@given(st.from_regex(r"xn--[a-z0-9-]{0,59}", fullmatch=True))
def test_decode_never_raises_and_never_gives_what_does_not_show(label: str) -> None:
    shown = decode(label)
    assert all(unicodedata.category(char)[0] not in "CZ" for char in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize("hidden", ["\u200d", "\u200c", "\u200b", "\u2060", "\u202e"], ids=lambda c: f"U+{ord(c):04X}")
def test_near_miss_names_a_character_that_does_not_show(hidden: str) -> None:
    found = near_miss(f"ns1.{a_label(f'dns{hidden}host')}.example", "ns1.dnshost.example")
    assert found is not None
    assert found.kinds == ("invisible character",)
    assert hidden not in json.dumps(found.as_detail(), ensure_ascii=False)


@pytest.mark.parametrize("front", ["ns1.", ""])
def test_near_miss_lines_up_what_the_dns_has_when_names_look_the_same(front: str) -> None:
    joiner, non_joiner = (f"{front}{a_label(f'dns{hidden}host')}.example" for hidden in "\u200d\u200c")
    found = near_miss(joiner, non_joiner)
    assert found is not None
    assert found.kinds == ("invisible character",)
    assert found.score == 1
    assert "^" in found.aligned[2]
    assert "xn--" in found.aligned[0]


def test_near_miss_names_an_accent_of_its_own() -> None:
    found = near_miss(f"ns1.{a_label('dnsho' + chr(0x323) + 'st')}.example", "ns1.dnshost.example")
    assert found is not None
    assert found.kinds == ("diacritic",)


def test_table_is_not_read_when_names_are_ascii() -> None:
    code = (
        "from nswatch.judge import confusables; from nswatch.judge.lookalike import near_miss;"
        "assert near_miss('ns1.dnsh0st.example', 'ns1.dnshost.example');"
        "assert near_miss('dnsh0st-example.com', 'ns1.dnshost.example');"
        "raise SystemExit(confusables._prototypes.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _sections() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    text = files(confusables.__package__).joinpath("confusables.txt").read_text(encoding="utf-8")
    sections = []
    for part in text.split("# --- ours"):
        rows = (line.split() for line in part.splitlines() if not line.startswith("#"))
        sections.append({row[0]: {chr(int(point, 16)) for point in row[1:]} for row in rows if row})
    upstream, ours = sections
    return upstream, ours


def test_table_holds_nothing_twice_and_no_ascii() -> None:
    upstream, ours = _sections()
    for table in (upstream, ours):
        assert all(char for char in table.values())
        assert not any(char.isascii() for chars in table.values() for char in chars)
    assert not any(upstream.get(prototype, set()) & chars for prototype, chars in ours.items())


def test_table_is_what_uts_39_says_of_labels() -> None:
    data = pytest.importorskip("confusable_homoglyphs.confusables").confusables_data
    idnadata = pytest.importorskip("idna.idnadata")
    intranges = pytest.importorskip("idna.intranges")
    wanted: dict[str, set[str]] = {}
    for char, others in data.items():
        if len(char) != 1 or char.isascii():
            continue
        if not intranges.intranges_contain(ord(char), idnadata.codepoint_classes["PVALID"]):
            continue
        for other in others:
            prototype = unicodedata.normalize("NFKC", other["c"]).casefold()
            if prototype.isascii() and prototype.isalnum() and len(prototype) <= 2:
                wanted.setdefault(prototype, set()).add(char)
    assert _sections()[0] == wanted
