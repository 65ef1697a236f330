"""A worker is killed in the middle of any call: before the service sees it, or before the worker has the answer.

Systematic: every request that any function makes in the minutes of the hijack's page is the last of its worker once.
`--long` takes every request both ways; without it, a sample that holds each operation of each function, killed one way
or the other in turn.
"""

from collections.abc import Iterator

import pytest
from tests.faults.plan import Effect, Fault, FaultPlan, killed_after, killed_before
from tests.faults.replaying import MINUTE, Faults, FaultyReplay, Lost
from tests.faults.story import HIJACK, Outcome, Story, coincheck, outcome, run, without_faults

KINDS = [pytest.param(killed_before, id="before"), pytest.param(killed_after, id="after")]
SAMPLE = 6


def requests(story: Story) -> list[str]:
    """The operations that functions call from the hijack on, in a run without faults, until its page is all told."""
    plan = FaultPlan([])
    with FaultyReplay(story.scenario, Faults(plan)) as replay:
        replay.play(story.at(HIJACK))
        begun = len(plan.log)
        replay.play(story.at(HIJACK + 1.1))
        return [f"{caller} {call.operation}" for caller, call in plan.log[begun:]]


def chosen(story: Story, effect: Effect, *, long: bool) -> Iterator[int]:
    """The places of the requests to die in: all, or every other one of the first of each kind and some in between."""
    all_of_them = requests(story)
    first = {what: place for place, what in reversed(list(enumerate(all_of_them, 1)))}
    between = range(1, len(all_of_them) + 1, max(1, len(all_of_them) // SAMPLE))
    yield from (
        range(1, len(all_of_them) + 1) if long else sorted({*first.values(), *between})[effect is killed_after :: 2]
    )


def killed_at(story: Story, place: int, effect: Effect, *lost: Lost) -> Outcome:
    """What comes of a story in which the worker of one request dies; it ends while the hijack stands."""
    fault = Fault(effect, since=story.at(HIJACK), calls=range(place, place + 1))
    return run(story, Faults(FaultPlan([fault]), lost=lost), end=HIJACK + 4.1)


def check(found: Outcome) -> None:
    found.check_page()
    found.check_told()
    first, second = found.story.hubs
    assert found.logs[first] == found.logs[second]
    assert found.incidents[first] == found.incidents[second]


@pytest.mark.parametrize("effect", KINDS)
def test_page_comes_and_the_hubs_agree_wherever_a_worker_dies(effect: Effect, request: pytest.FixtureRequest) -> None:
    story = coincheck()
    wrong = {}
    for place in chosen(story, effect, long=request.config.getoption("--long", default=False)):
        try:
            check(killed_at(story, place, effect))
        except AssertionError as error:
            wrong[place] = str(error).splitlines()[0]
    assert not wrong


@pytest.mark.parametrize("effect", KINDS)
def test_page_comes_when_the_worker_of_the_only_hub_that_works_dies(
    effect: Effect, request: pytest.FixtureRequest
) -> None:
    """The primary is lost; in the standby a worker dies in each call that has to do with the page."""
    story = coincheck()
    away = Lost(story.hubs[0], story.at(HIJACK - 1), story.at(HIJACK + 9))
    wrong = {}
    operations = frozenset({"TransactWriteItems", "Publish", "UpdateItem"})
    for place in range(1, 40 if request.config.getoption("--long", default=False) else 9):
        fault = Fault(
            effect, caller="comparator", operations=operations, since=story.at(HIJACK), calls=range(place, place + 1)
        )
        found = run(story, Faults(FaultPlan([fault]), lost=(away,)), end=HIJACK + 4.1)
        try:
            found.check_page()
            found.check_told()
        except AssertionError as error:
            wrong[place] = str(error).splitlines()[0]
    assert not wrong


@pytest.mark.parametrize("effect", KINDS)
def test_incident_ends_in_both_hubs_when_workers_die_around_the_repair(effect: Effect) -> None:
    story = coincheck()
    wrong = {}
    for place in (1, 3, 5, 8):
        fault = Fault(
            effect,
            caller="comparator",
            operations=frozenset({"TransactWriteItems", "PutItem", "UpdateItem", "Publish"}),
            since=story.at(story.repair),
            calls=range(place, place + 1),
        )
        try:
            run(story, Faults(FaultPlan([fault])), end=12).check()
        except AssertionError as error:
            wrong[place] = str(error).splitlines()[0]
    assert not wrong


def test_no_worker_outlives_lambda() -> None:
    """The suite itself: what the minute of the page calls is many calls, and the page is among them."""
    story = coincheck()
    made = requests(story)
    assert any(what.endswith("Publish") for what in made)
    assert len(made) > 40
    assert without_faults(story).pages[0] < story.at(HIJACK) + MINUTE
    with FaultyReplay(story.scenario, Faults()) as replay:
        replay.play(story.at(1))
        assert outcome(story, replay).pages == []
