"""The chain of trust, walked over a simulated Internet whose answers somebody changes on the way."""

import base64
import time
from collections.abc import Callable
from datetime import timedelta

import dns.dnssec
import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from tests.unit.collect.chain_world import OnTheWay, states, without
from tests.unit.replay.worlds import START

from nswatch.collect.chain_answers import TOO_MUCH, Trust
from nswatch.model import Question
from nswatch_cli.replay.contents import suffix_key
from nswatch_cli.replay.signing import Signer, window_of
from nswatch_cli.replay.text import to_name

VICTIM = "victim.com"
OWN = [(VICTIM, "SOA"), (VICTIM, "NS"), (VICTIM, "MX"), (VICTIM, "A")]
WEEKS = timedelta(days=30)
Change = Callable[[dns.message.Message], dns.message.Message | None]


def at(qname: str, qtype: str, change: Change) -> Callable[[Question, dns.message.Message], dns.message.Message | None]:
    """Change the answers to one question, whoever gives them."""
    return lambda question, message: change(message) if (question.qname, question.qtype) == (qname, qtype) else message


def unsigned(message: dns.message.Message) -> dns.message.Message:
    return without(message, RdataType.RRSIG)


def errs(message: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    message.answer.clear()
    message.set_rcode(rcode)
    return message


def lame(message: dns.message.Message) -> dns.message.Message:
    message.flags &= ~dns.flags.AA
    return without(message, RdataType.RRSIG)


@pytest.mark.parametrize("name", ["victim.com", "victim.co.uk", "victim.example", "sub.corp.org"])
def test_chain_is_secure_when_every_zone_down_to_the_domain_validates(name: str) -> None:
    way = OnTheWay(states(**{name.replace(".", "_"): {}}))
    (found,) = way.chain(name, ask=[(name, qtype) for qtype in ("SOA", "NS", "MX", "A", "AAAA")])
    assert (found.trust, found.zone, found.reason) == (Trust.SECURE, name, "")
    assert found.keys is not None
    assert {str(ds) for ds in found.ds} <= set(found.keys.as_ds())


@pytest.mark.parametrize(
    "name", [pytest.param("victim.com", id="opt-out NSEC3"), pytest.param("victim.example", id="NSEC")]
)
def test_chain_is_insecure_when_the_parent_proves_that_there_is_no_ds(name: str) -> None:
    way = OnTheWay(states(**{name.replace(".", "_"): {"ds": []}}))
    answer = way.answer(ds_question(way, name))
    assert answer is not None
    assert ("NSEC3" if name.endswith("com") else "NSEC") in {
        RdataType.to_text(each.rdtype) for each in answer.authority
    }
    (found,) = way.chain(name)
    assert (found.trust, found.zone) == (Trust.INSECURE, name)
    assert not any(qtype == "DNSKEY" and qname == name for _, qname, qtype in way.asked)


def ds_question(way: OnTheWay, name: str) -> Question:
    server = way.world.servers(way.world.parent(name), "")[0][1][0]
    return Question(server, name, "DS")


def test_chain_is_bogus_when_the_ds_is_of_a_key_that_the_zone_does_not_have() -> None:
    (found,) = OnTheWay(states(victim_com={"ds": ["another key"]})).chain(VICTIM)
    assert (found.trust, found.zone) == (Trust.BOGUS, VICTIM)
    assert "no key of the zone fits the DS" in found.reason


def test_chain_is_bogus_when_an_unsigned_zone_has_a_ds() -> None:
    state = states(victim_com={})
    state["domains"][VICTIM]["zones"] = {
        "genuine": {"records": state["domains"][VICTIM]["zones"]["genuine"]["records"]}
    }
    (found,) = OnTheWay(state).chain(VICTIM)
    assert (found.trust, found.zone, found.reason) == (Trust.BOGUS, VICTIM, "victim.com has no DNSKEY RRset")


@pytest.mark.parametrize(
    ("signed_at", "reason"),
    [
        pytest.param(START - WEEKS, "DNSKEY: expired 2025-12-", id="expired"),
        pytest.param(START + WEEKS, "DNSKEY: not valid before 2026-01-", id="not yet valid"),
    ],
)
def test_chain_is_bogus_when_the_zone_was_signed_at_another_time(signed_at: object, reason: str) -> None:
    elsewhere = OnTheWay(states(victim_com={}), now=signed_at)  # type: ignore[arg-type]
    stale = at(VICTIM, "DNSKEY", lambda _: None)

    def tamper(question: Question, message: dns.message.Message) -> dns.message.Message | None:
        return elsewhere.answer(question) if stale(question, message) is None else message

    (found,) = OnTheWay(states(victim_com={}), tamper=tamper).chain(VICTIM)
    assert (found.trust, found.zone) == (Trust.BOGUS, VICTIM)
    assert reason in found.reason


def test_chain_breaks_at_the_root_when_our_own_clock_is_wrong() -> None:
    (found,) = OnTheWay(states(victim_com={})).chain(VICTIM, late=WEEKS)
    assert (found.trust, found.zone) == (Trust.BOGUS, ".")


@pytest.mark.parametrize(("name", "qtype"), OWN, ids=[qtype for _, qtype in OWN])
def test_chain_is_bogus_when_an_answer_of_a_secure_zone_has_no_signature(name: str, qtype: str) -> None:
    (found,) = OnTheWay(states(victim_com={}), tamper=at(name, qtype, unsigned)).chain(VICTIM, ask=OWN)
    assert (found.trust, found.zone, found.reason) == (Trust.BOGUS, VICTIM, f"{name} {qtype} has no signature")


def test_chain_is_bogus_when_data_is_not_what_was_signed() -> None:
    def forge(message: dns.message.Message) -> dns.message.Message:
        old = message.answer[0]
        message.answer[0] = dns.rrset.from_text(old.name, old.ttl, "IN", "A", "203.0.113.66")
        return message

    (found,) = OnTheWay(states(victim_com={}), tamper=at(VICTIM, "A", forge)).chain(VICTIM, ask=OWN)
    assert found.trust is Trust.BOGUS
    assert found.reason.startswith("victim.com A: wrong signature by key")


def test_chain_is_secure_when_one_server_alone_is_broken() -> None:
    broken: set[str] = set()

    def tamper(question: Question, message: dns.message.Message) -> dns.message.Message:
        if question.qname == VICTIM and question.qtype != "DS" and len(broken | {question.server}) == 1:
            broken.add(question.server)
        return unsigned(message) if question.server in broken else message

    way = OnTheWay(states(victim_com={}), tamper=tamper)
    (found,) = way.chain(VICTIM, ask=OWN)
    assert broken
    assert found.trust is Trust.SECURE


def test_chain_is_unknown_when_the_only_server_that_answers_is_broken() -> None:
    first: list[str] = []

    def tamper(question: Question, message: dns.message.Message) -> dns.message.Message | None:
        if (question.qname, question.qtype) != (VICTIM, "DNSKEY"):
            return message
        first.append(question.server)
        return unsigned(message) if question.server == first[0] else None

    (found,) = OnTheWay(states(victim_com={}), tamper=tamper).chain(VICTIM)
    assert found.trust is Trust.UNKNOWN
    assert found.reason.startswith("one server alone answers")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: None, id="silence"),
        pytest.param(lambda message: errs(message, dns.rcode.SERVFAIL), id="SERVFAIL"),
        pytest.param(lambda message: errs(message, dns.rcode.REFUSED), id="REFUSED"),
        pytest.param(lame, id="no authority"),
    ],
)
def test_chain_is_unknown_when_no_server_gives_an_answer(change: Change) -> None:
    (found,) = OnTheWay(states(victim_com={}), tamper=at(VICTIM, "DNSKEY", change)).chain(VICTIM)
    assert found.trust is Trust.UNKNOWN


