"""Shard messages as SQS brings them: twice, late, out of order, and short ones between; against emulated tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from nswatch import probe
from nswatch.expect.networks import AwsRanges
from nswatch.model import Facts, Key, Observation, Result, Source, Transport
from nswatch.probe import Probe, ShardPass, Watched
from nswatch.record.apply import put_in_force
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.recorder import ShardRecorder
from nswatch.schedule import DELEGATION, Schedule, ShardMessage
from nswatch.sqs import QueueUnavailable, SqsQueue

REGION = "us-east-1"
JEWEL, PLAIN = "jewel.example", "plain.example"
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHORT = timedelta(seconds=15)
GENUINE, FORGED = ("ns1.dns.example",), ("ns1.dn5.example",)
ENTRIES: dict[str, dict[str, Any]] = {
    JEWEL: {"delegation": {"ns": list(GENUINE)}, "delegation_every": 15},
    PLAIN: {"delegation": {"ns": list(GENUINE)}, "delegation_every": 60},
}


@dataclass
class Region:
    """A worker: a probe whose network says what ``ns`` holds, and a clock."""

    hubs: Sequence[DynamoHubStore]
    now: datetime = START
    ns: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict.fromkeys(ENTRIES, GENUINE))
    asked: list[tuple[list[str], bool]] = field(default_factory=list)
    thorough: list[list[str]] = field(default_factory=list)
    """Of which domains each pass was to ask everything."""

    def __post_init__(self) -> None:
        self.probe = self.worker()

    def worker(self) -> Probe:
        """Return another worker of the region, with no memory."""
        aws = AwsRanges({})
        return Probe(REGION, [REGION], self.hubs, self._observe, _run, lambda: self.now, lambda: aws, "1.2")

    async def _observe(
        self, watched: Sequence[Watched], pass_time: datetime, watchlist_version: int, **how: bool
    ) -> ShardPass:
        domains = [each.expectations.entry.domain for each in watched]
        short = how.get("short", False)
        self.asked.append((domains, short))
        self.thorough.append([each.expectations.entry.domain for each in watched if each.everything])
        observations = []
        for domain in domains:
            facts = Facts(Result.REFERRAL, self.ns[domain], 172800)
            observations.append(self._observation(domain, Source.PARENT, "NS", facts, pass_time, watchlist_version))
            if not short:
                soa = Facts(Result.ANSWER, ("ns1.dns.example. h. 1 2 3 4 5",), 900)
                observations.append(
                    self._observation(domain, Source.AUTHORITATIVE, "SOA", soa, pass_time, watchlist_version)
                )
        return ShardPass(tuple(observations), ())

    def _observation(
        self, domain: str, source: Source, qtype: str, facts: Facts, pass_time: datetime, version: int
    ) -> Observation:
        key = Key(REGION, source, "192.0.2.1", domain, qtype)
        return Observation(domain, key, "a.example", facts, Transport.TCP, self.now, self.now, pass_time, version, b"x")

    def work(self, turn: datetime, only: str = "", *, late: timedelta = timedelta(0)) -> bool:
        """Deliver a message to the worker so late."""
        self.now = turn + late
        return self.probe.work(0, turn, only)


def _run(work: Any) -> Any:
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the scripted network waits for nothing")


@pytest.fixture
def region(hubs: list[DynamoHubStore]) -> Region:
    for hub in hubs:
        put_in_force(hub, ENTRIES, {}, "test", START, 1)
    return Region(hubs)


def heartbeat(hub: DynamoHubStore) -> datetime:
    fingerprint = hub.briefing(REGION, 0).fingerprint
    assert fingerprint is not None
    assert fingerprint.heartbeat.release == "1.2"
    return fingerprint.heartbeat.pass_time


def standing(hub: DynamoHubStore, domain: str = JEWEL) -> dict[str, tuple[str, ...]]:
    return {view.key.qtype: view.facts.values for view in hub.views(REGION, domain) if view.facts is not None}


def appended(hub: DynamoHubStore, domain: str = JEWEL) -> int:
    return len(list(hub.table.query(f"probe#{REGION}#{domain}", "obs#")))


def items(hub: DynamoHubStore) -> Mapping[str, Any]:
    """All that the probe's partitions hold, but for the stamp, which is drawn."""
    found = {}
    for partition in (f"probe#{REGION}", *(f"probe#{REGION}#{domain}" for domain in ENTRIES)):
        for item in hub.table.query(partition):
            item.pop("stamp", None)
            found[f"{partition} {item['sk']}"] = item
    return found


