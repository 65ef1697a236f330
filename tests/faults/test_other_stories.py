"""Faults over a planned change, which nobody may be told of, over servers that are lame, and over short passes."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
from tests.faults.plan import Fault, FaultPlan, throttled
from tests.faults.replaying import MINUTE, Faults, Lost, Streams
from tests.faults.story import HIJACK, Outcome, Story, coincheck, run, without_faults

from nswatch_cli.replay.schema import load_scenario
from nswatch_cli.replaying import INCIDENTS

DOMAIN = "victim.example"
CHANGE, END = 3, 8


def planned() -> Story:
    """Return a migration of the name servers at minute `CHANGE`, in a window that was approved at minute 1."""
    whole = load_scenario(INCIDENTS / "b06-planned-ns-migration.yaml")
    approved, changed = whole.steps
    start = approved.moment
    steps = (
        replace(approved, at=1, moment=start + MINUTE),
        replace(changed, at=CHANGE, moment=start + CHANGE * MINUTE),
    )
    return Story(replace(whole, start=start, steps=steps), DOMAIN, END, END)


def lame() -> Story:
    """Return a zone that the operator's servers no longer hold, from minute `HIJACK` on."""
    whole = load_scenario(INCIDENTS / "lame-dangling.yaml")
    step = replace(whole.steps[0], at=HIJACK, moment=whole.start + HIJACK * MINUTE)
    return Story(replace(whole, steps=(step,)), DOMAIN, END, END)


@cache
def every_15s(story: Story) -> Story:
    """Return a story whose domains' parents are asked every 15 seconds."""
    watchlist = deepcopy(story.scenario.watchlist)
    for entry in watchlist["domains"].values():
        entry["delegation_every"] = "15s"
    steps = tuple(replace(step, watchlist=watchlist) for step in story.scenario.steps)
    return replace(story, scenario=replace(story.scenario, watchlist=watchlist, steps=steps))


def lost(story: Story, hub: int) -> Faults:
    return Faults(lost=(Lost(story.hubs[hub], story.at(2.5), story.at(5)),))


def throttling(story: Story) -> Faults:
    """A third of all answers is a refusal: our clients try twice, which the emulator's do not."""
    fault = Fault(throttled, service="dynamodb", since=story.at(2), until=story.at(6), chance=0.33**2)
    return Faults(FaultPlan([fault], seed=1))


def repeated(story: Story) -> Faults:
    return Faults(streams=tuple(Streams(hub, story.at(0), story.at(60), times=3, shuffled=1) for hub in story.hubs))


FAULTS = [
    pytest.param(lambda story: lost(story, 0), id="primary-lost"),
    pytest.param(lambda story: lost(story, 1), id="standby-lost", marks=pytest.mark.long),
    pytest.param(throttling, id="throttled"),
    pytest.param(repeated, id="stream-untidy"),
]


def about_domain(found: Outcome) -> list[str]:
    return found.kinds(DOMAIN)


@pytest.mark.parametrize("faults", FAULTS)
def test_nobody_is_told_of_a_planned_change_when_faults_are_laid_over_it(faults: object) -> None:
    story = planned()
    found = run(story, faults(story))  # type: ignore[operator]
    assert about_domain(found) == []
    assert set(found.states.values()) == {""}


@pytest.mark.parametrize("faults", FAULTS)
def test_lame_servers_page_once_when_faults_are_laid_over_them(faults: object) -> None:
    story = lame()
    found = run(story, faults(story))  # type: ignore[operator]
    assert len(found.pages) == 1
    assert set(found.states.values()) == {"open"}
    assert found.logs[story.hubs[0]] == found.logs[story.hubs[1]]


def test_planned_change_is_seen_when_nothing_fails() -> None:
    """The suite itself: the change comes about, and would page without its window."""
    story = planned()
    steps = tuple(replace(step, watchlist_changed=False) for step in story.scenario.steps)
    unplanned = replace(story, scenario=replace(story.scenario, steps=steps))
    assert "page" in about_domain(run(unplanned, Faults()))


NEVER = [Streams(hub, coincheck().at(0), coincheck().at(60), lost=True) for hub in coincheck().hubs]


@pytest.mark.parametrize(
    "faults", [*FAULTS, pytest.param(lambda _: Faults(streams=tuple(NEVER)), id="the-stream-brings-nothing")]
)
def test_story_holds_when_faults_are_laid_over_short_passes(faults: object) -> None:
    story = every_15s(coincheck())
    found = run(story, faults(story), end=12)  # type: ignore[operator]
    found.check_page()
    found.check_told()
    found.check_kept()


def test_page_comes_sooner_when_passes_are_short() -> None:
    """The suite itself: short passes are made."""
    assert without_faults(every_15s(coincheck())).pages[0] <= without_faults(coincheck()).pages[0]
    assert without_faults(every_15s(coincheck())).requests > without_faults(coincheck()).requests
