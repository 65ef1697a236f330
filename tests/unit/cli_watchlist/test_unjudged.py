"""What `validate` and `apply` say of registrations that no registry tells of."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nswatch_cli.main import cli
from nswatch_cli.watchlist.unjudged import not_heeded, without_rdap

SERVICES = {"com": "https://rdap.example/com/", "uk": "https://rdap.example/uk/"}
EXPECTED: dict[str, Any] = {"registration": {"registrar": "Registrar A"}}


@pytest.mark.parametrize(
    ("domain", "entry", "is_told"),
    [
        pytest.param("watched.jp", EXPECTED, True, id="no service"),
        pytest.param("watched.co.jp", EXPECTED, True, id="no service, under co.jp"),
        pytest.param("watched.com", EXPECTED, False, id="a service"),
        pytest.param("watched.co.uk", EXPECTED, False, id="a service of the suffix above"),
        pytest.param("watched.jp", {}, False, id="nothing expected"),
        pytest.param("watched.jp", {"registration": {"provider": "route53"}}, False, id="the registrar is asked"),
    ],
)
def test_registration_that_nobody_can_be_asked_about_is_told(domain: str, entry: dict[str, Any], is_told: bool) -> None:
    lines = list(without_rdap({domain: entry}, SERVICES))
    assert lines == (
        [
            f"{domain}: the registry of .jp has no RDAP service, so 'registration' is not judged: neither registrar "
            "nor locks nor expiry"
        ]
        if is_told
        else []
    )


def test_validate_says_so_and_calls_the_file_good(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    entry = "delegation: {ns: [ns1.dns.example]}\n    registration: {registrar: Registrar A}\n"
    file.write_text(f"version: 1\ndomains:\n  watched.jp:\n    {entry}  watched.com:\n    {entry}", "utf-8")
    result = CliRunner().invoke(cli, ["watchlist", "validate", str(file)])
    assert result.exit_code == 0, result.output
    first, second = result.output.splitlines()
    assert first == f"{file}: good, 2 domains"
    assert second.startswith("watched.jp: the registry of .jp has no RDAP service")


def test_key_that_changes_nothing_yet_is_told_once_for_all_domains() -> None:
    entries = {f"watched{n}.example": {"every": 300, "language": "en"} for n in range(5)}
    assert list(not_heeded(entries)) == [
        "watched0.example, watched1.example, watched2.example and 2 more: 'every' is stored and not heeded yet: each "
        "region makes a pass a minute, whatever it says (delegation_every is heeded)"
    ]


def test_language_that_is_not_written_yet_is_told() -> None:
    (line,) = not_heeded({"watched.example": {"every": 60, "language": "ja"}, "other.example": {}})
    assert line == (
        "watched.example: 'language' is stored and not heeded yet: texts are English, with times in UTC and JST"
    )
