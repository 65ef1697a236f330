"""AWS's ranges from a real HTTPS server, with its faults, into both hubs' tables, and on to who judges by them."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import boto3
import pytest
from tests.support.https import Answer, Server, answer, answer_json, raw, server, trusting

from nswatch.collect.dns import Dns
from nswatch.collect.http import Page, get
from nswatch.expect.data import aws_ranges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.published import KEPT
from nswatch.model import Facts, Heartbeat, Key, Observation, Result, Severity, Source, Transport
from nswatch.probe import ShardPass, Watched
from nswatch.ranges import LOOKED_AT, CurrentRanges, read_stored
from nswatch.record.apply import put_in_force
from nswatch.record.collected import DynamoCollectStore
from nswatch.record.dynamodb import Table
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import RANGES_SK, collect_pk
from nswatch.record.recorder import ShardRecorder
from nswatch.refresh import RangesRefresh
from nswatch.wiring import build_comparator, build_hub, build_probe
from nswatch.wiring_collect import Endpoints, build_collector, run
from nswatch_cli.replay.cloud import NAME, Cloud
from nswatch_cli.replay.collecting import Nowhere

HUBS = ("ap-northeast-1", "eu-west-1")
HERE, THERE = HUBS
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PATH = "/ip-ranges.json"
SHIPPED = AwsRanges(
    {"AMAZON": ("198.18.0.0/16",), "CLOUDFRONT": ("198.18.0.0/24", "198.18.2.0/24")}
    | {"EC2": ("198.18.4.0/24",), "ROUTE53": ("198.18.8.0/24",)},
    "2026-11-20T12:00:00Z",
)


def document(moment: datetime, ranges: AwsRanges = SHIPPED, **services: tuple[str, ...]) -> dict[str, Any]:
    """Return a file as AWS would publish it."""
    several = {**ranges.services, **services}
    six = [(net, name) for name, nets in several.items() for net in nets if ":" in net] or [("2001:db8::/32", "EC2")]
    four = [(net, name) for name, nets in several.items() for net in nets if ":" not in net]
    return {
        "syncToken": str(int(moment.timestamp())),
        "createDate": moment.strftime("%Y-%m-%d-%H-%M-%S"),
        "prefixes": [{"ip_prefix": net, "service": name} for net, name in four],
        "ipv6_prefixes": [{"ipv6_prefix": net, "service": name} for net, name in six],
    }


NEWER = document(NOON - HOUR, CLOUDFRONT=("198.18.0.0/24", "198.18.6.0/24"))


class World:
    """Two hubs' tables, a collector's refresh in one of them, and a probe's look at what they hold."""

    def __init__(self, cloud: Cloud, site: Server) -> None:
        self.now = NOON
        self.cloud = cloud
        self.site = site
        self.tables = [Table(cloud.clients.dynamodb(hub), NAME) for hub in HUBS]
        self.current = CurrentRanges(self.tables, HUBS, lambda: self.now, lambda: SHIPPED)
        self.refresh = self.of(HERE)

    def of(self, region: str) -> RangesRefresh:
        place = HUBS.index(region), len(HUBS)
        url = self.site.url + PATH
        return RangesRefresh(url, region, place, self.tables, lambda: self.now, _fetch, lambda: SHIPPED)

    def publish(self, body: dict[str, Any] | Answer, etag: str = "") -> None:
        self.site.answers[PATH] = answer_json(body, ETag=etag) if isinstance(body, dict) else body

    def allows(self, address: str, service: str = "CLOUDFRONT") -> bool:
        self.now += LOOKED_AT
        return self.current().holds(ip_address(address), service)


def _fetch(url: str, headers: Mapping[str, str]) -> Page:
    return get(url, headers=headers, limit=20_000, timeout=0.5, trust=trusting())


@pytest.fixture
def world() -> Iterator[World]:
    with Cloud(HUBS) as cloud, server() as site:
        yield World(cloud, site)


def test_new_range_is_known_in_both_hubs_when_aws_publishes_it(world: World) -> None:
    assert not world.allows("198.18.6.1")
    world.publish(NEWER)
    assert world.refresh.refresh()
    assert world.allows("198.18.6.1")
    kept = [read_stored(table, HERE) for table in world.tables]
    assert kept[0] is not None
    assert kept[0] == kept[1]


def test_range_that_is_removed_explains_for_some_days_more(world: World) -> None:
    world.publish(NEWER)
    world.refresh.refresh()
    assert world.allows("198.18.2.1")
    world.now += KEPT
    assert world.refresh.refresh()
    assert not world.allows("198.18.2.1")
    assert world.allows("198.18.6.1")


def _slow(connection: Any, head: str) -> None:
    time.sleep(0.7)


