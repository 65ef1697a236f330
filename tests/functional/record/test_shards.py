"""Shards larger than an item, many heartbeats, and a watchlist taken over shard by shard, against an emulated table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nswatch.errors import InvalidDocument
from nswatch.model import Heartbeat
from nswatch.moments import iso
from nswatch.record import keys
from nswatch.record.apply import entries_in_force, put_in_force
from nswatch.record.catchup import catch_up, take_shard
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Fingerprint, WatchlistHead
from nswatch.record.shards import LARGEST_ENTRY, refuse_too_large

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 400 * 1024
"""DynamoDB's limit of an item, attribute names included. The emulator may not hold to it, so the test does."""


def entry(octets: int, label: str = "x") -> dict[str, Any]:
    return {
        "delegation": {"ns": ["ns1.dns.example"]},
        "answers": [{"name": "@", "type": "TXT", "note": label * octets}],
    }


def named(count: int, first: int = 0) -> list[str]:
    return [f"d{i:04d}.example" for i in range(first, first + count)]


def shard_items(store: DynamoHubStore, version: int) -> list[dict[str, Any]]:
    return list(store.table.query(keys.watchlist_pk(version), "shard#"))


def head_of(store: DynamoHubStore) -> WatchlistHead:
    head = store.watchlist_head()
    assert head is not None
    return head


def judged(store: DynamoHubStore, domains: list[str]) -> dict[str, Any]:
    found = {domain: store.expectation(domain) for domain in domains}
    return {domain: expectation.entry for domain, expectation in found.items() if expectation is not None}


@pytest.mark.parametrize(
    ("count", "octets", "items"), [(100, 1000, 1), (100, 10_000, 3), (3, 379_000, 3)], ids=["small", "big", "largest"]
)
def test_shard_is_read_as_it_was_written_however_large_its_entries_are(
    hubs: list[DynamoHubStore], count: int, octets: int, items: int
) -> None:
    entries = {domain: entry(octets) for domain in named(count)}
    put_in_force(hubs[0], entries, {}, "test", NOW, 1)
    assert entries_in_force(hubs[0], head_of(hubs[0])) == entries
    written = shard_items(hubs[0], 1)
    assert len(written) == items
    assert written[0]["sk"] == "shard#0000"
    assert all(sum(len(name) + len(value.encode()) for name, value in item.items()) < LIMIT for item in written)


def test_apply_refuses_an_entry_that_no_item_holds_before_it_writes_anything(hubs: list[DynamoHubStore]) -> None:
    entries = {"small.example": entry(10), "large.example": entry(LARGEST_ENTRY), "huge.example": entry(1_000_000)}
    with pytest.raises(InvalidDocument) as refused:
        put_in_force(hubs[0], entries, {}, "test", NOW, 1)
    assert [str(problem).partition(" octets")[0] for problem in refused.value.problems] == [
        "huge.example: its entry has 1,000,107",
        "large.example: its entry has 380,108",
    ]
    assert shard_items(hubs[0], 1) == []
    refuse_too_large({"small.example": entry(10)})


def test_shard_is_not_mixed_up_with_one_whose_number_begins_like_its_own(hubs: list[DynamoHubStore]) -> None:
    for shard, domain in ((1000, "one.example"), (10_000, "other.example")):
        item = {"pk": keys.watchlist_pk(1), "sk": keys.shard_sk(shard), "entries": f'{{"{domain}":{{}}}}'}
        hubs[0].table.put(item)
    assert set(hubs[0].shard_entries(1, 1000)) == {"one.example"}


@pytest.mark.parametrize("shards", [1, 40], ids=["in one call", "by queries"])
def test_round_begins_with_every_heartbeat_and_the_newest_version(hubs: list[DynamoHubStore], shards: int) -> None:
    put_in_force(hubs[0], {domain: entry(1) for domain in named(100 * shards)}, {}, "test", NOW, 1)
    regions = ["us-east-1", "eu-west-1"]
    for shard in range(shards):
        at = NOW + timedelta(minutes=shard)
        hubs[0].write_fingerprint(Fingerprint(Heartbeat("us-east-1", shard, at, 3 if shard == shards - 1 else 1), "x"))
    hubs[0].table.put({"pk": keys.probe_pk("us-east-1"), "sk": "region", "report": "{}"})
    briefing = hubs[0].round_briefing("vantage", regions, shards)
    assert briefing.heartbeats == {
        "us-east-1": {shard: NOW + timedelta(minutes=shard) for shard in range(shards)},
        "eu-west-1": {},
    }
    assert briefing.newest_version == 3
    assert hubs[0].round_briefing("vantage", regions, 7).heartbeats == briefing.heartbeats


def test_shard_that_is_taken_over_is_judged_by_the_new_entries_while_the_head_is_old(
    hubs: list[DynamoHubStore],
) -> None:
    here, there = hubs
    old = {domain: entry(1, "old") for domain in named(300)}
    new = old | {domain: entry(1, "new") for domain in named(300)[::2]}
    for hub in hubs:
        put_in_force(hub, old, {}, "test", NOW, 1)
    put_in_force(there, new, {"page": ["sms:+1"]}, "test", NOW, 2)
    take_shard(here, there, head_of(there), 1)
    mine = [domain for domain in new if keys.shard_of(domain, 3) == 1]
    assert judged(here, mine) == {domain: new[domain] for domain in mine}
    others = [domain for domain in new if domain not in mine]
    assert judged(here, others) == {domain: old[domain] for domain in others}
    assert head_of(here).version == 1


@pytest.mark.parametrize(("before", "after"), [(300, 300), (300, 150), (150, 300)], ids=["as many", "fewer", "more"])
def test_hub_catches_up_a_few_shards_at_a_time_until_it_is_as_the_other(
    hubs: list[DynamoHubStore], before: int, after: int
) -> None:
    here, there = hubs
    old = {domain: entry(1, "old") for domain in named(before)}
    new = {domain: entry(1, "new" if i % 3 else "old") for i, domain in enumerate(named(after, first=20))}
    for hub in hubs:
        put_in_force(hub, old, {}, "test", NOW, 1)
    put_in_force(there, new, {"page": ["sms:+1"]}, "test", NOW, 2)
    rounds = 1
    while not catch_up(here, there, head_of(there), NOW, 2):
        assert head_of(here).version == 1
        rounds += 1
    assert rounds > 2
    assert head_of(here) == head_of(there)
    assert entries_in_force(here, head_of(here)) == new
    everybody = sorted(old.keys() | new.keys())
    assert judged(here, everybody) == judged(there, everybody) == new


def test_domain_that_only_a_version_taken_over_in_part_had_is_judged_no_more(hubs: list[DynamoHubStore]) -> None:
    here, there = hubs
    for hub in hubs:
        put_in_force(hub, {"one.example": entry(1)}, {}, "test", NOW, 1)
    put_in_force(there, {"one.example": entry(1), "short.example": entry(1)}, {}, "test", NOW, 2)
    take_shard(here, there, head_of(there), 0)
    put_in_force(there, {"one.example": entry(1)}, {}, "test", NOW, 3)
    assert not catch_up(here, there, head_of(there), NOW, 2)
    assert catch_up(here, there, head_of(there), NOW, 2)
    assert judged(here, ["one.example", "short.example"]) == {"one.example": entry(1)}
    assert iso(head_of(here).applied_at) == iso(NOW)
