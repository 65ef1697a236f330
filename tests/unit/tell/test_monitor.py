"""What nswatch says of itself, read as the person reads it who is woken by it, or finds it in the morning."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.unit.tell.stories import START, opened, page, told

from nswatch.judge.canary import monitor_blind
from nswatch.judge.hubs import dead_letters, hub_silent, topic_unconfirmed
from nswatch.judge.policy import Cause
from nswatch.judge.trails import trail_silent
from nswatch.model import Finding, Severity
from nswatch.respond import events
from nswatch.respond.groups import VANTAGE, hub_group
from nswatch.respond.incident import MessageKind
from nswatch.tell.gsm7 import ONE_PART, septets

HUB = "eu-west-1"
REGIONS = ("ap-northeast-1", "eu-west-1", "us-east-1")


def blind(count: int) -> list[Finding]:
    last = START - timedelta(seconds=150)
    return monitor_blind(dict.fromkeys(REGIONS[:count], (last, HUB)), REGIONS)


def lost(at: datetime = START) -> list[Finding]:
    return hub_silent(HUB, at - timedelta(seconds=150), None, at - timedelta(days=1), at, was=False)


def topic(channel: Severity, confirmed: int, *routes: str, alone: bool = False) -> list[Finding]:
    return topic_unconfirmed(HUB, channel, confirmed, routes, START, START, alone=alone)


CASES = {
    "blind": (blind(2), VANTAGE, "The canary of 2 of 3 regions raises no alarm: nswatch is blind."),
    "one region": (
        blind(1),
        VANTAGE,
        "The canary of ap-northeast-1 raises no alarm: a hijack that is seen from there might raise none.",
    ),
    "hub": (lost(), hub_group(HUB), "The hub in eu-west-1 does not report: none since 2020-05-30T15:02:50.000Z."),
    "nobody": (
        topic(Severity.PAGE, 0),
        hub_group(HUB),
        "Nobody is subscribed to the page topic in eu-west-1: its pages reach no one.",
    ),
    "nobody for notices": (
        topic(Severity.NOTICE, 0, "email:team@other.example", alone=True),
        hub_group(HUB),
        "Nobody is subscribed to the notice topics of both hubs: what nswatch tells of itself reaches no one.",
    ),
    "trail": (
        trail_silent("us-east-1", START, {"route53": START - timedelta(hours=1)}, START, START, was=True),
        VANTAGE,
        "CloudTrail is not heard any more in us-east-1: no call to route53 since 2020-05-30T14:05:20.000Z. Alerts "
        "cannot say who changed what in your account.",
    ),
    "route": (
        topic(Severity.PAGE, 1, "email:oncall@other.example"),
        hub_group(HUB),
        "Not everybody whom the watchlist names is told by the hub in eu-west-1: page: email:oncall@other.example not "
        "confirmed.",
    ),
    "letters": (
        dead_letters("us-east-1", "probe", 3, START, was=False),
        VANTAGE,
        "Work of nswatch was given up in us-east-1: dead letters of the probe.",
    ),
}
SHORT = {
    "blind": "2 canaries unheard, nswatch is blind",
    "one region": "ap-northeast-1: its canary is unheard",
    "hub": "the hub in eu-west-1 is silent",
    "nobody": "eu-west-1: pages reach nobody",
    "nobody for notices": "eu-west-1: notices reach nobody",
    "trail": "CloudTrail is heard no more",
    "route": "eu-west-1: alert routes not confirmed",
    "letters": "us-east-1 has dead letters",
}


@pytest.mark.parametrize("name", CASES)
def test_message_says_what_fails_what_it_means_and_what_to_do(name: str) -> None:
    findings, group, title = CASES[name]
    text = page(findings, group=group, entry=None)
    assert text.email.splitlines()[0] == title
    assert SHORT[name] in text.sms
    assert SHORT[name] in text.subject
    assert "WHAT TO DO FIRST\n  1. " in text.email
    assert f"nswatch incidents ack {group}-1" in text.email
    assert f"{group}-1" in text.sms
    assert septets(text.sms) <= ONE_PART
    assert "$" not in text.email + text.sms + text.subject
    assert max(map(len, text.email.splitlines()[1:])) <= 78


def test_page_names_the_hub_that_misses_each_canary() -> None:
    email = " ".join(page(blind(2), group=VANTAGE, entry=None).email.split())
    for region in REGIONS[:2]:
        assert f" - {region}: none since 2020-05-30T15:02:50.000Z, in the hub eu-west-1 " in email
    assert "ALSO" not in email


@pytest.mark.parametrize(
    ("findings", "cause", "line"),
    [
        pytest.param(blind(2), Cause.VANTAGE, "The canaries raise their findings again", id="canary"),
        pytest.param(topic(Severity.PAGE, 0), Cause.MONITOR, "The topics' subscriptions are confirmed.", id="topic"),
    ],
)
def test_recovery_says_what_works_again(findings: Sequence[Finding], cause: Cause, line: str) -> None:
    raised = opened(findings, VANTAGE)
    cleared = events.cleared(VANTAGE, 1, cause, 1, START + timedelta(minutes=5))
    text = told(MessageKind.RECOVERING, raised, cleared, entry=None)
    assert text.email.startswith(line)
    assert "healthy hour" in text.sms
