"""A topic takes no message, for minutes, in one hub or both; or takes it, and its answer is lost."""

import pytest
from tests.faults.plan import Effect, Fault, FaultPlan, answer_lost, broken, hangs, refused, throttled
from tests.faults.replaying import Faults
from tests.faults.story import HIJACK, SOON, coincheck, run

PUBLISH = frozenset({"Publish"})
LONG = pytest.mark.long
PRIMARY, STANDBY = coincheck().hubs


@pytest.mark.parametrize(
    "effect", [refused, answer_lost, *(pytest.param(each, marks=LONG) for each in (throttled, broken, hangs))]
)
@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_story_holds_when_a_topic_fails(effect: Effect, hub: str) -> None:
    story = coincheck()
    fault = Fault(effect, region=hub, service="sns", operations=PUBLISH, until=story.at(9))
    found = run(story, Faults(FaultPlan([fault])), end=13)
    found.check()


@pytest.mark.parametrize("effect", [refused, *(pytest.param(each, marks=LONG) for each in (throttled, broken, hangs))])
@pytest.mark.parametrize(
    "first", [pytest.param(PRIMARY, id="primary-first"), pytest.param(STANDBY, id="standby-first")]
)
def test_page_comes_within_3_minutes_of_the_first_recovery_when_both_topics_fail(effect: Effect, first: str) -> None:
    story = coincheck(10, 16)
    faults = [
        Fault(
            effect,
            region=hub,
            service="sns",
            operations=PUBLISH,
            until=story.at(5 if hub == first else 7),
        )
        for hub in story.hubs
    ]
    found = run(story, Faults(FaultPlan(faults)))
    found.check_page(story.at(5) + SOON)
    found.check_told()
    found.check_kept()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_one_page_is_too_many_at_most_when_one_answer_is_lost(hub: str) -> None:
    story = coincheck()
    other = STANDBY if hub == PRIMARY else PRIMARY
    faults = [
        Fault(answer_lost, region=hub, service="sns", operations=PUBLISH, calls=range(1, 2)),
        Fault(refused, region=other, service="sns", operations=PUBLISH, until=story.at(HIJACK + 3)),
    ]
    run(story, Faults(FaultPlan(faults)), end=12).check()
