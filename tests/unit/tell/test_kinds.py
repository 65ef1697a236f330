"""Every DNS code, read as the person reads it who is woken by it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.unit.tell.kinds import DOMAIN, ENTRY, EVIL_MX, KINDS, NS, RESOLVERS, content, hijack, lame
from tests.unit.tell.stories import page

from nswatch.judge.policy import POLICY
from nswatch.model import Finding
from nswatch.tell.gsm7 import ONE_PART, septets
from nswatch.tell.texts import Text

SINCE = " Since 30 May 15:05 UTC (31 May 00:05 JST). example.com-1"
FIRST_WORDS = {
    "ds_changed": (
        "The .com registry gives another DS record set for example.com than the approved one: DNSSEC trusts another "
        "key, or none.",
        "example.com DS changed at .com registry: key 815, not key 4711.",
    ),
    "ds_changed, gone": (
        "The .com registry gives no DS record for example.com any more: nobody can tell its answers from forged ones.",
        "example.com DS removed at .com registry: key 4711 missing.",
    ),
    "ds_changed, added": (
        "The .com registry gives a DS record for example.com, which is not signed: validating resolvers will refuse "
        "the domain.",
        "example.com DS added at .com registry: key 815 not approved.",
    ),
    "dnssec_bogus": (
        "DNSSEC validation of example.com fails: validating resolvers answer with an error.",
        "example.com DNSSEC fails: at 8.8.8.8.",
    ),
    "dnssec_bogus, ours": (
        "DNSSEC validation of example.com fails, as we do it from the root's keys down: validating resolvers will "
        "refuse it as soon as what they remember has run out.",
        "example.com DNSSEC fails: example.com DNSKEY: expired 2026-01-01 00:00 UTC.",
    ),
    "dnssec_bogus, upstream": (
        "The DNSSEC data of the .com registry itself does not validate: validating resolvers refuse all that is below "
        "it, example.com included.",
        "example.com DNSSEC fails above it, at .com registry: com DNSKEY has no signature.",
    ),
    "glue_changed": (
        "The .com registry gives another address (glue) for ns1.dns-host.net, a name server of example.com: "
        "198.51.100.66.",
        "example.com glue changed at .com registry: ns1.dns-host.net 198.51.100.66, not 192.0.2.1.",
    ),
    "nameserver_address_changed": (
        "ns1.dns-host.net, a name server of example.com, is at an address that nobody approved: 198.51.100.66.",
        "example.com name server has new address: ns1.dns-host.net 198.51.100.66, not 192.0.2.1.",
    ),
    "parent_child_mismatch": (
        "The .com registry and the zone example.com itself name different name servers (NS): ns9.dns-host.net only in "
        "the zone, ns4.dns-host.net only at the parent.",
        "example.com NS differ, parent and zone: ns9.dns-host.net only in zone.",
    ),
    "nameserver_lame": (
        "ns2.dns-host.net is a name server of example.com, but does not answer for it (REFUSED).",
        "example.com name server is lame: ns2.dns-host.net REFUSED.",
    ),
    "nameserver_lame, all": (
        "No name server of example.com answers for it any more (REFUSED).",
        "example.com: no name server answers for it: REFUSED.",
    ),
    "nameservers_unreachable": (
        "No name server of example.com replies, as seen from ap-northeast-1, us-east-1.",
        "example.com name servers do not reply: seen from ap-northeast-1 and 1 more.",
    ),
    "soa_changed": (
        "The primary server (SOA MNAME) of example.com is now ns1.evil.example on 4 of 4 name servers.",
        "example.com SOA changed: ns1.evil.example, not ns1.dns-host.net.",
    ),
    "mx_changed": (
        "MX of example.com is now 10 mx.evil.example on 4 of 4 name servers.",
        "example.com MX changed: 10 mx.evil.example, not 10 mx1.mail.example.",
    ),
    "mx_changed, one server": (
        "MX of example.com now also holds 10 mx.evil.example on 1 of 4 name servers (ns2.dns-host.net) and at 1 of 4 "
        "resolvers (8.8.8.8).",
        "example.com MX changed: 10 mx.evil.example not approved.",
    ),
    "mx_changed, one missing": (
        "MX of example.com no longer holds 20 mx2.mail.example on 4 of 4 name servers.",
        "example.com MX changed: 20 mx2.mail.example missing.",
    ),
    "mx_changed, forged": (
        "Mail for example.com goes to 10 mx.evil.example.",
        "example.com mail goes elsewhere: 10 mx.evil.example, not 10 mx1.mail.example.",
    ),
    "txt_changed": (
        'TXT of example.com no longer says "v=spf1 include:_spf.mail.example -all" on 4 of 4 name servers.',
        "example.com TXT changed: v=spf1 +all, not v=spf1 include:_spf.mail.example -all.",
    ),
    "txt_changed, second SPF": (
        "TXT of example.com has more than one SPF record on 4 of 4 name servers, so that none counts: "
        '"v=spf1 +all" is not approved.',
        "example.com has too many SPF records: v=spf1 +all not approved.",
    ),
    "cname_changed": (
        "www.example.com is now an alias (CNAME) of lb.evil.example on 4 of 4 name servers.",
        "example.com CNAME changed: www.example.com lb.evil.example, not d1.cloudfront.net.",
    ),
    "address_changed": (
        "Address (A) of www.example.com is now 198.51.100.7 on 4 of 4 name servers: outside of what is approved.",
        "example.com address not approved: www.example.com A 198.51.100.7.",
    ),
    "answer_missing": (
        "Address (A) of www.example.com is gone on 4 of 4 name servers; approved is 203.0.113.0/24.",
        "example.com record is gone: www.example.com A.",
    ),
    "answer_missing, one server": (
        "MX of example.com is gone on 1 of 4 name servers (ns1.dns-host.net); approved is 10 mx1.mail.example.",
        "example.com record is gone: MX at ns1.dns-host.net.",
    ),
    "ttl_changed": (
        "The TTL of MX of example.com (and 1 more) is now 60 s (1 min); it was 86400 s (24 h).",
        "example.com TTL changed: MX 60 s, not 86400 s.",
    ),
    "regions_disagree": (
        "Seen from ap-northeast-1 only, MX of example.com is 10 mx.evil.example: nobody approved that.",
        "example.com differs by region: MX 10 mx.evil.example seen from ap-northeast-1.",
    ),
    "resolvers_disagree": (
        "MX of example.com is 10 mx.evil.example at 2 of 4 resolvers (8.8.8.8, 1.1.1.1): nobody approved that, and "
        "others give the approved answer.",
        "example.com wrong in some resolvers: MX 10 mx.evil.example at 8.8.8.8 and 1 more.",
    ),
    "resolvers_disagree, of a story": (
        "Caches hold it too at 2 of 4 resolvers (8.8.8.8, 1.1.1.1): MX of example.com is 10 mx.evil.example.",
        "example.com wrong in some resolvers: MX 10 mx.evil.example at 8.8.8.8 and 1 more.",
    ),
}


def read(findings: Sequence[Finding]) -> Text:
    return page(findings, group=DOMAIN, entry=ENTRY)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", KINDS)
def test_first_words_name_the_domain_and_the_value(name: str) -> None:
    title, sms = FIRST_WORDS[name]
    text = read([KINDS[name]])
    assert text.email.splitlines()[0] == title
    assert text.sms.partition(": ")[2] == sms + SINCE if text.sms.startswith("nswatch:") else sms in text.sms
    assert septets(text.sms) <= ONE_PART
    assert "$" not in text.email + text.sms + text.subject


@pytest.mark.parametrize("name", KINDS)
def test_page_keeps_to_its_columns(name: str) -> None:
    assert max(map(len, read([KINDS[name]]).email.splitlines()[1:])) <= 78


@pytest.mark.parametrize("name", KINDS)
def test_page_says_since_when_what_to_do_and_who_saw_it(name: str) -> None:
    email = read([KINDS[name]]).email
    for section in ("FIRST SEEN  2020-05-30 15:05:20 UTC = 2020-05-31 00:05:20 JST", "SEEN BY\n", "WHAT TO DO FIRST\n"):
        assert section in email


@pytest.mark.parametrize("name", [name for name in KINDS if not name.startswith(("nameserver_lame", "nameservers"))])
def test_page_marks_the_difference(name: str) -> None:
    assert any(line[:4] in ("  ! ", "  - ", "  + ") for line in read([KINDS[name]]).email.splitlines()[2:8])


@pytest.mark.parametrize(
    ("name", "step"),
    [
        pytest.param("mx_changed", "in CloudTrail, ChangeResourceRecordSets", id="zone content"),
        pytest.param("resolvers_disagree", "Ask the operators of 8.8.8.8, 1.1.1.1 to flush MX of", id="caches"),
        pytest.param("nameserver_lame, all", "whether the zone and the account are still there", id="availability"),
        pytest.param("glue_changed", "the host record (glue) of ns1.dns-host.net put back", id="glue"),
        pytest.param("nameserver_address_changed", "Call the operator of ns1.dns-host.net", id="name server's address"),
        pytest.param("mx_changed, forged", "Call the registrar now", id="forged content is a delegation's story"),
    ],
)
def test_page_says_what_to_do_first_for_its_cause(name: str, step: str) -> None:
    assert step in flat(read([KINDS[name]]).email)


def test_page_tells_no_provider_by_name_when_the_zone_is_elsewhere() -> None:
    elsewhere = replace(ENTRY, delegation=replace(ENTRY.delegation, provider=None))
    email = flat(page([KINDS["mx_changed"]], group=DOMAIN, entry=elsewhere).email)
    assert "the DNS provider's change log and log-ins (at Route 53 CloudTrail" in email


@pytest.mark.parametrize("name", ["txt_changed", "ttl_changed", "parent_child_mismatch", "nameserver_lame"])
def test_notice_does_not_cry_wolf(name: str) -> None:
    assert "Do not trust mail" not in read([KINDS[name]]).email


def test_page_tells_the_most_telling_first_and_the_others_in_a_line_each() -> None:
    email = flat(read(hijack()).email)
    order = [
        "The .com registry gives other name servers for example.com",
        "- The .com registry gives another address (glue) for ns1.dns-host.net",
        "- Mail for example.com goes to 10 mx.evil.example. Approved is 10 mx1.mail.example.",
        "- Caches hold it too at 2 of 4 resolvers",
    ]
    places = [email.index(text) for text in order]
    assert places == sorted(places)
    assert places[0] == 0


def test_page_says_what_is_only_in_caches() -> None:
    assert "Only resolvers give it" in read([KINDS["resolvers_disagree"]]).email
    everything = flat(read(hijack()).email)
    assert "Only resolvers give it" not in everything
    assert "What resolvers give sits in caches" in everything


def test_page_lists_who_gives_which_answer_when_they_differ() -> None:
    mx = KINDS["mx_changed"]
    rows = [
        {"seen": [EVIL_MX], "hosts": list(NS[:1]), "resolvers": [], "regions": ["eu-west-1"]},
        {"seen": ["5 other.example"], "hosts": [], "resolvers": ["9.9.9.9"], "regions": ["us-east-1"]},
    ]
    detail = {"rrsets": [{"name": DOMAIN, "type": "MX", "answers": rows}]}
    email = flat(read([replace(mx, detail=detail, seen=("10 mx.evil.example", "5 other.example"))]).email)
    assert "- ns1.dns-host.net, seen from eu-west-1: 10 mx.evil.example" in email
    assert "- 9.9.9.9, seen from us-east-1: 5 other.example" in email


def test_page_lists_every_record_when_several_differ() -> None:
    first = {"name": f"www.{DOMAIN}", "type": "A", "answers": [{"seen": ["198.51.100.7"], "hosts": list(NS)}]}
    second = {"name": DOMAIN, "type": "AAAA", "answers": [{"seen": ["2001:db8::7"]}], "expected": ["2001:db8:1::/48"]}
    finding = replace(KINDS["address_changed"], detail={**first, "rrsets": [first, second]})
    email = flat(read([finding]).email)
    assert email.startswith("Address (A) of www.example.com (and 1 more) is now 198.51.100.7")
    assert "- address (AAAA) of example.com is 2001:db8::7; approved is 2001:db8:1::/48" in email


def test_comparison_shows_which_address_is_outside_of_the_networks() -> None:
    lines = [line.split() for line in read([KINDS["address_changed"]]).email.splitlines()]
    assert ["!", "203.0.113.0/24", "198.51.100.7", "NOT", "APPROVED"] in lines
    assert ["=", "203.0.113.0/24", "203.0.113.9", "ok"] in lines


def test_comparison_does_not_blame_texts_that_nobody_judges() -> None:
    email = read([KINDS["txt_changed, second SPF"]]).email
    assert "+ ONE SPF TOO MANY\n      seen: v=spf1 +all\n" in email
    assert "+ ALSO THERE\n      seen: token=1\n" in email


@pytest.mark.parametrize("type_", ["MX", "TXT"])
def test_texts_cut_what_is_very_long(type_: str) -> None:
    finding = content(f"{type_.lower()}_changed", DOMAIN, type_, ["v=approved"], ["evil " + "x" * 60_000])
    text = read([finding])
    assert text.email.splitlines()[0].count("x") < 100
    assert len(text.email) < 6_000
    assert "evil xxx" in text.sms


def test_sms_names_one_server_when_one_of_several_is_lame() -> None:
    text = read([lame(NS[:2], "not_authoritative")])
    assert text.email.startswith(
        "Name servers of example.com do not answer for it (no authority): ns1.dns-host.net, ns2"
    )
    assert "lame: ns1.dns-host.net no authority and 1 more." in text.sms


@pytest.mark.parametrize("type_", ["A", "MX", "TXT", "NS", "SOA", "CNAME"])
@pytest.mark.parametrize("code", ["resolvers_disagree", "regions_disagree"])
def test_caches_are_told_for_every_type(code: str, type_: str) -> None:
    finding = content(code, DOMAIN, type_, ["192.0.2.0/24"], ["198.51.100.7"], hosts=(), resolvers=RESOLVERS)
    text = read([finding])
    assert "198.51.100.7" in text.email.splitlines()[0]
    assert "198.51.100.7" in text.sms


@pytest.mark.parametrize("code", sorted(POLICY))
def test_page_says_something_when_a_finding_has_no_detail(code: str) -> None:
    text = read([replace(KINDS["mx_changed"], code=code, detail={}, sightings=(), expected=(), seen=())])
    assert "  " not in text.email.splitlines()[0]
    assert "?" not in text.email.splitlines()[0] or code == "vantage_silent"
    assert DOMAIN in text.sms


def test_page_says_that_our_own_validation_found_it_and_whose_fault_it_is() -> None:
    ours, above = (" ".join(read([KINDS[f"dnssec_bogus, {name}"]]).email.split()) for name in ("ours", "upstream"))
    for text in (ours, above):
        assert "1 region (eu-west-1), by our own DNSSEC validation from the root's keys down" in text
    assert "Compare the keys: the DS at the .com registry" in ours
    assert "Nothing of yours is broken." in above
    assert "Compare the keys" not in above


@pytest.mark.parametrize("code", ["glue_changed", "nameserver_address_changed"])
@pytest.mark.parametrize(
    ("side", "words"),
    [
        ("outside", "Outside of the networks that AWS publishes for Route 53's name servers: 198.51.100.66. The name"),
        ("inside", "In the networks that AWS publishes for Route 53's name servers: 198.51.100.66. Either AWS moved"),
    ],
)
def test_page_says_whether_an_address_is_route53s(code: str, side: str, words: str) -> None:
    (row,) = KINDS[code].detail["hosts"]
    lie: dict[str, list[str]] = {"inside": [], "outside": [], side: ["198.51.100.66"]}
    told = flat(page([replace(KINDS[code], detail={**KINDS[code].detail, "hosts": [{**row, **lie}]})]).email)
    assert words in told
    assert "Route 53" not in flat(page([KINDS[code]]).email)
