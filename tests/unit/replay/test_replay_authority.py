"""What the simulated authoritative servers answer."""

import time

import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.unit.replay.worlds import (
    HERE,
    START,
    THERE,
    ZONE,
    Asking,
    changed,
    domain,
    registry,
    values,
    watching,
    world,
)

from nswatch.model import Transport
from nswatch.names import normalise
from nswatch.observe.root_hints import ROOT_SERVERS

AA = dns.flags.AA
NS = ["ns1.hosting.net.", "ns2.hosting.net."]


def test_every_root_server_refers_to_the_tld_when_asked_for_a_name_below() -> None:
    asking = Asking(world(watching()))
    for server in ROOT_SERVERS:
        for address in server.addresses:
            answer = asking.answered(address, "victim.com")
            assert not answer.flags & AA
            assert values(answer.authority, "NS") == [f"{letter}.tld-servers.com." for letter in "abcd"]
            assert len(values(answer.additional, "A")) == 4


def test_the_root_answers_for_itself_with_authority_and_without_recursion() -> None:
    answer = Asking(world(watching())).answered("198.41.0.4", ".", flags=dns.flags.RD)
    assert answer.flags & AA
    assert not answer.flags & dns.flags.RA
    assert len(values(answer.answer, "NS")) == 13


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        pytest.param("victim.co.uk", [".", "uk", "co.uk"], id="second level suffix with servers of its own"),
        pytest.param("victim.co.jp", [".", "jp"], id="co.jp is no cut"),
        pytest.param("victim.example", [".", "example"], id="TLD that no list knows"),
        pytest.param("sub.corp.example", [".", "example", "corp.example"], id="parent that is not watched"),
    ],
)
def test_the_parent_is_reached_by_referrals_when_it_is_any_number_of_cuts_down(name: str, chain: list[str]) -> None:
    asking = Asking(world(watching(name=name)))
    assert asking.world.parent(name) == chain[-1]
    for upper, lower in zip(chain, [*chain[1:], name], strict=True):
        servers = asking.world.servers(upper, HERE)
        answer = asking.answered(servers[1][1][0], name)
        assert [found.name.to_text(omit_final_dot=True) for found in answer.authority] == [lower]


def test_a_suffix_without_a_cut_is_an_empty_non_terminal() -> None:
    asking = Asking(world(watching(name="victim.co.jp")))
    answer = asking.answered(asking.parents("victim.co.jp")[0], "co.jp")
    assert (answer.rcode(), values(answer.answer, "NS"), len(values(answer.authority, "SOA"))) == (0, [], 1)


@pytest.mark.parametrize("qname", ["victim.com", "www.victim.com", "a.b.c.victim.com"])
@pytest.mark.parametrize("qtype", ["NS", "A", "SOA"])
def test_the_parent_refers_to_the_child_when_asked_at_or_below_it(qname: str, qtype: str) -> None:
    asking = Asking(world(watching()))
    for address in asking.parents("victim.com"):
        answer = asking.answered(address, qname, qtype)
        assert not answer.flags & AA
        assert answer.answer == []
        assert values(answer.authority, "NS") == NS
        assert answer.authority[0].ttl == 172800
        assert answer.additional == []


def test_the_parent_gives_ns_as_written_when_case_and_dots_vary() -> None:
    asking = Asking(world(watching(registry=registry(ns=["NS1.Hosting.NET.", "ns2.hosting.net"]))))
    answer = asking.answered(asking.parents("victim.com")[0], "victim.com")
    given = values(answer.authority, "NS")
    assert [host.partition(".")[0] for host in given] == ["NS1", "ns2"]  # compression may merge the rest
    assert [normalise(host) for host in given] == ["ns1.hosting.net", "ns2.hosting.net"]


