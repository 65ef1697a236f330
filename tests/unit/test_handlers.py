"""What the handlers make of their events, before any use case."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.invoke import context, function

from nswatch import wiring, wiring_collect
from nswatch.errors import InvalidEvent, StoreUnavailable

REPOSITORY = Path(__file__).parents[2]


def run(name: str, event: dict[str, Any]) -> Any:
    return function(name).handler(event, context(name))


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((REPOSITORY / "events" / f"{name}.json").read_text())
    return event


def shards(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


class Recorded:
    """A use case that notes its calls; shard 9 and domain-less records fail."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def fire(self) -> int:
        self.calls.append("schedule")
        return 1

    schedule = fire

    def work(self, shard: int, turn: datetime, *only: str) -> bool:
        if shard == 9:
            raise StoreUnavailable("no hub")
        self.calls.append((shard, turn, *only))
        return True

    def on_schedule(self) -> None:
        self.calls.append("schedule")

    def wake(self, group: str, sort_key: str) -> None:
        if group == "broken":
            raise StoreUnavailable("no hub")
        self.calls.append((group, sort_key))

    def on_records(self, records: list[dict[str, Any]]) -> list[str]:
        self.calls.append([record["dynamodb"]["Keys"]["pk"]["S"] for record in records])
        return [record["dynamodb"]["SequenceNumber"] for record in records]


@pytest.fixture
def use_case(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setattr(wiring, "probe", lambda: recorded)
    monkeypatch.setattr(wiring, "schedule", lambda: recorded)
    monkeypatch.setattr(wiring, "comparator", lambda: recorded)
    monkeypatch.setattr(wiring_collect, "collector", lambda: recorded)
    return recorded


@pytest.mark.parametrize("name", ["probe", "comparator", "collector"])
def test_handler_runs_the_schedule_when_its_sample_event_comes(name: str, use_case: Recorded) -> None:
    assert run(name, sample(f"{name}-schedule")) == {}
    assert use_case.calls == ["schedule"]


def test_probe_works_on_a_shard_when_the_sample_message_comes(use_case: Recorded) -> None:
    assert run("probe", sample("probe-shards")) == {"batchItemFailures": []}
    assert use_case.calls == [(0, datetime(2026, 11, 22, 21, 0, 20, tzinfo=UTC), "")]


def test_collector_works_on_a_shard_when_the_sample_message_comes(use_case: Recorded) -> None:
    assert run("collector", sample("collector-shards")) == {"batchItemFailures": []}
    assert use_case.calls == [(0, datetime(2026, 11, 22, 21, 0, tzinfo=UTC))]


def test_probe_asks_only_the_delegation_when_the_message_says_so(use_case: Recorded) -> None:
    body = {"shard": 3, "turn": "2026-11-22T21:00:35Z", "only": "delegation"}
    assert run("probe", shards(json.dumps(body))) == {"batchItemFailures": []}
    assert use_case.calls == [(3, datetime(2026, 11, 22, 21, 0, 35, tzinfo=UTC), "delegation")]


def test_comparator_returns_failed_sequence_numbers_when_the_sample_stream_comes(use_case: Recorded) -> None:
    returned = run("comparator", sample("comparator-stream"))
    assert returned == {"batchItemFailures": [{"itemIdentifier": "111100000000000000001"}]}
    assert use_case.calls == [["probe#ap-northeast-1#example.com"]]


def test_comparator_sends_what_is_due_when_the_sample_alarm_comes(use_case: Recorded) -> None:
    event = sample("comparator-alarm")
    broken = {**event["Records"][0], "body": json.dumps({"group": "broken", "message": "outbox#000001#page/1"})}
    assert run("comparator", {"Records": [broken, *event["Records"]]}) == {"batchItemFailures": []}
    assert use_case.calls == [("example.com", "outbox#000001#page/delegation/1")]


@pytest.mark.parametrize(
    ("body", "named"),
    [("", "body: not JSON"), ("[]", "body: not a JSON object"), ('{"group": "a.b"}', "body.message: None")],
    ids=["empty", "list", "no-message"],
)
def test_comparator_names_what_is_wrong_when_an_alarm_cannot_be_read(body: str, named: str, use_case: Recorded) -> None:
    event = {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]}
    with pytest.raises(InvalidEvent, match=named):
        run("comparator", event)
    assert use_case.calls == []


@pytest.mark.parametrize("name", ["probe", "collector"])
def test_handler_reports_one_message_when_only_that_one_failed(name: str, use_case: Recorded) -> None:
    turn = "2026-11-22T21:00:20Z"
    event = shards(json.dumps({"shard": 9, "turn": turn}), json.dumps({"shard": 1, "turn": turn}))
    assert run(name, event) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert [shard for shard, *_ in use_case.calls] == [1]


@pytest.mark.parametrize("name", ["probe", "collector"])
def test_handler_raises_when_every_message_failed(name: str, use_case: Recorded) -> None:
    with pytest.raises(StoreUnavailable):
        run(name, shards('{"shard": 9, "turn": "2026-11-22T21:00:20Z"}'))


@pytest.mark.parametrize("name", ["probe", "comparator", "collector"])
@pytest.mark.parametrize("event", [{}, {"source": "aws.events"}, {"detail": {}}], ids=["empty", "other", "detail"])
def test_handler_names_the_keys_when_the_event_is_no_event_of_its_own(
    name: str, event: dict[str, Any], use_case: Recorded
) -> None:
    with pytest.raises(InvalidEvent, match="Records"):
        run(name, event)
    assert use_case.calls == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "body: not JSON"),
        ("[]", "body: not a JSON object"),
        ('{"turn": "2026-11-22T21:00:20Z"}', "body.shard: None"),
        ('{"shard": "0", "turn": "2026-11-22T21:00:20Z"}', "body.shard: '0'"),
        ('{"shard": true, "turn": "2026-11-22T21:00:20Z"}', "body.shard: True"),
        ('{"shard": -1, "turn": "2026-11-22T21:00:20Z"}', "body.shard: -1"),
        ('{"shard": 0}', "body.turn: None"),
        ('{"shard": 0, "turn": 1795381220}', "body.turn: 1795381220"),
        ('{"shard": 0, "turn": "soon"}', "body.turn: 'soon'"),
        ('{"shard": 0, "turn": "2026-11-22T21:00:20"}', "has no zone"),
        ('{"shard": 0, "turn": "2026-11-22T21:00:20Z", "only": "answers"}', "body.only: 'answers'"),
    ],
    ids=["empty", "list", "no shard", "text shard", "true", "negative", "no turn", "number", "word", "no zone", "only"],
)
def test_probe_names_the_key_when_a_message_is_bad(body: str, named: str, use_case: Recorded) -> None:
    with pytest.raises(InvalidEvent) as refused:
        run("probe", shards(body))
    assert named in str(refused.value)
    assert use_case.calls == []
