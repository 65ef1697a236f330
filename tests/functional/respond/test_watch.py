"""Two hubs that watch each other, the regions and the canary, over emulated tables, streams, topics and queues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from nswatch.errors import RoundIncomplete
from nswatch.expect.canary import CANARY
from nswatch.model import Clock, Facts, Heartbeat, Key, Observation, Result, Severity, Source, Transport
from nswatch.record.apply import put_in_force
from nswatch.record.collected import CollectorReport, DynamoCollectStore
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Fingerprint, OutboxStatus, RegionReport
from nswatch.record.recorder import next_view
from nswatch.record.trail_store import DynamoTrail, TrailReport
from nswatch.respond import comparator as rounds
from nswatch.respond.comparator import Comparator
from nswatch.respond.events import EventType, said
from nswatch.respond.groups import VANTAGE, hub_group
from nswatch.wiring import Clients, build_comparator, build_hub
from nswatch_cli.replay.cloud import NAME, Cloud, Delivery
from nswatch_cli.replay.wire import Call, Forward, answer

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HUBS = ("ap-northeast-1", "eu-west-1")
PRIMARY, STANDBY = HUBS
REGIONS = ("ap-northeast-1", "us-east-1", "eu-west-1")
ENTRY: dict[str, Any] = {"delegation": {"ns": ["ns1.dns.example"]}, "answers": [], "every": 60}


@dataclass
class Watched:
    """Both hubs with their dead-letter queues, and what the regions do in a minute."""

    cloud: Cloud
    now: datetime = T0
    delivered: list[Delivery] = field(default_factory=list)
    stores: dict[str, DynamoHubStore] = field(default_factory=dict)
    comparators: dict[str, Comparator] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    letters: dict[str, int | None] = field(default_factory=dict)
    deaf: frozenset[tuple[str, str]] = frozenset()
    """(hub, region): what that region writes does not reach that hub."""
    version: int = 0
    collecting: dict[str, CollectorReport] = field(default_factory=dict)
    """By hub: what its collector says of itself beside the time; one that is not in it says nothing."""

    def __post_init__(self) -> None:
        for hub in HUBS:
            self.stores[hub] = build_hub(NAME, hub, self.cloud.clients)
            self.queues[hub] = sqs(hub).create_queue(QueueName="dead-letters")["QueueUrl"]
            self.comparators[hub] = self.comparator(hub, lambda: self.now)
            self.collecting[hub] = CollectorReport(self.now, dead_letters=0)
        self.apply({})

    def comparator(self, hub: str, clock: Clock) -> Comparator:
        settings = replace(self.cloud.settings(hub, REGIONS), dead_letters_url=self.queues[hub])
        clients = Clients(self.cloud.clients.dynamodb, self.cloud.clients.sns, sqs)
        return build_comparator(settings, clock=clock, clients=clients)

    def apply(self, alerts: Mapping[str, Sequence[str]], domains: Sequence[str] = ("watched.example",)) -> None:
        for store in self.stores.values():
            put_in_force(store, dict.fromkeys(domains, ENTRY), dict(alerts), "test", self.now, self.version + 1)
        self.version += 1

    def passes(self, regions: Sequence[str], canaries: Mapping[str, Sequence[str]] | None = None) -> None:
        """Have regions report and pass to all hubs that are up; ``canaries`` are the hubs that get each one's."""
        for hub, store in self.stores.items():
            if hub in self.cloud.down:
                continue
            for region in (region for region in regions if (hub, region) not in self.deaf):
                report = RegionReport(self.now, self.now, "1", self.letters.get(region, 0))
                store.write_region_report(region, report)
                store.write_fingerprint(Fingerprint(Heartbeat(region, 0, self.now, self.version), "stamp"))
                if canaries is None or hub in canaries.get(region, ()):
                    store.write_canary([next_view(None, seen) for seen in self.canary(region)])

    def collect(self) -> None:
        """Have the collectors of the hubs that are up report, as if they had just been through all domains."""
        for region, report in self.collecting.items():
            for hub in self.up() if region in self.up() else ():
                said = replace(report, at=self.now, done=report.done or self.now)
                DynamoCollectStore(self.stores[hub].table).write_report(region, said)

    def canary(self, region: str) -> list[Observation]:
        facts = Facts(Result.NXDOMAIN, zone=".")
        keys = [Key(region, Source.PARENT, server, CANARY, "NS") for server in ("198.41.0.4", "170.247.170.2")]
        return [
            Observation(CANARY, key, "a.root", facts, Transport.UDP, self.now, self.now, self.now, 1) for key in keys
        ]

    def minutes(self, number: int, *, regions: Sequence[str] = REGIONS, **canaries: Any) -> list[Delivery]:
        """Let minutes pass, with passes and a round each; return what was delivered."""
        new = []
        for _ in range(number):
            self.now += MINUTE
            self.passes(regions, canaries.get("canaries"))
            self.collect()
            for hub in self.up():
                assert self.comparators[hub].on_records(self.cloud.records(hub, canaries=True)) == []
            for hub in self.up():
                self.comparators[hub].on_schedule()
            new += [delivery for hub in HUBS for delivery in self.cloud.deliveries(hub)]
        self.delivered += new
        return new

    def up(self) -> list[str]:
        return [hub for hub in HUBS if hub not in self.cloud.down]

    def findings(self, hub: str) -> set[tuple[str, str, str]]:
        store = self.stores[hub]
        return {(row.group, row.code, row.subject) for severity in Severity for row in store.open_findings(severity)}


