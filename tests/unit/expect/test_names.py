import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.errors import InvalidName
from nswatch.names import absolute, display, is_registry_suffix, is_within, normalise, public_suffix, registrable

LABEL = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,20}[A-Za-z0-9_])?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("NS-1515.AWSDNS-61.ORG.", "ns-1515.awsdns-61.org", id="case-and-dot"),
        pytest.param("_dmarc.Example.com", "_dmarc.example.com", id="underscore"),
        pytest.param(".", ".", id="root"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="u-label"),
        pytest.param("BÜCHER.example", "xn--bcher-kva.example", id="upper-case-u-label"),
        pytest.param("_dmarc.例え.jp", "_dmarc.xn--r8jz45g.jp", id="underscore-beside-u-label"),
        pytest.param("例え。jp。", "xn--r8jz45g.jp", id="ideographic-full-stops"),
        pytest.param("\uff45xample.com", "example.com", id="full-width"),
        pytest.param("xn--r8jz45g.jp", "xn--r8jz45g.jp", id="a-label"),
        pytest.param("a" * 63 + ".example", "a" * 63 + ".example", id="longest-label"),
        pytest.param(".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc", id="253-octets"),
    ],
)
def test_normalise_gives_a_labels_when_name_is_valid(text, name):
    assert normalise(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "empty name", id="empty"),
        pytest.param("a..example", "empty label", id="two-dots"),
        pytest.param(".example.com", "empty label", id="leading-dot"),
        pytest.param("example.com..", "empty label", id="two-trailing-dots"),
        pytest.param("a" * 64 + ".example", "64 octets", id="long-label"),
        pytest.param(".".join(["a" * 50] * 5) + ".abc", "258 octets", id="long-name"),
        pytest.param("-a.example", "letters", id="leading-hyphen"),
        pytest.param("a-.example", "letters", id="trailing-hyphen"),
        pytest.param("exa mple.com", "letters", id="space"),
        pytest.param("example.com\n", "letters", id="newline"),
        pytest.param("*.example.com", "letters", id="wildcard"),
        pytest.param("ex\u200bample.com\U0001f4a9", "internationalised", id="emoji"),
        pytest.param("\u0661.example.\u05d01", "internationalised", id="bidi-mixture"),
    ],
)
def test_normalise_raises_with_reason_when_name_is_bad(text, reason):
    with pytest.raises(InvalidName, match=reason):
        normalise(text)


@given(st.lists(LABEL, min_size=1, max_size=5).map(".".join), st.booleans())
def test_normalise_is_idempotent_when_name_is_ascii(name, dot):
    once = normalise(name + "." * dot)
    assert normalise(once) == once == once.lower()


@given(st.text(max_size=30))
def test_normalise_gives_a_stable_name_or_one_error_when_text_is_anything(text):
    try:
        once = normalise(text)
    except InvalidName:
        return
    assert normalise(once) == once
    assert once.isascii()
    assert display(once).startswith(once)


@pytest.mark.parametrize(
    ("name", "zone", "within"),
    [
        pytest.param("example.com", "example.com", True, id="itself"),
        pytest.param("a.example.com", "example.com", True, id="below"),
        pytest.param("badexample.com", "example.com", False, id="suffix-of-a-label"),
        pytest.param("com", "example.com", False, id="above"),
        pytest.param("example.com", ".", True, id="root"),
    ],
)
def test_is_within_compares_whole_labels_when_names_share_an_end(name, zone, within):
    assert is_within(name, zone) is within


@pytest.mark.parametrize(
    ("name", "result"),
    [
        pytest.param("@", "example.com", id="apex"),
        pytest.param("www", "www.example.com", id="relative"),
        pytest.param("WWW.example.com.", "www.example.com", id="absolute"),
        pytest.param("www.example.com", "www.example.com", id="absolute-without-dot"),
        pytest.param("other.test.", "other.test", id="outside"),
        pytest.param("other.test", "other.test.example.com", id="relative-with-dots"),
    ],
)
def test_absolute_completes_a_name_when_it_is_relative(name, result):
    assert absolute(name, "example.com") == result


@pytest.mark.parametrize(
    ("name", "domain", "suffix", "is_suffix"),
    [
        pytest.param("a.b.example.co.uk", "example.co.uk", "co.uk", False, id="second-level-registry"),
        pytest.param("co.uk", "co.uk", "co.uk", True, id="registry-suffix"),
        pytest.param("com", "com", "com", True, id="tld"),
        pytest.param("ns1.victim.example", "victim.example", "example", False, id="unlisted-tld"),
        pytest.param("github.io", "github.io", "github.io", False, id="private-suffix-has-an-owner"),
        pytest.param("www.city.kawasaki.jp", "city.kawasaki.jp", "kawasaki.jp", False, id="exception-rule"),
        pytest.param(".", ".", ".", True, id="root"),
    ],
)
def test_registrable_follows_the_public_suffix_list_when_name_is_in_it(name, domain, suffix, is_suffix):
    assert registrable(name) == domain
    assert public_suffix(name) == suffix
    assert is_registry_suffix(name) is is_suffix


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("example.com", "example.com", id="ascii"),
        pytest.param("ns.xn--r8jz45g.jp", "ns.xn--r8jz45g.jp (ns.例え.jp)", id="idn"),
        pytest.param("_a.xn--r8jz45g.jp", "_a.xn--r8jz45g.jp (_a.例え.jp)", id="idn-beside-underscore"),
        pytest.param("xn--a.jp", "xn--a.jp", id="not-an-a-label"),
    ],
)
def test_display_shows_the_u_label_when_there_is_one(name, shown):
    assert display(name) == shown
