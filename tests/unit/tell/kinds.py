"""One finding of every DNS code, as the rules write them: what `test_kinds` reads, and a person may print.

``python -m tests.unit.tell.kinds`` shows every page.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.unit.tell.stories import CONTACTS, START, page

from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.model import Finding, Severity, Sighting, Source, Transport, Value

DOMAIN = "example.com"
NS = tuple(f"ns{n}.dns-host.net" for n in (1, 2, 3, 4))
RESOLVERS = ("8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222")
WWW = f"www.{DOMAIN}"
REGIONS = ("ap-northeast-1", "us-east-1")
MX, MX_2, EVIL_MX = "10 mx1.mail.example", "20 mx2.mail.example", "10 mx.evil.example"
WITHIN = ("203.0.113.0/24", "aws:CLOUDFRONT", "AS64500")
FORGED = ("ns1.evil.example",)
ENTRY = DomainEntry(
    DOMAIN,
    Delegation(ns=frozenset(NS), provider="route53"),
    contacts=CONTACTS,
    resolvers=RESOLVERS,
    fallback_domain="fallback.example",
    reply_to="+81-3-1111-1111",
)


def sighted(hosts: Sequence[str], source: Source = Source.AUTHORITATIVE) -> tuple[Sighting, ...]:
    """Sightings over TCP from every region, a second apart."""
    cache = source is Source.RECURSIVE
    return tuple(
        Sighting(
            region,
            source,
            host if cache else f"192.0.2.{n + 1}",
            "" if cache else host,
            Transport.TCP,
            START + timedelta(seconds=n),
        )
        for n, host in enumerate(hosts)
        for region in REGIONS
    )


def kind(
    code: str,
    expected: Sequence[str],
    seen: Sequence[str],
    detail: Mapping[str, Any],
    *,
    sightings: tuple[Sighting, ...] | None = None,
    severity: Severity = Severity.PAGE,
    **more: Any,
) -> Finding:
    by = sighted(NS) if sightings is None else sightings
    return Finding(code, DOMAIN, severity, tuple(expected), tuple(seen), START, by, detail, **more)


def content(
    code: str,
    name: str,
    type_: str,
    expected: Sequence[str],
    seen: Sequence[str],
    *,
    hosts: Sequence[str] = NS,
    resolvers: Sequence[str] = (),
    **more: Any,
) -> Finding:
    given = {"seen": list(seen), "hosts": list(hosts), "resolvers": list(resolvers), "regions": list(REGIONS)}
    rrset = {"name": name, "type": type_, "answers": [given]}
    values: tuple[Value, ...] = ((name, type_, tuple(seen)),)
    detail = {**rrset, "forged": more.get("cause") == "delegation", "rrsets": [rrset]}
    by = sighted(hosts) + sighted(resolvers, Source.RECURSIVE)
    return kind(code, expected, seen, detail, sightings=by, values=values, **more)


def disagreement(code: str, **more: Any) -> Finding:
    resolvers = more.pop("resolvers", RESOLVERS[:2])
    given = {"seen": [EVIL_MX], "hosts": [], "resolvers": list(resolvers), "regions": ["ap-northeast-1"]}
    detail = {"rrsets": [{"name": DOMAIN, "type": "MX", "answers": [given]}], "kind": "recursive"}
    by = sighted(resolvers, Source.RECURSIVE)
    return kind(code, [MX], [EVIL_MX], detail, sightings=by, values=((DOMAIN, "MX", (EVIL_MX,)),), **more)


def lame(hosts: Sequence[str], result: str, **more: Any) -> Finding:
    rows = [
        {"host": host, "address": f"192.0.2.{n}", "result": result, "regions": list(REGIONS)}
        for n, host in enumerate(hosts, start=1)
    ]
    return kind(
        more.pop("code", "nameserver_lame"),
        NS,
        hosts,
        {"servers": rows, "all": len(hosts) == len(NS)},
        sightings=sighted(hosts),
        **more,
    )


NOTICE: Mapping[str, Any] = {"severity": Severity.NOTICE}
GLUE = [{"host": "ns1.dns-host.net", "expected": ["192.0.2.1"], "seen": ["198.51.100.66"]}]
TTL = [
    {"name": DOMAIN, "type": "MX", "expected": 86400, "seen": 60},
    {"name": WWW, "type": "A", "expected": 3600, "seen": 60},
]
SPF, OPEN_SPF = "v=spf1 include:_spf.mail.example -all", "v=spf1 +all"
DS, OTHER_DS = f"4711 13 2 {'a' * 64}", f"815 13 2 {'b' * 64}"
REGISTRY = sighted(["a.gtld-servers.net", "b.gtld-servers.net"], Source.PARENT)
KINDS: Mapping[str, Finding] = {
    "ds_changed": kind("ds_changed", [DS], [OTHER_DS], {"parent": "com"}, sightings=REGISTRY),
    "ds_changed, gone": kind("ds_changed", [DS], [], {"parent": "com"}, sightings=REGISTRY),
    "ds_changed, added": kind("ds_changed", [], [OTHER_DS], {"parent": "com"}, sightings=REGISTRY),
    "dnssec_bogus": kind(
        "dnssec_bogus",
        ["an answer that validates"],
        ["SERVFAIL, and an answer only with checking disabled (CD)"],
        {"resolvers": [{"address": "8.8.8.8", "regions": list(REGIONS), "rrsets": [f"{DOMAIN} MX"]}]},
        sightings=sighted(RESOLVERS[:1], Source.RECURSIVE),
    ),
    "dnssec_bogus, ours": kind(
        "dnssec_bogus",
        ["an answer that validates"],
        ["example.com DNSKEY: expired 2026-01-01 00:00 UTC"],
        {
            "resolvers": [],
            "chain": {
                "zone": DOMAIN,
                "reason": "example.com DNSKEY: expired 2026-01-01 00:00 UTC",
                "regions": list(REGIONS[:2]),
            },
        },
        sightings=(Sighting("eu-west-1", Source.CHAIN, "", "", Transport.TCP, START),),
    ),
    "dnssec_bogus, upstream": kind(
        "dnssec_bogus",
        ["an answer that validates"],
        ["com DNSKEY has no signature"],
        {
            "resolvers": [],
            "chain": {"zone": "com", "reason": "com DNSKEY has no signature", "regions": list(REGIONS[:2])},
            "upstream": "com",
            "parent": "com",
        },
        sightings=(Sighting("eu-west-1", Source.CHAIN, "", "", Transport.TCP, START),),
    ),
    "glue_changed": kind(
        "glue_changed",
        ["192.0.2.1"],
        ["198.51.100.66"],
        {"hosts": GLUE, "parent": "com"},
        sightings=sighted(["a.gtld-servers.net", "b.gtld-servers.net"], Source.PARENT),
    ),
    "nameserver_address_changed": kind(
        "nameserver_address_changed",
        ["192.0.2.1"],
        ["198.51.100.66"],
        {"hosts": GLUE},
        sightings=(Sighting("eu-west-1", Source.ITERATIVE, "", "", Transport.UDP, START),),
    ),
    "parent_child_mismatch": kind(
        "parent_child_mismatch", NS, (*NS[:3], "ns9.dns-host.net"), {"parent": "com"}, **NOTICE
    ),
    "nameserver_lame": lame(NS[1:2], "refused", **NOTICE),
    "nameserver_lame, all": lame(NS, "refused"),
    "nameservers_unreachable": lame(NS, "timeout", code="nameservers_unreachable"),
    "soa_changed": content("soa_changed", DOMAIN, "SOA", ["ns1.dns-host.net"], ["ns1.evil.example"]),
    "mx_changed": content("mx_changed", DOMAIN, "MX", [MX], [EVIL_MX]),
    "mx_changed, one server": content(
        "mx_changed", DOMAIN, "MX", [MX, MX_2], [MX, MX_2, EVIL_MX], hosts=NS[1:2], resolvers=RESOLVERS[:1]
    ),
    "mx_changed, one missing": content("mx_changed", DOMAIN, "MX", [MX, MX_2], [MX]),
    "mx_changed, forged": content("mx_changed", DOMAIN, "MX", [MX], [EVIL_MX], hosts=FORGED, cause="delegation"),
    "txt_changed": content("txt_changed", DOMAIN, "TXT", [SPF], [OPEN_SPF], **NOTICE),
    "txt_changed, second SPF": content("txt_changed", DOMAIN, "TXT", [SPF], [SPF, OPEN_SPF, "token=1"], **NOTICE),
    "cname_changed": content("cname_changed", WWW, "CNAME", ["d1.cloudfront.net"], ["lb.evil.example"]),
    "address_changed": content("address_changed", WWW, "A", WITHIN, ["198.51.100.7", "203.0.113.9"]),
    "answer_missing": content("answer_missing", WWW, "A", ["203.0.113.0/24"], []),
    "answer_missing, one server": content("answer_missing", DOMAIN, "MX", [MX], [], hosts=NS[:1], **NOTICE),
    "ttl_changed": kind("ttl_changed", ["86400"], ["60"], {"rrsets": TTL}, **NOTICE),
    "regions_disagree": disagreement("regions_disagree"),
    "resolvers_disagree": disagreement("resolvers_disagree"),
    "resolvers_disagree, of a story": disagreement("resolvers_disagree", cause="zone content"),
}


def hijack() -> list[Finding]:
    """A hijack with all that comes of it, in no order."""
    delegation = kind(
        "delegation_changed",
        NS,
        ("ns1.evil.example",),
        {"parent": "com"},
        sightings=sighted(["a.gtld-servers.net"], Source.PARENT),
    )
    caches = disagreement("resolvers_disagree", cause="delegation")
    return [delegation, caches, KINDS["mx_changed, forged"], KINDS["glue_changed"]]


def show() -> None:
    """Print every page."""
    for name, finding in {**KINDS, "everything": None}.items():
        text = page([finding] if finding else hijack(), group=DOMAIN, entry=ENTRY)
        print(f"===== {name}\n{text.sms}\n{text.subject}\n\n{text.email}")  # noqa: T201 - for a person


if __name__ == "__main__":
    show()
