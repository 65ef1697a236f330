"""A region's clock is wrong; passes come late, twice, not at all, or write after those that follow them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from tests.faults.plan import Fault, FaultPlan, rival
from tests.faults.replaying import MINUTE, SECOND, Faults, FaultyReplay
from tests.faults.story import HIJACK, coincheck, outcome, run

OFF = 90 * SECOND
LONG = pytest.mark.long


@pytest.mark.parametrize("off", [pytest.param(-OFF, id="behind"), pytest.param(OFF, id="ahead")])
@pytest.mark.parametrize(
    "regions",
    [
        pytest.param(("ap-northeast-1",), id="primary-hub"),
        pytest.param(("us-east-1",), id="no-hub", marks=LONG),
        pytest.param(("eu-west-1",), id="standby-hub", marks=LONG),
        pytest.param(("ap-northeast-1", "eu-west-1"), id="both-hubs"),
    ],
)
def test_story_holds_and_no_region_is_called_silent_when_a_clock_is_90_seconds_off(
    regions: tuple[str, ...], off: timedelta
) -> None:
    found = run(coincheck(), Faults(skew=dict.fromkeys(regions, off)), end=12)
    found.check()
    assert found.kinds("vantage") == []


def late(_region: str, turn: datetime) -> Iterable[timedelta]:
    return (timedelta(seconds=turn.minute * 17 % 55),)


def twice(_region: str, _turn: datetime) -> Iterable[timedelta]:
    return (timedelta(), 20 * SECOND)


def every_other(region: str, turn: datetime) -> Iterable[timedelta]:
    return () if (turn.minute + len(region)) % 2 else (timedelta(),)


def from_one_region(region: str, _turn: datetime) -> Iterable[timedelta]:
    return (timedelta(),) if region == "us-east-1" else ()


@pytest.mark.parametrize("passes", [late, twice, every_other])
def test_story_holds_when_passes_are_not_in_time(passes: object) -> None:
    faults = Faults(passes=passes)  # type: ignore[arg-type]
    found = run(coincheck(), faults, end=12)
    found.check_page()
    found.check_told()
    found.check_kept()


def test_page_comes_when_one_region_alone_makes_its_passes() -> None:
    found = run(coincheck(), Faults(passes=from_one_region), end=12)
    found.check_page()
    found.check_told()


@pytest.mark.parametrize("minute", [pytest.param(HIJACK - 1, marks=LONG), HIJACK, pytest.param(6, marks=LONG), 7])
def test_story_holds_when_a_pass_writes_after_the_one_that_follows_it(minute: int) -> None:
    """A worker hangs before its first write, until another one has made and recorded the next pass."""
    story = coincheck()
    region = story.scenario.regions[1]
    plan = FaultPlan([])
    with FaultyReplay(story.scenario, Faults(plan)) as replay:
        following = story.at(minute + 1) + MINUTE / 3

        def overtake() -> None:
            if following > replay.now:
                replay.wait_until(following)
            replay.another_probe(region).work(0, following)

        hang = Fault(
            rival(overtake),
            caller=f"probe/{region}",
            operations=frozenset({"BatchWriteItem", "PutItem", "UpdateItem"}),
            since=story.at(minute),
            calls=range(1, 2),
        )
        plan.faults.append(hang)
        replay.play(story.at(12))
        found = outcome(story, replay)
    assert found.taken == 1
    found.check()
