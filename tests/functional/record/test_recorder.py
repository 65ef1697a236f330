"""Write on change, against a real (emulated) table."""

from dataclasses import replace

import pytest
from tests.functional.record.shard_passes import FORGED, GENUINE, MINUTE, START, TIMED_OUT, observation, one_pass

from nswatch.errors import Conflict
from nswatch.model import Heartbeat, Result, Transport
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Fingerprint
from nswatch.record.recorder import ShardRecorder


def items(store: DynamoHubStore, prefix: str) -> list[dict[str, object]]:
    return list(store.table.query("probe#us-east-1#watched.example", prefix))


def test_recorder_writes_only_the_fingerprint_when_nothing_changed(hubs: list[DynamoHubStore]) -> None:
    recorder = ShardRecorder(hubs[0], "us-east-1")
    changes = [one_pass(hubs[0], recorder, observation(GENUINE, minute), minute=minute) for minute in range(4)]
    assert changes == [1, 0, 0, 0]
    assert len(items(hubs[0], "obs#")) == 1
    fingerprint = hubs[0].briefing("us-east-1", 0).fingerprint
    assert fingerprint is not None
    assert fingerprint.heartbeat.pass_time == START + 3 * MINUTE


def test_recorder_appends_the_wire_and_moves_the_view_when_an_answer_differs(hubs: list[DynamoHubStore]) -> None:
    recorder = ShardRecorder(hubs[0], "us-east-1")
    one_pass(hubs[0], recorder, observation(GENUINE, 0), minute=0)
    assert one_pass(hubs[0], recorder, observation(FORGED, 1, Transport.TCP), minute=1) == 1
    (view,) = hubs[0].seen("watched.example", 0, ["us-east-1"], START + MINUTE).views
    assert view.facts == FORGED
    assert view.first_seen == START + MINUTE
    assert view.transport is Transport.TCP
    assert [item["wire"] for item in items(hubs[0], "obs#")] == [b"wire", b"wire"]


def test_recorder_keeps_the_last_definite_facts_when_a_server_falls_silent(hubs: list[DynamoHubStore]) -> None:
    recorder = ShardRecorder(hubs[0], "us-east-1")
    one_pass(hubs[0], recorder, observation(FORGED, 0), minute=0)
    one_pass(hubs[0], recorder, observation(TIMED_OUT, 1), minute=1)
    one_pass(hubs[0], recorder, observation(TIMED_OUT, 2), minute=2)
    (view,) = hubs[0].seen("watched.example", 0, ["us-east-1"], START + 2 * MINUTE).views
    assert view.facts == FORGED
    assert (view.result, view.result_since) == (Result.TIMEOUT, START + MINUTE)


def test_recorder_believes_the_hub_when_its_memory_is_of_another_state(hubs: list[DynamoHubStore]) -> None:
    mine, other = ShardRecorder(hubs[0], "us-east-1"), ShardRecorder(hubs[0], "us-east-1")
    one_pass(hubs[0], mine, observation(GENUINE, 0), minute=0)
    one_pass(hubs[0], other, observation(FORGED, 1), minute=1)
    assert one_pass(hubs[0], mine, observation(GENUINE, 2), minute=2) == 1
    (view,) = hubs[0].seen("watched.example", 0, ["us-east-1"], START + 2 * MINUTE).views
    assert view.facts == GENUINE


def test_recorder_repeats_what_a_hub_missed_when_it_is_back(hubs: list[DynamoHubStore]) -> None:
    first, second = (ShardRecorder(hub, "us-east-1") for hub in hubs)
    one_pass(hubs[0], first, observation(GENUINE, 0), minute=0)
    one_pass(hubs[1], second, observation(GENUINE, 0), minute=0)
    one_pass(hubs[0], first, observation(FORGED, 1), minute=1)  # the second hub is down in this pass
    assert one_pass(hubs[0], first, observation(FORGED, 2), minute=2) == 0
    assert one_pass(hubs[1], second, observation(FORGED, 2), minute=2) == 1


def test_recorder_appends_a_late_observation_beside_the_newer_view(hubs: list[DynamoHubStore]) -> None:
    recorder, slow = ShardRecorder(hubs[0], "us-east-1"), ShardRecorder(hubs[0], "us-east-1")
    one_pass(hubs[0], recorder, observation(GENUINE, 5), minute=5)
    one_pass(hubs[0], slow, observation(FORGED, 4), minute=4)
    now = START + 6 * MINUTE
    views = hubs[0].seen("watched.example", 0, ["us-east-1"], now).views
    assert {view.facts for view in views} == {GENUINE, FORGED}
    assert [view.last_seen for view in views if view.facts == FORGED] == [START + 4 * MINUTE]
    fingerprint = hubs[0].briefing("us-east-1", 0).fingerprint
    assert fingerprint is not None
    assert fingerprint.heartbeat.pass_time == START + 5 * MINUTE


def test_view_counts_as_seen_until_the_newest_pass_unless_the_domain_was_not_completed(
    hubs: list[DynamoHubStore],
) -> None:
    recorder = ShardRecorder(hubs[0], "us-east-1")
    one_pass(hubs[0], recorder, observation(GENUINE, 0), minute=0)
    one_pass(hubs[0], recorder, minute=1)
    now = START + 3 * MINUTE
    assert hubs[0].seen("watched.example", 0, ["us-east-1"], now).views[0].last_seen == START + MINUTE
    recorder.load(["watched.example"], hubs[0].briefing("us-east-1", 0).fingerprint)
    recorder.save([], Heartbeat("us-east-1", 0, START + 2 * MINUTE, 1, ("watched.example",)))
    assert hubs[0].seen("watched.example", 0, ["us-east-1"], now).views[0].last_seen == START


def test_write_fingerprint_conflicts_when_a_newer_pass_is_recorded(hubs: list[DynamoHubStore]) -> None:
    fingerprint = Fingerprint(Heartbeat("us-east-1", 0, START, 1), "stamp")
    hubs[0].write_fingerprint(fingerprint)
    with pytest.raises(Conflict):
        hubs[0].write_fingerprint(fingerprint)
    hubs[0].write_fingerprint(replace(fingerprint, heartbeat=replace(fingerprint.heartbeat, pass_time=START + MINUTE)))
    later = replace(fingerprint.heartbeat, pass_time=START + 2 * MINUTE)
    with pytest.raises(Conflict):
        hubs[0].write_fingerprint(replace(fingerprint, heartbeat=later), over="another stamp")
