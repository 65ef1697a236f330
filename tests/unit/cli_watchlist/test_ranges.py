import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nswatch.errors import InvalidDocument
from nswatch.expect import data
from nswatch.expect.networks import AwsRanges
from nswatch_cli.main import cli
from nswatch_cli.ranges import MAX_OCTETS, describe, read_published, write
from nswatch_cli.watchlist.load import read_watchlist

PUBLISHED = {
    "syncToken": "1900000000",
    "createDate": "2030-03-17-17-46-40",
    "prefixes": [
        {"ip_prefix": "198.18.0.0/25", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"},
        {"ip_prefix": "198.18.0.128/25", "service": "CLOUDFRONT"},
        {"ip_prefix": "198.18.0.0/16", "service": "AMAZON"},
        {"ip_prefix": "198.18.4.0/24", "service": "EC2"},
    ],
    "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32", "service": "AMAZON"}],
}


def published(**changed: object) -> bytes:
    return json.dumps({**PUBLISHED, **changed}).encode()


def ranges(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["ranges", *arguments])


def test_published_file_is_read_with_the_networks_of_a_service_merged() -> None:
    assert read_published(published(), "r.json") == AwsRanges(
        {"AMAZON": ("198.18.0.0/16", "2001:db8::/32"), "CLOUDFRONT": ("198.18.0.0/24",), "EC2": ("198.18.4.0/24",)},
        "2030-03-17T17:46:40Z",
    )


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(b"<html>", "is not JSON", id="html"),
        pytest.param(b"[]", "is no mapping", id="list"),
        pytest.param(published(createDate=None), "createDate", id="no-date"),
        pytest.param(published(prefixes=[]), "prefixes: holds no list", id="no-prefixes"),
        pytest.param(published(ipv6_prefixes=None), "ipv6_prefixes: holds no list", id="no-ipv6"),
        pytest.param(
            published(prefixes=[{"ip_prefix": "198.18.0.1/16", "service": "EC2"}]), "prefixes[0]", id="bits-beside"
        ),
        pytest.param(
            published(prefixes=[{"ip_prefix": "0.0.0.0/0", "service": "EC2"}]), "prefixes[0]", id="everything"
        ),
        pytest.param(
            published(prefixes=[{"ip_prefix": "2001:db8::/32", "service": "EC2"}]), "prefixes[0]", id="family"
        ),
        pytest.param(published(prefixes=[{"ip_prefix": "198.18.0.0/16"}]), "prefixes[0]", id="no-service"),
        pytest.param(published(prefixes=["198.18.0.0/16"]), "prefixes[0]", id="no-mapping"),
        pytest.param(published(prefixes=PUBLISHED["prefixes"][2:]), "no networks of CLOUDFRONT", id="not-whole"),
    ],
)
def test_published_file_is_refused_when_it_is_not_right(octets: bytes, words: str) -> None:
    with pytest.raises(InvalidDocument, match=r"^r\.json: ") as refused:
        read_published(octets, "r.json")
    assert words in str(refused.value)


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
    written = read_published(published(), "r.json")
    write(written, file)
    monkeypatch.setattr(data, "files", lambda _package: tmp_path)
    data.aws_ranges.cache_clear()
    try:
        assert data.aws_ranges() == written
    finally:
        data.aws_ranges.cache_clear()
    assert [each.name for each in tmp_path.iterdir()] == [data.AWS_RANGES]


def test_refresh_replaces_the_shipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, new = tmp_path / "shipped", tmp_path / "new.json"
    shipped.mkdir()
    new.write_bytes(published())
    monkeypatch.setattr("nswatch_cli.ranges.files", lambda _package: shipped)
    result = ranges("--refresh", str(new))
    assert result.exit_code == 0, result.output
    assert "AWS ranges of 2030-03-17T17:46:40Z: 3 services, 4 networks (3 IPv4, 1 IPv6)" in result.output
    assert "aws:ROUTE53 is gone" in result.output
    assert json.loads((shipped / data.AWS_RANGES).read_text())["services"]["EC2"] == "198.18.4.0/24"


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(published(createDate="2020-01-01-00-00-00"), "older than what is there", id="older"),
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
