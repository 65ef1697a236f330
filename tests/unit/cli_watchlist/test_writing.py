"""Drafts of entries as text, and put into a file that somebody else wrote."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.errors import InvalidDocument
from nswatch_cli.document import parse
from nswatch_cli.watchlist.writing import Draft, checked, entry_lines, inserted, put_into, watchlist_text

DRAFT = Draft(
    "example.com",
    {"provider": "route53", "hosted_zone": "Z0123", "ns": ["ns1.dns.example", "ns2.dns.example"]},
    [{"name": "@", "type": "MX", "values": ["10 mail.example.net."]}],
    {"registrar": "Registrar A, Inc.", "locks": ["clientTransferProhibited"]},
    ["read me"],
    {"ns": "seen at 4 servers", ("@", "MX"): "seen", "registrar": "as RDAP says"},
)
ENTRY = """\
example.com:
  # read me
  delegation:
    provider: route53
    hosted_zone: Z0123
    ns:  # seen at 4 servers
    - ns1.dns.example
    - ns2.dns.example
  answers:
  - {name: "@", type: MX, values: ["10 mail.example.net."]}  # seen
  registration:
    registrar: "Registrar A, Inc."  # as RDAP says
    locks:
    - clientTransferProhibited
"""
FILE = """\
# our domains
version: 1
domains:
    other.example:   # the old one
        delegation: {ns: [ns1.dns.example]}  # two are enough

# who is called
alerts:
  page: ["sms:+819000000000", "email:oncall@third.example"]
"""


def test_draft_is_written_as_a_person_would() -> None:
    assert "\n".join([*entry_lines(DRAFT), ""]) == ENTRY
    assert parse(watchlist_text(DRAFT), "x").data["domains"]["example.com"]["delegation"]["hosted_zone"] == "Z0123"


def test_entry_goes_behind_the_last_domain_and_all_else_stays() -> None:
    text = inserted(FILE, "x", DRAFT)
    first, rest = FILE.split("\n\n")
    assert text.startswith(first + "\n")
    assert text.endswith(rest)
    assert list(parse(text, "x").data["domains"]) == ["other.example", "example.com"]
    checked(text, "x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(FILE.replace("other.example:", "example.com:"), 'domains["example.com"]: is there', id="there"),
        pytest.param("version: 1\ndomains: {a.example: {delegation: {ns: [ns1.b.c]}}}\n", "domains: has", id="flow"),
        pytest.param("version: 1\ndomains:\n", "domains: has no place", id="empty"),
        pytest.param("version: 1\n", "domains: has no place", id="no domains"),
        pytest.param("a: [\n", "is not YAML", id="no YAML"),
    ],
)  # fmt: skip
def test_file_is_refused_with_its_key_when_there_is_no_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "watchlist.yaml"
    path.write_text(text)
    with pytest.raises(InvalidDocument) as refused:
        put_into(path, DRAFT)
    assert told in str(refused.value)
    assert path.read_text() == text


def test_file_is_left_alone_when_the_result_would_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "watchlist.yaml"
    path.write_text(FILE.replace("third.example", "example.com"))
    with pytest.raises(InvalidDocument, match=r"alerts\.page\[1\]"):
        put_into(path, DRAFT)
    assert path.read_text() == FILE.replace("third.example", "example.com")
    assert [each.name for each in tmp_path.iterdir()] == ["watchlist.yaml"]


def test_file_is_made_when_there_is_none(tmp_path: Path) -> None:
    put_into(tmp_path / "new.yaml", DRAFT)
    assert (tmp_path / "new.yaml").read_text() == watchlist_text(DRAFT)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(_TEXTS, _TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_back_and_no_comment_becomes_data(value: str, comment: str) -> None:
    answers: list[dict[str, Any]] = [{"name": "@", "type": "TXT", "contains": [value]}]
    draft = Draft("example.com", {"ns": [value]}, answers, {}, [comment], {"ns": comment, ("@", "TXT"): comment})
    data = parse(watchlist_text(draft), "x").data
    assert data == {"version": 1, "domains": {"example.com": {"delegation": {"ns": [value]}, "answers": answers}}}
