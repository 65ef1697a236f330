"""A hub's collector over two emulated tables: turns, what is recorded where, and what a broken part costs."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from nswatch.collect import asking
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collector import Collector, Place
from nswatch.errors import NswatchError, StoreUnavailable
from nswatch.expect.networks import AwsRanges
from nswatch.model import Facts, Key, Result, Source, View
from nswatch.record.apply import put_in_force, unwatch
from nswatch.record.collected import DynamoCollectStore
from nswatch.record.dynamodb import Table
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import collect_pk
from nswatch.respond.comparator import domain_of_record
from nswatch.schedule import ShardMessage
from nswatch.sqs import SqsQueue
from nswatch.wiring_collect import run
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
HERE, THERE = HUBS
A, B = "a.example", "b.example"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROUND = timedelta(minutes=10)
ENTRY: dict[str, Any] = {"delegation": {"ns": ["ns1.dns.example"]}, "answers": [], "every": 60}


def asked(domain: str, attribute: str = "registrar") -> Asked:
    return Asked(Source.RDAP, "rdap.example", domain, attribute)


@dataclass
class Registry:
    """A source that reads the registrar of each domain out of a table, and fails as told."""

    name: str = "rdap"
    every: timedelta = ROUND
    registrars: dict[str, Facts] = field(default_factory=dict)
    forgotten: tuple[tuple[str, Asked], ...] = ()
    error: Exception | None = None
    more: list[Reading] = field(default_factory=list)
    rounds: list[dict[str, dict[Asked, View]]] = field(default_factory=list)

    def say(self, domain: str, *values: str, result: Result = Result.ANSWER) -> None:
        self.registrars[domain] = Facts(result, values)

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        self.rounds.append({subject.domain: dict(subject.standing) for subject in subjects})
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        facts = {subject.domain: self.registrars.get(subject.domain) for subject in subjects}
        readings = [
            Reading(domain, asked(domain), said, at, at, b"the document")
            for domain, said in facts.items()
            if said is not None
        ]
        return Collected((*readings, *self.more), self.forgotten)


class Sent:
    """A queue that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[ShardMessage] = []

    def send(self, messages: Sequence[ShardMessage]) -> None:
        self.messages += messages

    def dead_letters(self) -> int | None:
        return 3


@dataclass
class World:
    """One hub's collector with one source, and the tables of both."""

    cloud: Cloud
    now: datetime = NOON
    source: Registry = field(default_factory=Registry)
    queue: Sent = field(default_factory=Sent)

    def __post_init__(self) -> None:
        self.hubs = {hub: DynamoHubStore(self._store(hub).table) for hub in HUBS}
        for hub in self.hubs.values():
            put_in_force(hub, {A: ENTRY, B: ENTRY}, {}, "test", self.now, 1)
        self.collector = self.worker(self.source)

    def _store(self, hub: str) -> DynamoCollectStore:
        return DynamoCollectStore(Table(self.cloud.clients.dynamodb(hub), NAME))

    def worker(self, *sources: Registry, region: str = HERE) -> Collector:
        stores = [self._store(hub) for hub in HUBS]
        place = Place(region, HUBS.index(region), 2, "1.2")
        return Collector(place, stores, sources, self.queue, run, lambda: self.now, lambda: AwsRanges({}))

    def turn(self, rounds: int = 1) -> None:
        self.now += rounds * ROUND
        self.collector.work(0, self.now)

    def view(self, hub: str, domain: str = A, region: str = HERE) -> View | None:
        key = Key(region, Source.RDAP, "rdap.example", domain, "registrar")
        return self._store(hub).views_of(region, [domain])[domain].get(key)

    def observations(self, hub: str) -> list[Any]:
        return list(self.hubs[hub].table.query(collect_pk(HERE, A), "obs#"))


def values(view: View | None) -> tuple[str, ...] | None:
    return None if view is None or view.facts is None else view.facts.values


@pytest.fixture
def world() -> Iterator[World]:
    with Cloud(HUBS) as cloud:
        yield World(cloud)


