"""What is said of certificates: those in logs, and those that a site serves."""

from typing import Any

import pytest
from tests.unit.tell.stories import finding, page

from nswatch.model import Finding

LOGGED: dict[str, Any] = {
    "issuer": "C=US, O=Evil CA, CN=E1",
    "ca": "Evil CA",
    "names": ["*.coincheck.com", "coincheck.com", "elsewhere.example", "more.example"],
    "more": 7,
    "not_before": "2020-05-30T10:00:00.000Z",
    "not_after": "2020-08-28T10:00:00.000Z",
    "found": "2020-05-30T11:00:00.000Z",
    "sha256": "ab" * 32,
    "report": "Write to abuse@evil-ca.example.",
    "caa": "forbidden",
}
SERVED: dict[str, Any] = {
    "seen": ["Evil CA (E1)"],
    "issuer": "CN=E1,O=Evil CA,C=US",
    "fingerprint": "sha256:" + "cd" * 32,
    "trusted": True,
    "why": "",
    "names": ["coincheck.com"],
    "not_after": "2020-08-28T10:00:00.000Z",
    "regions": ["eu-west-1"],
}


def flat(text: str) -> str:
    return " ".join(text.split())


def logged(*certificates: dict[str, Any], **detail: Any) -> Finding:
    return finding("certificate_unordered", ["Amazon"], ["text"], detail={"certificates": [*certificates], **detail})


def served(*answers: dict[str, Any], **detail: Any) -> Finding:
    return finding("certificate_changed", ["Amazon"], ["text"], detail={"answers": [*answers], **detail})


def test_notice_says_who_issued_it_for_what_and_whom_to_write_to() -> None:
    text = page([logged(LOGGED, caa={"at": "coincheck.com", "allowed": ["amazon.com", "letsencrypt.org"]})])
    assert text.email.splitlines()[0] == (
        "A certificate for *.coincheck.com, coincheck.com, elsewhere.example and 8 more was issued by Evil CA (E1), "
        "which is not an approved issuer."
    )
    for said in (
        "issuer C=US, O=Evil CA, CN=E1 valid from 2020-05-30 10:00:00 UTC until 2020-08-28 10:00:00 UTC",
        "found in a log at 2020-05-30 11:00:00 UTC",
        "SHA-256 " + "ab" * 32,
        "CAA of the domain, as it is now, does not allow this issuer to issue it.",
        "Approved issuers: Amazon.",
        "CAA of coincheck.com allows: amazon.com, letsencrypt.org.",
        "How its issuer wants that reported: Write to abuse@evil-ca.example.",
    ):
        assert said in flat(text.email)


def test_notice_counts_certificates_and_names_the_last_one() -> None:
    last = {**LOGGED, "ca": "Other CA", "issuer": "CN=X", "names": ["mail.coincheck.com"], "more": 0}
    text = page([logged(LOGGED, last)])
    assert text.email.startswith("2 certificates for names of coincheck.com were issued")
    assert "the last one by Other CA (X), for mail.coincheck.com." in flat(text.email)


@pytest.mark.parametrize(
    ("caa", "said"),
    [
        ({"at": "", "allowed": []}, "No CAA record limits who may issue for coincheck.com."),
        ({"at": "coincheck.com", "allowed": []}, "The CAA record of coincheck.com allows nobody to issue."),
    ],
    ids=["no record", "nobody"],
)
def test_page_says_what_caa_allows(caa: dict[str, Any], said: str) -> None:
    assert said in page([served(SERVED, caa=caa)]).email


def test_page_says_nothing_of_caa_when_nobody_knows() -> None:
    assert "CAA of" not in page([served(SERVED)]).email


def test_page_says_which_regions_are_shown_what() -> None:
    text = page([served(SERVED, regions=["eu-west-1"], right=["us-east-1"])])
    assert text.email.splitlines()[0] == (
        "The web site of coincheck.com shows a certificate of Evil CA (E1), which is not an approved issuer, "
        "to eu-west-1."
    )
    assert "An approved one is shown to us-east-1." in text.email
    untrusted = {**SERVED, "trusted": False, "why": "self-signed certificate"}
    text = page([served(untrusted, SERVED, regions=["eu-west-1"])])
    assert text.email.startswith("The web site of coincheck.com shows a certificate that is not trusted (self-signed")


@pytest.mark.parametrize(
    "odd",
    [
        {"certificates": "x", "answers": 5, "caa": "x", "right": 3},
        {"certificates": [{}], "caa": {}},
        {"certificates": [{"names": 5, "issuer": None, "not_before": "then", "more": "x", "caa": 7, "report": 9}]},
        {"answers": [{"trusted": False, "regions": "x", "fingerprint": 4, "issuer": "CN=\u202e\n<b>"}]},
    ],
)
def test_texts_leave_out_what_is_not_of_the_form(odd: dict[str, Any]) -> None:
    for code in ("certificate_unordered", "certificate_changed"):
        text = page([finding(code, ["Amazon"], ["text"], detail=odd)])
        assert "coincheck.com" in text.email.splitlines()[0]
        assert "$" not in text.email + text.sms + text.subject
        assert "\u202e" not in text.email