def test_chain_is_unknown_when_there_is_no_delegation() -> None:
    (found,) = OnTheWay(states(victim_com={"ns": [], "ds": []})).chain(VICTIM)
    assert (found.trust, found.reason) == (Trust.UNKNOWN, "there is no delegation")
    (found,) = OnTheWay(states(victim_com={"rcode": "NXDOMAIN"})).chain(VICTIM)
    assert (found.trust, found.reason) == (Trust.UNKNOWN, "there is no delegation")


def test_chain_of_two_domains_breaks_at_the_tld_when_that_is_what_is_broken() -> None:
    way = OnTheWay(states(one_com={}, two_com={"ds": []}, three_example={}), tamper=at("com", "DNSKEY", unsigned))
    one, two, three = way.chain("one.com", "two.com", "three.example")
    assert [(found.trust, found.zone) for found in (one, two)] == [(Trust.BOGUS, "com")] * 2
    assert three.trust is Trust.SECURE
    assert sum((qname, qtype) == ("com", "DNSKEY") for _, qname, qtype in way.asked) <= 4, "it is asked about once"


def test_what_is_above_many_domains_is_asked_about_once() -> None:
    names = [f"d{number}.com" for number in range(20)]
    way = OnTheWay(states(**{name.replace(".", "_"): {"ds": []} for name in names}))
    assert {found.trust for found in way.chain(*names)} == {Trust.INSECURE}
    above = [asked for asked in way.asked if asked[1] not in names]
    assert len(way.asked) <= 2 * len(names) + len(above) + 1
    assert len(above) <= 8