def sqs(region: str) -> Any:
    return boto3.client("sqs", region_name=region)


def told(deliveries: Sequence[Delivery]) -> list[tuple[str, str, str, str]]:
    return [(one.hub, one.channel, one.kind, one.about) for one in deliveries]


@pytest.fixture
def hubs() -> Iterator[Watched]:
    with Cloud(HUBS) as cloud:
        yield Watched(cloud)


def test_nothing_is_told_when_all_is_well(hubs: Watched) -> None:
    assert hubs.minutes(40) == []
    assert [hubs.findings(hub) for hub in HUBS] == [set(), set()]


@pytest.mark.parametrize(("lost", "teller"), [(STANDBY, PRIMARY), (PRIMARY, STANDBY)], ids=["standby", "primary"])
def test_lost_hub_is_told_once_by_the_other_one(hubs: Watched, lost: str, teller: str) -> None:
    hubs.minutes(3)
    hubs.cloud.down = {lost}
    assert hubs.minutes(1) == [], "one round's hiccup is no finding"
    assert told(hubs.minutes(20)) == [(teller, "notice", "notice", f"hub/{lost}")]
    assert hubs.findings(teller) == {(f"hub/{lost}", "hub_silent", lost)}
    hubs.cloud.down = set()
    assert hubs.minutes(75) == []
    assert hubs.findings(teller) == set()
    assert hubs.stores[teller].head(hub_group(lost)).state == "resolved"
    assert hubs.stores[lost].events(hub_group(lost)) == [], "what is about a hub stays with the one that judges it"


def silent_collectors(hubs: Watched) -> list[set[tuple[str, str, str]]]:
    return [{row for row in hubs.findings(hub) if row[1] == "collector_silent"} for hub in HUBS]


def test_collector_that_falls_silent_is_told_once_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(3)
    before = hubs.collecting.pop(STANDBY)
    assert hubs.minutes(14) == []
    assert told(hubs.minutes(10)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]
    assert silent_collectors(hubs) == [{(f"hub/{STANDBY}", "collector_silent", STANDBY)}, set()]
    assert "The collector in eu-west-1 does not do its work: no report since" in hubs.delivered[-1].text
    hubs.collecting[STANDBY] = before
    hubs.minutes(1)
    assert silent_collectors(hubs) == [set(), set()]


def test_collector_is_not_told_when_it_comes_back_a_round_after_its_hub(hubs: Watched) -> None:
    hubs.minutes(3)
    hubs.cloud.down = {STANDBY}
    assert told(hubs.minutes(20)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]
    hubs.cloud.down = set()
    before = hubs.collecting.pop(STANDBY)
    assert hubs.minutes(1) == []
    hubs.collecting[STANDBY] = before
    assert hubs.minutes(3) == []
    assert silent_collectors(hubs) == [set(), set()]


def test_collector_whose_source_fails_for_an_hour_is_told_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(1)
    hubs.collecting[PRIMARY] = replace(hubs.collecting[PRIMARY], failing={"rdap": hubs.now})
    assert hubs.minutes(59) == []
    assert told(hubs.minutes(1)) == [(STANDBY, "notice", "notice", f"hub/{PRIMARY}")]
    assert "rdap brings nothing since" in hubs.delivered[-1].text