def test_message_that_comes_twice_changes_nothing_the_second_time(region: Region) -> None:
    region.work(START)
    region.ns[JEWEL] = FORGED
    region.work(START + MINUTE)
    before = [items(hub) for hub in region.hubs]
    region.work(START + MINUTE)
    region.probe = region.worker()
    region.work(START + MINUTE, late=timedelta(seconds=9))
    assert [items(hub) for hub in region.hubs] == before


def test_message_59_seconds_late_is_a_pass_and_one_later_is_dropped(region: Region) -> None:
    assert region.work(START)
    assert region.work(START + MINUTE, late=timedelta(seconds=59))
    assert heartbeat(region.hubs[0]) == START + MINUTE
    assert not region.work(START + 2 * MINUTE, late=timedelta(seconds=61))
    assert heartbeat(region.hubs[0]) == START + MINUTE
    assert len(region.asked) == 2


def test_message_out_of_order_is_recorded_and_moves_no_heartbeat_back(region: Region) -> None:
    region.work(START)
    region.work(START + 2 * MINUTE)
    region.ns[JEWEL] = FORGED
    region.work(START + MINUTE, late=timedelta(seconds=59))
    assert heartbeat(region.hubs[0]) == START + 2 * MINUTE
    assert standing(region.hubs[0])["NS"] == FORGED
    assert region.work(START + 3 * MINUTE)
    assert (heartbeat(region.hubs[0]), standing(region.hubs[0])["NS"]) == (START + 3 * MINUTE, FORGED)
    assert appended(region.hubs[0]) == 3


def test_pass_asks_everything_when_the_region_was_away_for_longer_than_a_round(region: Region) -> None:
    for minute in (0, 1, 3, 6, 7):
        region.work(START + minute * MINUTE)
    assert region.thorough == [[*ENTRIES], [], [], [*ENTRIES], []]


def test_pass_asks_everything_when_a_hub_holds_views_of_a_shard_without_a_heartbeat(region: Region) -> None:
    region.work(START)
    for hub in region.hubs:
        hub.table.delete_many([(f"probe#{REGION}", "shard#0000")])
    region.probe = region.worker()
    region.work(START + MINUTE)
    assert region.thorough == [[*ENTRIES], [*ENTRIES]]


def test_pass_asks_everything_when_one_hub_was_away_and_the_other_was_not(hubs: list[DynamoHubStore]) -> None:
    for hub in hubs:
        put_in_force(hub, ENTRIES, {}, "test", START, 1)
    both, one = Region(hubs), Region(hubs[:1])
    both.work(START)
    for minute in range(1, 9):
        one.work(START + minute * MINUTE)
    both.work(START + 9 * MINUTE)
    both.work(START + 10 * MINUTE)
    assert both.thorough == [[*ENTRIES], [*ENTRIES], []]
    assert one.thorough == [[]] * 8


def test_short_pass_asks_only_the_domains_that_are_due_and_writes_a_change_at_once(region: Region) -> None:
    region.work(START)
    region.ns = dict.fromkeys(ENTRIES, FORGED)
    region.work(START + SHORT, DELEGATION)
    assert region.asked[-1] == ([JEWEL], True)
    for hub in region.hubs:
        assert standing(hub) == {"NS": FORGED, "SOA": ("ns1.dns.example. h. 1 2 3 4 5",)}
        assert standing(hub, PLAIN)["NS"] == GENUINE
        assert heartbeat(hub) == START


def test_short_pass_writes_nothing_when_nothing_changed(region: Region) -> None:
    region.work(START)
    before = [items(hub) for hub in region.hubs]
    stamps = [hub.briefing(REGION, 0).fingerprint for hub in region.hubs]
    for number in (1, 2, 3):
        region.work(START + number * SHORT, DELEGATION)
    assert [items(hub) for hub in region.hubs] == before
    assert [hub.briefing(REGION, 0).fingerprint for hub in region.hubs] == stamps


