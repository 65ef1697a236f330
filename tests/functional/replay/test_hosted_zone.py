"""Route 53 compared, all the way: an emulated hosted zone, both hubs' collectors, the comparators, the page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
from ruamel.yaml import YAML

from nswatch.model import Severity
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario

CASE = Path(__file__).parent / "cases" / "win-mx.yaml"
DOMAIN, ID = "victim.example", "Z0123456789ABCDEFGHIJ"
SET = ("ns-1515.awsdns-61.org", "ns-1985.awsdns-56.co.uk", "ns-405.awsdns-50.com", "ns-650.awsdns-17.net")
CODES = frozenset({"route53_drift", "mx_changed", "delegation_changed", "collector_silent"})
RECORDS = (
    ("A", "198.51.100.10"),
    ("MX", "10 mx1.mail.example."),
    ("TXT", '"v=spf1 include:spf.mail.example -all"'),
)


@dataclass
class HostedZone:
    """The zone of the watched domain in an emulated Route 53, made when it is asked for first."""

    made: bool = False

    def client(self, region: str, _session: Mapping[str, str] | None = None) -> Any:
        client = boto3.client("route53", region_name=region)
        if not self.made:
            self.made = True
            client.create_hosted_zone(Name=DOMAIN, CallerReference="once")
            for qtype, value in RECORDS:
                self.put(qtype, value)
        return client

    def put(self, qtype: str, value: str, name: str = DOMAIN) -> None:
        records = [{"Value": value}]
        rrset = {"Name": name, "Type": qtype, "TTL": 300, "ResourceRecords": records}
        change = {"Action": "UPSERT", "ResourceRecordSet": rrset}
        client: Any = boto3.client("route53", region_name="us-east-1")
        client.change_resource_record_sets(HostedZoneId=ID, ChangeBatch={"Changes": [change]})


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostedZone]:
    route53 = import_module("ministack.services.route53")
    monkeypatch.setattr(route53, "_zone_id", lambda: ID)
    monkeypatch.setattr(route53, "_DEFAULT_NS", [f"{name}." for name in SET])
    route53.reset()
    yield HostedZone()
    route53.reset()


def replay_of(zone: HostedZone, folder: Path, *minutes: int) -> Replay:
    """Return a replay in which DNS stays in order, with a look at each of these minutes."""
    document = YAML(typ="safe").load(CASE)
    document["watchlist"]["domains"][DOMAIN]["delegation"]["hosted_zone"] = ID
    document["steps"] = [{"at": f"{minute}m", "set": {}, "expect": {}} for minute in minutes]
    document["regions"] = document["hubs"]
    del document["world"]["domains"][DOMAIN]["resolvers"]["us-east-1"]
    (folder / "case.yaml").write_text(json.dumps(document))
    replay = Replay(load_scenario(folder / "case.yaml"), codes=CODES)
    replay.cloud.clients = replace(replay.cloud.clients, route53=zone.client)
    return replay


def test_changed_mx_of_the_hosted_zone_pages_and_a_record_that_nobody_mentions_is_a_notice(
    zone: HostedZone, tmp_path: Path
) -> None:
    with replay_of(zone, tmp_path, 10, 40, 70) as replay:
        steps = replay.run()
        quiet = next(steps)
        assert not replay.arrivals
        zone.put("MX", "10 mx.evil.example.")
        changed = next(steps)
        pages = [each.delivery.text for each in replay.arrivals if each.delivery.channel is Severity.PAGE]
        zone.put("MX", "10 mx1.mail.example.")
        zone.put("CNAME", "verify.evil.example", f"_acme-challenge.{DOMAIN}")
        back = next(steps)
        told = [each.delivery for each in replay.arrivals]
    assert zone.made
    assert (quiet.findings, quiet.incident) == ((), "none")
    assert (changed.findings, changed.incident) == (("route53_drift",), "open")
    assert len(pages) == 1
    assert "mx.evil.example" in pages[0]
    assert ID in pages[0]
    assert back.findings == ("route53_drift",)
    assert [each.channel for each in told].count(Severity.PAGE) == 1
    assert any("_acme-challenge" in each.text for each in told[1:])