@pytest.mark.parametrize("lagging", range(5))
def test_lagging_servers_give_the_former_answer_when_the_registry_changes(lagging: int) -> None:
    state = watching()
    later = {"domains": {"victim.com": changed(domain(), ns=["ns1.evil.net"], ns_ttl=60, lagging_servers=lagging)}}
    asking = Asking(world(state, later))
    asking.world.apply(later, START)
    given = [asking.answered(a, "victim.com").authority[0] for a in asking.parents("victim.com")]
    assert [each.ttl for each in given] == [60] * (4 - lagging) + [172800] * lagging
    assert [each[0].target.to_text() for each in given].count("ns1.evil.net.") == 4 - lagging


def test_lagging_servers_catch_up_and_keep_what_each_gave_when_changes_follow_each_other() -> None:
    first = watching()
    second = {"domains": {"victim.com": changed(domain(), ns=["b.evil.net"], lagging_servers=1)}}
    third = {"domains": {"victim.com": changed(domain(), ns=["c.evil.net"], lagging_servers=2)}}
    fourth = {"domains": {"victim.com": changed(domain(), ns=["c.evil.net"], lagging_servers=0)}}
    asking = Asking(world(first, second, third, fourth))

    def given() -> list[str]:
        found = [asking.answered(a, "victim.com").authority[0] for a in asking.parents("victim.com")]
        return [min(r.target.to_text() for r in each) for each in found]

    for state, expected in (
        (second, ["b.evil.net."] * 3 + NS[:1]),
        (third, ["c.evil.net.", "c.evil.net.", "b.evil.net.", NS[0]]),
        (fourth, ["c.evil.net."] * 4),
    ):
        asking.world.apply(state, START)
        assert given() == expected


def test_servers_fall_back_when_they_lag_only_later() -> None:
    """`lagging_servers` counts from the latest change of the answer, whichever step it is set in."""
    asking = Asking(world(watching()))
    for lagging in (0, 3):
        later = {"domains": {"victim.com": changed(domain(), ns=["b.evil.net"], lagging_servers=lagging)}}
        asking.world.apply(later, START)
    given = [len(asking.answered(a, "victim.com").authority[0]) for a in asking.parents("victim.com")]
    assert given == [1, 2, 2, 2]


def test_a_change_of_ttl_alone_is_no_change_that_servers_lag_behind() -> None:
    asking = Asking(world(watching()))
    for ttl in (60, 30):
        state = {"domains": {"victim.com": changed(domain(), ns_ttl=ttl, ds=["key"], lagging_servers=4)}}
        asking.world.apply(state, START)
    answers = [asking.answered(a, "victim.com", dnssec=True) for a in asking.parents("victim.com")]
    assert [values(answer.authority, "DS") for answer in answers] == [[]] * 4


@pytest.mark.parametrize(
    ("said", "rcode"),
    [
        pytest.param({"rcode": "NXDOMAIN"}, dns.rcode.NXDOMAIN, id="gone"),
        pytest.param({"ns": []}, dns.rcode.NOERROR, id="nothing delegated"),
    ],
)
def test_the_parent_denies_with_its_own_soa_when_the_delegation_is_gone(said: dict[str, object], rcode: int) -> None:
    asking = Asking(world(watching(registry=registry(**said))))
    answer = asking.answered(asking.parents("victim.com")[0], "victim.com")
    assert answer.flags & AA
    assert (answer.rcode(), answer.answer) == (rcode, [])
    assert [found.name.to_text() for found in answer.authority] == ["com."]


def test_glue_is_given_as_the_registry_has_it_and_only_for_delegated_hosts() -> None:
    glue = {"ns1.hosting.net": ["192.0.2.1", "2001:db8::1"], "ns9.hosting.net": ["192.0.2.9"]}
    asking = Asking(world(watching(registry=registry(glue=glue))))
    answer = asking.answered(asking.parents("victim.com")[0], "victim.com")
    assert values(answer.additional, "A") == ["192.0.2.1"]
    assert values(answer.additional, "AAAA") == ["2001:db8::1"]