def test_full_pass_of_another_worker_knows_what_a_short_pass_wrote(region: Region) -> None:
    region.work(START)
    other = region.worker()
    mine, region.probe = region.probe, other
    region.ns[JEWEL] = FORGED
    region.work(START + SHORT, DELEGATION)
    region.probe = mine
    region.ns[JEWEL] = GENUINE
    region.work(START + MINUTE)
    assert standing(region.hubs[0])["NS"] == GENUINE
    assert appended(region.hubs[0]) == 4


def test_short_pass_extends_no_view_that_it_did_not_ask_for(region: Region) -> None:
    region.work(START)
    region.work(START + SHORT, DELEGATION)
    seen = region.hubs[0].seen(JEWEL, 0, [REGION], START + SHORT)
    assert {view.last_seen for view in seen.views} == {START}


def test_short_pass_leaves_a_domain_without_a_record_to_its_full_pass(region: Region) -> None:
    region.work(START + SHORT, DELEGATION)
    assert standing(region.hubs[0]) == {}
    region.work(START + MINUTE)
    assert set(standing(region.hubs[0])) == {"NS", "SOA"}


def test_short_pass_behind_the_next_full_pass_is_recorded_and_moves_no_heartbeat(region: Region) -> None:
    region.work(START)
    region.work(START + MINUTE)
    region.ns[JEWEL] = FORGED
    assert region.work(START + 3 * SHORT, DELEGATION, late=timedelta(seconds=40))
    assert standing(region.hubs[0])["NS"] == FORGED
    assert heartbeat(region.hubs[0]) == START + MINUTE


def test_schedule_fills_the_queue_from_which_the_region_works(region: Region) -> None:
    """The real queue adapter, its dead letters included, against an emulated SQS."""
    sqs = boto3.client("sqs", region_name=REGION)
    url, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("shards", "dead"))
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    schedule = Schedule(REGION, [REGION], region.hubs, SqsQueue(sqs, url, dead), lambda: START, "1.2")
    assert schedule.fire() == 4
    assert schedule.fire() == 0
    report = region.hubs[1].region_reports([REGION, "eu-north-1"])
    assert list(report) == [REGION]
    assert (report[REGION].queued, report[REGION].dead_letters) == (START + MINUTE, 1)
    attributes: Any = ["ApproximateNumberOfMessagesDelayed"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"][attributes[0]] == "4"


def test_queue_sends_more_than_one_batch_and_says_what_was_refused(hubs: list[DynamoHubStore]) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="shards")["QueueUrl"]
    SqsQueue(sqs, url).send([ShardMessage(shard, START, 0) for shard in range(23)])
    bodies = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies |= {json.loads(message["Body"])["shard"] for message in messages}
    assert bodies == set(range(23))
    with pytest.raises(QueueUnavailable, match="shards 0, 1"):
        SqsQueue(sqs, f"{url}-none").send([ShardMessage(shard, START, 0) for shard in range(2)])
    assert SqsQueue(sqs, url).dead_letters() is None


def test_worker_that_forgets_reads_again_and_writes_nothing_twice(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "REMEMBERED", 1)
    for number in range(3):
        region.work(START + number * MINUTE)
        region.work(START + number * MINUTE + SHORT, DELEGATION)
    assert [appended(hub) for hub in region.hubs] == [2, 2]


def test_worker_without_memory_holds_what_is_the_same_in_both_hubs_once(hubs: list[DynamoHubStore]) -> None:
    for hub in hubs:
        put_in_force(hub, ENTRIES, {}, "test", START, 1)
    Region(hubs).work(START)
    first, second = (ShardRecorder(hub, REGION) for hub in hubs)
    known = first.load([JEWEL], hubs[0].briefing(REGION, 0).fingerprint)
    other = second.load([JEWEL], hubs[1].briefing(REGION, 0).fingerprint, known)
    assert known[JEWEL].keys() == other[JEWEL].keys() != set()
    assert all(known[JEWEL][key] is view for key, view in other[JEWEL].items())
