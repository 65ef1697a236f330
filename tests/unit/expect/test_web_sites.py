"""Where a watched site is, and how a served certificate is written down and read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.expect.watchlist import Web
from nswatch.expect.web import Served, Site, served_in, site_of, values_of_served
from nswatch.model import Facts, Result


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://example.com/", Site("example.com", 443, "/")),
        ("https://WWW.Example.com", Site("www.example.com", 443, "/")),
        ("https://example.com:8443/a/b?c=d#e", Site("example.com", 8443, "/a/b?c=d")),
        ("https://example.com?c=d", Site("example.com", 443, "/?c=d")),
        ("https://münchen.example/", Site("xn--mnchen-3ya.example", 443, "/")),
    ],
    ids=["plain", "case", "port and query", "no path", "not ASCII"],
)
def test_site_is_read_when_the_url_is_one_of_https(url: str, site: Site) -> None:
    assert site_of(Web(url)) == site


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://",
        "https://a@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: x",
        "https://a..b/",
        "",
    ],
)
def test_site_is_none_when_the_url_says_nothing_of_use(url: str) -> None:
    assert site_of(Web(url)) is None


def test_site_is_none_when_there_is_no_url() -> None:
    assert site_of(Web(None, ("Amazon",))) is None
    assert site_of(None) is None


def test_served_certificate_is_read_as_it_was_written() -> None:
    served = Served("CN=A=B,O=x", "sha256:00", trusted=False, why="expired=yes", names=("a.example", "b.example"))
    assert served_in(Facts(Result.ANSWER, values_of_served(served))) == served


def test_nothing_is_served_when_facts_are_of_something_else() -> None:
    assert served_in(Facts(Result.ANSWER, ("shifted=no",))) is None
    assert served_in(None) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_reading_values_raises_nothing_whatever_they_are(values: list[str]) -> None:
    served_in(Facts(Result.ANSWER, tuple(values)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_reading_a_url_raises_nothing_and_a_target_has_no_space(url: str) -> None:
    for text in (url, f"https://{url}", f"https://example.com{url}"):
        site = site_of(Web(text))
        assert site is None or (site.target.startswith("/") and site.target.isprintable() and " " not in site.target)
