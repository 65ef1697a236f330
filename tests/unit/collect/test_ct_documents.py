"""What searches over certificate logs answer: real documents, odd ones, and any bytes at all."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.collect.ct_documents import Issued, read_certspotter, read_crtsh
from nswatch.expect.certificates import Logged, covers, is_listed, issuer_in_words, read_logged

DATA = Path(__file__).parent / "data"
FOUND = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GITHUB = json.loads((DATA / "ct-certspotter-github.com.json").read_bytes())
BOLNEWS = json.loads((DATA / "ct-crtsh-bolnews.com.json").read_bytes())


def certspotter(document: Any) -> tuple[Issued, ...]:
    issued, reason = read_certspotter(json.dumps(document).encode())
    assert issued is not None, reason
    return issued


def test_read_certspotter_tells_all_that_the_service_publishes() -> None:
    issued, reason = read_certspotter((DATA / "ct-certspotter-github.com.json").read_bytes())
    assert (reason, issued and [each.position for each in issued]) == ("", ["16246130557", "16270160024"])
    assert issued is not None
    logged = issued[0].logged("github.com", FOUND)
    assert logged == Logged(
        key=logged.key if logged else "",
        found=FOUND,
        issuer="C=US, O=Let's Encrypt, CN=YR1",
        ca="Let's Encrypt",
        names=(
            "*.github.com", "github.com", "*.github.io", "*.githubusercontent.com", "github.io", "githubusercontent.com"
        ),
        not_before=datetime(2026, 8, 2, 23, 38, 2, tzinfo=UTC),
        not_after=datetime(2026, 10, 31, 23, 38, 1, tzinfo=UTC),
        sha256="71f1077db377fd7b8d68380da66fa68238a303b2911bcb770b3b2a426693cf84",
        url="https://crt.sh/?sha256=71f1077db377fd7b8d68380da66fa68238a303b2911bcb770b3b2a426693cf84",
    )  # fmt: skip
    assert read_logged(logged.text()) == logged


def test_read_certspotter_reads_whom_caa_may_name_and_how_to_report() -> None:
    (document,) = json.loads((DATA / "ct-certspotter-wordpress.com.json").read_bytes())
    (issued,) = certspotter([{**document, "problem_reporting": "Write to\nabuse@ca.example"}])
    assert issued.caa == ("sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com")
    assert issued.report == "Write to abuse@ca.example"
    (logged,) = filter(None, [issued.logged("wordpress.com", FOUND)])
    assert read_logged(logged.text()) == logged


def test_read_crtsh_gives_precertificate_and_certificate_one_key() -> None:
    issued, reason = read_crtsh((DATA / "ct-crtsh-bolnews.com.json").read_bytes())
    assert issued is not None, reason
    logged = [each.logged("bolnews.com", FOUND) for each in issued]
    assert [each.position for each in issued] == ["27925475296", "27925458968"]
    assert len({each.key for each in logged if each}) == 1
    assert issued[0].not_before == datetime(2026, 7, 14, 11, 9, 47, tzinfo=UTC)


def test_both_searches_give_one_key_to_one_certificate() -> None:
    (one,) = certspotter(
        [
            {
                "id": "1",
                "dns_names": ["bolnews.com", "*.bolnews.com", "elsewhere.example"],
                "issuer": {"name": BOLNEWS[0]["issuer_name"], "friendly_name": "Let's Encrypt"},
                "not_before": "2026-07-14T11:09:47Z",
                "not_after": "2026-10-12T11:09:46Z",
            }
        ]
    )
    other, _ = read_crtsh(json.dumps(BOLNEWS).encode())
    keys = {logged.key for each in (one, *(other or ())) if (logged := each.logged("bolnews.com", FOUND))}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"id": 5}, "an entry without an id", id="id is a number"),
        pytest.param({"id": ""}, "an entry without an id", id="no id"),
        pytest.param({"id": "a\nb"}, "an entry without an id", id="id of two lines"),
        pytest.param({"dns_names": None}, "an entry without names", id="no names"),
        pytest.param({"dns_names": "github.com"}, "an entry without names", id="names are a text"),
        pytest.param({"dns_names": [1]}, "an entry without names", id="a name is a number"),
        pytest.param({"issuer": None}, "an entry, or its issuer, is no object", id="no issuer"),
        pytest.param({"issuer": {"name": " "}}, "an entry without issuer.name", id="empty issuer"),
        pytest.param({"not_before": "yesterday"}, "an entry without its time of validity", id="no time"),
        pytest.param({"not_after": 5}, "an entry without its time of validity", id="a number as time"),
    ],
)
def test_read_certspotter_gives_a_reason_when_an_entry_is_not_of_the_form(change: Any, reason: str) -> None:
    assert read_certspotter(json.dumps([*GITHUB, {**GITHUB[0], **change}]).encode()) == (None, reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>502 Bad Gateway</html>", "not JSON"),
        (json.dumps(GITHUB).encode()[:-9], "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"code":"rate_limited","message":"You have exceeded the limit"}', "not a list of certificates"),
        (b"[5]", "an entry, or its issuer, is no object"),
        (b"\xff\xfe", "not JSON"),
    ],
    ids=["html", "truncated", "nested", "an error", "numbers", "bytes"],
)
def test_readers_give_a_reason_when_the_document_is_another(body: bytes, reason: str) -> None:
    assert read_certspotter(body) == (None, reason)
    assert read_crtsh(body) == (None, reason)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.lists(st.sampled_from([*GITHUB[0], *BOLNEWS[0]]), max_size=3), JSON_VALUES)
def test_readers_never_raise_whatever_they_are_given(octets: bytes, keys: list[str], value: Any) -> None:
    odd = [{**each, **dict.fromkeys(keys, value)} for each in (*GITHUB, *BOLNEWS)]
    for body in (octets, json.dumps(odd[:2]).encode(), json.dumps(odd[2:]).encode(), json.dumps(value).encode()):
        for issued, reason in (read_certspotter(body), read_crtsh(body)):
            assert (issued is None) is bool(reason)
            for each in issued or ():
                logged = each.logged("github.com", FOUND)
                assert logged is None or read_logged(logged.text()) == logged


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | JSON_VALUES.map(json.dumps))
def test_kept_text_is_left_out_when_it_is_not_understood(text: str) -> None:
    assert read_logged(text) is None


@pytest.mark.parametrize(
    ("name", "domain", "covered"),
    [
        ("a.example", "a.example", True),
        ("*.a.example", "a.example", True),
        ("deep.www.a.example", "a.example", True),
        ("*.a.example", "www.a.example", True),
        ("*.a.example", "x.www.a.example", False),
        ("a.example", "www.a.example", False),
        ("nota.example", "a.example", False),
        ("a.example.evil.test", "a.example", False),
        ("*.example", "a.example", True),
    ],
)
def test_certificate_is_about_a_domain_when_it_can_be_shown_for_it(name: str, domain: str, covered: bool) -> None:
    assert covers(name, domain) is covered


@pytest.mark.parametrize(
    ("issuer", "listed", "right"),
    [
        ("C=US, O=Let's Encrypt, CN=R11", "let\u2019s encrypt", True),
        ('CN="R11, Let\'s Encrypt"', "R11, Let's Encrypt", True),
        ("CN=R11\\, Let's Encrypt", "R11, Let's Encrypt", True),
        ("C=US, O=Amazon, CN=Amazon RSA 2048 M02", "AMAZON", True),
        ("C=US, O=Amazon, CN=Amazon RSA 2048 M02", "Amazing", False),
        ("C=US, O=Amazon, CN=Amazon RSA 2048 M02", "", False),
    ],
)
def test_issuer_is_listed_when_a_listed_text_occurs_in_it(issuer: str, listed: str, right: bool) -> None:
    assert is_listed((issuer, ""), (listed,)) is right


@pytest.mark.parametrize(
    ("name", "ca", "words"),
    [
        ("C=US, O=Let's Encrypt, CN=YR1", "Let's Encrypt", "Let's Encrypt (YR1)"),
        ("CN=Amazon RSA 2048 M02,O=Amazon,C=US", "", "Amazon RSA 2048 M02"),
        ('C=US, O="Cloudflare, Inc.", CN=ECC CA-3', "", "Cloudflare, Inc. (ECC CA-3)"),
        ("CN=R11\\, Let's Encrypt", "", "R11, Let's Encrypt"),
        ("O=Only", "", "Only"),
        ("Amazon", "", "Amazon"),
        ("", "", "an issuer without a name"),
    ],
)
def test_issuer_is_told_in_few_words(name: str, ca: str, words: str) -> None:
    assert issuer_in_words(name, ca) == words


def test_certificates_are_kept_apart_when_they_are_issued_at_other_times() -> None:
    first, second = (
        certspotter([{**GITHUB[0], "not_before": (FOUND + timedelta(seconds=n)).isoformat()}])[0] for n in (0, 1)
    )
    one, other = first.logged("github.com", FOUND), second.logged("github.com", FOUND)
    assert one is not None
    assert other is not None
    assert one.key != other.key