def test_a_host_inside_the_domain_has_glue_when_the_registry_says_nothing_of_it() -> None:
    inside = watching(registry=registry(ns=["ns1.victim.com"]), nameservers={"ns1.victim.com": "genuine"})
    asking = Asking(world(inside))
    answer = asking.answered(asking.parents("victim.com")[0], "victim.com")
    assert values(answer.additional, "A") == [asking.host("ns1.victim.com")]
    own = asking.answered(asking.host("ns1.victim.com"), "ns1.victim.com", "A")
    assert values(own.answer, "A") == [asking.host("ns1.victim.com")]


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        pytest.param("hosting.net", True, id="of a named host"),
        pytest.param("nobody.com", False, id="named nowhere"),
        pytest.param("www.nobody.com", False, id="below one named nowhere"),
        pytest.param("hosting.com", False, id="the same label elsewhere"),
    ],
)
def test_a_registrable_domain_is_delegated_when_the_file_names_a_host_in_it(name: str, exists: bool) -> None:
    asking = Asking(world(watching()))
    tld = asking.world.servers(name.rpartition(".")[2], HERE)
    answer = asking.answered(tld[0][1][0], name)
    assert answer.rcode() == (dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN)
    assert bool(values(answer.authority, "NS")) is exists


def test_the_hosts_domain_gives_addresses_of_listed_name_servers_and_denies_others() -> None:
    state = watching(
        registry=registry(ns=["ns1.hosting.net", "gone.hosting.net"]),
        nameservers={"ns1.hosting.net": "genuine", "gone.hosting.net": None},
    )
    asking = Asking(
        world(
            state,
            watchlist={
                "domains": {"victim.com": {"answers": [{"name": "@", "type": "MX", "values": ["10 mx.hosting.net."]}]}}
            },
        )
    )
    server = asking.world.servers("hosting.net", HERE)[0][1][0]
    listed = asking.answered(server, "ns1.hosting.net", "A")
    assert listed.flags & AA
    assert values(listed.answer, "A") == list(asking.world.addresses("ns1.hosting.net"))
    assert asking.answered(server, "ns1.hosting.net", "AAAA").rcode() == dns.rcode.NOERROR
    assert asking.answered(server, "gone.hosting.net", "A").rcode() == dns.rcode.NXDOMAIN
    assert asking.answered(server, "never.hosting.net", "A").rcode() == dns.rcode.NXDOMAIN
    assert len(values(asking.answered(server, "mx.hosting.net", "A").answer, "A")) == 1


@pytest.mark.parametrize(
    ("qname", "qtype", "rcode", "expected"),
    [
        ("victim.com", "NS", 0, NS),
        ("victim.com", "A", 0, ["192.0.2.10"]),
        ("victim.com", "AAAA", 0, []),
        ("b.victim.com", "A", 0, []),
        ("www.victim.com", "A", 0, ["192.0.2.80"]),
        ("www.victim.com", "CNAME", 0, ["web.victim.com."]),
        ("x.y.wild.victim.com", "TXT", 0, ['"any"']),
        ("x.y.wild.victim.com", "A", 0, []),
        ("wild.victim.com", "TXT", 0, []),
        ("none.victim.com", "A", 3, []),
        ("c.b.victim.com", "A", 3, []),
    ],
)
def test_a_name_server_answers_from_its_zone(qname: str, qtype: str, rcode: int, expected: list[str]) -> None:
    asking = Asking(world(watching()))
    answer = asking.answered(asking.host("ns1.hosting.net"), qname, qtype)
    assert answer.flags & AA
    assert (answer.rcode(), values(answer.answer, qtype)) == (rcode, expected)
    if not expected:
        assert [(found.name.to_text(), found.ttl) for found in answer.authority] == [("victim.com.", 60)]


def test_a_name_server_refers_when_its_zone_delegates_a_part() -> None:
    asking = Asking(world(watching()))
    answer = asking.answered(asking.host("ns1.hosting.net"), "www.part.victim.com", "A")
    assert not answer.flags & AA
    assert values(answer.authority, "NS") == ["ns.part.victim.com."]
    assert values(answer.additional, "A") == ["192.0.2.53"]


def test_a_name_server_refuses_when_asked_outside_its_zones() -> None:
    asking = Asking(world(watching()))
    for name in ("other.com", "com", "."):
        answer = asking.answered(asking.host("ns1.hosting.net"), name, "A")
        assert (answer.rcode(), bool(answer.flags & AA)) == (dns.rcode.REFUSED, False)


