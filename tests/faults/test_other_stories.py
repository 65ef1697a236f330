"""Faults over a planned change, which nobody may be told of, and over servers that are lame, which page once."""

from dataclasses import replace

import pytest
from tests.faults.plan import Fault, FaultPlan, throttled
from tests.faults.replaying import MINUTE, Faults, Lost, Streams
from tests.faults.story import HIJACK, Outcome, Story, run

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


def lost(story: Story, hub: int) -> Faults:
    return Faults(lost=(Lost(story.hubs[hub], story.at(2.5), story.at(5)),))


def throttling(story: Story) -> Faults:
    fault = Fault(throttled, service="dynamodb", since=story.at(2), until=story.at(6), chance=0.33)
    return Faults(FaultPlan([fault], seed=1))


def repeated(story: Story) -> Faults:
    return Faults(streams=tuple(Streams(hub, story.at(0), story.at(60), times=3, shuffled=1) for hub in story.hubs))


FAULTS = [
    pytest.param(lambda story: lost(story, 0), id="primary-lost"),
    pytest.param(lambda story: lost(story, 1), id="standby-lost"),
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