def test_collector_writes_on_change_to_both_hubs_when_a_source_reads_something(world: World) -> None:
    world.source.say(A, "Old")
    world.turn()
    world.turn()
    for hub in HUBS:
        assert values(world.view(hub)) == ("Old",)
        (kept,) = world.observations(hub)
        assert kept["wire"] == b"the document"
        assert kept["sk"].startswith("obs#2026-11-23T12:10")
    world.source.say(A, "New")
    world.turn()
    for hub in HUBS:
        view = world.view(hub)
        assert view is not None
        assert (values(view), view.was, view.first_seen) == (("New",), ("Old",), world.now)
        assert len(world.observations(hub)) == 2


def test_unknown_replaces_nothing_when_a_source_is_refused(world: World) -> None:
    world.source.say(A, "Old")
    world.turn()
    world.source.say(A, result=Result.REFUSED)
    world.turn()
    view = world.view(HERE)
    assert view is not None
    assert (values(view), view.result, view.was) == (("Old",), Result.REFUSED, None)


def test_hub_that_was_down_gets_what_it_missed_when_a_later_turn_comes(world: World) -> None:
    world.source.say(A, "Old")
    world.turn()
    world.cloud.down = {THERE}
    world.source.say(A, "New")
    world.turn()
    changed = world.now
    world.cloud.down = set()
    assert values(world.view(THERE)) == ("Old",)
    world.source.registrars.clear()
    world.turn()
    view = world.view(THERE)
    assert view is not None
    assert (values(view), view.was, view.first_seen) == (("New",), ("Old",), changed)
    assert world.source.rounds[-1][A][asked(A)] == world.view(HERE)


def test_collector_raises_when_no_hub_can_be_reached(world: World) -> None:
    world.cloud.down = set(HUBS)
    with pytest.raises(StoreUnavailable, match="no hub"):
        world.turn()


def test_view_stands_no_longer_when_a_source_forgets_it(world: World) -> None:
    world.source.say(A, "Old")
    world.turn()
    world.source.registrars.clear()
    world.source.forgotten = ((A, asked(A)), (B, asked(B)))
    world.turn()
    for hub in HUBS:
        assert world.view(hub) is None
        assert len(world.observations(hub)) == 1


@pytest.mark.parametrize(
    "error",
    [KeyError("defect"), NswatchError("ours"), ConnectionError("network"), ModuleNotFoundError("library")],
    ids=["defect", "own-error", "network", "library"],
)
def test_source_that_fails_stops_no_other_one(error: Exception, world: World, caplog: pytest.LogCaptureFixture) -> None:
    broken = Registry(name="ct", error=error)
    world.collector = world.worker(broken, world.source)
    world.source.say(A, "Old")
    with caplog.at_level(logging.ERROR):
        world.turn()
    assert values(world.view(HERE)) == ("Old",)
    assert "ct brought nothing about 2 domains" in caplog.text
    failed_at = world.now
    world.turn()
    world.collector.schedule()
    for hub in HUBS:
        report = DynamoCollectStore(world.hubs[hub].table).report(HERE)
        assert report is not None
        assert (report.failing, report.done) == ({"ct": failed_at}, world.now)
    broken.error = None
    world.turn()
    world.collector.schedule()
    report = DynamoCollectStore(world.hubs[HERE].table).report(HERE)
    assert report is not None
    assert report.failing == {}


def test_source_that_takes_too_long_brings_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Registry):
        async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
            await asyncio.sleep(60)
            return await super().collect(subjects, at)

    monkeypatch.setattr(asking, "SOURCE_SECONDS", 0.01)
    world.source.say(A, "Old")
    world.collector = world.worker(Slow(name="ct"), world.source)
    world.turn()
    assert values(world.view(HERE)) == ("Old",)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(Reading("not.watched.example", asked(A), Facts(Result.ANSWER, ("x",)), NOON), id="not-watched"),
        pytest.param(Reading(A, asked(A, "huge"), Facts(Result.ANSWER, ("x" * 200_001,)), NOON), id="too-large"),
        pytest.param(Reading(A, asked(A), Facts(Result.ANSWER, ("Old",)), NOON), id="twice"),
        pytest.param(Reading(A, asked(A, "w"), Facts(Result.ANSWER), NOON, wire=b"x" * 500_000), id="long-wire"),
    ],
)
def test_turn_is_recorded_when_one_reading_is_odd(world: World, odd: Reading) -> None:
    world.source.more = [odd]
    world.source.say(A, "Old")
    world.turn()
    assert [values(world.view(hub)) for hub in HUBS] == [("Old",), ("Old",)]