def test_collector_that_does_no_turns_is_told_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(1)
    hubs.collecting[STANDBY] = replace(hubs.collecting[STANDBY], done=hubs.now)
    assert hubs.minutes(29) == []
    assert told(hubs.minutes(1)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]
    assert "no turn over all domains since" in hubs.delivered[-1].text


def test_collector_that_never_was_is_awaited_when_the_hub_runs_the_same_release(hubs: Watched) -> None:
    del hubs.collecting[STANDBY]
    assert hubs.minutes(30) == []
    assert told(hubs.minutes(2)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]


def test_collector_that_never_was_is_not_awaited_when_the_hub_runs_an_earlier_release(hubs: Watched) -> None:
    del hubs.collecting[STANDBY]
    settings = replace(hubs.cloud.settings(STANDBY, REGIONS), dead_letters_url=hubs.queues[STANDBY], release="0.0.1")
    clients = Clients(hubs.cloud.clients.dynamodb, hubs.cloud.clients.sns, sqs)
    hubs.comparators[STANDBY] = build_comparator(settings, clock=lambda: hubs.now, clients=clients)
    assert hubs.minutes(3) == []
    assert hubs.stores[PRIMARY].signs(HUBS, ()).awaited == {}


def test_dead_letters_of_a_collector_are_told_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(1)
    hubs.collecting[STANDBY] = replace(hubs.collecting[STANDBY], dead_letters=2)
    assert told(hubs.minutes(1)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]
    assert "dead letters of the collector" in hubs.delivered[-1].text


def test_hub_whose_comparator_alone_is_stuck_is_told_by_the_other_one(hubs: Watched) -> None:
    hubs.minutes(3)
    del hubs.comparators[STANDBY]
    for _ in range(3):
        hubs.now += MINUTE
        hubs.passes(REGIONS)
        hubs.comparators[PRIMARY].on_records(hubs.cloud.records(PRIMARY, canaries=True))
        hubs.comparators[PRIMARY].on_schedule()
    assert told(list(hubs.cloud.deliveries(PRIMARY))) == [(PRIMARY, "notice", "notice", "hub/eu-west-1")]


def test_dead_letters_of_a_hub_are_told_by_the_other_one_until_they_are_gone(hubs: Watched) -> None:
    hubs.minutes(2)
    sqs(PRIMARY).send_message(QueueUrl=hubs.queues[PRIMARY], MessageBody="a batch that was given up")
    assert told(hubs.minutes(5)) == [(STANDBY, "notice", "notice", f"hub/{PRIMARY}")]
    assert hubs.findings(STANDBY) == {(f"hub/{PRIMARY}", "dead_letters", PRIMARY)}
    sqs(PRIMARY).purge_queue(QueueUrl=hubs.queues[PRIMARY])
    assert hubs.minutes(2) == []
    assert hubs.findings(STANDBY) == set()


def test_dead_letters_of_a_region_are_told_once_by_the_primary(hubs: Watched) -> None:
    hubs.minutes(2)
    hubs.letters = {"us-east-1": 3}
    assert told(hubs.minutes(3)) == [(PRIMARY, "notice", "notice", VANTAGE)]
    hubs.letters = {"us-east-1": None}
    assert hubs.minutes(2) == []
    assert hubs.findings(PRIMARY) == {(VANTAGE, "dead_letters", "us-east-1")}, "what nobody could ask stays as it was"


def test_route_that_nobody_confirmed_is_told_after_a_quarter_of_an_hour(hubs: Watched) -> None:
    route = "email:oncall@other.example"
    hubs.apply({"page": [route]})
    hubs.cloud.clients.sns(PRIMARY).subscribe(
        TopicArn=hubs.cloud.settings(PRIMARY, REGIONS).page_topic, Protocol="email", Endpoint="oncall@other.example"
    )  # the emulator confirms it; the standby's stays unconfirmed
    assert hubs.minutes(15) == []
    assert told(hubs.minutes(6)) == [(PRIMARY, "notice", "notice", f"hub/{STANDBY}")]
    assert route in hubs.delivered[0].text


