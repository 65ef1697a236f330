"""When what hears CloudTrail is not heard any more."""

from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.trails import trail_silent

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("reported", "heard", "since", "was", "seen"),
    [
        pytest.param(9, 25, 999, False, "", id="well"),
        pytest.param(44, 44, 999, False, "", id="44-minutes"),
        pytest.param(9, 45, 999, False, "no call to route53 since", id="no-call-for-45-minutes"),
        pytest.param(45, 50, 999, False, "no report since", id="no-report-for-45-minutes"),
        pytest.param(9, None, 999, False, "", id="never-heard"),
        pytest.param(90, 90, 44, False, "", id="this-hub-was-away"),
        pytest.param(90, 90, 44, True, "no report since", id="was-silent-before"),
    ],
)
def test_trail_is_silent_when_what_was_heard_once_is_not_any_more(
    reported: int, heard: int | None, since: int, was: bool, seen: str
) -> None:
    found = trail_silent(
        "us-east-1",
        ago(reported),
        {} if heard is None else {"route53": ago(heard), "route53domains": ago(1)},
        ago(since),
        NOW,
        was=was,
    )
    assert [finding.seen[0].startswith(seen) for finding in found] == ([True] if seen else [])
