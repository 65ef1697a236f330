"""When the canary proves the path, and when the monitor is blind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.expect.canary import CANARY
from nswatch.judge.canary import blind_since, monitor_blind, proven
from nswatch.model import Facts, Key, Result, Severity, Source, Transport, View

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
DENIED = Facts(Result.NXDOMAIN, zone=".")


def seconds(count: int) -> datetime:
    return NOW - timedelta(seconds=count)


def view(server: str, at: datetime, facts: Facts | None = DENIED) -> View:
    key = Key("eu-west-1", Source.PARENT, server, CANARY, "NS")
    result = Result.TIMEOUT if facts is None else facts.result
    return View(key, "a.root-servers.net", facts, Transport.UDP, at, at, at, result, at)


@pytest.mark.parametrize(
    ("views", "newest"),
    [
        pytest.param([], None, id="nothing was written"),
        pytest.param([view("192.0.2.1", seconds(5)), view("192.0.2.2", seconds(5))], seconds(5), id="two deny it"),
        pytest.param([view("192.0.2.1", seconds(5))], None, id="one over UDP is not believed"),
        pytest.param([view("192.0.2.1", seconds(5)), view("192.0.2.2", seconds(65))], seconds(5), id="one, and before"),
        pytest.param(
            [view("192.0.2.1", seconds(5), None), view("192.0.2.2", seconds(65)), view("192.0.2.3", seconds(65))],
            None,
            id="what stood before proves nothing now",
        ),
        pytest.param(
            [
                view(server, seconds(5), Facts(Result.REFERRAL, (f"ns1.{CANARY}", f"ns2.{CANARY}"), 172800, zone="."))
                for server in ("192.0.2.1", "192.0.2.2")
            ],
            None,
            id="what is expected raises nothing",
        ),
    ],
)
def test_pass_is_proven_when_the_rules_raise_a_finding_that_was_seen_in_it(
    views: Sequence[View], newest: datetime | None
) -> None:
    assert proven(views, NOW) == newest


@pytest.mark.parametrize(("age", "blind"), [pytest.param(149, False, id="149-s"), pytest.param(150, True, id="150-s")])
def test_region_is_blind_when_its_canary_is_150_seconds_old(age: int, blind: bool) -> None:
    found = blind_since(["a-1", "b-1"], {"a-1": seconds(age), "b-1": NOW}, {}, LONG_AGO, NOW)
    assert found == ({"a-1": seconds(age)} if blind else {})


@pytest.mark.parametrize(("age", "blind"), [pytest.param(299, False, id="299-s"), pytest.param(300, True, id="5-min")])
def test_region_is_blind_when_no_canary_came_within_five_minutes(age: int, blind: bool) -> None:
    assert bool(blind_since(["a-1"], {}, {"a-1": seconds(age)}, LONG_AGO, NOW)) is blind
    assert not blind_since(["a-1"], {}, {}, LONG_AGO, NOW), "nobody waits for the canary of an earlier release"


def test_silent_region_is_not_blind_besides() -> None:
    assert not blind_since([], {"a-1": LONG_AGO}, {}, LONG_AGO, NOW)


def test_no_region_is_blind_when_the_hub_itself_has_just_come_back() -> None:
    assert not blind_since(["a-1"], {"a-1": LONG_AGO}, {}, seconds(149), NOW)
    assert blind_since(["a-1"], {"a-1": LONG_AGO}, {}, seconds(150), NOW)


@pytest.mark.parametrize(
    ("blind", "reporting", "severity"),
    [
        pytest.param(1, 3, Severity.NOTICE, id="1-of-3"),
        pytest.param(1, 2, Severity.PAGE, id="1-of-2"),
        pytest.param(2, 4, Severity.PAGE, id="2-of-4"),
        pytest.param(2, 5, Severity.NOTICE, id="2-of-5"),
    ],
)
def test_monitor_is_blind_when_half_of_those_that_report_are(blind: int, reporting: int, severity: Severity) -> None:
    names = [f"r-{number}" for number in range(reporting)]
    found = monitor_blind(dict.fromkeys(names[:blind], (LONG_AGO, "eu-west-1")), names)
    assert [(one.code, one.severity) for one in found] == [("monitor_blind", severity)] * blind
