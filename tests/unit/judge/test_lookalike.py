"""Near misses: what is one, what it is called, and what is none."""

import json

import pytest

from nswatch.judge.lookalike import Lookalike, closest, near_miss
from nswatch.names import normalise

R53 = "ns-1515.awsdns-61.org"
HOST = "ns1.dnshost.example"

# id: candidate, expected, kinds
NEAR: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "coincheck": ("ns-1515.awsdns-061.org", R53, ("leading zero",)),
    "coincheck co.uk": ("ns-1985.awsdns-056.co.uk", "ns-1985.awsdns-56.co.uk", ("leading zero",)),
    "coincheck, domains alone": ("awsdns-061.org", "awsdns-61.org", ("leading zero",)),
    "zero dropped": ("ns1.dns1host.example", "ns1.dns01host.example", ("leading zero",)),
    "two zeros": ("ns1.agent7dns.example", "ns1.agent007dns.example", ("leading zero",)),
    "two zeros added": ("ns1.agent007.example", "ns1.agent7.example", ("leading zero",)),
    "zero after a letter at the end": ("ns1.dnshost0.example", HOST, ("inserted",)),
    "zero inside a number": ("ns1.awsdns-601.org", R53, ("inserted",)),
    "invalid pairing": ("ns-1515.awsdns-62.org", R53, ("substituted",)),
    "inserted": ("ns1.dnsxhost.example", HOST, ("inserted",)),
    "inserted in front": ("ns1.adnshost.example", HOST, ("inserted",)),
    "plural": ("ns1.dnshosts.example", HOST, ("inserted",)),
    "dropped": ("ns1.dnhost.example", HOST, ("dropped",)),
    "dropped in front": ("ns1.nshost.example", HOST, ("dropped",)),
    "dropped at the end": ("ns1.dnshos.example", HOST, ("dropped",)),
    "dropped of two": ("ns1.gogle-dns.com", "ns1.google-dns.com", ("dropped",)),
    "swapped": ("ns1.dnshsot.example", HOST, ("swapped",)),
    "swapped at the end": ("ns1.dnshots.example", HOST, ("swapped",)),
    "doubled": ("ns1.dnsshost.example", HOST, ("doubled",)),
    "doubled in front": ("ns1.ddnshost.example", HOST, ("doubled",)),
    "doubled at the end": ("ns1.dnshostt.example", HOST, ("doubled",)),
    "substituted": ("ns1.dnshest.example", HOST, ("substituted",)),
    "digit for digit": ("ns1.dns4all.example", "ns1.dns7all.example", ("substituted",)),
    "hyphen added": ("ns1.dns-host.example", HOST, ("hyphen",)),
    "hyphen dropped": ("ns1.azuredns.com", "ns1-01.azure-dns.com", ("hyphen",)),
    "hyphen moved": ("ns1.az-uredns.com", "ns1.azure-dns.com", ("hyphen",)),
    "hyphen moved by one": ("ns1.azur-edns.com", "ns1.azure-dns.com", ("hyphen",)),
    "hyphen doubled": ("ns1.azure--dns.com", "ns1.azure-dns.com", ("hyphen",)),
    "hyphen dropped from awsdns": ("ns-1515.awsdns61.org", R53, ("hyphen",)),
    "0 for o": ("ns1.dnsh0st.example", HOST, ("homoglyph",)),
    "o for 0": ("ns1.dnso1host.example", "ns1.dns01host.example", ("homoglyph",)),
    "1 for l": ("ns1.c1oudflare.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "i for l": ("ada.ns.cioudflare.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "l for 1": ("ns-1515.awsdns-6l.org", R53, ("homoglyph",)),
    "rn for m": ("ns1.akarnai-dns.example", "ns1.akamai-dns.example", ("homoglyph",)),
    "m for rn": ("ns1.modemdns.example", "ns1.moderndns.example", ("homoglyph",)),
    "vv for w": ("ns-1515.avvsdns-61.org", R53, ("homoglyph",)),
    "cl for d": ("ns1.clnshost.example", HOST, ("homoglyph",)),
    "d for cl": ("ada.ns.doudflare.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "5 for s": ("ns1.dnsho5t.example", HOST, ("homoglyph",)),
    "q for g": ("ns1.qoogledns.example", "ns1.googledns.example", ("homoglyph",)),
    "3 for e": ("ada.ns.cloudflar3.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "two twins": ("ns1.d0ma1ncontrol.com", "ns1.domaincontrol.com", ("homoglyph",)),
    "short, one twin": ("ns1.h0t.net", "ns1.hot.net", ("homoglyph",)),
    "cyrillic o": ("ns1.dnsh\u043est.example", HOST, ("homoglyph",)),
    "cyrillic whole": ("ns1.\u0430\u0441\u0435\u0440\u043e.example", "ns1.acepo.example", ("homoglyph",)),
    "greek omicron": ("ns1.dnsh\u03bfst.example", HOST, ("homoglyph",)),
    "cyrillic and greek": ("ns1.g\u043e\u03bfgledns.example", "ns1.googledns.example", ("homoglyph",)),
    "armenian": ("ns1.d\u0578shost.example", HOST, ("homoglyph",)),
    "dotless i": ("ns1.gand\u0131dns.example", "ns1.gandidns.example", ("homoglyph",)),
    "palochka for l": ("ada.ns.c\u04cfoudflare.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "script g": ("ns1.\u0261oogle.com", "ns1.google.com", ("homoglyph",)),
    "ae": ("ns1.m\u00e6stro.example", "ns1.maestro.example", ("homoglyph",)),
    "idn in two letters": ("ns1.\u043e\u0443.example", "ns1.oy.example", ("homoglyph",)),
    "idn twin for a twin": ("ns1.dnsh\u0585st.example", "ns1.dnsh0st.example", ("homoglyph",)),
    "accent": ("ns1.dnsh\u00f6st.example", HOST, ("diacritic",)),
    "accents": ("ns1.d\u0144sh\u00f3\u015bt.example", HOST, ("diacritic",)),
    "accent dropped": ("ns1.bucherdns.example", "ns1.b\u00fccherdns.example", ("diacritic",)),
    "barred l": ("ada.ns.c\u0142oudflare.com", "ada.ns.cloudflare.com", ("homoglyph",)),
    "kanji for kana": ("ns1.\u30b5\u30fc\u30d0.example", "ns1.\u30b5\u4e00\u30d0.example", ("homoglyph",)),
    "two idns": (
        "ns1.\u043f\u043e\u0447\u0442\u0430.example",
        "ns1.\u043f\u03bf\u0447\u0442\u0430.example",
        ("homoglyph",),
    ),
    "com to net": ("ns1.dnshost.net", "ns1.dnshost.com", ("changed TLD",)),
    "com to co": ("ns1.dnshost.co", "ns1.dnshost.com", ("changed TLD",)),
    "com to cm": ("ns1.dnshost.cm", "ns1.dnshost.com", ("changed TLD",)),
    "co.uk to uk": ("ns-1985.awsdns-56.uk", "ns-1985.awsdns-56.co.uk", ("changed TLD",)),
    "org to co.uk": ("ns-1515.awsdns-61.co.uk", R53, ("changed TLD",)),
    "com to com.co": ("ns1.dnshost.com.co", "ns1.dnshost.com", ("changed TLD",)),
    "three letters, same host": ("ns1.ovh.com", "ns1.ovh.net", ("changed TLD",)),
    "two letters, near suffix": ("ns1.he.ne", "ns1.he.net", ("changed TLD",)),
    "zero and TLD": ("awsdns-061.net", "awsdns-61.org", ("leading zero", "changed TLD")),
    "zero and homoglyph": ("ns-1515.avvsdns-061.org", R53, ("homoglyph", "leading zero")),
    "homoglyph and TLD": ("ns1.dnsh0st.net", "ns1.dnshost.com", ("homoglyph", "changed TLD")),
    "homoglyph and hyphen": ("ns1.dns-h0st.example", HOST, ("hyphen", "homoglyph")),
    "two plain edits in a long label": ("ns1.domancontrolx.com", "ns1.domaincontrol.com", ("dropped", "inserted")),
    "dot for nothing": ("dns.host.example", "dnshost.example", ("dot",)),
    "dot dropped": ("ns1dnshost.example", HOST, ("dot",)),
    "hyphen for dot": ("ns1-dnshost.example", HOST, ("hyphen",)),
    "host in front of another domain": ("ns-1515.awsdns-61.org.evil.example", R53, ("embedded",)),
    "domain in front of another": ("x.awsdns-61.org.evil.example", R53, ("embedded",)),
    "domain with hyphens": ("awsdns-61-org.example", R53, ("embedded",)),
    "host with hyphens": ("ns-1515-awsdns-61-org.example", R53, ("embedded",)),
    "domain without dot": ("awsdns-61org.example", R53, ("embedded",)),
    "short domain, as labels": ("ns1.he.net.evil.example", "ns1.he.net", ("embedded",)),
    "embedded in disguise": ("dnsh0st-example.com", HOST, ("embedded", "homoglyph")),
    "embedded with a zero": ("ns1.awsdns-061.org.evil.example", R53, ("embedded", "leading zero")),
    "label and a word": ("ns1.dnshost-secure.example", HOST, ("embedded",)),
    "word and label": ("ns1.my-dnshost.test", HOST, ("embedded",)),
    "sibling, l for 1": ("nsl.dnshost.example", HOST, ("homoglyph",)),
    "sibling, zero": ("ns01.dnshost.example", HOST, ("leading zero",)),
    "sibling, zero dropped": ("ns1-1.azure-dns.com", "ns1-01.azure-dns.com", ("leading zero",)),
    "sibling, idn": ("n\u0455.dnshost.example", "ns.dnshost.example", ("homoglyph",)),
    "sibling, hyphen": ("ns-1.dnshost.example", HOST, ("hyphen",)),
    "sibling, cl for d": ("clns1.dnshost.example", "dns1.dnshost.example", ("homoglyph",)),
    "sibling beneath a private suffix": ("nsl.sakura.ne.jp", "ns1.sakura.ne.jp", ("homoglyph",)),
}


def compare(candidate: str, expected: str) -> Lookalike | None:
    return near_miss(normalise(candidate), normalise(expected))


@pytest.mark.parametrize(("candidate", "expected", "kinds"), NEAR.values(), ids=NEAR.keys())
def test_near_miss_names_what_was_done_when_name_is_close(
    candidate: str, expected: str, kinds: tuple[str, ...]
) -> None:
    found = compare(candidate, expected)
    assert found is not None
    assert found.kinds == kinds
    assert 0 < found.score < 1
    assert (found.candidate, found.genuine) == (normalise(candidate), normalise(expected))


FAR = {
    "identical": (HOST, HOST),
    "sibling number": ("ns3.dnshost.example", HOST),
    "sibling ten": ("ns11.dnshost.example", HOST),
    "sibling names": ("ada.ns.cloudflare.com", "adam.ns.cloudflare.com"),
    "sibling given names, cl and d": ("clara.ns.cloudflare.com", "dara.ns.cloudflare.com"),
    "sibling given names, i and l": ("ian.ns.cloudflare.com", "lan.ns.cloudflare.com"),
    "sibling azure": ("ns1-01.azure-dns.com", "ns1-02.azure-dns.com"),
    "sibling akamai, hyphen between digits": ("a1-64.akam.net", "a16-4.akam.net"),
    "sibling, dot for hyphen": ("ns1.a.dnshost.example", "ns1-a.dnshost.example"),
    "sibling, apex": ("dnshost.example", HOST),
    "sibling deeper": ("ns1.ns1.dnshost.example", HOST),
    "sibling beneath a private suffix": ("ns2.sakura.ne.jp", "ns1.sakura.ne.jp"),
    "route 53, other set": ("ns-5.awsdns-00.com", R53),
    "route 53, same domain": ("ns-1516.awsdns-61.org", R53),
    "route 53, one digit": ("ns-1523.awsdns-62.org", R53),
    "route 53, same number elsewhere": ("ns-491.awsdns-61.com", R53),
    "two letters": ("ns.aa.jp", "ns.ab.jp"),
    "three letters": ("ns1.abc.example", "ns1.abd.example"),
    "two letters, other suffix": ("ns1.he.com", "ns2.he.net"),
    "short under another suffix": ("ns1.aa.com", "ns1.aa.jp"),
    "registries": ("ns1.nic.fr", "ns1.nic.io"),
    "registries of hosts": ("a.dns.jp", "a.dns.pl"),
    "suffix only": ("m.hostile.example", HOST),
    "new provider": ("ns1.newdns.example", HOST),
    "short words": ("ns1.same.com", "ns1.nave.com"),
    "two edits in six": ("ns1.dnspad.net", "ns1.dnspol.org"),
    "edit and TLD in six": ("ns1.dnspad.net", "ns1.dnspod.com"),
    "three edits": ("ns1.domenecantrol.com", "ns1.domaincontrol.com"),
    "generic label inside": ("ns1.registrar-servers.com", "ns1.servers.com"),
    "short label inside": ("ns1.my-akam.net", "a1-64.akam.net"),
    "label as customer": ("examplebank.ns.provider.net", "ns1.examplebank.com"),
    "label inside a word": ("ns1.mydnshosting.example", HOST),
    "genuine inside a longer word": ("ns1.xdnshost.example.evil.test", HOST),
    "public suffix": ("com", "con"),
    "root": (".", HOST),
    "cjk": ("ns1.\u65e5\u672c.example", "ns1.\u65e5\u66dc.example"),
    "idn of another word": ("ns1.\u0436\u0443\u043a.example", "ns1.cat.example"),
}


@pytest.mark.parametrize(("candidate", "expected"), FAR.values(), ids=FAR.keys())
def test_near_miss_is_none_when_names_are_unrelated_or_siblings(candidate: str, expected: str) -> None:
    assert compare(candidate, expected) is None
    assert compare(expected, candidate) is None


SENTENCES = {
    "zero": ("ns-1515.awsdns-061.org", R53, "awsdns-061.org is awsdns-61.org with a zero inserted before 61"),
    "zeros": (
        "agent007.example",
        "agent7.example",
        "agent007.example is agent7.example with 2 zeros inserted before 7",
    ),
    "zero dropped": ("dns1x.example", "dns01x.example", "dns1x.example is dns01x.example with a zero dropped before 1"),
    "digit": (
        "ns1.dnsh0st.example",
        HOST,
        "dnsh0st.example is dnshost.example with the digit 0 in place of the letter o",
    ),
    "pair": ("akarn-dns.net", "akam-dns.net", "akarn-dns.net is akam-dns.net with 'rn' in place of 'm'"),
    "doubled": ("dnsshost.example", "dnshost.example", "dnsshost.example is dnshost.example with 's' doubled"),
    "single": ("gogledns.com", "googledns.com", "gogledns.com is googledns.com with a doubled 'o' made single"),
    "swapped": ("dnshsot.example", "dnshost.example", "dnshsot.example is dnshost.example with 'o' and 's' swapped"),
    "hyphen": ("dns-host.example", "dnshost.example", "dns-host.example is dnshost.example with a hyphen inserted"),
    "hyphen moved": ("az-uredns.com", "azure-dns.com", "az-uredns.com is azure-dns.com with the hyphen moved"),
    "TLD": (
        "awsdns-061.net",
        "awsdns-61.org",
        "awsdns-061.net is awsdns-61.org with a zero inserted before 61 and .net in place of .org",
    ),
    "embedded": (
        "ns-1515.awsdns-61.org.evil.example",
        R53,
        "ns-1515.awsdns-61.org.evil.example only contains ns-1515.awsdns-61.org;"
        " its registrable domain is evil.example",
    ),
    "idn": (
        "dnsh\u043est.example",
        "dnshost.example",
        "xn--dnshst-zqf.example (dnsh\u043est.example) is dnshost.example with"
        " '\u043e' (U+043E CYRILLIC SMALL LETTER O) in place of 'o'",
    ),
    "many": (
        "\u0430\u0441\u0435\u0440\u043e.example",
        "acepo.example",
        "xn--80ak1ahd.example (\u0430\u0441\u0435\u0440\u043e.example) is acepo.example with"
        " 5 Cyrillic letters in place of those they look like",
    ),
}


@pytest.mark.parametrize(("candidate", "expected", "sentence"), SENTENCES.values(), ids=SENTENCES.keys())
def test_sentence_says_what_was_done(candidate: str, expected: str, sentence: str) -> None:
    found = compare(candidate, expected)
    assert found is not None
    assert found.sentence() == sentence


ALIGNED = {
    "same host": (
        ("ns-1515.awsdns-061.org", R53),
        ("ns-1515.awsdns-061.org", "ns-1515.awsdns- 61.org", "               ^      "),
    ),
    "other host": (("ns2.awsdns-061.org", R53), ("awsdns-061.org", "awsdns- 61.org", "       ^      ")),
    "pair": (("akarn-dns.net", "akam-dns.net"), ("akarn-dns.net", "akam -dns.net", "   ^^        ")),
    "wide": (
        ("\u30b5\u30fc\u30d0.example", "\u30b5\u4e00\u30d0.example"),
        ("\u30b5\u30fc\u30d0.example", "\u30b5\u4e00\u30d0.example", "\u3000\uff3e\u3000        "),
    ),
    "suffix": (("dnshost.co", "dnshost.com"), ("dnshost.co ", "dnshost.com", "          ^")),
}


@pytest.mark.parametrize(("names", "aligned"), ALIGNED.values(), ids=ALIGNED.keys())
def test_aligned_puts_a_marker_under_each_difference(names: tuple[str, str], aligned: tuple[str, str, str]) -> None:
    found = compare(*names)
    assert found is not None
    assert found.aligned == aligned


def test_as_detail_survives_json() -> None:
    found = compare("ns1.dnsh\u043est.example", HOST)
    assert found is not None
    detail = found.as_detail()
    assert json.loads(json.dumps(detail)) == detail
    assert detail["kinds"] == ["homoglyph"]
    assert detail["sentence"] == found.sentence()


SET = (R53, "ns-1985.awsdns-56.co.uk", "ns-650.awsdns-17.net", "ns-405.awsdns-50.com")


@pytest.mark.parametrize(
    ("candidate", "genuine"),
    [
        ("ns-1515.awsdns-061.org", R53),
        ("ns-1985.awsdns-056.co.uk", "ns-1985.awsdns-56.co.uk"),
        ("ns-650.awsdns-017.net", "ns-650.awsdns-17.net"),
        ("ns-9999.awsdns-5O.com".lower(), "ns-405.awsdns-50.com"),
    ],
)
def test_closest_picks_the_imitated_host(candidate: str, genuine: str) -> None:
    found = closest(candidate, SET)
    assert found is not None
    assert found.genuine == genuine


def test_closest_prefers_same_labels_in_front_when_domains_are_equal() -> None:
    expected = ["ns1.dnshost.example", "ns2.dnshost.example", "ns3.dnshost.example"]
    found = closest("ns2.dnsh0st.example", expected)
    assert found is not None
    assert found.genuine == "ns2.dnshost.example"


def test_closest_is_none_when_candidate_is_expected() -> None:
    assert closest("ns01.dnshost.example", ["ns1.dnshost.example", "ns01.dnshost.example"]) is None
    assert closest("ns1.dnshost.net", ["ns1.dnshost.example", "ns1.dnshost.net"]) is None


def test_closest_is_none_when_candidate_is_in_an_expected_domain() -> None:
    assert closest("pdns5.ultradns.info", ["pdns1.ultradns.net", "pdns3.ultradns.info"]) is None


def test_closest_is_none_when_nothing_is_expected() -> None:
    assert closest("ns1.dnshost.example", []) is None


def test_score_is_higher_when_harder_to_see() -> None:
    order = ["dnsh\u043est", "dnsh\u00f6st", "dnsh0st", "dnsshost", "dnshsot", "dnshest"]
    found = [compare(f"ns1.{label}.example", HOST) for label in order]
    scores = [row.score for row in found if row is not None]
    assert len(scores) == len(order)
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
