"""Two hubs' comparators over emulated tables, streams and topics: one page, never none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from nswatch.model import Facts, Heartbeat, Key, Observation, Result, Severity, Source, Transport
from nswatch.record.apply import put_in_force
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.log import Event
from nswatch.record.port import OutboxStatus
from nswatch.record.recorder import ShardRecorder
from nswatch.respond.comparator import Comparator, domain_of_record
from nswatch.respond.events import EventType, said
from nswatch.respond.fold import fold
from nswatch.wiring import build_comparator, build_hub
from nswatch_cli.replay.cloud import NAME, Cloud, Delivery
from nswatch_cli.replay.wire import Call, Forward, straight

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
HUBS = ("ap-northeast-1", "eu-west-1")
REGIONS = ("ap-northeast-1", "us-east-1", "eu-west-1")
DOMAIN = "watched.example"
GENUINE, FORGED = ("ns1.dns.example", "ns2.dns.example"), ("ns1.evil.example",)
ENTRY: dict[str, Any] = {"delegation": {"ns": list(GENUINE)}, "answers": [], "every": 60, "delegation_every": 60}


@dataclass
class Hubs:
    """Both hubs, their comparators, and what their topics delivered."""

    cloud: Cloud
    now: datetime = T0
    delivered: list[Delivery] = field(default_factory=list)
    stores: dict[str, DynamoHubStore] = field(default_factory=dict)
    comparators: dict[str, Comparator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for hub in HUBS:
            self.stores[hub] = build_hub(NAME, hub, self.cloud.clients)
            settings = self.cloud.settings(hub, REGIONS)
            self.comparators[hub] = build_comparator(settings, clock=lambda: self.now, clients=self.cloud.clients)
        self.apply(ENTRY)

    def apply(self, entry: dict[str, Any], version: int = 1) -> None:
        for store in self.stores.values():
            put_in_force(store, {DOMAIN: entry}, {}, "test", self.now, version)

    def see(self, ns: tuple[str, ...], *, hubs: tuple[str, ...] = HUBS, version: int = 1) -> None:
        """Have every region see a delegation at two of the parent's servers now, in each hub that takes it."""
        for region in REGIONS:
            seen = []
            for server in ("192.0.2.1", "192.0.2.2"):
                key = Key(region, Source.PARENT, server, DOMAIN, "NS")
                facts = Facts(Result.REFERRAL, ns, 172800, zone="example")
                seen.append(
                    Observation(DOMAIN, key, "a.tld", facts, Transport.TCP, self.now, self.now, self.now, 1, b"wire")
                )
            for hub in hubs:
                recorder = ShardRecorder(self.stores[hub], region)
                recorder.load([DOMAIN], self.stores[hub].briefing(region, 0).fingerprint)
                recorder.save(seen, Heartbeat(region, 0, self.now, version))

    def stream(self, *hubs: str) -> list[Delivery]:
        """Hand the streams' records to the comparators of ``hubs``; return what was delivered."""
        for hub in hubs or HUBS:
            assert self.comparators[hub].on_records(self.cloud.records(hub)) == []
        return self.collect()

    def schedule(self, *hubs: str) -> list[Delivery]:
        for hub in hubs or HUBS:
            self.comparators[hub].on_schedule()
        return self.collect()

    def collect(self) -> list[Delivery]:
        new = [delivery for hub in HUBS for delivery in self.cloud.deliveries(hub)]
        self.delivered += new
        return new

    def log(self, hub: str) -> list[Event]:
        return self.stores[hub].events(DOMAIN)


@pytest.fixture
def hubs() -> Iterator[Hubs]:
    with Cloud(HUBS) as cloud:
        yield Hubs(cloud)


def kinds(deliveries: list[Delivery]) -> list[tuple[str, str]]:
    return [(delivery.hub, delivery.kind) for delivery in deliveries]


