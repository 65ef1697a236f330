"""The source `Chain` over real sockets: the simulated Internet, and what the next round makes of the last one."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.collect.chain_world import ANCHORS, states
from tests.unit.replay.worlds import HERE, START, world

from nswatch.collect.chain import Chain, questions_of
from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Collected, Subject
from nswatch.collect.trust_anchor import ROOT_ANCHORS
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Answer, Delegation, DomainEntry
from nswatch.model import Facts, Key, Result, Source, Transport, View
from nswatch_cli.replay.servers import SimulatedInternet

ROUND = timedelta(minutes=10)
VICTIM = "victim.com"
CHAIN, KEYS = (Asked(Source.CHAIN, "", VICTIM, qtype) for qtype in ("chain", "keys"))


def subject(domain: str = VICTIM, standing: Mapping[Asked, View] | None = None) -> Subject:
    answers = (Answer(domain, "MX", values=("10 mail",)), Answer("www.elsewhere.org", "A", within=("192.0.2.0/24",)))
    entry = DomainEntry(domain, Delegation(ns=frozenset({"ns1.hosting.net"})), answers=answers)
    return Subject(Expectations(entry, START, Networks(NO_RANGES, ())), standing or {})


def collect(
    state: Mapping[str, Any], subjects: Sequence[Subject], at: datetime = START, *, anchors: object = ANCHORS
) -> dict[tuple[str, str], Facts]:
    """Run one round over sockets and return what is read, by domain and attribute."""

    async def work() -> Collected:
        async with SimulatedInternet(world(state)) as internet:
            dns = Dns(lambda: START, internet.route(HERE), anchors=anchors)  # type: ignore[arg-type]
            return await Chain(dns, lambda: START).collect(subjects, at)

    readings = asyncio.run(work()).readings
    return {(reading.domain, reading.asked.qtype): reading.facts for reading in readings}


def stands(facts: Facts, at: datetime, asked: Asked = CHAIN) -> dict[Asked, View]:
    key = Key(HERE, asked.source, asked.server, asked.qname, asked.qtype)
    return {asked: View(key, "", facts, Transport.TCP, at, at, at, facts.result, at)}


def test_source_reads_the_state_of_each_domain_and_the_keys_of_secure_ones() -> None:
    state = states(victim_com={}, plain_com={"ds": []}, odd_example={"ds": ["another key"]}, gone_example={"ns": []})
    names = ["victim.com", "plain.com", "odd.example", "gone.example", "nobody.example"]
    found = collect(state, [subject(name) for name in names])
    assert found["victim.com", "chain"] == Facts(Result.ANSWER, ("secure",))
    assert found["plain.com", "chain"] == Facts(Result.ANSWER, ("insecure", "plain.com"))
    assert found["odd.example", "chain"].values[:2] == ("bogus", "odd.example")
    for name in ("gone.example", "nobody.example"):
        assert not found[name, "chain"].result.definite
        assert found[name, "chain"].note == f"{name}: there is no delegation"
    assert [name for name, qtype in found if qtype == "keys"] == ["victim.com"]
    keys = found["victim.com", "keys"].values
    (ds,) = [value.removeprefix("ds ") for value in keys if value.startswith("ds ")]
    assert f"key {ds}" in keys


@pytest.mark.parametrize(
    ("before", "again"),
    [
        pytest.param(None, False, id="the first round"),
        pytest.param((("secure",), START - ROUND), False, id="secure before"),
        pytest.param((("bogus", VICTIM, "another reason"), START - ROUND), True, id="bogus before"),
        pytest.param((("bogus", VICTIM, "a reason", "again"), START - ROUND), True, id="bogus in two rounds"),
        pytest.param((("bogus", VICTIM, "a reason"), START), False, id="the same round once more"),
        pytest.param((("bogus", VICTIM, "a reason", "again"), START), True, id="the second one once more"),
    ],
)
def test_source_says_when_it_finds_a_domain_bogus_again(
    before: tuple[tuple[str, ...], datetime] | None, again: bool
) -> None:
    standing = {} if before is None else stands(Facts(Result.ANSWER, before[0]), before[1])
    found = collect(states(victim_com={"ds": ["another key"]}), [subject(standing=standing)])
    assert found[VICTIM, "chain"].values[:2] == ("bogus", VICTIM)
    assert (found[VICTIM, "chain"].values[3:] == ("again",)) is again


def test_chain_breaks_at_the_root_when_its_keys_are_not_the_anchors() -> None:
    found = collect(states(victim_com={}), [subject()], anchors=ROOT_ANCHORS)
    assert found[VICTIM, "chain"].values[:2] == ("bogus", ".")


def test_source_asks_for_what_is_watched_in_the_domain_alone() -> None:
    assert questions_of(subject()) == [(VICTIM, "SOA"), (VICTIM, "NS"), (VICTIM, "MX")]
