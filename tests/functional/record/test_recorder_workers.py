"""Several workers of one region write one shard's record: no memory outlives what another one wrote."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from tests.functional.record.shard_passes import FORGED, GENUINE, KEY, MINUTE, START, observation, one_pass

from nswatch.errors import StoreUnavailable
from nswatch.model import Facts, Heartbeat, Observation, View
from nswatch.record.dynamodb import Item, Table
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Change
from nswatch.record.recorder import ShardRecorder

REGION, DOMAIN = "us-east-1", "watched.example"


class CountingStore(DynamoHubStore):
    """A store that counts how often views were read, and dies in the middle of writing when it is told to."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.reads = 0
        self.dies_after: int | None = None

    def views(self, region: str, domain: str) -> list[View]:
        self.reads += 1
        return super().views(region, domain)

    def write_changes(self, changes: Sequence[Change]) -> bool:
        if self.dies_after is None:
            return super().write_changes(changes)
        super().write_changes(changes[: self.dies_after])
        raise StoreUnavailable("the worker dies here")


@pytest.fixture
def store(hubs: list[DynamoHubStore]) -> CountingStore:
    return CountingStore(hubs[0].table)


def short_pass(store: DynamoHubStore, recorder: ShardRecorder, *seen: Observation) -> int:
    recorder.load([DOMAIN], store.briefing(REGION, 0).fingerprint)
    return recorder.save_some(seen, 0)


def standing(store: DynamoHubStore) -> Facts | None:
    (view,) = [view for view in store.views(REGION, DOMAIN) if view.key == KEY]
    return view.facts


def fingerprint_item(store: DynamoHubStore) -> Item:
    (item,) = store.table.query(f"probe#{REGION}", "shard#")
    return item


def test_worker_reads_views_once_when_nobody_else_writes(store: CountingStore) -> None:
    recorder = ShardRecorder(store, REGION)
    for minute in range(5):
        one_pass(store, recorder, observation(FORGED if minute == 3 else GENUINE, minute), minute=minute)
    assert store.reads == 1


def test_short_pass_leaves_the_heartbeat_and_makes_full_passes_read_again(store: CountingStore) -> None:
    full, short = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, full, observation(GENUINE, 0), minute=0)
    assert short_pass(store, short, observation(FORGED, 1)) == 1
    assert fingerprint_item(store)["pass_time"] == "2026-01-01T00:00:00.000Z"
    assert one_pass(store, full, observation(GENUINE, 2), minute=2) == 1
    assert standing(store) == GENUINE


def test_short_pass_without_changes_writes_nothing_and_reads_views_once(store: CountingStore) -> None:
    full, short = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, full, observation(GENUINE, 0), minute=0)
    before, reads = fingerprint_item(store), store.reads
    assert [short_pass(store, short, observation(GENUINE, 1)) for _ in range(3)] == [0, 0, 0]
    assert fingerprint_item(store) == before
    assert store.reads == reads + 1


def test_full_pass_keeps_its_heartbeat_when_a_short_pass_wrote_meanwhile(store: CountingStore) -> None:
    full, short = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, full, observation(GENUINE, 0), minute=0)
    full.load([DOMAIN], store.briefing(REGION, 0).fingerprint)
    short_pass(store, short, observation(FORGED, 1))
    full.save([observation(GENUINE, 1)], Heartbeat(REGION, 0, START + MINUTE, 1))
    assert fingerprint_item(store)["pass_time"] == "2026-01-01T00:01:00.000Z"
    assert standing(store) == FORGED
    assert one_pass(store, full, observation(GENUINE, 2), minute=2) == 1


def test_memory_ends_when_another_worker_died_in_the_middle_of_writing(store: CountingStore) -> None:
    mine, other = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, mine, observation(GENUINE, 0), minute=0)
    store.dies_after = 1
    with pytest.raises(StoreUnavailable, match="dies"):
        one_pass(store, other, observation(FORGED, 1), minute=1)
    store.dies_after = None
    assert one_pass(store, mine, observation(GENUINE, 2), minute=2) == 1
    assert standing(store) == GENUINE


def test_memory_ends_when_a_late_pass_wrote_what_its_owner_never_saw(store: CountingStore) -> None:
    mine, late = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, mine, observation(GENUINE, 0), minute=0)
    late.load([DOMAIN], store.briefing(REGION, 0).fingerprint)
    one_pass(store, mine, observation(GENUINE, 3), minute=3)
    late.save([observation(FORGED, 2)], Heartbeat(REGION, 0, START + 2 * MINUTE, 1))
    assert standing(store) == FORGED
    assert one_pass(store, mine, observation(GENUINE, 4), minute=4) == 1
    assert standing(store) == GENUINE


def test_memory_is_the_standing_view_when_a_late_one_lies_beside_it(store: CountingStore) -> None:
    one_pass(store, ShardRecorder(store, REGION), observation(GENUINE, 5), minute=5)
    one_pass(store, ShardRecorder(store, REGION), observation(FORGED, 4), minute=4)
    assert one_pass(store, ShardRecorder(store, REGION), observation(FORGED, 6), minute=6) == 1
    assert standing(store) == FORGED


def named(store: DynamoHubStore) -> dict[str, datetime]:
    """Return which domains the newest heartbeat names as changed."""
    fingerprint = store.briefing(REGION, 0).fingerprint
    assert fingerprint is not None
    return dict(fingerprint.heartbeat.changed)


def test_heartbeat_names_what_a_short_pass_saw_change_for_ten_minutes(store: CountingStore) -> None:
    full, short = ShardRecorder(store, REGION), ShardRecorder(store, REGION)
    one_pass(store, full, observation(GENUINE, 0), minute=0)
    one_pass(store, full, observation(GENUINE, 20), minute=20)
    assert named(store) == {}
    assert short_pass(store, short, observation(FORGED, 21)) == 1
    assert one_pass(store, full, observation(FORGED, 22), minute=22) == 0
    assert named(store) == {DOMAIN: START + 21 * MINUTE}
    one_pass(store, full, observation(FORGED, 31), minute=31)
    assert named(store) == {}


def test_heartbeat_names_what_a_late_pass_of_the_same_worker_saw_change(store: CountingStore) -> None:
    recorder = ShardRecorder(store, REGION)
    one_pass(store, recorder, observation(GENUINE, 0), minute=0)
    one_pass(store, recorder, observation(GENUINE, 20), minute=20)
    assert one_pass(store, recorder, observation(FORGED, 19), minute=19) == 1
    assert named(store) == {}
    assert one_pass(store, recorder, observation(FORGED, 21), minute=21) == 0
    assert named(store) == {DOMAIN: START + 19 * MINUTE}
