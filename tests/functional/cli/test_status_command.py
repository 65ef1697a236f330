"""`nswatch status` against two emulated hubs, as a person types it; and where its hubs and regions come from."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nswatch import wiring
from nswatch.model import Heartbeat
from nswatch.record.port import Fingerprint, RegionReport
from nswatch.record.trail_store import DynamoTrail
from nswatch.record.watch_store import HubReport
from nswatch.trail import ZONES
from nswatch_cli.main import cli
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
OPTIONS = ["--hubs", ",".join(HUBS)]
REGIONS = (*HUBS, "us-west-2")
WATCHLIST = "version: 1\ndomains:\n  watched.example:\n    delegation: {ns: [ns1.dns.example, ns2.dns.example]}\n"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    monkeypatch.chdir(tmp_path)
    with Cloud(HUBS) as cloud:
        monkeypatch.setattr("nswatch_cli.hubs.build_hub", lambda name, hub: wiring.build_hub(name, hub, cloud.clients))
        yield cloud


def nswatch(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def apply() -> None:
    Path("watchlist.yaml").write_text(WATCHLIST, "utf-8")
    assert nswatch("watchlist", "apply", "watchlist.yaml", *OPTIONS, "--no-baseline", "--yes").exit_code == 0


def work(cloud: Cloud) -> None:
    """Have every region make a pass, and every hub a round, half a minute ago."""
    at = wiring.now() - timedelta(seconds=30)
    for hub in HUBS:
        store = wiring.build_hub(NAME, hub, cloud.clients)
        for region in REGIONS:
            beat = Heartbeat(region, 0, at, 1, release="0.1.0+abc")
            store.write_fingerprint(Fingerprint(beat, "stamp"))
            store.write_region_report(region, RegionReport(at, at, "0.1.0+abc", 0))
        store.await_canaries(REGIONS, at)
        store.comparator_ran(at, at, {})
        for each in HUBS:
            store.write_hub_report(HubReport(each, at, "0.1.0+abc", 1, 0))


def test_status_shows_release_lag_and_watchlist_of_each_region(cloud: Cloud) -> None:
    apply()
    work(cloud)
    result = nswatch("status", *OPTIONS)
    assert result.exit_code == 0, result.output
    first, _, *lines = result.output.splitlines()
    assert first == "OK nswatch: 3 regions, 2 hubs, watchlist version 1"
    assert [line.split()[:2] for line in lines[1:4]] == [[region, "0.1.0+abc"] for region in REGIONS]


def test_status_warns_when_cloudtrail_tells_nothing_any_more(cloud: Cloud) -> None:
    apply()
    work(cloud)
    for hub in HUBS:
        trail = DynamoTrail(wiring.build_hub(NAME, hub, cloud.clients).table)
        trail.hear(ZONES, wiring.now() - timedelta(hours=2))
    result = nswatch("status", *OPTIONS)
    assert result.exit_code == 1
    assert "CloudTrail told last of a call to route53 720" in result.output


def test_status_works_when_one_hub_is_down_and_says_so(cloud: Cloud) -> None:
    apply()
    work(cloud)
    cloud.down = {HUBS[0]}
    result = nswatch("status", *OPTIONS, "--json")
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert document["status"] == "WARNING"
    assert document["hubs"]["ap-northeast-1"]["error"]
    assert set(document["regions"]) == set(REGIONS)
    assert document["regions"]["us-west-2"]["watchlist_version"] == 1
    cloud.down = set(HUBS)
    assert nswatch("status", *OPTIONS).exit_code == 3


def test_status_says_which_hub_missed_an_apply(cloud: Cloud) -> None:
    apply()
    work(cloud)
    cloud.down = {HUBS[1]}
    changed = WATCHLIST.replace("ns2.dns.example", "ns3.dns.example")
    Path("watchlist.yaml").write_text(changed, "utf-8")
    assert nswatch("watchlist", "apply", "watchlist.yaml", *OPTIONS, "--no-baseline", "--yes").exit_code == 1
    cloud.down = set()
    result = nswatch("status", *OPTIONS)
    assert result.exit_code == 1
    assert "hub eu-west-1: holds watchlist version 1, not 2: it missed an apply" in result.output
    assert "region us-west-2: goes by watchlist version 1, not 2" in result.output


def test_status_warns_when_nothing_is_watched_yet(cloud: Cloud) -> None:
    result = nswatch("status", *OPTIONS)
    assert (result.exit_code, result.output.splitlines()[0]) == (
        1,
        "WARNING nswatch: no watchlist is in force: nothing is watched (nswatch watchlist apply)",
    )


def test_hubs_and_regions_are_those_of_samconfig_when_none_are_given(cloud: Cloud) -> None:
    apply()
    work(cloud)
    Path("samconfig.toml").write_text(
        "[default.deploy.parameters.parameter_overrides]\nRegions = 'ap-northeast-1,eu-west-1,us-west-2,sa-east-1'\n"
        "PrimaryHub = 'ap-northeast-1'\nStandbyHub = 'eu-west-1'\n"
    )
    assert nswatch("incidents").output == "No incident is open or recovering.\n"
    result = nswatch("status")
    assert result.exit_code == 1
    assert "region sa-east-1: it has made no pass" in result.output


def test_hubs_are_not_those_of_a_samconfig_that_cannot_be_read(cloud: Cloud) -> None:
    Path("samconfig.toml").write_text("[default\n")
    result = nswatch("status")
    assert result.exit_code == 1
    assert "samconfig.toml: is not TOML" in result.output


def test_status_asks_for_hubs_when_nobody_names_any(cloud: Cloud) -> None:
    result = nswatch("status")
    assert result.exit_code == 2
    assert "--hubs ap-northeast-1,eu-west-1" in result.output


def test_status_of_named_hubs_needs_no_samconfig_that_can_be_read(cloud: Cloud) -> None:
    apply()
    work(cloud)
    Path("samconfig.toml").write_text("[default\n")
    assert nswatch("status", *OPTIONS).exit_code == 0