def trail_of(hubs: Watched, hub: str) -> DynamoTrail:
    return DynamoTrail(hubs.stores[hub].table)


def listen_to_the_trail(hubs: Watched, minutes: int, *, reports: bool = True, hears: bool = True) -> list[Delivery]:
    """Let minutes pass in which the trail's function reports to both hubs, and hears a call in the standby alone."""
    new = []
    for _ in range(minutes):
        if reports:
            for hub in HUBS:
                trail_of(hubs, hub).write_report(TrailReport("us-east-1", hubs.now, 0))
        if hears:
            trail_of(hubs, STANDBY).hear("route53", hubs.now)
        new += hubs.minutes(1)
    return new


def test_trail_that_is_not_heard_any_more_is_told_once_by_the_primary(hubs: Watched) -> None:
    assert listen_to_the_trail(hubs, 3) == []
    assert listen_to_the_trail(hubs, 43, hears=False) == []
    assert told(listen_to_the_trail(hubs, 8, hears=False)) == [(PRIMARY, "notice", "notice", VANTAGE)]
    assert hubs.findings(PRIMARY) == hubs.findings(STANDBY) == {(VANTAGE, "trail_silent", "us-east-1")}
    listen_to_the_trail(hubs, 2)
    assert hubs.findings(PRIMARY) == set()


def test_trail_whose_function_stops_is_told(hubs: Watched) -> None:
    listen_to_the_trail(hubs, 3, hears=False)
    assert told(listen_to_the_trail(hubs, 50, reports=False, hears=False)) == [(PRIMARY, "notice", "notice", VANTAGE)]
    assert "no report since" in hubs.delivered[-1].text


def test_account_without_a_trail_is_no_news(hubs: Watched) -> None:
    assert listen_to_the_trail(hubs, 60, hears=False) == []


def test_trail_is_no_longer_missed_when_its_region_was_taken_out(hubs: Watched) -> None:
    for hub in HUBS:
        trail_of(hubs, hub).write_report(TrailReport("us-west-2", hubs.now, 0))
    assert hubs.minutes(50) == []


def test_calls_that_the_trail_gave_up_are_told_until_they_are_gone(hubs: Watched) -> None:
    for hub in HUBS:
        trail_of(hubs, hub).write_report(TrailReport("us-east-1", hubs.now, 2))
    assert told(hubs.minutes(3)) == [(PRIMARY, "notice", "notice", VANTAGE)]
    assert "dead letters of the trail" in hubs.delivered[-1].text
    for hub in HUBS:
        trail_of(hubs, hub).write_report(TrailReport("us-east-1", hubs.now, 0))
    hubs.minutes(1)
    assert hubs.findings(PRIMARY) == set()


def unsubscribe_all(hubs: Watched, hub: str, channel: Severity) -> list[str]:
    """Have nobody told by a hub's topic any more; return the endpoints that were."""
    sns, topic = hubs.cloud.clients.sns(hub), hubs.cloud.topics(hub)[channel]
    rows = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    for row in rows:
        sns.unsubscribe(SubscriptionArn=row["SubscriptionArn"])
    return [row["Endpoint"] for row in rows]


def test_page_topic_that_reaches_nobody_is_paged_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(16)
    unsubscribe_all(hubs, PRIMARY, Severity.PAGE)
    assert told(hubs.minutes(12)) == [(STANDBY, "page", "page", f"hub/{PRIMARY}")]


def test_page_topic_that_was_deleted_is_paged_by_the_other_hub(hubs: Watched) -> None:
    hubs.minutes(16)
    hubs.cloud.clients.sns(PRIMARY).delete_topic(TopicArn=hubs.cloud.topics(PRIMARY)[Severity.PAGE])
    assert told(hubs.minutes(12)) == [(STANDBY, "page", "page", f"hub/{PRIMARY}")]


def test_notice_topic_that_reaches_nobody_is_a_notice_of_the_other_hub(hubs: Watched) -> None:
    hubs.apply({"notice": ["email:team@other.example"]})
    hubs.cloud.clients.sns(STANDBY).subscribe(
        TopicArn=hubs.cloud.topics(STANDBY)[Severity.NOTICE], Protocol="email", Endpoint="team@other.example"
    )
    unsubscribe_all(hubs, PRIMARY, Severity.NOTICE)
    assert told(hubs.minutes(21)) == [(STANDBY, "notice", "notice", f"hub/{PRIMARY}")]


