"""What a hub makes of the other one, and of what was given up."""

from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.hubs import dead_letters, hub_silent, topic_unconfirmed, topics_settled
from nswatch.model import Severity

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
HUB = "eu-west-1"


def seconds(count: int) -> datetime:
    return NOW - timedelta(seconds=count)


@pytest.mark.parametrize(("age", "silent"), [pytest.param(149, False, id="149-s"), pytest.param(150, True, id="150-s")])
def test_hub_is_silent_when_its_reports_have_stopped_for_150_seconds(age: int, silent: bool) -> None:
    found = hub_silent(HUB, seconds(age), None, LONG_AGO, NOW, was=False)
    assert [(one.code, one.subject, one.severity) for one in found] == (
        [("hub_silent", HUB, Severity.NOTICE)] if silent else []
    )


@pytest.mark.parametrize(("age", "silent"), [pytest.param(60, False, id="1-min"), pytest.param(150, True, id="150-s")])
def test_hub_is_silent_when_it_takes_no_writes_though_it_reports(age: int, silent: bool) -> None:
    found = hub_silent(HUB, NOW, seconds(age), LONG_AGO, NOW, was=False)
    assert bool(found) is silent
    assert all("takes no writes since" in one.seen[0] for one in found)


def test_hub_is_not_silent_when_the_one_that_waits_for_it_has_just_come_back() -> None:
    assert not hub_silent(HUB, seconds(3600), seconds(3600), seconds(149), NOW, was=False)
    assert hub_silent(HUB, seconds(3600), None, seconds(150), NOW, was=False)


def test_silent_hub_stays_silent_until_it_reports() -> None:
    assert hub_silent(HUB, seconds(3600), None, NOW, NOW, was=True)
    assert not hub_silent(HUB, NOW, None, NOW, NOW, was=True)


def test_hub_that_never_reported_is_silent_after_a_quarter_of_an_hour() -> None:
    assert not hub_silent(HUB, None, None, seconds(900), NOW, was=False)
    assert hub_silent(HUB, None, None, seconds(901), NOW, was=False)


@pytest.mark.parametrize(
    ("depth", "was", "told"),
    [
        pytest.param(0, True, False, id="empty"),
        pytest.param(1, False, True, id="one"),
        pytest.param(None, False, False, id="unknown and quiet before"),
        pytest.param(None, True, True, id="unknown and told before"),
    ],
)
def test_dead_letters_are_told_while_there_are_any(depth: int | None, was: bool, told: bool) -> None:
    assert [one.severity for one in dead_letters(HUB, "probe", depth, NOW, was=was)] == [Severity.NOTICE] * told


def test_dead_letters_are_the_same_finding_when_there_are_more_of_them() -> None:
    (one,), (many,) = (dead_letters(HUB, "probe", depth, NOW, was=False) for depth in (1, 500))
    assert one.seen == many.seen


@pytest.mark.parametrize(
    ("channel", "confirmed", "unconfirmed", "severity"),
    [
        pytest.param(Severity.PAGE, 0, [], Severity.PAGE, id="nobody hears a page"),
        pytest.param(Severity.PAGE, 0, ["sms:+81300000000"], Severity.PAGE, id="nobody, and a route is named"),
        pytest.param(Severity.PAGE, 1, ["email:a@b.example"], Severity.NOTICE, id="one of two hears a page"),
        pytest.param(Severity.NOTICE, 0, ["email:a@b.example"], Severity.NOTICE, id="nobody reads notices"),
        pytest.param(Severity.NOTICE, 0, [], None, id="nobody is to read notices"),
        pytest.param(Severity.PAGE, 2, [], None, id="all hear pages"),
    ],
)
def test_topic_is_told_when_it_does_not_reach_whom_it_should(
    channel: Severity, confirmed: int, unconfirmed: list[str], severity: Severity | None
) -> None:
    found = topic_unconfirmed(HUB, channel, confirmed, unconfirmed, NOW, LONG_AGO)
    assert [one.severity for one in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("since", "applied", "settled"),
    [
        pytest.param(600, 900, True, id="stands, and people had their time"),
        pytest.param(60, 3600, False, id="seen at one look"),
        pytest.param(600, 899, False, id="just applied"),
    ],
)
def test_topic_is_judged_when_people_had_time_to_confirm(since: int, applied: int, settled: bool) -> None:
    assert topics_settled(seconds(since), seconds(applied), NOW) is settled
