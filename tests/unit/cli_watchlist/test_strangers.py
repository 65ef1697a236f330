"""What `apply` and `validate` say of approved names and addresses that look like Route 53's and are not."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nswatch.expect.networks import NO_RANGES, AwsRanges
from nswatch_cli.main import cli
from nswatch_cli.watchlist.strangers import beside_route53, unlike_route53

HOST = "ns-1515.awsdns-61.org"
AWS = AwsRanges({"ROUTE53": ("205.251.192.0/21",)}, "2026-10-26T01:11:04Z")
FORGED = {"addresses": {HOST: ["205.251.197.235"]}, "glue": {HOST: ["45.77.24.189", "205.251.197.235"]}}


def test_baseline_that_is_not_route53s_is_told() -> None:
    (line,) = beside_route53({"watched.example": FORGED, "other.example": {"addresses": {HOST: ["192.0.2.1"]}}}, AWS)
    assert line.startswith(
        "watched.example: the baseline's glue 45.77.24.189 of ns-1515.awsdns-61.org is not in AWS's networks for "
        "Route 53 (as of 2026-10-26T01:11:04Z)"
    )


def test_address_that_is_baseline_and_glue_is_told_once() -> None:
    moved = {"addresses": {HOST: ["45.77.24.189"]}, "glue": {HOST: ["45.77.24.189"]}}
    (line,) = beside_route53({"watched.example": moved}, AWS)
    assert "the baseline's address and glue 45.77.24.189" in line


@pytest.mark.parametrize("aws", [NO_RANGES, AwsRanges({"EC2": ("3.112.0.0/14",)})], ids=["none", "of-others"])
def test_nothing_is_told_when_route53s_networks_are_not_known(aws: AwsRanges) -> None:
    assert list(beside_route53({"watched.example": FORGED}, aws)) == []


def test_validate_says_what_is_not_route53s_and_calls_the_file_good(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(
        f"version: 1\ndomains:\n  watched.example:\n    delegation: {{provider: route53, ns: [{HOST}]}}\n", "utf-8"
    )
    locked = {"taken_at": "2026-11-01T00:00:00Z", "baseline": FORGED, "taken_for": {"delegation": {"ns": [HOST]}}}
    lock = {"version": 1, "domains": {"watched.example": locked, "gone.example": locked}}
    file.with_suffix(".lock.json").write_text(json.dumps(lock), "utf-8")
    result = CliRunner().invoke(cli, ["watchlist", "validate", str(file)])
    assert result.exit_code == 0, result.output
    first, second = result.output.splitlines()
    assert first == f"{file}: good, 1 domain"
    assert second.startswith(f"watched.example: the baseline's glue 45.77.24.189 of {HOST} is not in AWS's networks")


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        pytest.param({"delegation": {"ns": ["ns-1515.awsdns-061.org"]}}, "delegation", id="approved"),
        pytest.param(
            {
                "delegation": {"ns": [HOST]},
                "planned_changes": [{"id": "CHG-1"}, {"id": "CHG-2", "delegation": {"ns": ["ns-1515.awsdns-061.org"]}}],
            },
            "planned change CHG-2",
            id="planned",
        ),
    ],
)
def test_name_that_imitates_route53s_is_told_when_it_is_approved(entry: dict[str, Any], place: str) -> None:
    assert list(unlike_route53({"watched.example": entry})) == [
        f"watched.example: {place} approves ns-1515.awsdns-061.org, which looks like Route 53's and cannot be: 61 "
        "would be two digits: awsdns-061 has three; compare it with the hosted zone's delegation set, letter by letter"
    ]


@pytest.mark.parametrize("host", [HOST, "ns1.watched.example"], ids=["of Route 53", "unlike Route 53's"])
def test_nothing_is_told_when_a_name_is_route53s_or_imitates_none(host: str) -> None:
    assert list(unlike_route53({"watched.example": {"delegation": {"ns": [host]}}})) == []


def test_validate_says_that_an_approved_name_imitates_route53s(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(
        "version: 1\ndomains:\n  watched.example:\n    delegation: {ns: [ns-1515.awsdns-061.org]}\n", "utf-8"
    )
    result = CliRunner().invoke(cli, ["watchlist", "validate", str(file)])
    assert result.exit_code == 0, result.output
    assert "delegation approves ns-1515.awsdns-061.org" in result.output
