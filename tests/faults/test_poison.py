"""An item of a hub's record is broken: a view, an event, a head, a message, an expectation."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.faults.replaying import Faults, FaultyReplay
from tests.faults.story import HIJACK, Outcome, coincheck, outcome

from nswatch.record import keys
from nswatch.record.dynamodb import Item

BROKEN = '{"not": "what it should be'
PRIMARY, STANDBY = coincheck().hubs


def poisoned(hub: str, minute: float, is_meant: Callable[[Item], bool], **broken: Any) -> Outcome:
    """Play the story, and at a minute of it break every item of a hub that is meant."""
    story = coincheck()
    with FaultyReplay(story.scenario, Faults()) as replay:
        replay.play(story.at(minute))
        table = replay.store(hub).table
        partitions = [keys.group_pk(story.domain)]
        partitions += [keys.probe_pk(region, story.domain) for region in story.scenario.regions]
        items = [item for partition in partitions for item in table.query(partition) if is_meant(item)]
        assert items, "there is nothing to break"
        for item in items:
            table.put(item | broken)
        replay.play(story.at(12))
        return outcome(story, replay)


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_story_holds_when_a_view_is_broken(hub: str) -> None:
    poisoned(hub, HIJACK - 0.5, lambda item: item["sk"].startswith("latest#parent"), view=BROKEN).check()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_story_holds_when_a_head_is_broken(hub: str) -> None:
    poisoned(hub, HIJACK + 1.5, lambda item: item["sk"] == "head", head=BROKEN).check()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
@pytest.mark.parametrize("broken", [{"data": BROKEN}, {"type": "of a later release"}], ids=["data", "type"])
def test_repair_is_told_when_an_event_cannot_be_read(hub: str, broken: dict[str, str]) -> None:
    found = poisoned(hub, HIJACK + 1.5, lambda item: item["sk"].endswith("forged_seen"), **broken)
    found.check_page()
    found.check_told()
    assert set(found.states.values()) == {"recovering"}


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_page_comes_when_an_expectation_is_broken_in_one_hub(hub: str) -> None:
    found = poisoned(hub, HIJACK - 0.5, lambda item: item["sk"] == "expectation", entry=BROKEN)
    found.check_page()
    found.check_told()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_repair_is_told_when_a_message_is_broken(hub: str) -> None:
    found = poisoned(hub, HIJACK + 1.5, lambda item: item["sk"].startswith("outbox#"), channel="no channel")
    found.check()