def test_notices_that_reach_nobody_in_both_hubs_are_paged(hubs: Watched) -> None:
    hubs.apply({"notice": ["email:team@other.example"]})
    for hub in HUBS:
        unsubscribe_all(hubs, hub, Severity.NOTICE)
    assert hubs.minutes(14) == []
    pages = [(PRIMARY, "page", "page", f"hub/{STANDBY}"), (STANDBY, "page", "page", f"hub/{PRIMARY}")]
    assert sorted(told(hubs.minutes(8))) == pages
    assert "notices reach nobody" in hubs.delivered[0].subject


def test_notices_that_nobody_is_named_for_page_nobody(hubs: Watched) -> None:
    for hub in HUBS:
        unsubscribe_all(hubs, hub, Severity.NOTICE)
    assert hubs.minutes(25) == []


def test_page_is_sent_by_the_standby_when_nobody_is_subscribed_to_the_primarys_topic(hubs: Watched) -> None:
    hubs.minutes(2)
    unsubscribe_all(hubs, PRIMARY, Severity.PAGE)
    hubs.minutes(6)
    assert told(hubs.minutes(6, canaries={})) == [(STANDBY, "page", "page", VANTAGE)]


def test_page_stays_owed_while_nobody_is_subscribed_in_either_hub(hubs: Watched) -> None:
    hubs.minutes(2)
    (endpoint, _) = [unsubscribe_all(hubs, hub, Severity.PAGE)[0] for hub in HUBS]
    hubs.minutes(6)
    assert hubs.minutes(6, canaries={}) == []
    topic = hubs.cloud.topics(PRIMARY)[Severity.PAGE]
    hubs.cloud.clients.sns(PRIMARY).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    assert (PRIMARY, "page", "page", VANTAGE) in told(hubs.minutes(3, canaries={}))


def test_page_whose_answers_are_all_lost_is_repeated_until_somebody_acknowledges_it(hubs: Watched) -> None:
    def lose(call: Call, forward: Forward) -> AWSResponse:
        taken = forward(call.body)
        return answer(call.url, 503, {}, b"") if (call.service, call.operation) == ("sns", "Publish") else taken

    hubs.minutes(2)
    hubs.cloud.wire = lose
    repeated = told(hubs.minutes(12, regions=[PRIMARY]))
    assert set(repeated) == {(hub, "page", "page", VANTAGE) for hub in HUBS}
    assert len(repeated) > 3
    for store in hubs.stores.values():
        store.receive(said(EventType.ACKNOWLEDGED, VANTAGE, 1, "alice", "", hubs.now), hubs.now)
    hubs.minutes(2, regions=[PRIMARY])
    assert hubs.minutes(8, regions=[PRIMARY]) == []
    for store in hubs.stores.values():
        assert store.outbox(VANTAGE, OutboxStatus.PENDING) == []


def test_hub_whose_table_was_made_anew_owes_nothing_that_the_other_hub_sent(hubs: Watched) -> None:
    hubs.minutes(2)
    assert told(hubs.minutes(5, regions=[PRIMARY])) == [(PRIMARY, "page", "page", VANTAGE)]
    table = hubs.stores[STANDBY].table
    rows = hubs.cloud.clients.dynamodb(STANDBY).scan(TableName=NAME)["Items"]
    table.delete_many([(row["pk"]["S"], row["sk"]["S"]) for row in rows])
    hubs.apply({})
    assert hubs.minutes(6, regions=[PRIMARY]) == []
    assert hubs.findings(STANDBY) == hubs.findings(PRIMARY) != set()
    (sent,) = hubs.stores[PRIMARY].outbox(VANTAGE)
    (known,) = hubs.stores[STANDBY].outbox(VANTAGE)
    assert (known.status, known.sns_id, known.sent_by, known.sent_at) == (
        OutboxStatus.SENT,
        sent.sns_id,
        PRIMARY,
        sent.sent_at,
    )
    assert list(hubs.stores[STANDBY].due(hubs.now)) == []


