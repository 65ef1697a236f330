"""What rotates is not written on each change, and what nobody asks for any more goes."""

from datetime import timedelta

import pytest
from tests.functional.record.shard_passes import GENUINE, KEY, MINUTE, START, observation, one_pass

from nswatch.model import Facts, Heartbeat, Key, Observation, Result, Source
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.recorder import GONE_AFTER, ShardRecorder

REGION, DOMAIN = "us-east-1", "watched.example"
CDN = Key(REGION, Source.AUTHORITATIVE, "192.0.2.53", f"www.{DOMAIN}", "A")


def addresses(*values: str, ttl: int = 60) -> Facts:
    return Facts(Result.ANSWER, values, ttl)


def approved(_: Key, facts: Facts) -> bool:
    return all(value.startswith("198.51.100.") for value in facts.values)


def rotating_pass(store: DynamoHubStore, recorder: ShardRecorder, facts: Facts, minute: int) -> int:
    recorder.load([DOMAIN], store.briefing(REGION, 0).fingerprint)
    heartbeat = Heartbeat(REGION, 0, START + minute * MINUTE, 1)
    return recorder.save([observation(facts, minute, key=CDN)], heartbeat, rotates={DOMAIN: approved})


@pytest.mark.parametrize(
    ("then", "written"),
    [
        (addresses("198.51.100.2"), 0),
        (addresses("198.51.100.2", "198.51.100.3"), 0),
        (addresses("203.0.113.9"), 1),
        (addresses("198.51.100.1", "203.0.113.9"), 1),
        (addresses("198.51.100.2", ttl=61), 1),
        (Facts(Result.ANSWER, ("198.51.100.2",), 60, aliases=("cdn.example",)), 1),
        (Facts(Result.NODATA), 1),
        (Facts(Result.TIMEOUT), 1),
    ],
    ids=["another", "more", "not approved", "one of them not", "another TTL", "by an alias", "no data", "silence"],
)
def test_answer_that_only_rotates_is_not_written_and_any_other_change_is(
    hubs: list[DynamoHubStore], then: Facts, written: int
) -> None:
    recorder = ShardRecorder(hubs[0], REGION)
    rotating_pass(hubs[0], recorder, addresses("198.51.100.1"), 0)
    assert rotating_pass(hubs[0], recorder, then, 1) == written


def test_answer_after_one_that_was_not_approved_is_written(hubs: list[DynamoHubStore]) -> None:
    recorder = ShardRecorder(hubs[0], REGION)
    rotating_pass(hubs[0], recorder, addresses("203.0.113.9"), 0)
    assert rotating_pass(hubs[0], recorder, addresses("198.51.100.1"), 1) == 1


def test_rotating_answer_is_written_once_an_hour(hubs: list[DynamoHubStore]) -> None:
    recorder = ShardRecorder(hubs[0], REGION)
    passes = [rotating_pass(hubs[0], recorder, addresses(f"198.51.100.{i}"), i) for i in range(130)]
    assert [minute for minute, written in enumerate(passes) if written] == [0, 60, 120]


def gone_pass(store: DynamoHubStore, recorder: ShardRecorder, minute: int, *gone: Key, seen: Observation) -> None:
    recorder.load([DOMAIN], store.briefing(REGION, 0).fingerprint)
    recorder.save([seen], Heartbeat(REGION, 0, START + minute * MINUTE, 1), {DOMAIN: lambda _: gone})


def test_view_goes_when_several_passes_in_a_row_could_not_ask_for_it(hubs: list[DynamoHubStore]) -> None:
    store, recorder = hubs[0], ShardRecorder(hubs[0], REGION)
    one_pass(store, recorder, observation(GENUINE, 0), observation(addresses("198.51.100.1"), 0, key=CDN), minute=0)
    for minute in range(1, GONE_AFTER):
        gone_pass(store, recorder, minute, CDN, seen=observation(GENUINE, minute))
    gone_pass(store, recorder, GONE_AFTER, seen=observation(GENUINE, GONE_AFTER))  # a walk found it again
    for minute in range(GONE_AFTER + 1, 2 * GONE_AFTER):
        gone_pass(store, recorder, minute, CDN, seen=observation(GENUINE, minute))
    assert {view.key for view in store.views(REGION, DOMAIN)} == {KEY, CDN}
    gone_pass(store, recorder, 2 * GONE_AFTER, CDN, seen=observation(GENUINE, 2 * GONE_AFTER))
    assert {view.key for view in store.views(REGION, DOMAIN)} == {KEY}
    assert recorder.views[DOMAIN].keys() == {KEY}
    assert len(list(store.table.query(f"probe#{REGION}#{DOMAIN}", "obs#"))) == 2


def test_view_that_went_takes_those_that_came_too_late_with_it(hubs: list[DynamoHubStore]) -> None:
    store, recorder = hubs[0], ShardRecorder(hubs[0], REGION)
    one_pass(store, recorder, observation(addresses("198.51.100.1"), 5, key=CDN), minute=5)
    one_pass(store, ShardRecorder(store, REGION), observation(addresses("203.0.113.9"), 4, key=CDN), minute=4)
    for minute in range(6, 6 + GONE_AFTER):
        gone_pass(store, recorder, minute, CDN, seen=observation(GENUINE, minute))
    now = START + 10 * MINUTE
    assert {view.key for view in store.seen(DOMAIN, 0, [REGION], now - timedelta(minutes=1)).views} == {KEY}
