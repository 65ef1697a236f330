"""The load test at a small size: a pass costs in proportion to the domains, or to the shards, and to nothing else."""

from collections.abc import Iterator

import pytest
from bench.load import Load, measure

from nswatch.record import keys

SMALL, LARGE = 10, 30


@pytest.fixture(scope="module")
def loads() -> Iterator[tuple[Load, Load]]:
    """One shard, and three."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "DOMAINS_PER_SHARD", SMALL)
        yield measure(SMALL), measure(LARGE)


def test_steady_pass_takes_a_few_units_a_shard_and_none_a_domain(loads: tuple[Load, Load]) -> None:
    """In each of two hubs: watchlist, fingerprint and followed servers are read, the fingerprint is written."""
    canary = 2 * 2  # two servers of the root, in both hubs
    for load, shards in zip(loads, (1, 3), strict=True):
        assert load.shards == shards
        assert load.steady.read_units == 2 * 3 * shards
        assert load.steady.write_units == 2 * shards + canary
        assert load.steady.calls == 2 * 2 * shards + 2


def test_first_and_cold_pass_cost_in_proportion_to_the_domains(loads: tuple[Load, Load]) -> None:
    small, large = loads
    growth = large.domains / small.domains
    assert large.first.write_units == pytest.approx(growth * small.first.write_units, rel=0.1)
    assert large.cold.read_units == pytest.approx(growth * small.cold.read_units, rel=0.1)
    assert large.first.queries <= 1.1 * growth * small.first.queries
    assert large.steady.queries <= 1.1 * growth * small.steady.queries


def test_pass_asks_a_few_questions_a_domain_when_all_is_known(loads: tuple[Load, Load]) -> None:
    for load in loads:
        assert load.steady.queries / load.domains < 20


def test_comparator_reads_as_much_for_a_look_whatever_the_size(loads: tuple[Load, Load]) -> None:
    small, large = loads
    assert large.look.calls == pytest.approx(small.look.calls, abs=1)
    assert large.look.read_units == pytest.approx(small.look.read_units, abs=2)
    assert large.round.calls <= small.round.calls + 2