def test_chain_goes_by_way_of_another_watched_domain() -> None:
    way = OnTheWay(states(corp_org={}, sub_corp_org={}))
    for found, name in zip(way.chain("sub.corp.org", "corp.org"), ("sub.corp.org", "corp.org"), strict=True):
        assert (found.trust, found.zone) == (Trust.SECURE, name)
    broken = OnTheWay(states(corp_org={"ds": ["another key"]}, sub_corp_org={}))
    (found,) = broken.chain("sub.corp.org")
    assert (found.trust, found.zone) == (Trust.BOGUS, "corp.org")


def test_chain_breaks_at_the_parent_when_its_own_ds_rrset_does_not_validate() -> None:
    (found,) = OnTheWay(states(victim_com={}), tamper=at(VICTIM, "DS", unsigned)).chain(VICTIM)
    assert (found.trust, found.zone, found.reason) == (Trust.BOGUS, "com", "victim.com DS has no signature")


@pytest.mark.parametrize("name", ["victim.com", "victim.example"])
def test_ds_that_was_taken_away_on_the_way_is_no_insecure_delegation(name: str) -> None:
    unsecured = OnTheWay(states(**{name.replace(".", "_"): {"ds": []}}))
    other = OnTheWay(states(**{"x" + name.replace(".", "_"): {"ds": []}}))

    def nothing(message: dns.message.Message) -> dns.message.Message:
        message.answer.clear()
        return message

    def unsigned_proof(message: dns.message.Message) -> dns.message.Message:
        return unsigned(unsecured.answer(ds_question(unsecured, name)) or message)

    def proof_of_another_name(message: dns.message.Message) -> dns.message.Message:
        message.answer.clear()
        said = other.answer(ds_question(other, "x" + name))
        message.authority[:] = said.authority if said is not None else []
        return message

    for change in (nothing, unsigned_proof, proof_of_another_name):
        way = OnTheWay(states(**{name.replace(".", "_"): {}}), tamper=at(name, "DS", change))
        (found,) = way.chain(name)
        assert (found.trust, found.zone) == (Trust.BOGUS, name.partition(".")[2])


def test_chain_is_insecure_when_nobody_validates_the_algorithm_of_the_ds() -> None:
    com = Signer("com", suffix_key("com"))

    def strange(message: dns.message.Message) -> dns.message.Message:
        ds = dns.rrset.from_text(to_name(VICTIM), 3600, "IN", "DS", "4711 5 2 " + "ab" * 32, "4711 200 2 " + "ab" * 32)
        message.answer = [ds, com.rrsig(ds, window_of(START))]
        return message

    (found,) = OnTheWay(states(victim_com={}), tamper=at(VICTIM, "DS", strange)).chain(VICTIM)
    assert (found.trust, found.zone) == (Trust.INSECURE, VICTIM)


