"""Stream records are repeated, out of order, late by an hour, or never come."""

from datetime import timedelta

import pytest
from tests.faults.replaying import Faults, Streams
from tests.faults.story import Story, coincheck, mx_only, run

LONG = pytest.mark.long
HOUR = timedelta(hours=1)
PRIMARY, STANDBY = coincheck().hubs


def streams(story: Story, hubs: tuple[str, ...], **how: object) -> Faults:
    return Faults(streams=tuple(Streams(hub, story.at(0), story.at(60), **how) for hub in hubs))  # type: ignore[arg-type]


BOTH = pytest.param((PRIMARY, STANDBY), id="both")


@pytest.mark.parametrize("hubs", [BOTH])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"times": 3}, id="repeated"),
        pytest.param({"shuffled": 1}, id="reordered"),
        pytest.param({"times": 2, "shuffled": 2, "delay": timedelta(seconds=50)}, id="all-at-once-and-late"),
    ],
)
def test_story_holds_when_the_stream_is_untidy(how: dict[str, object], hubs: tuple[str, ...]) -> None:
    story = coincheck()
    run(story, streams(story, hubs, **how), end=12).check()


@pytest.mark.parametrize(
    "how", [pytest.param({"delay": HOUR}, id="an-hour-late"), pytest.param({"lost": True}, id="never", marks=LONG)]
)
@pytest.mark.parametrize(
    "hubs", [pytest.param((PRIMARY,), id="primary"), pytest.param((STANDBY,), id="standby", marks=LONG), BOTH]
)
@pytest.mark.parametrize("story", [coincheck(), mx_only()], ids=lambda story: story.domain)
def test_story_holds_when_the_stream_brings_nothing(
    story: Story, hubs: tuple[str, ...], how: dict[str, object]
) -> None:
    """The stream makes it fast, the schedule makes it sure."""
    run(story, streams(story, hubs, **how), end=12).check()
