"""When a hub says that another one's collector does not do its work."""

from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.collectors import collector_silent
from nswatch.model import Severity

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
HUB = "eu-west-1"


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("last", "done", "failing", "since", "was", "seen"),
    [
        pytest.param(0, 9, {}, LONG_AGO, False, "", id="well"),
        pytest.param(14, 9, {}, LONG_AGO, False, "", id="14-minutes"),
        pytest.param(15, 9, {}, LONG_AGO, False, "no report since", id="15-minutes"),
        pytest.param(60, 70, {}, ago(14), False, "", id="listening-for-14-minutes"),
        pytest.param(60, 70, {}, ago(14), True, "no report since", id="was-silent-before"),
        pytest.param(0, 29, {}, LONG_AGO, False, "", id="turn-29-minutes-ago"),
        pytest.param(0, 30, {}, LONG_AGO, False, "no turn over all domains since", id="turn-30-minutes-ago"),
        pytest.param(0, None, {}, ago(29), False, "", id="first-turns-are-coming"),
        pytest.param(0, None, {}, ago(30), False, "no turn over all domains since", id="first-turns-never-came"),
        pytest.param(0, 9, {"rdap": ago(59)}, LONG_AGO, False, "", id="source-fails-for-59-minutes"),
        pytest.param(0, 9, {"ct": ago(5), "rdap": ago(60)}, LONG_AGO, False, "rdap brings nothing", id="for-an-hour"),
        pytest.param(0, 9, {"ip-ranges": ago(1439)}, LONG_AGO, False, "", id="ranges-not-refreshed-for-hours"),
        pytest.param(0, 9, {"ip-ranges": ago(1440)}, LONG_AGO, False, "ip-ranges brings nothing", id="for-a-day"),
        pytest.param(None, None, {}, ago(29), False, "", id="never-heard-of-29-minutes"),
        pytest.param(None, None, {}, ago(30), False, "never reported", id="never-heard-of-30-minutes"),
    ],
)
def test_collector_is_silent_when_its_work_is_not_done(
    last: int | None, done: int | None, failing: dict[str, datetime], since: datetime, was: bool, seen: str
) -> None:
    at = None if last is None else ago(last)
    turn = None if done is None else ago(done)
    found = collector_silent(HUB, at, turn, failing, since, NOW, was=was)
    assert [(one.code, one.subject, one.severity) for one in found] == (
        [("collector_silent", HUB, Severity.NOTICE)] if seen else []
    )
    assert all(one.seen[0].startswith(seen) and one.since <= NOW for one in found)
