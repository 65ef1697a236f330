"""The handler that hears CloudTrail, over both hubs' emulated tables."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.invoke import context, function

from nswatch import wiring_trail
from nswatch.errors import InvalidEvent, StoreUnavailable
from nswatch.moments import iso
from nswatch.record.dynamodb import Table
from nswatch.record.trail_store import DynamoTrail
from nswatch.trail import REGISTRATIONS, ZONES, Heard
from nswatch.wiring import build_hub
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
EVENTS = Path(__file__).parents[3] / "events"
T = datetime(2026, 11, 22, 21, 0, 3, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def event(name: str, **other: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"trail-{name}.json").read_text())
    if other:
        found["detail"] |= other
    return found


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with Cloud(HUBS) as cloud:
        built = wiring_trail.build_trailing(cloud.settings("us-east-1", (*HUBS, "us-east-1")), cloud.clients)
        monkeypatch.setattr(wiring_trail, "trailing", lambda: built)
        yield cloud


def run(given: dict[str, Any]) -> Any:
    return function("trail").handler(given, context("trail"))


def trail(cloud: Cloud, hub: str) -> DynamoTrail:
    return DynamoTrail(Table(cloud.clients.dynamodb(hub), NAME))


def items(cloud: Cloud, hub: str) -> list[Any]:
    return list(cloud.clients.dynamodb(hub).scan(TableName=NAME)["Items"])


def test_call_is_in_both_hubs_once_when_it_comes_twice(cloud: Cloud) -> None:
    for name in ("records", "nameservers", "refused", "records"):
        assert run(event(name)) == {}
    for hub in HUBS:
        account = trail(cloud, hub).account(["example.com", "Z1PA6795UKMFR9"], T - DAY, T + DAY)
        assert account is not None
        assert [call.name for call in account.calls] == [
            "DeleteHostedZone",
            "ChangeResourceRecordSets",
            "UpdateDomainNameservers",
        ]
        assert account.calls[1].records[0] == ("UPSERT", "example.com", "MX")
        kept = [item for item in items(cloud, hub) if item["pk"]["S"].startswith("trail#")]
        assert {int(item["expires"]["N"]) > T.timestamp() for item in kept} == {True}


def test_call_is_read_as_it_was_kept_when_it_tells_name_servers(cloud: Cloud) -> None:
    asked = {"domainName": "example.com", "nameservers": [{"name": "ns1.x.example"}, {"name": "ns2.x.example"}]}
    run(event("nameservers", requestParameters=asked))
    account = trail(cloud, HUBS[0]).account(["example.com"], T - DAY, T + DAY)
    assert account is not None
    assert [call.servers for call in account.calls] == [("ns1.x.example", "ns2.x.example")]


def test_calls_of_another_time_are_left_out(cloud: Cloud) -> None:
    run(event("records"))
    for since, until, count in ((T, T + MINUTE, 1), (T + MINUTE, T + DAY, 0), (T - DAY, T - MINUTE, 0)):
        account = trail(cloud, HUBS[0]).account(["example.com"], since, until)
        assert account is not None
        assert len(account.calls) == count


def test_own_call_makes_it_heard_and_is_not_kept(cloud: Cloud) -> None:
    assert trail(cloud, HUBS[0]).account(["example.com"], T, T) is None
    for minutes in (0, 10, 20, 5):
        run(event("own-call", eventTime=iso(T + minutes * MINUTE)))
    assert trail(cloud, HUBS[0]).heard() == {ZONES: Heard(T + 20 * MINUTE, T)}
    assert len(items(cloud, HUBS[0])) == 1


def test_each_service_is_heard_by_itself(cloud: Cloud) -> None:
    run(event("own-call", eventTime=iso(T)))
    run(event("own-call-domains", eventTime=iso(T + MINUTE)))
    heard = {ZONES: Heard(T, T), REGISTRATIONS: Heard(T + MINUTE, T + MINUTE)}
    assert trail(cloud, HUBS[0]).heard() == heard
    account = trail(cloud, HUBS[0]).account(["example.com"], T - DAY, T + DAY)
    assert account is not None
    assert (account.heard, account.calls) == (heard, ())


def test_hearing_begins_anew_when_there_was_a_gap(cloud: Cloud) -> None:
    for minutes in (0, 10, 120, 130):
        run(event("own-call", eventTime=iso(T + minutes * MINUTE)))
    assert trail(cloud, HUBS[1]).heard() == {ZONES: Heard(T + 130 * MINUTE, T + 120 * MINUTE)}


def test_call_comes_again_when_no_hub_took_it(cloud: Cloud) -> None:
    cloud.down.update(HUBS)
    with pytest.raises(StoreUnavailable, match=f"{HUBS[0]}.*{HUBS[1]}"):
        run(event("records"))
    cloud.down.clear()
    run(event("records"))
    kept = [[item for item in items(cloud, hub) if not item["sk"]["S"].startswith("owed")] for hub in HUBS]
    assert len(kept[0]) == 2
    assert kept[0] == kept[1]


def test_call_that_a_hub_missed_is_handed_over_when_it_is_back(cloud: Cloud) -> None:
    cloud.down.add(HUBS[0])
    for name in ("records", "nameservers"):
        run(event(name))
    assert trail(cloud, HUBS[1]).heard() != {}
    cloud.down.clear()
    run(event("own-call"))
    for hub in HUBS:
        account = trail(cloud, hub).account(["example.com"], T - DAY, T + DAY)
        assert account is not None
        assert [call.name for call in account.calls] == ["ChangeResourceRecordSets", "UpdateDomainNameservers"]
        assert trail(cloud, hub).owed(HUBS[0]) == ()


def test_call_is_owed_until_the_hub_takes_it(cloud: Cloud) -> None:
    cloud.down.add(HUBS[0])
    for name in ("records", "own-call"):
        run(event(name))
    assert [call.name for call in trail(cloud, HUBS[1]).owed(HUBS[0])] == ["ChangeResourceRecordSets"]


@pytest.mark.parametrize(
    "given", [pytest.param({}, id="nothing"), pytest.param({"detail": {"eventSource": "s3.amazonaws.com"}}, id="s3")]
)
def test_event_is_refused_when_it_is_no_call(given: dict[str, Any], cloud: Cloud) -> None:
    with pytest.raises(InvalidEvent):
        run(given)
    assert items(cloud, HUBS[0]) == []


def test_schedule_makes_a_call_and_goes_on_when_it_is_refused(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The emulator knows no such operations, and refuses them. CloudTrail tells of refused calls as of others.
    settings = cloud.settings("us-east-1", (*HUBS, "us-east-1"))
    route53 = boto3.client("route53", region_name="us-east-1")
    domains = boto3.client("route53domains", region_name="us-east-1")
    call = partial(wiring_trail.call_of, route53, domains)
    monkeypatch.setattr(wiring_trail, "trailing", lambda: wiring_trail.build_trailing(settings, cloud.clients, call))
    assert run(event("schedule")) == {}
    assert "GetHostedZoneCount" in caplog.text
    assert "ListOperations" in caplog.text
    assert [item["sk"]["S"] for item in items(cloud, HUBS[0])] == ["report"]


def test_schedule_reports_how_many_calls_were_given_up_to_the_hubs_that_take_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="trail-dead-letters")["QueueUrl"]
    boto3.client("sqs", region_name="us-east-1").send_message(QueueUrl=queue, MessageBody="a call")
    settings = replace(cloud.settings("us-east-1", (*HUBS, "us-east-1")), dead_letters_url=queue)
    monkeypatch.setattr(wiring_trail, "trailing", lambda: wiring_trail.build_trailing(settings, cloud.clients))
    cloud.down.add(HUBS[0])
    assert run(event("schedule")) == {}
    cloud.down.clear()
    assert items(cloud, HUBS[0]) == []
    report = build_hub(NAME, HUBS[1], cloud.clients).signs(HUBS, ()).trail
    assert report is not None
    assert (report.region, report.dead_letters) == ("us-east-1", 1)
