"""What is recorded of a served certificate; whatever is in it, reading it raises nothing."""

import ssl
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import https

from nswatch.observe.web_certificate import LONGEST, MOST_NAMES, served_trusted, served_untrusted, unseen

DER = ssl.PEM_cert_to_DER_cert(https.authority())


def said(**changes: Any) -> dict[str, Any]:
    """What the ssl module says of a verified certificate, in its documented form."""
    return {
        "issuer": (
            (("countryName", "US"),),
            (("organizationName", "Amazon"),),
            (("commonName", "Amazon RSA 2048 M02"),),
        ),
        "notAfter": "Sep  9 23:59:59 2026 GMT",
        "subjectAltName": (("DNS", "www.Example.com"), ("DNS", "*.example.com"), ("IP Address", "192.0.2.1")),
        **changes,
    }


def test_trusted_certificate_is_written_as_rfc_4514_has_it() -> None:
    served = served_trusted(DER, said())
    assert served.issuer == "CN=Amazon RSA 2048 M02,O=Amazon,C=US"
    assert served.names == ("*.example.com", "www.example.com")
    assert served.not_after == "2026-09-09T23:59:59.000Z"
    assert (served.trusted, served.why) == (True, "")
    assert len(served.fingerprint) == len("sha256:") + 64


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        pytest.param("Example, Inc.", "O=Example\\, Inc.", id="comma"),
        pytest.param("#1 + <2>", "O=\\#1 \\+ \\<2\\>", id="special characters"),
        pytest.param("a\nb", "O=a b", id="line break"),
    ],
)
def test_issuer_is_escaped_when_its_name_needs_it(text: str, issuer: str) -> None:
    assert served_trusted(DER, said(issuer=((("organizationName", text),),))).issuer == issuer


def test_issuers_are_written_alike_when_one_is_trusted_and_the_other_is_not() -> None:
    untrusted = served_untrusted(DER, "self-signed certificate")
    trusted = served_trusted(DER, said(issuer=((("commonName", "nswatch test authority"),),)))
    assert untrusted.issuer == trusted.issuer
    assert untrusted.fingerprint == trusted.fingerprint
    assert (untrusted.trusted, untrusted.why) == (False, "self-signed certificate")
    assert untrusted.not_after.endswith("Z")


def test_names_and_texts_are_bounded_when_a_stranger_chooses_them() -> None:
    many = tuple(("DNS", f"{number}.example") for number in range(500))
    long = ((("organizationName", "x" * 5000),),)
    served = served_trusted(DER, said(subjectAltName=(*many, ("DNS", "a,b"), ("DNS", "é")), issuer=long))
    assert len(served.names) == MOST_NAMES
    assert len(served.issuer) <= LONGEST
    assert len(unseen("y" * 5000).why) <= LONGEST


@pytest.mark.parametrize("fields", [None, {}, {"notAfter": "soon"}], ids=["nothing", "empty", "no date"])
def test_what_is_missing_is_empty_when_the_module_says_little(fields: dict[str, Any] | None) -> None:
    served = served_trusted(DER, fields)
    assert (served.trusted, served.names, served.not_after, served.issuer) == (True, (), "", "(cannot be read)")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DER) - 1), st.binary(max_size=8), st.integers(0, len(DER)))
def test_untrusted_certificate_is_untrusted_whatever_is_in_it(at: int, octets: bytes, end: int) -> None:
    der = (DER[:at] + octets + DER[at + len(octets) :])[: max(end, at)]
    served = served_untrusted(der, "why")
    assert (served.trusted, served.why) == (False, "why")
    assert served.fingerprint.startswith("sha256:")
    assert len(served.issuer) <= LONGEST
