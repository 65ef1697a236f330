"""When a site counts as slower: a region's median over five passes against the five before."""

from collections.abc import Iterable
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.expect.web import fields_of
from nswatch.model import Facts, Result
from nswatch.observe.web_latency import KEPT, NOT_SHIFTED, PASSES, judged, with_sample

MILLISECONDS = st.integers(0, 5000)


def after(samples: Iterable[int]) -> list[Facts]:
    """What stands after each of the samples."""
    kept: tuple[int, ...] = ()
    standing: Facts | None = None
    found = list[Facts]()
    for sample in samples:
        kept = with_sample(kept, sample)
        standing = judged(kept, standing)
        found.append(standing)
    return found


def shifted(samples: Iterable[int]) -> list[bool]:
    return [fields_of(facts)["shifted"] == "yes" for facts in after(samples)]


@pytest.mark.parametrize(
    ("samples", "at"),
    [
        pytest.param([30] * 20 + [260] * 3, 22, id="a step: with the third slow pass"),
        pytest.param([30] + [260] * 3, 3, id="a step soon after the first pass"),
        pytest.param([40] * 10 + [131] * 3, 12, id="just over twice and 50 ms"),
        pytest.param([40] * 10 + [260, 40, 260, 41, 260], 14, id="three of five"),
        pytest.param([0] * 10 + [51] * 3, 12, id="from nothing"),
    ],
)
def test_site_is_slower_from_the_pass_when_the_median_rose(samples: list[int], at: int) -> None:
    assert [place for place, yes in enumerate(shifted(samples)) if yes] == [at]


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([30] * 20 + [4000] + [30] * 20, id="a single slow pass"),
        pytest.param([30] * 20 + [4000, 4000] + [30] * 20, id="two slow passes"),
        pytest.param([4000] + [30] * 20, id="a slow first pass"),
        pytest.param([40] * 10 + [130] * 30, id="twice and 50 ms is not over it"),
        pytest.param([30, 90, 45, 70, 30, 110, 60, 35, 80, 50] * 5, id="jitter"),
        pytest.param([260] * 10 + [30] * 20, id="it became faster"),
        pytest.param([40] * 10 + [120] * 12 + [280] * 12, id="two steps, each of which is small"),
    ],
)
def test_site_is_not_slower_when_the_median_did_not_rise_so_far(samples: list[int]) -> None:
    assert not any(shifted(samples))


def test_former_median_is_frozen_while_the_site_is_slower() -> None:
    found = after([40] * 10 + [260] * 40)
    assert {facts.values for facts in found[12:]} == {("shifted=yes", "former=40", "median=260")}


def test_values_stay_the_same_when_a_slower_site_becomes_slower_still() -> None:
    assert after([40] * 10 + [260] * 10 + [2000] * 10)[-1].values == ("shifted=yes", "former=40", "median=260")


def test_site_is_slower_no_more_from_the_third_pass_when_the_median_is_back() -> None:
    assert shifted([40] * 10 + [260] * 30 + [40] * 4)[-4:] == [True, True, False, False]


@pytest.mark.parametrize("values", [("shifted=yes",), ("shifted=yes", "former=x"), ("former=1",), ()], ids=str)
def test_standing_values_that_say_nothing_of_use_count_for_nothing(values: tuple[str, ...]) -> None:
    assert judged((40,) * 10, Facts(Result.ANSWER, values)).values == NOT_SHIFTED


@settings(max_examples=200, deadline=None)
@given(st.lists(MILLISECONDS, min_size=1, max_size=60))
def test_what_is_kept_is_bounded_and_is_the_rule_whatever_the_samples(samples: list[int]) -> None:
    kept: tuple[int, ...] = ()
    standing: Facts | None = None
    for sample in samples:
        kept = with_sample(kept, sample)
        before = fields_of(standing)
        standing = judged(kept, standing)
        assert len(kept) <= KEPT
        window = [kept[0]] * (KEPT - len(kept)) + list(kept)
        former = int(before["former"]) if before.get("shifted") == "yes" else median(window[:PASSES])
        assert (fields_of(standing)["shifted"] == "yes") is (median(window[PASSES:]) > 2 * former + 50)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.lists(st.integers(-20, 20), min_size=11, max_size=60))
def test_site_is_never_slower_when_it_only_jitters(base: int, jitter: list[int]) -> None:
    assert not any(shifted(max(0, base + each) for each in jitter))
