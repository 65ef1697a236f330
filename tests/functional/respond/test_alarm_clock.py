"""The standby is woken when what it owes falls due, and one hub that hangs costs one call."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from tests.functional.respond.test_comparator import DOMAIN, FORGED, HUBS, MINUTE, REGIONS, SECOND, Hubs, kinds

from nswatch.record.keys import outbox_sk
from nswatch.wiring import build_comparator
from nswatch_cli.replay.cloud import Cloud
from nswatch_cli.replay.wire import Call, Forward, straight

PRIMARY, STANDBY = HUBS


@pytest.fixture
def hubs() -> Iterator[Hubs]:
    with Cloud(HUBS) as cloud:
        yield Hubs(cloud)


def with_alarm(hubs: Hubs, hub: str, url: str | None = None) -> str:
    """Give a hub's comparator a queue to be woken by; return the queue's URL."""
    url = url or hubs.cloud.clients.sqs(hub).create_queue(QueueName="alarms")["QueueUrl"]
    settings = replace(hubs.cloud.settings(hub, REGIONS), alarm_queue_url=url)
    hubs.comparators[hub] = build_comparator(settings, clock=lambda: hubs.now, clients=hubs.cloud.clients)
    return url


def sent(hubs: Hubs, operation: str, *, region: str, fails: bool = False) -> list[Call]:
    """Note what is asked of a region from now on; where it ``fails``, nobody answers."""
    calls = list[Call]()

    def wire(call: Call, forward: Forward) -> AWSResponse:
        if call.region == region and call.operation == operation:
            calls.append(call)
        if fails and call.region == region and call.service == "dynamodb":
            raise ReadTimeoutError(endpoint_url=call.url)
        return forward(call.body)

    hubs.cloud.wire = wire
    return calls


def test_standby_is_woken_at_its_deadline_when_the_primary_is_lost(hubs: Hubs) -> None:
    with_alarm(hubs, STANDBY)
    hubs.cloud.down = {PRIMARY}
    hubs.see(FORGED, hubs=(STANDBY,))
    asked = sent(hubs, "SendMessage", region=STANDBY)
    assert hubs.stream(STANDBY) == []
    (owed,) = hubs.stores[STANDBY].outbox(DOMAIN)
    assert [json.loads(call.body)["DelaySeconds"] for call in asked] == [45]
    alarm = json.loads(json.loads(asked[0].body)["MessageBody"])
    assert alarm == {"group": DOMAIN, "message": outbox_sk(owed.episode, owed.id)}
    hubs.now += 44 * SECOND
    hubs.comparators[STANDBY].wake(alarm["group"], alarm["message"])
    assert hubs.collect() == []
    hubs.now += SECOND
    hubs.comparators[STANDBY].wake(alarm["group"], alarm["message"])
    assert kinds(hubs.collect()) == [(STANDBY, "page")]


def test_standby_sends_nothing_when_it_is_woken_and_the_primary_has_sent(hubs: Hubs) -> None:
    with_alarm(hubs, STANDBY)
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [(PRIMARY, "page")]
    (message,) = hubs.stores[STANDBY].outbox(DOMAIN)
    hubs.now += 45 * SECOND
    hubs.comparators[STANDBY].wake(DOMAIN, outbox_sk(message.episode, message.id))
    assert hubs.collect() == []


def test_standby_sends_in_the_round_after_when_the_alarm_queue_is_gone(hubs: Hubs) -> None:
    with_alarm(hubs, STANDBY, "http://localhost:4566/000000000000/no-such-queue")
    hubs.cloud.down = {PRIMARY}
    hubs.see(FORGED, hubs=(STANDBY,))
    assert hubs.stream(STANDBY) == []
    hubs.now += MINUTE
    assert kinds(hubs.schedule(STANDBY)) == [(STANDBY, "page")]


def test_hub_that_does_not_answer_is_sent_one_event_when_there_are_several(hubs: Hubs) -> None:
    hubs.see(FORGED)
    copies = sent(hubs, "PutItem", region=STANDBY, fails=True)
    assert kinds(hubs.stream(PRIMARY)) == [(PRIMARY, "page")]
    assert len(hubs.log(PRIMARY)) > 1
    assert len({call.body for call in copies if b"event#" in call.body}) == 1
    hubs.cloud.wire = straight
    hubs.now += 2 * MINUTE
    hubs.schedule(PRIMARY)
    assert [event.id for event in hubs.log(STANDBY)] == [event.id for event in hubs.log(PRIMARY)]