@pytest.mark.parametrize("word", ["refused", "servfail", "timeout"])
def test_a_name_server_does_not_serve_when_the_scenario_says_so(word: str) -> None:
    asking = Asking(world(watching(nameservers={"ns1.hosting.net": word, "ns2.hosting.net": "genuine"})))
    answer = asking.ask(asking.host("ns1.hosting.net"), "victim.com")
    if word == "timeout":
        assert answer is None
    else:
        assert answer is not None
        assert (dns.rcode.to_text(answer.rcode()).lower(), bool(answer.flags & AA)) == (word, False)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param({"ns1.hosting.net": "forged"}, ["203.0.113.66", "192.0.2.10"], id="one host"),
        pytest.param({"*": "forged"}, ["203.0.113.66", "203.0.113.66"], id="all"),
        pytest.param({"*": "forged", "ns1.hosting.net": "genuine"}, ["192.0.2.10", "203.0.113.66"], id="all but one"),
        pytest.param({"*": "timeout"}, [None, None], id="silence"),
        pytest.param({"ns1.hosting.net": None}, [None, "192.0.2.10"], id="does not resolve"),
    ],
)
def test_one_region_sees_other_servers_when_nameservers_from_says_so(
    hosts: dict[str, str | None], expected: list[str | None]
) -> None:
    asking = Asking(world(watching(nameservers_from={THERE: hosts})))
    servers = [asking.host(f"ns{number}.hosting.net") for number in (1, 2)]
    seen = [asking.ask(server, "victim.com", "A", region=THERE) for server in servers]
    assert [answer and values(answer.answer, "A")[0] for answer in seen] == expected
    assert [values(asking.answered(server, "victim.com", "A").answer, "A") for server in servers] == [
        ["192.0.2.10"]
    ] * 2


def test_a_server_of_parent_and_child_answers_as_the_child_but_gives_the_parents_ds() -> None:
    state = watching()
    state["domains"]["sub.victim.com"] = domain(registry=registry(ns=["ns1.hosting.net"], ds=["key"]))
    asking = Asking(world(state))
    answer = asking.answered(asking.host("ns1.hosting.net"), "sub.victim.com")
    assert answer.flags & AA
    assert values(answer.answer, "NS") == NS
    ds = asking.answered(asking.host("ns1.hosting.net"), "sub.victim.com", "DS")
    assert ds.flags & AA
    assert len(values(ds.answer, "DS")) == 1


def test_answers_over_udp_are_truncated_when_they_do_not_fit_and_whole_over_tcp() -> None:
    many = ZONE + "\n".join(f'big IN TXT "{number} {"x" * 200}"' for number in range(20))
    asking = Asking(world(watching(zones={"genuine": {"records": many}})))
    server = asking.host("ns1.hosting.net")
    for edns, payload in ((-1, 0), (0, 512), (0, 1232), (0, 65535)):
        answer = asking.answered(server, "big.victim.com", "TXT", edns=edns, payload=payload)
        assert answer.flags & dns.flags.TC
        assert answer.answer == []
    whole = asking.answered(server, "big.victim.com", "TXT", over=Transport.TCP)
    assert not whole.flags & dns.flags.TC
    assert len(values(whole.answer, "TXT")) == 20


def test_an_answer_between_512_and_1232_bytes_fits_only_with_edns() -> None:
    some = ZONE + f'mid IN TXT "{"x" * 250}" "{"y" * 250}" "{"z" * 250}"'
    asking = Asking(world(watching(zones={"genuine": {"records": some}})))
    server = asking.host("ns1.hosting.net")
    assert not asking.answered(server, "mid.victim.com", "TXT").flags & dns.flags.TC
    assert asking.answered(server, "mid.victim.com", "TXT", edns=-1).flags & dns.flags.TC
    assert asking.answered(server, "mid.victim.com", "TXT", payload=600).flags & dns.flags.TC


