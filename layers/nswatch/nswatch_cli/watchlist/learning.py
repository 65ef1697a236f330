"""`nswatch watchlist learn`: an entry from what is seen now, for a person to read; what looks odd is said beside it.

What is seen may be forged already: nothing here is approved until somebody has read it and applied it.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nswatch.collect.rdap import RdapAnswer
from nswatch.errors import InvalidDocument
from nswatch.expect.networks import AwsRanges
from nswatch.expect.values import ADDRESSES, canonical, mname
from nswatch.judge.route53 import parse
from nswatch.model import Result
from nswatch.names import registry_domain
from nswatch_cli.check.values import Compared, Group, Look, Status, Verdict, gives
from nswatch_cli.document import Problem
from nswatch_cli.watchlist.canonical import moment
from nswatch_cli.watchlist.writing import Draft

_SERVICES = ("CLOUDFRONT", "GLOBALACCELERATOR", "S3", "API_GATEWAY")
_TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
_LOCKS = frozenset(
    f"{by}{what}Prohibited" for by in ("client", "server") for what in ("Delete", "Renew", "Transfer", "Update")
)


def registered_names(look: Look) -> tuple[str, ...]:
    """Return what is registered at registries: the domain's own first, then those of its name servers."""
    hosts = sorted({host for each in gives(look.parents) for host in each if not host.startswith("(")})
    found = (registry_domain(name) for name in (look.domain, *hosts))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def learned(look: Look, verdict: Verdict, registered: Mapping[str, RdapAnswer], aws: AwsRanges) -> Draft:
    """Return a draft of what was seen; raise InvalidDocument where nothing can be learned from here."""
    if look.interception is not None:
        what = f"this network intercepts DNS ({look.interception.reason})"
        raise InvalidDocument(Problem(look.domain, None, (), what, "ask from another network"))
    sets = gives(look.parents)
    ns = next(iter(sets), frozenset[str]())
    if not ns:
        what = f"no server of {look.zone} delegates it" if sets else "no server of the parent said what it delegates to"
        raise InvalidDocument(Problem(look.domain, None, (), what, "look with nswatch check"))
    comments: dict[str | tuple[str, str], str] = {
        "ns": f"seen at {len(sets[ns])} of {len(look.parents)} servers of {look.zone}"
    }
    delegation: dict[str, Any] = {"provider": "route53"} if all(map(parse, ns)) else {}
    delegation["ns"] = sorted(ns)
    soa = next((each for each in verdict.compared if each.record.qtype == "SOA" and each.groups), None)
    if soa is not None and soa.groups[0].facts.values:
        delegation["soa_mname"] = mname(soa.groups[0].facts.values[0])
        comments["soa_mname"] = _seen(soa.groups[0], soa)
    given = [each.facts.ds for each in look.parents if each.facts is not None and each.facts.ds is not None]
    if given and len({bool(ds) for ds in given}) == 1:
        delegation["dnssec"] = "signed" if given[0] else "unsigned"
        comments["dnssec"] = f"seen at {len(given)} of {len(look.parents)} servers of {look.zone}"
    answers = []
    for each in verdict.compared:
        expected = _expected(each, look.domain, verdict, aws)
        if expected:
            answers.append(expected)
            comments[expected["name"], expected["type"]] = _seen(each.groups[0], each)
    own = registered.get(registry_domain(look.domain) or "")
    registration = _registration(own)
    return Draft(
        domain=look.domain,
        delegation=delegation,
        answers=answers,
        registration=registration,
        remarks=[
            f"seen at {moment(look.at.replace(microsecond=0))} from one place: it may be forged already. Read every "
            "line, ask who runs it, then apply.",
            *(f"LOOK AT THIS: {warning}" for warning in warnings(verdict, registered, registration)),
        ],
        comments=comments,
    )


def warnings(verdict: Verdict, registered: Mapping[str, RdapAnswer], registration: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not as it should be, or could not be found out."""
    for remark in verdict.remarks:
        if remark.status is not Status.OK:
            yield remark.sentence
    for name, answer in registered.items():
        if answer.result is Result.NXDOMAIN:
            yield f"the registry knows no {name}: if that is so, anybody can register it, and answer for the domain"
        elif not answer.result.definite:
            yield f"the registry does not say who holds {name}: {answer.note}"
    if registration and not any(lock.startswith("server") for lock in registration.get("locks", ())):
        yield "no registry lock (no server... status): who gets into the registrar's account can change the delegation"


def _registration(answer: RdapAnswer | None) -> dict[str, Any]:
    said = None if answer is None else answer.registration
    if said is None:
        return {}
    found: dict[str, Any] = {"registrar": said.registrar} if said.registrar else {}
    locks = sorted(_LOCKS & set(said.status or ()))
    return found | ({"locks": locks} if locks else {})


def _expected(each: Compared, domain: str, verdict: Verdict, aws: AwsRanges) -> dict[str, Any]:
    """Return the answer to expect for one RRset; nothing where there is none, or where an alias stands in its place."""
    name, qtype = each.record.qname, each.record.qtype
    if qtype not in _TYPES or not each.groups or each.groups[0].facts.result is not Result.ANSWER:
        return {}
    values = each.groups[0].facts.values
    aliased = any(
        other.record.qname == name and other.record.qtype == "CNAME" and other.groups and other.groups[0].facts.values
        for other in verdict.compared
    )
    if not values or (qtype != "CNAME" and (aliased or each.groups[0].facts.aliases)):
        return {}
    owner = "@" if name == domain else name.removesuffix(f".{domain}")
    return {"name": owner, "type": qtype, **_way(qtype, values, aws)}


def _way(qtype: str, values: Sequence[str], aws: AwsRanges) -> dict[str, list[str]]:
    if qtype == "TXT":
        return {"contains": [text for text in values if text.strip()]}
    if qtype not in ADDRESSES:
        return {"values": [value if value.endswith(" .") else f"{canonical(value)}." for value in values]}
    addresses = [ipaddress.ip_address(value) for value in values]
    for service in _SERVICES:
        if all(aws.holds(address, service) for address in addresses):
            return {"within": [f"aws:{service}"]}
    return {"values": list(values)}


def _seen(group: Group, each: Compared) -> str:
    told = []
    for mine, others, who in (
        (group.servers, each.record.servers, "name servers' addresses"),
        (group.resolvers, each.record.resolvers, "resolvers"),
    ):
        if others:
            told.append(f"{len(mine)} of {len(others)} {who}")
    return f"seen at {', '.join(told)}" if told else ""
