"""A hub's table is throttled, leaves parts of batches, is busy with others' writes, fails, or hangs."""

import pytest
from tests.faults.plan import (
    Effect,
    Fault,
    FaultPlan,
    broken,
    conflict,
    half_unprocessed,
    hangs,
    refused,
    rival,
    throttled,
    throttled_account,
    transaction_conflict,
    unprocessed,
)
from tests.faults.replaying import Faults, FaultyReplay
from tests.faults.story import HIJACK, SOON, coincheck, outcome, run

READS, WRITES = frozenset({"BatchGetItem"}), frozenset({"BatchWriteItem"})
LONG = pytest.mark.long
CONDITIONAL = frozenset({"PutItem", "UpdateItem", "TransactWriteItems"})
PRIMARY, STANDBY = coincheck().hubs


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
@pytest.mark.parametrize(
    "effect", [throttled, hangs, *(pytest.param(each, marks=LONG) for each in (throttled_account, broken, refused))]
)
def test_story_holds_when_a_table_takes_no_call_for_minutes(effect: Effect, hub: str) -> None:
    story = coincheck()
    fault = Fault(effect, region=hub, service="dynamodb", since=story.at(HIJACK), until=story.at(6))
    found = run(story, Faults(FaultPlan([fault])), end=12)
    assert found.taken
    found.check()


SEEDS = [1, *(pytest.param(seed, marks=LONG) for seed in range(2, 16))]


@pytest.mark.parametrize("seed", SEEDS)
def test_page_comes_once_calls_get_through_when_a_third_of_them_failed_in_both_hubs(seed: int) -> None:
    """A look takes ten calls: with one in three of them lost, for minutes, hardly any look comes to its end."""
    story = coincheck(11, 16)
    fault = Fault(throttled, service="dynamodb", since=story.at(1), until=story.at(7), chance=0.33)
    found = run(story, Faults(FaultPlan([fault], seed=seed)))
    found.check_page(story.at(7) + SOON)
    found.check_told()
    found.check_kept()


@pytest.mark.parametrize("seed", SEEDS)
def test_page_is_in_time_when_a_third_of_all_answers_is_a_refusal_in_both_hubs(seed: int) -> None:
    """Our clients try twice, which the emulator's do not: a third of the answers is a ninth of the calls."""
    story = coincheck()
    fault = Fault(throttled, service="dynamodb", since=story.at(1), until=story.at(8), chance=0.33**2)
    run(story, Faults(FaultPlan([fault], seed=seed)), end=14).check()


@pytest.mark.parametrize(
    ("effect", "operations", "calls"),
    [
        pytest.param(half_unprocessed, WRITES, None, id="half-each-time"),
        pytest.param(unprocessed, WRITES | READS, range(1, 3), id="all-twice"),
        pytest.param(unprocessed, WRITES, None, id="writes-for-ever"),
        pytest.param(unprocessed, READS, None, id="reads-for-ever"),
    ],
)
def test_story_holds_when_batches_are_left_in_part_in_one_hub(
    effect: Effect, operations: frozenset[str], calls: range | None
) -> None:
    story = coincheck()
    fault = Fault(effect, region=PRIMARY, operations=operations, since=story.at(HIJACK), until=story.at(6), calls=calls)
    found = run(story, Faults(FaultPlan([fault])), end=12)
    assert found.taken
    found.check()


@pytest.mark.parametrize("times", [1, 40, pytest.param(4, marks=LONG), pytest.param(5, marks=LONG)])
@pytest.mark.parametrize("effect", [conflict, transaction_conflict])
def test_story_holds_when_a_concurrent_writer_wins(effect: Effect, times: int) -> None:
    """In both hubs, and with more wins in a row than a look has attempts."""
    story = coincheck()
    faults = [
        Fault(
            effect,
            region=hub,
            caller="comparator",
            operations=frozenset({"TransactWriteItems"}),
            holding=f"group#{story.domain}",
            since=story.at(HIJACK),
            calls=range(1, times + 1),
        )
        for hub in story.hubs
    ]
    run(story, Faults(FaultPlan(faults)), end=12).check()


@pytest.mark.parametrize(
    ("effect", "operations"),
    [
        pytest.param(conflict, frozenset({"TransactWriteItems"}), id="another-writer"),
        pytest.param(transaction_conflict, CONDITIONAL, id="a-transaction"),
    ],
)
def test_story_holds_when_every_second_write_of_everybody_conflicts(effect: Effect, operations: frozenset[str]) -> None:
    story = coincheck()
    every_second = range(2, 10_000, 2)
    fault = Fault(effect, operations=operations, since=story.at(1), until=story.at(8), calls=every_second)
    found = run(story, Faults(FaultPlan([fault])), end=14)
    found.check_page(story.at(8) + SOON)
    found.check_told()
    found.check_kept()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_story_holds_when_two_workers_of_a_hub_decide_at_the_same_time(hub: str) -> None:
    """Before each decision is written, another worker writes its own."""
    story = coincheck()
    plan = FaultPlan([])
    with FaultyReplay(story.scenario, Faults(plan)) as replay:
        plan.faults.append(
            Fault(
                rival(lambda: replay.look(hub, story.domain)),
                region=hub,
                caller=f"comparator/{hub}",
                operations=frozenset({"TransactWriteItems"}),
                holding=f"group#{story.domain}",
            )
        )
        replay.play(story.at(12))
        found = outcome(story, replay)
    assert found.taken
    found.check()


@pytest.mark.parametrize("hub", [pytest.param(PRIMARY, id="primary"), pytest.param(STANDBY, id="standby")])
def test_story_holds_when_the_hubs_comparators_cannot_reach_each_others_tables(hub: str) -> None:
    story = coincheck()
    other = STANDBY if hub == PRIMARY else PRIMARY
    fault = Fault(refused, region=other, caller=f"comparator/{hub}", until=story.at(9))
    found = run(story, Faults(FaultPlan([fault])), end=12)
    assert found.taken
    found.check()
