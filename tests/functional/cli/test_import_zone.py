"""`nswatch watchlist import` against an emulated Route 53 and against one that refuses."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from tests.support.https import answer, server

from nswatch_cli.main import cli
from nswatch_cli.replay.emulator import Emulator

ID = "Z0123456789ABCDEFGHIJ"
SET = ("ns-1515.awsdns-61.org", "ns-1985.awsdns-56.co.uk", "ns-405.awsdns-50.com", "ns-650.awsdns-17.net")
RECORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("watched.example", "MX", ("10 Mail.watched.example.", "20 inbound-smtp.us-west-2.amazonaws.com")),
    ("watched.example", "TXT", ('"v=spf1 include:amazonses.com " "-all"', '"site=\\303\\251"')),
    ("www.watched.example", "CNAME", ("d1.cloudfront.net",)),
    ("mail.watched.example", "A", ("192.0.2.25",)),
    ("shop.watched.example", "A", ("192.0.2.80",)),
)
ALIAS = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False}
ENTRY = f"""\
    delegation:
      provider: route53
      hosted_zone: {ID}
      ns:
      - ns-1515.awsdns-61.org
      - ns-1985.awsdns-56.co.uk
      - ns-405.awsdns-50.com
      - ns-650.awsdns-17.net
      soa_mname: ns-1515.awsdns-61.org
    answers:
    - {{name: "@", type: A, within: ["aws:CLOUDFRONT"]}}
    - {{name: "@", type: MX, values: ["10 mail.watched.example.", "20 inbound-smtp.us-west-2.amazonaws.com."]}}
    - {{name: "@", type: TXT, contains: ["site=\\u00e9", "v=spf1 include:amazonses.com -all"]}}
    - {{name: www, type: CNAME, values: [d1.cloudfront.net.]}}
    - {{name: mail, type: A, values: ["192.0.2.25"]}}
"""


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    route53 = import_module("ministack.services.route53")
    monkeypatch.setattr(route53, "_zone_id", lambda: ID)
    monkeypatch.setattr(route53, "_DEFAULT_NS", [f"{name}." for name in SET])
    route53.reset()
    with Emulator():
        monkeypatch.setattr(boto3, "Session", lambda **_: boto3.DEFAULT_SESSION)
        client: Any = boto3.client("route53")
        client.create_hosted_zone(Name="watched.example", CallerReference="once")
        sets: list[dict[str, Any]] = [
            {"Name": name, "Type": qtype, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
            for name, qtype, values in RECORDS
        ]
        sets.append({"Name": "watched.example", "Type": "A", "AliasTarget": ALIAS})
        changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in sets]
        client.change_resource_record_sets(HostedZoneId=ID, ChangeBatch={"Changes": changes})
        yield
    route53.reset()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["watchlist", "import", *arguments])


@pytest.mark.usefixtures("zone")
def test_import_prints_a_watchlist_of_the_zone() -> None:
    result = run("--hosted-zone", f"/hostedzone/{ID}")
    assert result.exit_code == 0, result.output
    head, entry = result.output.split("    delegation:\n")
    assert head.startswith("version: 1\ndomains:\n  watched.example:\n    # imported from hosted zone Z0123")
    assert "    delegation:\n" + entry == ENTRY


@pytest.mark.usefixtures("zone")
def test_import_adds_the_entry_to_a_file_once(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.yaml"
    file.write_text("version: 1\ndomains:\n  other.example:\n    delegation: {ns: [ns1.dns.example]}  # ours\n")
    result = run("--hosted-zone", ID, "--into", str(file))
    assert result.exit_code == 0, result.output
    assert "watched.example was added" in result.output
    assert "# ours\n  watched.example:\n" in file.read_text()
    again = run("--hosted-zone", ID, "--into", str(file))
    assert again.exit_code == 2
    assert 'domains["watched.example"]: is there already' in again.output


def weighted(name: str, qtype: str, *values: str) -> list[dict[str, Any]]:
    """Return a simple record's deletion, and the creation of one record of equal weight for each value."""
    (old,) = (each for given, kind, each in RECORDS if (given, kind) == (name, qtype))
    base = {"Name": name, "Type": qtype, "TTL": 60}
    simple = base | {"ResourceRecords": [{"Value": value} for value in old]}
    made = [base | {"SetIdentifier": value, "Weight": 1, "ResourceRecords": [{"Value": value}]} for value in values]
    return [
        {"Action": "DELETE", "ResourceRecordSet": simple},
        *({"Action": "CREATE", "ResourceRecordSet": each} for each in made),
    ]


@pytest.mark.usefixtures("zone")
def test_import_gives_a_good_file_when_routing_policies_choose(tmp_path: Path) -> None:
    changes = weighted("www.watched.example", "CNAME", "a.cdn.example", "b.cdn.example")
    changes += weighted("watched.example", "MX", "10 a.mail.example.", "10 b.mail.example.")
    client: Any = boto3.client("route53")
    client.change_resource_record_sets(HostedZoneId=ID, ChangeBatch={"Changes": changes})
    file = tmp_path / "watchlist.yaml"
    result = run("--hosted-zone", ID)
    assert result.exit_code == 0, result.output
    file.write_text(result.output, "utf-8")
    assert "- {name: www, type: CNAME, values: [a.cdn.example., b.cdn.example.]}" in result.output
    assert "type: MX" not in result.output
    told = " ".join(line.strip().removeprefix("# ") for line in result.output.splitlines())
    assert "a routing policy chooses between its values: watched.example MX 10 a.mail.example, 10 b.mail" in told
    checked = CliRunner().invoke(cli, ["watchlist", "validate", str(file)])
    assert checked.exit_code == 0, checked.output


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--hosted-zone", "example.com"], "--hosted-zone: is 'example.com', not a hosted", id="id"),
        pytest.param(["--hosted-zone", "Z404"], "--hosted-zone: cannot be read: An error", id="no such zone"),
        pytest.param(["--hosted-zone", ID, "--role-arn", "me"], "--role-arn: is 'me', not a role's", id="role"),
    ],
)
def test_import_names_the_option_that_is_wrong(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.output.replace('["--hosted-zone"]', ": --hosted-zone").replace(
        '["--role-arn"]', ": --role-arn"
    )


def test_import_says_that_it_may_not_read_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
    with server(tls=False) as http:
        http.answers[f"/2013-04-01/hostedzone/{ID}"] = answer(403, refusal, content_type="text/xml")
        for name, value in {"ENDPOINT_URL": http.url, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        result = run("--hosted-zone", ID)
    assert result.exit_code == 2
    assert "not you" in result.output
    assert "route53:GetHostedZone" in result.output