BROKEN = {
    "403": answer(403, b"<html>denied</html>", content_type="text/html"),
    "429": answer(429, retry_after="60"),
    "503": answer(503),
    "304-unasked": answer(304),
    "html": answer(200, b"<html>a portal</html>", content_type="text/html"),
    "truncated-json": answer(200, json.dumps(NEWER).encode()[:-40]),
    "truncated-response": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{}"),
    "huge": answer(200, b" " * 30_000),
    "moved-to-nowhere": answer(302, location="https://localhost:1/"),
    "moved-to-http": answer(302, location="http://localhost/ip-ranges.json"),
    "slow": _slow,
    "older-than-shipped": answer_json(document(NOON - 9 * DAY)),
    "of-the-future": answer_json(document(NOON + 2 * DAY)),
    "shrunken": answer_json(document(NOON - HOUR, AMAZON=("198.18.0.0/20",))),
    "no-route53": answer_json(document(NOON - HOUR, ROUTE53=())),
}


def test_ranges_stay_as_they_were_when_a_file_is_refused_or_cannot_be_had(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for name, broken in BROKEN.items():  # in one world: to make each its own tables would take most of the time
        caplog.clear()
        world.now = NOON
        world.publish(broken)
        assert not world.refresh.refresh(), name
        assert "AWS's ranges stay as they were: https://localhost" in caplog.text, name
        assert [read_stored(table, HERE) for table in world.tables] == [None, None], name
        assert world.allows("198.18.2.1"), name
        assert not world.allows("198.18.6.1"), name


def test_older_file_is_refused_when_a_newer_one_was_taken(world: World) -> None:
    world.publish(NEWER)
    assert world.refresh.refresh()
    world.publish(document(NOON - 2 * HOUR))
    assert not world.refresh.refresh()
    assert world.allows("198.18.6.1")


def test_file_is_asked_for_by_its_entity_tag_when_it_was_taken(world: World) -> None:
    world.publish(NEWER, '"one"')
    world.refresh.refresh()
    world.publish(answer(304))
    assert world.of(HERE).refresh()
    first, second = world.site.heads[-2:]
    assert "if-none-match" not in first.lower()
    assert 'if-none-match: "one"' in second.lower()
    assert world.allows("198.18.6.1")


def test_entity_tag_that_cannot_be_sent_back_is_left(world: World) -> None:
    world.publish(NEWER, "no tag \xe9")
    world.refresh.refresh()
    assert world.refresh.refresh()


def test_hub_that_was_down_gets_the_ranges_when_it_is_back(world: World) -> None:
    world.cloud.down = {THERE}
    world.publish(NEWER, '"one"')
    assert world.refresh.refresh()
    world.cloud.down = {HERE}
    assert not world.allows("198.18.6.1")
    world.cloud.down = set()
    world.publish(answer(304))
    assert world.refresh.refresh()
    assert read_stored(world.tables[1], HERE) == read_stored(world.tables[0], HERE)
    world.cloud.down = {HERE}
    assert world.allows("198.18.6.1")


def test_ranges_that_were_read_are_gone_by_when_no_hub_answers(world: World) -> None:
    world.publish(NEWER)
    world.refresh.refresh()
    assert world.allows("198.18.6.1")
    world.cloud.down = set(HUBS)
    assert world.allows("198.18.6.1")


@pytest.mark.parametrize(
    "octets", [b"", b"not zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"], ids=["empty", "text", "nothing"]
)
def test_shipped_ranges_are_gone_by_when_what_is_stored_cannot_be_read(world: World, octets: bytes) -> None:
    for table in world.tables:
        table.put({"pk": collect_pk(HERE), "sk": RANGES_SK, "etag": "", "document": octets})
    assert world.allows("198.18.2.1")
    world.publish(NEWER)
    assert world.refresh.refresh()
    assert world.allows("198.18.6.1")


def test_shipped_ranges_count_when_an_upgrade_brought_newer_ones(world: World) -> None:
    world.publish(NEWER)
    world.refresh.refresh()
    upgraded = AwsRanges({**SHIPPED.services, "CLOUDFRONT": ("198.18.0.0/24", "198.18.7.0/24")}, "2026-11-23T13:00:00Z")
    current = CurrentRanges(world.tables, HUBS, lambda: world.now, lambda: upgraded)
    for known in ("198.18.7.1", "198.18.6.1", "198.18.0.1"):
        assert current().holds(ip_address(known), "CLOUDFRONT")


def test_newest_of_both_collectors_ranges_counts(world: World) -> None:
    world.publish(NEWER)
    world.refresh.refresh()
    world.publish(document(NOON - HOUR / 2, CLOUDFRONT=("198.18.0.0/24", "198.18.7.0/24")))
    world.of(THERE).refresh()
    assert world.allows("198.18.7.1")


# What is real: the shipped ranges, the collector's schedule, and who judges.

DOMAIN, SITE = "watched.example", "www.watched.example"
NS = "ns1.dns.example"
ENTRY: dict[str, Any] = {
    "delegation": {"ns": [NS]},
    "answers": [{"name": SITE, "type": "A", "within": ["aws:CLOUDFRONT"]}],
    "baseline": {"addresses": {NS: ["192.0.2.53"]}},
}
NEW_EDGE = "198.51.100.80"


class Installation:
    """Both hubs with a watchlist, and every part as wired in Lambda but for clocks, network and queue."""

    def __init__(self, cloud: Cloud, site: Server) -> None:
        self.now = NOON
        self.seen: list[bool | None] = []
        self.stores: list[DynamoHubStore] = [build_hub(NAME, hub, cloud.clients) for hub in HUBS]
        for store in self.stores:
            put_in_force(store, {DOMAIN: ENTRY}, {}, "test", self.now, 1)
        settings = cloud.settings(HERE, [HERE])
        clock = lambda: self.now  # noqa: E731
        endpoints = Endpoints("", "", "", f"{site.url}{PATH}")
        self.collector = build_collector(
            settings, clock=clock, queue=Nowhere(), run=run, dns=Dns(clock), endpoints=endpoints, clients=cloud.clients
        )
        self.comparator = build_comparator(settings, clock=clock, clients=cloud.clients)
        self.probe = build_probe(settings, clock=clock, observe=self._observe, run=asyncio.run, clients=cloud.clients)

    async def _observe(self, watched: Sequence[Watched], *_: Any, **__: Any) -> ShardPass:
        (one,) = watched
        self.seen.append(one.expectations.networks.allows(NEW_EDGE, ["aws:CLOUDFRONT"]))
        return ShardPass((), ())

    def passes(self) -> None:
        """Have two passes see the site at a new edge of CloudFront, and judge."""
        for _ in range(2):
            self.now += timedelta(minutes=1)
            self.probe.work(0, self.now)
            parent = Key(HERE, Source.PARENT, "192.0.2.1", DOMAIN, "NS")
            edge = Key(HERE, Source.AUTHORITATIVE, "192.0.2.53", SITE, "A")
            said = {parent: Facts(Result.REFERRAL, (NS,), 172800, zone="example")}
            said[edge] = Facts(Result.ANSWER, (NEW_EDGE,), 60)
            observations = [
                Observation(DOMAIN, key, NS, facts, Transport.TCP, self.now, self.now, self.now, 1, b"wire")
                for key, facts in said.items()
            ]
            for store in self.stores:
                recorder = ShardRecorder(store, HERE)
                recorder.load([DOMAIN], store.briefing(HERE, 0).fingerprint)
                recorder.save(observations, Heartbeat(HERE, 0, self.now, 1))
        self.comparator.look_at_domain(DOMAIN)

    def codes(self) -> list[str]:
        return [finding.code for finding in self.stores[0].open_findings(Severity.PAGE)]

    def failing(self) -> Mapping[str, datetime]:
        report = DynamoCollectStore(self.stores[1].table).report(HERE)
        assert report is not None
        return report.failing


def test_probe_and_comparator_judge_by_new_ranges_when_a_collector_refreshed_them() -> None:
    with Cloud(HUBS) as cloud, server(tls=False) as site:
        all_of = Installation(cloud, site)
        all_of.passes()
        assert (all_of.codes(), all_of.seen[-1]) == (["address_changed"], False)
        site.answers[PATH] = answer(500)
        all_of.collector.schedule()  # its first run refreshes them, whatever the minute
        failed = all_of.now
        assert all_of.failing() == {"ip-ranges": failed}
        all_of.passes()
        assert all_of.codes() == ["address_changed"]
        networks = (*aws_ranges().services["CLOUDFRONT"], "198.51.100.0/24")
        site.answers[PATH] = answer_json(document(NOON, aws_ranges(), CLOUDFRONT=networks))
        for minute, failing in ((30, {"ip-ranges": failed}), (60, {})):
            all_of.now = NOON + timedelta(minutes=minute)
            all_of.collector.schedule()
            assert all_of.failing() == failing
        assert site.asked == [PATH, PATH]
        all_of.passes()
        assert (all_of.codes(), all_of.seen[-1]) == ([], True)
        item = boto3.client("dynamodb", HERE).get_item(
            TableName=NAME, Key={"pk": {"S": collect_pk(HERE)}, "sk": {"S": RANGES_SK}}
        )["Item"]
        assert len(item["document"]["B"]) < 50_000  # of the 400 KB that an item may have