def test_new_domain_is_asked_about_at_its_next_turn_when_a_source_is_slow(world: World) -> None:
    world.source.every = timedelta(days=1)
    world.source.say(A, "Old")
    world.turn()
    assert set(world.source.rounds[0]) == {A, B}
    for hub in world.hubs.values():
        put_in_force(hub, {A: ENTRY, B: ENTRY, "c.example": ENTRY}, {}, "test", world.now, 2)
    world.turn()
    assert "c.example" in world.source.rounds[1]
    for _ in range(143):
        world.turn()
    rounds = [set(each) for each in world.source.rounds[2:]]
    assert [sum(domain in each for each in rounds) for domain in (A, B, "c.example")] == [1, 1, 1]


def test_late_turn_is_dropped_when_its_message_waited_too_long(world: World) -> None:
    assert world.collector.work(0, world.now - timedelta(minutes=5)) is False
    assert world.source.rounds == []
    assert world.collector.work(0, world.now - timedelta(minutes=3)) is True


def test_schedule_queues_a_minute_once_and_reports_to_both_hubs(world: World) -> None:
    queued = []
    for minute in range(20):
        world.now = NOON + timedelta(minutes=minute, seconds=17)
        queued.append(world.collector.schedule())
        assert world.collector.schedule() == 0
    assert queued[0] == 1, "the first minute of all queues every shard"
    *_, first, second = world.queue.messages
    assert second.turn - first.turn == ROUND
    assert sum(queued) <= 3
    for hub in HUBS:
        report = DynamoCollectStore(world.hubs[hub].table).report(HERE)
        assert report is not None
        assert (report.at, report.release, report.dead_letters, report.done) == (world.now, "1.2", 3, None)


def test_schedule_sends_to_its_queue_what_a_worker_reads(world: World) -> None:
    sqs = boto3.client("sqs", region_name=HERE)
    url = sqs.create_queue(QueueName="collect-shards")["QueueUrl"]
    world.queue = SqsQueue(sqs, url)  # type: ignore[assignment]
    world.collector = world.worker(world.source)
    assert world.collector.schedule() == 1
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == f'{{"shard": 0, "turn": "{world.now:%Y-%m-%dT%H:%M}:00.000Z"}}'


def test_comparators_of_both_hubs_see_what_both_collectors_recorded(world: World) -> None:
    world.source.say(A, "Old")
    world.turn()
    there = Registry()
    there.say(A, "New")
    world.worker(there, region=THERE).collect_now(world.now)
    for hub in HUBS:
        seen = world.hubs[hub].seen(A, 0, (), world.now, HUBS)
        assert [(view.key.region, values(view)) for view in seen.views] == [(HERE, ("Old",)), (THERE, ("New",))]
        keys = [record["dynamodb"]["Keys"] for record in world.cloud.records(hub)]
        looked = [domain_of_record(each["pk"]["S"], each["sk"]["S"]) for each in keys if "collect" in each["pk"]["S"]]
        assert [domain for domain in looked if domain is not None] == [A, A]


def test_domain_is_asked_about_no_more_when_it_is_not_watched_any_more(world: World) -> None:
    world.turn()
    for hub in world.hubs.values():
        put_in_force(hub, {A: ENTRY}, {}, "test", world.now, 2)
        unwatch(hub, B, world.now)
    world.turn()
    assert set(world.source.rounds[-1]) == {A}


def test_view_of_a_collector_survives_the_record_when_it_says_what_was_before(world: World) -> None:
    world.source.say(A)
    world.turn()
    world.source.say(A, "New")
    world.turn()
    view = world.view(THERE)
    assert view is not None
    assert view.was == (), "nothing stood before, which is another thing than that nobody knew"