def test_wildcard_answer_validates_only_with_the_proof_that_nothing_is_closer() -> None:
    asked = [("x.wild.victim.com", "TXT")]
    (found,) = OnTheWay(states(victim_com={})).chain(VICTIM, ask=asked)
    assert found.trust is Trust.SECURE
    (found,) = OnTheWay(
        states(victim_com={}), tamper=at(*asked[0], lambda message: without(message, RdataType.NSEC))
    ).chain(VICTIM, ask=asked)
    assert (found.trust, found.zone) == (Trust.BOGUS, VICTIM)
    assert found.reason == "nothing proves that x.wild.victim.com comes from a wildcard"


@pytest.mark.parametrize(
    ("name", "qtype"),
    [
        pytest.param("nobody.victim.com", "A", id="no name"),
        pytest.param("a.b.victim.com", "TXT", id="no type"),
        pytest.param("b.victim.com", "A", id="an empty non-terminal"),
        pytest.param("x.wild.victim.com", "A", id="no type at a wildcard"),
        pytest.param("www.victim.com", "TXT", id="an alias of a name without the type"),
    ],
)
def test_denial_validates_only_with_its_proof(name: str, qtype: str) -> None:
    (found,) = OnTheWay(states(victim_com={})).chain(VICTIM, ask=[(name, qtype)])
    assert found.trust is Trust.SECURE
    way = OnTheWay(states(victim_com={}), tamper=at(name, qtype, lambda message: without(message, RdataType.NSEC)))
    (found,) = way.chain(VICTIM, ask=[(name, qtype)])
    assert (found.trust, found.zone) == (Trust.BOGUS, VICTIM)
    assert found.reason.startswith("nothing proves that there is no ")


def test_alias_validates_when_the_server_does_not_follow_it() -> None:
    def alone(message: dns.message.Message) -> dns.message.Message:
        message.answer = [each for each in message.answer if each.name == to_name("www.victim.com")]
        return message

    way = OnTheWay(states(victim_com={}), tamper=at("www.victim.com", "A", alone))
    assert way.chain(VICTIM, ask=[("www.victim.com", "A")])[0].trust is Trust.SECURE
    way.tamper = at("www.victim.com", "A", lambda message: unsigned(alone(message)))
    assert way.chain(VICTIM, ask=[("www.victim.com", "A")])[0].trust is Trust.BOGUS


@pytest.mark.parametrize(
    ("target", "signed", "trust"),
    [
        pytest.param("x.other.org.", True, Trust.SECURE, id="as it makes it"),
        pytest.param("y.other.org.", True, Trust.BOGUS, id="to another name"),
        pytest.param("x.other.org.", False, Trust.BOGUS, id="of an unsigned DNAME"),
    ],
)
def test_alias_that_a_dname_makes_validates_by_the_dname(target: str, signed: bool, trust: Trust) -> None:
    dname = dns.rrset.from_text("sub.victim.com.", 300, "IN", "DNAME", "other.org.")
    signature = Signer(VICTIM, "a key").rrsig(dname, window_of(START))

    def made(message: dns.message.Message) -> dns.message.Message:
        cname = dns.rrset.from_text("x.sub.victim.com.", 300, "IN", "CNAME", target)
        message.answer = [dname, *([signature] if signed else []), cname]
        message.set_rcode(dns.rcode.NOERROR)
        return message

    way = OnTheWay(states(victim_com={}), tamper=at("x.sub.victim.com", "A", made))
    assert way.chain(VICTIM, ask=[("x.sub.victim.com", "A")])[0].trust is trust


def test_name_is_not_denied_by_the_proof_about_another() -> None:
    way = OnTheWay(states(victim_com={}))

    def deny(message: dns.message.Message) -> dns.message.Message:
        other = way.answer(Question(way.world.addresses("ns1.hosting.net")[0], "nobody.victim.com", "A"))
        assert other is not None
        message.answer.clear()
        message.authority = other.authority
        message.set_rcode(dns.rcode.NXDOMAIN)
        return message

    way.tamper = at("mail.victim.com", "A", deny)
    (found,) = way.chain(VICTIM, ask=[("mail.victim.com", "A")])
    assert found.trust is Trust.BOGUS