def test_monitor_is_blind_when_the_canary_raises_no_finding_in_most_regions(hubs: Watched) -> None:
    hubs.minutes(2)
    assert hubs.minutes(1, canaries={}) == []
    assert told(hubs.minutes(4, canaries={})) == [(PRIMARY, "page", "page", VANTAGE)]
    assert {code for _, code, _ in hubs.findings(PRIMARY)} == {"monitor_blind"}
    hubs.minutes(2)
    assert hubs.findings(PRIMARY) == set()


def test_hub_that_alone_misses_the_canary_says_so_and_the_other_agrees(hubs: Watched) -> None:
    hubs.minutes(2)
    only_standby = dict.fromkeys(REGIONS, (STANDBY,))
    hubs.minutes(10, canaries=only_standby)
    assert told(hubs.delivered) == [(PRIMARY, "page", "page", VANTAGE)], "the hubs do not contradict each other"
    assert hubs.findings(PRIMARY) == hubs.findings(STANDBY) != set()


def test_region_of_which_one_hub_alone_hears_nothing_is_told_once(hubs: Watched) -> None:
    hubs.minutes(2)
    hubs.deaf = frozenset({(PRIMARY, "us-east-1")})
    hubs.minutes(10)
    assert told(hubs.delivered) == [(PRIMARY, "notice", "notice", VANTAGE)]
    assert hubs.findings(PRIMARY) == hubs.findings(STANDBY) == {(VANTAGE, "vantage_silent", "us-east-1")}


def test_first_canary_is_waited_for_five_minutes_from_the_first_report(hubs: Watched) -> None:
    assert hubs.minutes(5, canaries={}) == []
    assert told(hubs.minutes(2, canaries={})) == [(PRIMARY, "page", "page", VANTAGE)]


def test_silent_region_is_not_called_blind_besides(hubs: Watched) -> None:
    hubs.minutes(2)
    hubs.minutes(6, regions=[PRIMARY, STANDBY])
    assert hubs.findings(PRIMARY) == {(VANTAGE, "vantage_silent", "us-east-1")}


def test_what_a_person_says_of_a_hub_is_of_no_concern_to_that_hub(hubs: Watched) -> None:
    hubs.minutes(3)
    hubs.cloud.down = {STANDBY}
    hubs.minutes(4)
    hubs.cloud.down = set()
    event = said(EventType.ACKNOWLEDGED, hub_group(STANDBY), 1, "alice", "", hubs.now)
    for store in hubs.stores.values():
        store.receive(event, hubs.now)
    assert hubs.minutes(3) == []
    assert hubs.stores[STANDBY].head(hub_group(STANDBY)).state == ""


def test_ping_goes_out_only_when_the_round_and_the_monitor_are_sound(
    hubs: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings: list[datetime] = []
    monkeypatch.setattr(hubs.comparators[PRIMARY], "_ping", lambda: pings.append(hubs.now))
    hubs.minutes(3)
    assert len(pings) == 3
    hubs.minutes(5, canaries={})
    blind_from = len(pings)
    hubs.minutes(2, canaries={})
    assert len(pings) == blind_from < 8


def test_round_leaves_what_it_has_no_time_for_to_the_next_one(hubs: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    domains = [f"d{number}.example" for number in range(6)]
    hubs.apply({}, domains)
    hubs.minutes(2)
    for domain in domains:
        hubs.stores[PRIMARY].schedule_expectation(domain, hubs.now)
    ticking = iter(range(1000))
    slow = hubs.comparator(PRIMARY, lambda: hubs.now + next(ticking) * timedelta(seconds=3))
    monkeypatch.setattr(rounds, "ROUND", timedelta(seconds=25))
    slow.on_schedule()
    left = len(list(hubs.stores[PRIMARY].due(hubs.now)))
    assert 0 < left < 6
    hubs.minutes(1)
    assert list(hubs.stores[PRIMARY].due(hubs.now)) == []


def test_round_does_the_rest_when_the_watch_itself_fails(hubs: Watched) -> None:
    hubs.minutes(2)
    hubs.stores[PRIMARY].table.put({"pk": "hub", "sk": f"hub#{STANDBY}", "report": "{}"})
    hubs.stores[PRIMARY].schedule_expectation("watched.example", hubs.now)
    with pytest.raises(RoundIncomplete, match="the watch over the monitor itself"):
        hubs.comparators[PRIMARY].on_schedule()
    assert list(hubs.stores[PRIMARY].due(hubs.now)) == []
