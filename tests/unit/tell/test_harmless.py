import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.tell import harmless


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        pytest.param("ns-1515.awsdns-061.org", "ns-1515.awsdns-061.org", id="plain"),
        pytest.param("a\\010b.example", "a\\010b.example", id="escaped by the wire's reader"),
        pytest.param("a\nb.example", "a\\010b.example", id="newline"),
        pytest.param("http://x.example/p", "http\\058\\047\\047x.example\\047p", id="no link"),
        pytest.param("$(reboot).example", "\\036\\040reboot\\041.example", id="no shell"),
        pytest.param("\u202emoc.example", "\\226\\128\\174moc.example", id="no bidirectional override"),
        pytest.param("", "(empty)", id="empty"),
    ],
)
def test_ascii_name_escapes_what_is_no_host_name(host: str, shown: str) -> None:
    assert harmless.ascii_name(host) == shown


def test_ascii_name_keeps_both_ends_when_too_long() -> None:
    shown = harmless.ascii_name("ns1." + "a" * 300 + ".evil.example")
    assert len(shown) == harmless.HOST_LENGTH
    assert shown.startswith("ns1.a")
    assert shown.endswith(".evil.example")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("xn--wgv71a.example", "xn--wgv71a.example (日本.example)", id="Japanese"),
        pytest.param("xn--4dbrk0ce.example", "xn--4dbrk0ce.example", id="right-to-left letters would reorder the line"),
        pytest.param("xn--\\010.example", "xn--\\010.example", id="not a name"),
        pytest.param("xn--zzzzzzzz99999.example", "xn--zzzzzzzz99999.example", id="not punycode"),
    ],
)
def test_name_shows_the_unicode_form_only_when_it_is_safe(name: str, shown: str) -> None:
    assert harmless.name(name) == shown


def test_shown_keeps_the_digest_of_an_answer_over_the_limit() -> None:
    text = "(an answer over the size limit, SHA-256 0123456789abcdef)"
    assert harmless.shown(text) == text


@pytest.mark.parametrize(
    ("rdata", "shown"),
    [
        pytest.param("10 mail.coincheck.com", "10 mail.coincheck.com", id="MX"),
        pytest.param('"v=spf1 -all"', '"v=spf1 -all"', id="TXT"),
        pytest.param("a    b", "a \\032\\032\\032b", id="no columns of its own"),
        pytest.param("see https://x.example", "see https:\\047/x.example", id="no link"),
    ],
)
def test_value_is_one_harmless_line(rdata: str, shown: str) -> None:
    assert harmless.value(rdata) == shown


@given(st.text(alphabet=st.characters(), max_size=3000))
def test_every_form_is_bounded_and_without_control_characters(text: str) -> None:
    for shown in (harmless.ascii_name(text), harmless.name(text), harmless.value(text), harmless.words(text)):
        assert len(shown) <= 240
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)
    assert harmless.ascii_name(text).isascii()
    assert harmless.value(text).isascii()


def test_listed_says_how_many_are_left_out_when_there_are_too_many() -> None:
    assert harmless.listed(["a", "b", "c"], str.upper, "and {} more".format, 1) == ["A", "and 2 more"]
    assert harmless.listed(["a"], str.upper, "and {} more".format, 1) == ["A"]