def test_answers_of_an_insecure_zone_below_are_not_held_against_the_domain() -> None:
    way = OnTheWay(states(victim_com={}))
    question = Question("", "ns.part.victim.com", "A")

    def served_here_too(message: dns.message.Message) -> dns.message.Message:
        message.flags |= dns.flags.AA
        message.authority.clear()
        message.answer = [dns.rrset.from_text("ns.part.victim.com.", 300, "IN", "A", "192.0.2.53")]
        return message

    way.tamper = at(question.qname, question.qtype, served_here_too)
    (found,) = way.chain(VICTIM, ask=[(question.qname, question.qtype)])
    assert found.trust is Trust.SECURE


@pytest.mark.parametrize(
    ("target", "trust"),
    [
        pytest.param("ns.part.victim.com.", Trust.SECURE, id="into an insecure zone below"),
        pytest.param("mail.victim.com.", Trust.BOGUS, id="within the zone"),
    ],
)
def test_end_of_an_alias_needs_a_signature_only_within_the_zone(target: str, trust: Trust) -> None:
    cname = dns.rrset.from_text("www.victim.com.", 300, "IN", "CNAME", target)
    signature = Signer(VICTIM, "a key").rrsig(cname, window_of(START))

    def followed(message: dns.message.Message) -> dns.message.Message:
        message.authority.clear()
        message.answer = [cname, signature, dns.rrset.from_text(target, 300, "IN", "A", "192.0.2.53")]
        return message

    way = OnTheWay(states(victim_com={}), tamper=at("www.victim.com", "A", followed))
    assert way.chain(VICTIM, ask=[("www.victim.com", "A")])[0].trust is trust


def test_chain_is_secure_when_a_lagging_parent_still_gives_the_ds_that_fits() -> None:
    state = states(victim_com={})
    way = OnTheWay(state)
    later = states(victim_com={"ds": ["another key"], "lagging_servers": 1})
    way.world.apply(later, START)
    (found,) = way.chain(VICTIM)
    assert found.trust is Trust.SECURE
    way.world.apply(states(victim_com={"ds": ["a third key"]}), START)
    (found,) = way.chain(VICTIM)
    assert found.trust is Trust.BOGUS


def test_keys_with_the_same_tag_and_signatures_by_all_of_them_cost_a_bounded_time() -> None:
    """KeyTrap (CVE-2023-50387): a validator that tries every pair is busy for hours with one answer."""
    way, own = OnTheWay(states(victim_com={})), Signer(VICTIM, "a key")
    tags, keys = zip(*(colliding(number) for number in range(40)), strict=True)
    assert len(set(tags)) == 1

    def tamper(question: Question, message: dns.message.Message) -> dns.message.Message:
        if (question.qname, question.qtype) == (VICTIM, "DNSKEY"):
            for key in keys:
                message.answer[0].add(key)
            message.answer[1:] = [own.rrsig(message.answer[0], window_of(START))]
        elif message.answer and (question.qname, question.qtype) in OWN:
            lies = worthless(question.qtype, tags[0])
            message.answer[1:] = [dns.rrset.from_text_list(to_name(VICTIM), 300, "IN", "RRSIG", lies)]
        return message

    way.tamper = tamper
    began = time.monotonic()
    (found,) = way.chain(VICTIM, ask=OWN)
    assert (found.trust, found.reason) == (Trust.UNKNOWN, TOO_MUCH)
    assert time.monotonic() - began < 2


def worthless(qtype: str, tag: int) -> list[str]:
    """Return signatures by nobody, each a little different."""
    times = "20260201000000 20251201000000"
    return [f"{qtype} 15 2 {300 + number} {times} {tag} {VICTIM}. {'A' * 86}==" for number in range(30)]


def colliding(number: int) -> tuple[int, dns.rdata.Rdata]:
    """Return the tag of an Ed25519 key, the same for every number, and the key: a tag is a sum (RFC 4034, B)."""
    body = (1000 + number).to_bytes(2, "big") + (60000 - number).to_bytes(2, "big") + bytes(28)
    key = dns.rdata.from_text("IN", "DNSKEY", f"256 3 15 {base64.b64encode(body).decode()}")
    return dns.dnssec.key_id(key), key  # type: ignore[arg-type]
