"""Real signed answers, changed at random: nothing raises, and nothing that was changed validates."""

import functools
from dataclasses import replace

import dns.message
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.collect.chain_world import OnTheWay, states
from tests.unit.replay.worlds import START

from nswatch.collect.chain_answers import Reader, Said, Trust
from nswatch.collect.chain_checks import MAX_CHECKS, Effort, Keys, check_keys, zone_keys
from nswatch.model import Outcome, Question, Status
from nswatch.observe import wire
from nswatch.observe.facts import canonical_values

VICTIM = "victim.com"
ASKED = [(VICTIM, "DS"), (VICTIM, "DNSKEY"), (VICTIM, "MX"), ("x.wild.victim.com", "TXT"), ("no.victim.com", "A")]
IDS = [f"{name} {qtype}" for name, qtype in ASKED]


@functools.cache
def answers() -> tuple[dict[tuple[str, str], Outcome], Keys, Keys]:
    """Return what servers really answer, and the keys of com and of the domain."""
    way = OnTheWay(states(victim_com={}))
    com, own = (way.world.servers("com", "")[0][1][0], way.world.addresses("ns1.hosting.net")[0])
    given_ = {(name, qtype): way.one(Question(com if qtype == "DS" else own, name, qtype)) for name, qtype in ASKED}
    of_com, of_victim = (way.chain(zone)[0].keys for zone in ("com", VICTIM))
    assert of_com is not None
    assert of_victim is not None
    return given_, of_com, of_victim


def read(outcome: Outcome, effort: Effort | None = None) -> Said:
    reader = Reader(START, effort or Effort())
    _, com, own = answers()
    if outcome.question.qtype == "DS":
        return reader.ds(outcome, VICTIM, com)
    if outcome.question.qtype == "DNSKEY":
        ds = read(answers()[0][VICTIM, "DS"]).ds
        return reader.keys(outcome, VICTIM, ds)
    return reader.data(outcome, own)


def content(octets: bytes) -> list[tuple[str, RdataType, tuple[str, ...]]]:
    """Return what an answer section says but for its signatures."""
    message = wire.parse(octets)
    rrsets = [each for each in message.answer if each.rdtype != RdataType.RRSIG]
    return sorted((wire.text(each.name), each.rdtype, canonical_values(each)) for each in rrsets)


@pytest.mark.parametrize("asked", ASKED, ids=IDS)
def test_answer_is_secure_when_nobody_has_changed_it(asked: tuple[str, str]) -> None:
    assert read(answers()[0][asked]).trust is Trust.SECURE


@settings(max_examples=300)
@given(st.sampled_from(ASKED), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_answer_is_secure_only_when_what_it_says_was_not_changed(asked: tuple[str, str], place: int, by: int) -> None:
    outcome = answers()[0][asked]
    assert outcome.wire is not None
    octets = bytearray(outcome.wire)
    octets[place % len(octets)] ^= by
    said = read(replace(outcome, wire=bytes(octets)))
    if said.trust is Trust.SECURE:
        assert content(bytes(octets)) == content(outcome.wire)


@settings(max_examples=100)
@given(st.sampled_from(ASKED), st.data())
def test_answer_of_any_rrsets_is_read_without_an_error(asked: tuple[str, str], data: st.DataObject) -> None:
    outcomes, _, _ = answers()
    outcome = outcomes[asked]
    message = dns.message.from_wire(outcome.wire or b"")
    pool = [
        rrset
        for each in outcomes.values()
        for section in (dns.message.from_wire(each.wire or b"").sections[1:3])
        for rrset in section
    ]
    for section in (message.answer, message.authority):
        section[:] = data.draw(st.lists(st.sampled_from(pool), max_size=6, unique_by=id))
    said = read(replace(outcome, wire=message.to_wire(max_size=65535)))
    assert said.trust in Trust


@pytest.mark.parametrize("octets", [b"", b"\0" * 12, b"\xff" * 40], ids=["nothing", "a header", "no message"])
def test_answer_that_is_none_is_unknown(octets: bytes) -> None:
    for outcome in answers()[0].values():
        assert read(replace(outcome, wire=octets)).trust is Trust.UNKNOWN
        assert read(replace(outcome, wire=None, status=Status.TIMEOUT)).trust is Trust.UNKNOWN


def test_what_costs_too_much_is_unknown_and_not_bogus() -> None:
    effort = Effort(0)
    said = read(answers()[0][VICTIM, "MX"], effort)
    assert (said.trust, effort.exhausted) == (Trust.UNKNOWN, True)
    assert MAX_CHECKS > 0


def test_keys_are_none_when_no_ds_is_understood() -> None:
    outcome = answers()[0][VICTIM, "DNSKEY"]
    section = dns.message.from_wire(outcome.wire or b"").answer
    assert check_keys(VICTIM, section, (), START, Effort()) == (None, (), "no DS that is understood")


@pytest.mark.parametrize(
    ("flags", "counted"),
    [
        pytest.param((257, 256), (257,), id="a key-signing key and one for the zone"),
        pytest.param((257, 257), (257, 257), id="two key-signing keys"),
        pytest.param((256, 256), (256, 256), id="none says that it is an entry point"),
    ],
)
def test_keys_have_the_ds_of_entry_points_or_of_all_when_there_are_none(
    flags: tuple[int, ...], counted: tuple[int, ...]
) -> None:
    texts = [f"{flag} 3 13 {str(number) * 86}==" for number, flag in enumerate(flags)]
    keys = Keys(VICTIM, zone_keys(dns.rrset.from_text_list(VICTIM + ".", 300, "IN", "DNSKEY", texts)))
    tags = {key.tag for key in keys.keys if key.rdata.flags in counted}
    assert {int(ds.split()[0]) for ds in keys.as_ds()} == tags
    assert len(keys.as_ds()) == 2 * len(counted)