def test_primary_pages_at_once_and_the_standby_does_not(hubs: Hubs) -> None:
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [("ap-northeast-1", "page")]
    assert hubs.delivered[0].channel is Severity.PAGE
    for _ in range(5):
        hubs.now += MINUTE
        hubs.see(FORGED)
        hubs.schedule()
        hubs.stream()
    assert len(hubs.delivered) == 1


def test_both_hubs_hold_the_same_log_when_both_judged(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream("eu-west-1")  # the standby judges first, and writes into the primary's log
    assert kinds(hubs.stream("ap-northeast-1")) == [("ap-northeast-1", "page")]
    assert fold(hubs.log("ap-northeast-1")) == fold(hubs.log("eu-west-1"))


def test_standby_pages_after_45_seconds_when_the_primary_is_down(hubs: Hubs) -> None:
    hubs.cloud.down = {"ap-northeast-1"}
    hubs.see(FORGED, hubs=("eu-west-1",))
    assert hubs.stream("eu-west-1") == []
    hubs.now += 44 * SECOND
    assert hubs.schedule("eu-west-1") == []
    hubs.now += SECOND
    assert kinds(hubs.schedule("eu-west-1")) == [("eu-west-1", "page")]
    hubs.now += MINUTE
    assert hubs.schedule("eu-west-1") == []


def test_page_goes_out_by_the_standby_when_the_primary_records_but_its_topic_fails(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream("eu-west-1")
    hubs.cloud.down = {"ap-northeast-1"}
    hubs.now += 45 * SECOND
    assert kinds(hubs.schedule("eu-west-1")) == [("eu-west-1", "page")]
    hubs.cloud.down = set()
    hubs.now += MINUTE
    assert len(hubs.stream("ap-northeast-1")) <= 1, "at most one extra page when the primary is back"


def test_no_third_page_goes_out_when_the_primary_is_back_and_does_not_know_of_its_own(hubs: Hubs) -> None:
    def lost_once_it_published(call: Call, forward: Forward) -> AWSResponse:
        answer = forward(call.body)
        if call.operation == "Publish" and call.region == "ap-northeast-1":
            hubs.cloud.down = {"ap-northeast-1"}
        return answer

    hubs.cloud.wire = lost_once_it_published
    hubs.see(FORGED)
    assert hubs.comparators["ap-northeast-1"].on_records(hubs.cloud.records("ap-northeast-1"))
    hubs.stream("eu-west-1")
    hubs.now += MINUTE
    hubs.schedule("eu-west-1")
    assert kinds(hubs.delivered) == [("ap-northeast-1", "page"), ("eu-west-1", "page")]
    hubs.cloud.wire, hubs.cloud.down = straight, set()
    hubs.now += 10 * MINUTE
    hubs.schedule("ap-northeast-1", "eu-west-1")
    assert len(hubs.delivered) == 2
    assert all(
        message.status is OutboxStatus.SENT for store in hubs.stores.values() for message in store.outbox(DOMAIN)
    )


def test_message_stays_owed_until_the_topic_takes_it(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs.cloud, "topics_down", {"ap-northeast-1"})
    hubs.see(FORGED)
    assert hubs.stream("ap-northeast-1") == []
    (owed,) = hubs.stores["ap-northeast-1"].outbox(DOMAIN)
    assert owed.status is OutboxStatus.PENDING
    monkeypatch.setattr(hubs.cloud, "topics_down", set())
    hubs.now += 31 * SECOND
    assert kinds(hubs.schedule("ap-northeast-1")) == [("ap-northeast-1", "page")]


def test_event_reaches_the_other_hub_later_when_it_was_down(hubs: Hubs) -> None:
    hubs.cloud.down = {"eu-west-1"}
    hubs.see(FORGED, hubs=("ap-northeast-1",))
    hubs.stream("ap-northeast-1")
    hubs.cloud.down = set()
    assert hubs.log("eu-west-1") == []
    hubs.now += MINUTE
    hubs.schedule("ap-northeast-1")
    assert hubs.log("eu-west-1") == hubs.log("ap-northeast-1")
    assert not list(hubs.stores["ap-northeast-1"].due(hubs.now + MINUTE)), "nothing is left to copy"


def test_comparator_writes_nothing_when_it_looks_again_at_the_same_record(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream()
    before = hubs.stores["ap-northeast-1"].head(DOMAIN)
    hubs.comparators["ap-northeast-1"].look_at_domain(DOMAIN)
    assert hubs.stores["ap-northeast-1"].head(DOMAIN) == before


def test_open_findings_and_incidents_are_indexed_while_they_stand(hubs: Hubs) -> None:
    store = hubs.stores["ap-northeast-1"]
    hubs.see(FORGED)
    hubs.stream()
    assert [row.code for row in store.open_findings(Severity.PAGE)] == ["delegation_changed"]
    assert [(row.group, row.state) for row in store.open_incidents(Severity.PAGE)] == [(DOMAIN, "open")]
    hubs.now += MINUTE
    hubs.see(GENUINE)
    hubs.stream()
    assert store.open_findings(Severity.PAGE) == []
    assert [(row.group, row.state) for row in store.open_incidents(Severity.PAGE)] == [(DOMAIN, "recovering")]


def test_reminder_is_due_after_4_hours_unless_somebody_acknowledged(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream()
    hubs.now += 4 * HOUR
    hubs.see(FORGED)
    assert kinds(hubs.schedule()) == [("ap-northeast-1", "reminder")]
    event = said(EventType.ACKNOWLEDGED, DOMAIN, 1, "arn:aws:iam::1:user/alice", "", hubs.now)
    for store in hubs.stores.values():
        store.receive(event, hubs.now)
    for _ in range(3):
        hubs.now += 24 * HOUR
        hubs.see(FORGED)
        assert hubs.schedule() == []


def test_window_that_ends_unapplied_is_told_once_an_hour_before(hubs: Hubs) -> None:
    change = {
        "id": "CHG-1",
        "from": "2026-01-01T00:00:00Z",
        "until": "2026-01-01T12:00:00Z",
        "by": ["alice", "bob"],
        "delegation": {"ns": ["ns1.new.example", "ns2.new.example"]},
    }
    hubs.apply(ENTRY | {"planned_changes": [change]}, version=2)
    hubs.see(GENUINE)
    assert hubs.stream() == []
    hubs.now = T0 + 11 * HOUR - MINUTE
    hubs.see(GENUINE)
    assert hubs.schedule() == []
    hubs.now = T0 + 11 * HOUR
    assert kinds(hubs.schedule()) == [("ap-northeast-1", "window")]
    hubs.now += MINUTE
    assert hubs.schedule() == []
    hubs.see(("ns1.new.example", "ns2.new.example"))
    assert hubs.stream() == []
    hubs.now = T0 + 12 * HOUR
    hubs.see(("ns1.new.example", "ns2.new.example"))
    assert kinds(hubs.schedule()) == [("ap-northeast-1", "page")]


def test_incident_is_closed_when_its_domain_leaves_the_watchlist(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream()
    hubs.now += MINUTE
    for store in hubs.stores.values():
        put_in_force(store, {"other.example": ENTRY}, {}, "test", hubs.now, 2)
    assert kinds(hubs.schedule()) == [("ap-northeast-1", "resolved")]
    assert hubs.stores["ap-northeast-1"].open_findings(Severity.PAGE) == []


def test_silent_regions_are_told_by_notice_then_by_page_when_the_monitor_is_blind(hubs: Hubs) -> None:
    hubs.see(GENUINE)
    hubs.schedule()
    for _ in range(3):
        hubs.now += MINUTE
        hubs.schedule()
    assert kinds(hubs.collect() or hubs.delivered) == [("ap-northeast-1", "page")]
    assert hubs.delivered[0].about == "vantage"


def test_stream_brings_a_domain_again_when_the_hub_fails_in_the_middle(hubs: Hubs) -> None:
    hubs.see(FORGED)
    records = hubs.cloud.records("ap-northeast-1")
    hubs.cloud.down = {"ap-northeast-1"}
    failed = hubs.comparators["ap-northeast-1"].on_records(records)
    keys = [record["dynamodb"]["Keys"] for record in records]
    about = [domain_of_record(key["pk"]["S"], key["sk"]["S"]) for key in keys]
    assert failed == [records[about.index(DOMAIN)]["dynamodb"]["SequenceNumber"]]
    hubs.cloud.down = set()
    assert hubs.comparators["ap-northeast-1"].on_records(records) == []
    assert kinds(hubs.collect()) == [("ap-northeast-1", "page")]


def test_hub_that_missed_an_apply_takes_it_from_the_other_before_it_judges(hubs: Hubs) -> None:
    change = {
        "id": "CHG-1",
        "from": "2026-01-01T00:00:00Z",
        "until": "2026-01-01T12:00:00Z",
        "by": ["alice", "bob"],
        "delegation": {"ns": ["ns1.new.example", "ns2.new.example"]},
    }
    put_in_force(
        hubs.stores["eu-west-1"], {DOMAIN: ENTRY | {"planned_changes": [change]}}, {}, "test", hubs.now, 2
    )  # the primary was down
    hubs.now += MINUTE
    hubs.see(("ns1.new.example", "ns2.new.example"), version=2)
    assert hubs.stream() == []
    primary = hubs.stores["ap-northeast-1"]
    expectation, head = primary.expectation(DOMAIN), primary.watchlist_head()
    assert expectation is not None
    assert head is not None
    assert (expectation.version, head.version) == (2, 1)
    hubs.schedule()
    head = primary.watchlist_head()
    assert head is not None
    assert head.version == 2


def test_primary_tells_no_old_story_when_it_comes_back(hubs: Hubs) -> None:
    hubs.see(GENUINE)
    hubs.stream()
    hubs.cloud.down = {"ap-northeast-1"}
    hubs.now += MINUTE
    hubs.see(FORGED, hubs=("eu-west-1",))
    hubs.stream("eu-west-1")
    hubs.now += MINUTE
    assert kinds(hubs.schedule("eu-west-1")) == [("eu-west-1", "page")]
    hubs.now += MINUTE
    hubs.see(GENUINE, hubs=("eu-west-1",))
    hubs.stream("eu-west-1")
    hubs.now += MINUTE
    assert kinds(hubs.schedule("eu-west-1")) == [("eu-west-1", "recovering")]
    hubs.cloud.down = set()
    for _ in range(4):
        hubs.now += MINUTE
        hubs.see(GENUINE)
        hubs.stream()
        hubs.schedule()
    assert [kind for _, kind in kinds(hubs.delivered) if kind == "page"] == ["page"]
    assert hubs.stores["ap-northeast-1"].head(DOMAIN).state == "recovering"
    assert fold(hubs.log("ap-northeast-1")) == fold(hubs.log("eu-west-1"))


def test_standing_hijack_is_judged_when_silent_regions_come_back(hubs: Hubs) -> None:
    hubs.see(FORGED)
    hubs.stream()
    for _ in range(5):
        hubs.now += MINUTE
        hubs.schedule()
    assert [delivery.about for delivery in hubs.delivered] == [DOMAIN, "vantage"]
    hubs.now += 6 * HOUR
    hubs.see(FORGED)
    hubs.schedule()
    assert hubs.stores["ap-northeast-1"].head(DOMAIN).state == "open"
    hubs.now += MINUTE
    hubs.see(GENUINE)
    hubs.stream()
    assert hubs.stores["ap-northeast-1"].head(DOMAIN).state == "recovering"
