"""The chain of trust of a simulated Internet, checked with dnspython's validator from the trust anchor down."""

from datetime import datetime, timedelta

import dns.dnssec
import dns.message
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from tests.unit.replay.worlds import HERE, START, ZONE, Asking, domain, registry, watching, world

from nswatch.observe.denial import no_ds
from nswatch_cli.replay.contents import trust_anchor

SIGNED = {"genuine": {"records": ZONE, "signed_with": "a key"}}


Keys = dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset]


def found(section: list[dns.rrset.RRset], rdtype: RdataType) -> list[dns.rrset.RRset]:
    return [each for each in section if each.rdtype == rdtype]


def validate_all(section: list[dns.rrset.RRset], keys: Keys, now: datetime) -> int:
    """Validate every RRset in a section that is not an RRSIG; return how many."""
    checked = 0
    for rrset in section:
        if rrset.rdtype == RdataType.RRSIG or (rrset.rdtype == RdataType.NS and found(section, RdataType.DS)):
            continue
        signature = next(
            s for s in found(section, RdataType.RRSIG) if s.name == rrset.name and s[0].type_covered == rrset.rdtype
        )
        dns.dnssec.validate(rrset, signature, keys, now=now.timestamp())
        checked += 1
    return checked


def keys_of(asking: Asking, zone: str, server: str, ds: dns.rrset.RRset, now: datetime) -> Keys:
    answer = asking.answered(server, zone, "DNSKEY", dnssec=True)
    keys = found(answer.answer, RdataType.DNSKEY)[0]
    assert {dns.dnssec.make_ds(keys.name, key, "SHA256") for key in keys} & set(ds)
    trusted: Keys = {keys.name: keys}
    validate_all(answer.answer, trusted, now)
    return trusted


@pytest.mark.parametrize("name", ["victim.com", "victim.co.uk", "victim.example", "sub.corp.org"])
@pytest.mark.parametrize("days", [0, 6, 7, 365], ids=lambda days: f"day {days}")
def test_the_chain_validates_from_the_trust_anchor_to_the_zone_at_the_virtual_clock(name: str, days: int) -> None:
    now = START + timedelta(days=days, hours=13)
    state = watching(name=name, zones=SIGNED, registry=registry(ds=["a key"]))
    asking = Asking(world(state, clock=lambda: now))
    zone, server, ds = ".", "198.41.0.4", trust_anchor()
    while zone != name:
        keys = keys_of(asking, zone, server, ds, now)
        referral = asking.answered(server, name, "NS", dnssec=True)
        ds = found(referral.authority, RdataType.DS)[0]
        signature = found(referral.authority, RdataType.RRSIG)[0]
        dns.dnssec.validate(ds, signature, keys, now=now.timestamp())
        zone = ds.name.to_text(omit_final_dot=True)
        server = asking.world.servers(zone, HERE)[0][1][0]
    keys = keys_of(asking, name, server, ds, now)
    for qname, qtype in ((name, "MX"), (f"www.{name}", "A"), (f"x.wild.{name}", "TXT"), (f"no.{name}", "A")):
        answer = asking.answered(server, qname, qtype, dnssec=True)
        assert validate_all([*answer.answer], keys, now) + validate_all([*answer.authority], keys, now) > 0


def test_a_signature_does_not_validate_when_the_key_is_another() -> None:
    state = watching(zones=SIGNED, registry=registry(ds=["another key"]))
    asking = Asking(world(state))
    referral = asking.answered(asking.parents("victim.com")[0], "victim.com", dnssec=True)
    ds = found(referral.authority, RdataType.DS)[0]
    keys = asking.answered(asking.host("ns1.hosting.net"), "victim.com", "DNSKEY").answer[0]
    assert not {dns.dnssec.make_ds(keys.name, key, "SHA256") for key in keys} & set(ds)


@pytest.mark.parametrize("name", ["victim.com", "victim.example", "victim.co.uk", "sub.corp.org"])
def test_the_parent_proves_that_there_is_no_ds_only_when_asked_with_do(name: str) -> None:
    asking = Asking(world(watching(name=name)))
    server = asking.parents(name)[2]
    zone = asking.world.parent(name)
    keys = asking.answered(server, zone, "DNSKEY").answer[0]
    with_do = asking.answered(server, name, dnssec=True)
    assert no_ds(with_do.authority, name)
    denials = [each for each in with_do.authority if each.rdtype in (RdataType.NSEC, RdataType.NSEC3, RdataType.RRSIG)]
    assert validate_all(denials, {keys.name: keys}, START) > 0
    assert [each.rdtype for each in asking.answered(server, name).authority] == [RdataType.NS]
    direct = asking.answered(server, name, "DS", dnssec=True)
    assert direct.answer == []
    assert no_ds(direct.authority, name)


def test_a_registry_with_ds_does_not_prove_its_absence() -> None:
    asking = Asking(world(watching(registry=registry(ds=["a key"]))))
    answer = asking.answered(asking.parents("victim.com")[0], "victim.com", dnssec=True)
    assert not no_ds(answer.authority, "victim.com")


def test_denied_names_lie_between_the_owner_and_the_next_name_of_their_nsec() -> None:
    asking = Asking(world(watching(zones=SIGNED)))
    for qname in ("no.victim.com", "0.victim.com", "x.no.victim.com", "c.b.victim.com", f"{'z' * 63}.victim.com"):
        answer = asking.answered(asking.host("ns1.hosting.net"), qname, "A", dnssec=True)
        assert answer.rcode() == 3
        denials = found(answer.authority, RdataType.NSEC)
        name = dns.name.from_text(qname)
        assert any(each.name < name < each[0].next for each in denials)
        for exists in ("www.victim.com", "a.b.victim.com", "mail.victim.com", "victim.com"):
            assert not any(each.name < dns.name.from_text(exists) < each[0].next for each in denials)


def test_keys_are_the_same_in_every_run_and_differ_by_name() -> None:
    def ds(*keys: str) -> set[str]:
        asking = Asking(world(watching(registry=registry(ds=list(keys)))))
        answer = asking.answered(asking.parents("victim.com")[0], "victim.com", "DS")
        return {rdata.to_text() for rdata in answer.answer[0]}

    assert ds("one") == ds("one")
    assert len(ds("one", "two")) == 2


def test_an_unsigned_zone_gives_no_signatures_even_below_a_signed_parent() -> None:
    asking = Asking(world({"domains": {"victim.com": domain()}}))
    answer = asking.answered(asking.host("ns1.hosting.net"), "victim.com", "MX", dnssec=True)
    assert [each.rdtype for each in answer.answer] == [RdataType.MX]
