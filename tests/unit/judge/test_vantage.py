"""When a region counts as silent, and when the monitor is blind."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.vantage import silent_regions, silent_since
from nswatch.model import Finding, Severity

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def judged(
    regions: Sequence[str],
    passes: Mapping[str, datetime],
    waiting_since: datetime,
    now: datetime,
    already: Collection[str] = (),
) -> list[Finding]:
    return silent_regions(regions, silent_since(regions, passes, waiting_since, now, already))


def seconds(count: int) -> datetime:
    return NOW - timedelta(seconds=count)


@pytest.mark.parametrize(("age", "silent"), [pytest.param(149, False, id="149-s"), pytest.param(150, True, id="150-s")])
def test_region_is_silent_when_its_heartbeats_have_stopped_for_150_seconds(age: int, silent: bool) -> None:
    found = judged(["a-1", "b-1", "c-1"], {"a-1": seconds(age), "b-1": NOW, "c-1": NOW}, LONG_AGO, NOW)
    assert [finding.subject for finding in found] == (["a-1"] if silent else [])


@pytest.mark.parametrize(
    ("silent", "regions", "severity"),
    [
        pytest.param(1, 3, Severity.NOTICE, id="1-of-3"),
        pytest.param(2, 3, Severity.PAGE, id="2-of-3"),
        pytest.param(3, 3, Severity.PAGE, id="3-of-3"),
        pytest.param(1, 2, Severity.PAGE, id="1-of-2"),
        pytest.param(2, 5, Severity.NOTICE, id="2-of-5"),
        pytest.param(2, 4, Severity.PAGE, id="2-of-4"),
        pytest.param(1, 1, Severity.PAGE, id="1-of-1"),
    ],
)
def test_monitor_is_blind_when_no_more_than_half_still_report(silent: int, regions: int, severity: Severity) -> None:
    names = [f"r-{number}" for number in range(regions)]
    passes = {name: seconds(600) if number < silent else NOW for number, name in enumerate(names)}
    found = judged(names, passes, LONG_AGO, NOW)
    assert [finding.severity for finding in found] == [severity] * silent
    assert all(finding.detail["reporting"] == regions - silent for finding in found)


def test_no_region_is_silent_when_the_hub_itself_has_just_come_back() -> None:
    passes = dict.fromkeys(["a-1", "b-1"], seconds(3600))
    assert not judged(["a-1", "b-1"], passes, seconds(149), NOW)
    assert judged(["a-1", "b-1"], passes, seconds(150), NOW)


def test_region_that_never_reported_is_silent_after_a_quarter_of_an_hour() -> None:
    assert not judged(["a-1", "b-1", "c-1"], {"a-1": NOW, "b-1": NOW}, seconds(900), NOW)
    (finding,) = judged(["a-1", "b-1", "c-1"], {"a-1": NOW, "b-1": NOW}, seconds(901), NOW)
    assert finding.subject == "c-1"


def test_silent_region_stays_silent_until_it_reports_when_the_hub_itself_was_away() -> None:
    passes = {"a-1": seconds(3600), "b-1": NOW, "c-1": NOW}
    regions = ["a-1", "b-1", "c-1"]
    assert not judged(regions, passes, NOW, NOW)
    (finding,) = judged(regions, passes, NOW, NOW, already={"a-1"})
    assert finding.subject == "a-1"
    assert not judged(regions, passes | {"a-1": NOW}, NOW, NOW, already={"a-1"})
