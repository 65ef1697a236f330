import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.tell.gsm7 import ONE_PART, fit, septets, to_gsm7


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param("coincheck.com", 13, id="plain"),
        pytest.param("@£$¥èéùìòÇ", 10, id="first row of the table"),
        pytest.param("[ns]", 6, id="brackets are escaped"),
        pytest.param("^{}\\[~]|€", 18, id="whole extension table"),
    ],
)
def test_septets_counts_escapes_twice(text: str, count: int) -> None:
    assert septets(text) == count


@pytest.mark.parametrize("character", ["`", "ç", "\u0430", "日", "\t", "\x1b", "\x0c", "\u202e"])
def test_septets_refuses_when_a_character_is_not_in_the_alphabet(character: str) -> None:
    with pytest.raises(ValueError, match="GSM"):
        septets(character)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb\r\n\tc\x1bd\u2028e", "a b c d e", id="one line"),
        pytest.param("\u201cx\u201d \u2014 it\u2019s\u2026", '"x" - it\'s...', id="typography"),
        pytest.param("czę\u015b\u0107", "czesc", id="accents that the alphabet lacks"),
        pytest.param("é ü Ω", "é ü Ω", id="letters that it has"),
        pytest.param("a \u2260 b", "a <> b", id="unequal does not become equal"),
        pytest.param("c\u043einchec\u043a", "c?inchec?", id="a homoglyph does not become its twin"),
        pytest.param("日本", "??", id="Japanese"),
    ],
)
def test_to_gsm7_replaces_what_the_alphabet_lacks(text: str, expected: str) -> None:
    assert to_gsm7(text) == expected


@given(st.text())
def test_to_gsm7_is_always_countable_and_stays_as_it_is(text: str) -> None:
    once = to_gsm7(text)
    septets(once)
    assert to_gsm7(once) == once
    assert "\n" not in once


@given(st.text(alphabet="ab[]€ "), st.integers(min_value=2, max_value=40))
def test_fit_keeps_within_the_limit(text: str, limit: int) -> None:
    assert septets(fit(text, limit)) <= limit


def test_fit_changes_nothing_when_exactly_one_part() -> None:
    assert fit("x" * ONE_PART) == "x" * ONE_PART
    assert fit("x" * ONE_PART + "y") == "x" * (ONE_PART - 2) + ".."
