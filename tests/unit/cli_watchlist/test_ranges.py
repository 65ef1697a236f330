import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nswatch.errors import InvalidDocument
from nswatch.expect import data
from nswatch.expect.networks import AwsRanges
from nswatch_cli.main import cli
from nswatch_cli.ranges import MAX_OCTETS, describe, write
from nswatch_cli.watchlist.load import read_watchlist

SMALL = AwsRanges(
    {"AMAZON": ("198.18.0.0/16",), "CLOUDFRONT": ("198.18.0.0/24",), "CODEBUILD": ("198.18.9.0/28",)}
    | {"EC2": ("198.18.4.0/24",), "ROUTE53": ("198.18.8.0/24",)},
    "2026-10-26T01:11:04Z",
)


def published(moment: str = "2030-03-17-17-46-40", leaving_out: str = "CODEBUILD") -> bytes:
    rows = [
        {"ip_prefix": network, "service": service}
        for service, networks in SMALL.services.items()
        for network in networks
        if service != leaving_out
    ]
    six = [{"ipv6_prefix": "2001:db8::/32", "service": "AMAZON"}]
    token = int(datetime.strptime(moment, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC).timestamp())
    whole = {"syncToken": str(token), "createDate": moment, "prefixes": rows, "ipv6_prefixes": six}
    return json.dumps(whole).encode()


def ranges(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["ranges", *arguments])


def test_shipped_ranges_hold_what_watchlists_name() -> None:
    shipped = data.aws_ranges()
    assert data.aws_ranges() is shipped
    assert shipped.created >= "2026-10-26"
    assert shipped.holds(ip_address("13.224.0.1"), "CLOUDFRONT")
    assert not shipped.holds(ip_address("192.0.2.1"), "AMAZON")
    assert {"AMAZON", "API_GATEWAY", "CLOUDFRONT", "EC2", "GLOBALACCELERATOR", "S3"} <= shipped.services.keys()


def test_ranges_says_of_when_they_are() -> None:
    result = ranges()
    assert result.exit_code == 0
    assert result.output == describe(data.aws_ranges()) + "\n"
    assert data.aws_ranges().created in result.output


def test_ranges_are_written_as_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / data.AWS_RANGES
    write(SMALL, file)
    monkeypatch.setattr(data, "files", lambda _package: tmp_path)
    data.aws_ranges.cache_clear()
    try:
        assert data.aws_ranges() == SMALL
    finally:
        data.aws_ranges.cache_clear()
    assert [each.name for each in tmp_path.iterdir()] == [data.AWS_RANGES]


def test_refresh_replaces_the_shipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, new = tmp_path / "shipped", tmp_path / "new.json"
    shipped.mkdir()
    new.write_bytes(published())
    monkeypatch.setattr("nswatch_cli.ranges.files", lambda _package: shipped)
    monkeypatch.setattr(data, "aws_ranges", lambda: SMALL)
    result = ranges("--refresh", str(new))
    assert result.exit_code == 0, result.output
    assert "AWS ranges of 2030-03-17T17:46:40Z: 4 services, 5 networks (4 IPv4, 1 IPv6)" in result.output
    assert "aws:CODEBUILD is gone" in result.output
    assert json.loads((shipped / data.AWS_RANGES).read_text())["services"]["EC2"] == "198.18.4.0/24"


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(published("2020-01-01-00-00-00"), "older than what is there", id="older"),
        pytest.param(published(), "so it is not whole", id="shrunken"),
        pytest.param(published(leaving_out="ROUTE53"), "no networks of ROUTE53", id="no-route53"),
        pytest.param(b"{}", "createDate", id="not-right"),
        pytest.param(b" " * (MAX_OCTETS + 1), "is larger than", id="too-large"),
        pytest.param(None, "cannot be read", id="no-file"),
    ],
)
def test_refresh_leaves_the_shipped_file_when_the_new_one_is_not_right(
    octets: bytes | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, shipped = tmp_path / "new.json", tmp_path / "shipped"
    shipped.mkdir()
    if octets is not None:
        new.write_bytes(octets)
    monkeypatch.setattr("nswatch_cli.ranges.files", lambda _package: shipped)
    result = ranges("--refresh", str(new))
    assert result.exit_code == 2
    assert words in result.output
    assert list(shipped.iterdir()) == []


def test_refresh_refuses_a_url_that_anybody_on_the_way_could_answer() -> None:
    result = ranges("--refresh", "http://ranges.example/ip-ranges.json")
    assert result.exit_code == 2
    assert "is no https URL" in result.output


@pytest.mark.parametrize(
    ("service", "meant"),
    [
        pytest.param("CLOUDFRNT", "aws:CLOUDFRONT", id="typing-error"),
        pytest.param("global_accelerator", "aws:GLOBALACCELERATOR", id="otherwise-written"),
        pytest.param("QQQ", "aws:AMAZON", id="like-none"),
    ],
)
def test_watchlist_is_refused_when_it_names_a_service_that_is_not_published(service: str, meant: str) -> None:
    answer = {"name": "@", "type": "A", "within": [f"aws:{service}"]}
    entry = {"delegation": {"ns": ["ns1.dns.example"]}, "answers": [answer]}
    with pytest.raises(InvalidDocument) as refused:
        read_watchlist({"version": 1, "domains": {"example.com": entry}})
    (problem,) = refused.value.problems
    assert f"within[0]: is aws:{service.upper()}, and AWS publishes no such service's networks" in str(problem)
    assert meant in str(problem)
