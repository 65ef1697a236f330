"""A hub is lost before, during or after the page; or both are."""

import pytest
from tests.faults.replaying import MINUTE, SECOND, Faults, Lost
from tests.faults.story import HIJACK, SOON, Story, coincheck, mx_only, run, without_faults

PRIMARY, STANDBY = 0, 1
LONG = pytest.mark.long


def lost(story: Story, hub: int, since: float, until: float) -> Lost:
    return Lost(story.hubs[hub], story.at(since), story.at(until))


def test_story_pages_once_and_both_hubs_hold_it_when_nothing_fails() -> None:
    for story in (coincheck(), mx_only()):
        whole = without_faults(story)
        assert len(whole.pages) == 1
        assert len(whole.forged) >= len(story.scenario.regions)
        whole.check()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        pytest.param(HIJACK - 1, HIJACK + 0.9, id="before-the-page-until-just-after"),
        pytest.param(HIJACK - 1, 9, id="before-the-page-until-after-the-repair"),
        pytest.param(HIJACK + 0.3, HIJACK + 3, id="from-the-page-on", marks=LONG),
        pytest.param(HIJACK + 1.5, 6, id="after-the-page", marks=LONG),
        pytest.param(HIJACK + 1.5, 8.5, id="after-the-page-until-after-the-repair"),
    ],
)
def test_incident_is_paged_in_time_and_kept_when_one_hub_is_lost(hub: int, since: float, until: float) -> None:
    story = coincheck()
    found = run(story, Faults(lost=(lost(story, hub, since, until),)), end=13)
    found.check()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((PRIMARY, 1, 5), (STANDBY, 1, 5), id="both-at-once", marks=LONG),
        pytest.param((PRIMARY, 1, 6), (STANDBY, 1, 4), id="the-standby-is-back-first"),
        pytest.param((PRIMARY, 1, 4), (STANDBY, 1, 6), id="the-primary-is-back-first"),
    ],
)
def test_page_comes_within_3_minutes_of_the_first_recovery_when_both_hubs_are_lost(
    first: tuple[int, float, float], second: tuple[int, float, float]
) -> None:
    story = coincheck()
    found = run(story, Faults(lost=(lost(story, *first), lost(story, *second))), end=13)
    found.check_page(story.at(min(first[2], second[2])) + SOON)
    found.check_told()
    found.check_kept()


def test_hub_that_comes_back_alone_knows_the_incident_when_the_other_one_is_lost_at_that_moment() -> None:
    """Each hub has seen a part of the story that the other one has not; in the end both know all of it."""
    story = coincheck()
    found = run(story, Faults(lost=(lost(story, PRIMARY, 1, 4), lost(story, STANDBY, 4, 8.5))), end=13)
    found.check()


def test_hijack_is_known_to_both_when_it_came_and_went_while_one_hub_was_lost() -> None:
    story = coincheck(4, 9)
    found = run(story, Faults(lost=(lost(story, PRIMARY, 1, 6),)), end=10)
    found.check()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_mail_hijack_is_paged_when_one_hub_is_lost(hub: int) -> None:
    story = mx_only()
    run(story, Faults(lost=(lost(story, hub, 1, 5),)), end=12).check()


def test_hub_flaps_and_no_more_than_one_page_is_too_many() -> None:
    story = coincheck()
    flaps = [lost(story, PRIMARY, HIJACK + half / 2, HIJACK + half / 2 + 0.25) for half in range(8)]
    found = run(story, Faults(lost=tuple(flaps)), end=12)
    found.check()


def test_loss_ends_where_it_was_said_to() -> None:
    """The suite itself: while a hub is lost nothing is delivered by it."""
    story = coincheck()
    found = run(story, Faults(lost=(lost(story, PRIMARY, 1, 9),)), end=9)
    assert {each.delivery.hub for each in found.arrivals if each.delivery.about == story.domain} == {
        story.hubs[STANDBY]
    }
    assert found.pages[0] > without_faults(story).pages[0] + 44 * SECOND
    assert found.pages[0] <= without_faults(story).pages[0] + 2 * MINUTE