def test_the_question_comes_back_in_the_letters_it_was_sent_in() -> None:
    asking = Asking(world(watching()))
    for written in ("ViCtIm.CoM.", "victim.com.", "VICTIM.COM."):
        query = dns.message.make_query(written, "NS")
        wire = asking.far_end.answer(HERE, asking.parents("victim.com")[0], query.to_wire(), Transport.UDP)
        assert wire is not None
        answer = dns.message.from_wire(wire)
        assert answer.id == query.id
        assert answer.question[0].name.labels == query.question[0].name.labels


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        pytest.param(b"\0\1\0\0\0\1\0\0\0\0\0\0\3abc", dns.rcode.FORMERR, id="cut off"),
        pytest.param(b"\0\1\0\0\0\0\0\0\0\0\0\0", dns.rcode.FORMERR, id="no question"),
        pytest.param(b"\0\1\x28\0\0\0\0\0\0\0\0\0", dns.rcode.NOTIMP, id="an update"),
        pytest.param(b"\0\1\x80\0\0\0\0\0\0\0\0\0", None, id="a response"),
        pytest.param(b"\0\1", None, id="no message"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_odd_queries_get_an_error_or_silence_and_raise_nothing(wire: bytes, rcode: int | None) -> None:
    answer = Asking(world(watching())).far_end.answer(HERE, "198.41.0.4", wire, Transport.UDP)
    assert (None if answer is None else answer[3] & 15) == rcode


def test_nobody_answers_at_an_address_where_nobody_lives_and_on_ipv6_when_it_is_unreachable() -> None:
    asking = Asking(world(watching() | {"faults": {"ipv6": "unreachable"}}))
    assert asking.ask("192.0.2.77", "victim.com") is None
    assert asking.ask("2001:503:ba3e::2:30", "victim.com") is None
    assert asking.ask("198.41.0.4", "victim.com") is not None


def test_answers_follow_the_world_when_it_changes() -> None:
    later = watching(nameservers={"ns1.hosting.net": "forged"})
    asking = Asking(world(watching(), later))
    server, other = asking.host("ns1.hosting.net"), asking.host("ns2.hosting.net")
    assert values(asking.answered(server, "victim.com", "A").answer, "A") == ["192.0.2.10"]
    asking.world.apply(later, START)
    assert values(asking.answered(server, "victim.com", "A").answer, "A") == ["203.0.113.66"]
    assert asking.ask(other, "victim.com", "A") is None


def test_a_domain_that_only_the_watchlist_knows_is_in_order() -> None:
    entry = {
        "delegation": {"ns": ["ns1.plain.net", "NS2.plain.net."], "soa_mname": "ns1.plain.net"},
        "answers": [
            {"name": "@", "type": "MX", "values": ["10 mx.plain.net"]},
            {"name": "@", "type": "A", "within": ["198.51.100.0/24"]},
            {"name": "@", "type": "TXT", "contains": ["v=spf1 -all"]},
        ],
    }
    asking = Asking(world(watching(), watchlist={"domains": {"fallback.org": entry}}))
    referral = asking.answered(asking.parents("fallback.org")[0], "fallback.org")
    assert sorted(normalise(host) for host in values(referral.authority, "NS")) == ["ns1.plain.net", "ns2.plain.net"]
    server = asking.host("ns2.plain.net")
    assert values(asking.answered(server, "fallback.org", "MX").answer, "MX") == ["10 mx.plain.net."]
    assert values(asking.answered(server, "fallback.org", "A").answer, "A") == ["198.51.100.10"]
    assert values(asking.answered(server, "fallback.org", "SOA").answer, "SOA")[0].startswith("ns1.plain.net. ")


def test_a_thousand_different_referrals_take_less_than_a_second_and_a_half() -> None:
    asking = Asking(world(watching()))
    parent = asking.parents("victim.com")[0]
    queries = [dns.message.make_query(f"w{number}.victim.com", "A", want_dnssec=True) for number in range(1000)]
    wires = [query.to_wire() for query in queries]
    begun = time.process_time()
    assert all(asking.far_end.answer(HERE, parent, wire, Transport.UDP) for wire in wires)
    assert time.process_time() - begun < 1.5
