"""What must fit together in a watchlist. Each check yields its problems and does not care what else is wrong.

The model may be salvaged (`nswatch_cli.conform`): any value may be None where it was refused.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from nswatch.errors import InvalidName
from nswatch.expect.data import aws_ranges
from nswatch.names import absolute, is_registry_suffix, is_within, normalise, registrable
from nswatch_cli.conform import Strict
from nswatch_cli.document import KeyPath
from nswatch_cli.watchlist import schema
from nswatch_cli.watchlist.fields import EMAIL, check_host, check_rdata

Trouble = tuple[KeyPath, str, str]
"""A path, what is wrong there, what would be right."""


def troubles(watchlist: schema.Watchlist) -> Iterator[Trouble]:
    """Yield everything that does not fit together."""
    names = dict(_names(watchlist))
    yield from _domain_names(watchlist)
    for key, domain in (watchlist.domains or {}).items():
        if domain is not None:
            yield from _in_domain(("domains", key), names.get(key), domain)
    yield from _empty_or_repeated(("defaults", "resolvers"), getattr(watchlist.defaults, "resolvers", None), None)
    yield from _fallbacks(watchlist, names)
    yield from _reachable(watchlist, names)
    if watchlist.alerts is not None:
        yield from _routes(watchlist.alerts)


def _names(watchlist: schema.Watchlist) -> Iterator[tuple[str, str]]:
    """Yield each domain's key and canonical name, where it can be one."""
    for key in watchlist.domains or {}:
        try:
            name = check_host(key)
        except PydanticCustomError:
            continue
        if not is_registry_suffix(name):
            yield key, name


def _domain_names(watchlist: schema.Watchlist) -> Iterator[Trouble]:
    if watchlist.domains is not None and not watchlist.domains:
        yield ("domains",), "is empty", "list at least one domain"
    first: dict[str, str] = {}
    for key in watchlist.domains or {}:
        path = ("domains", key)
        try:
            name = check_host(key)
        except PydanticCustomError as error:
            context = error.context or {}
            yield (
                path,
                context["what"].replace("a host's name", "a domain"),
                "write a registered domain, like example.com",
            )
            continue
        if is_registry_suffix(name):
            yield path, "is a suffix that a registry registers under", "write the domain that is registered there"
        elif "_" in registrable(name):
            yield path, "has '_' in the part that is registered", "write letters, digits and hyphens"
        if name in first:
            yield path, f"is the same domain as {first[name]!r}", "keep one of them"
        first.setdefault(name, key)


def _in_domain(path: KeyPath, name: str | None, domain: schema.Domain) -> Iterator[Trouble]:
    yield from _delegation((*path, "delegation"), domain.delegation)
    routed = domain.delegation is not None and domain.delegation.provider is not None
    yield from _answers((*path, "answers"), name, domain.answers, routed=routed)
    yield from _registration((*path, "registration"), domain.registration)
    yield from _web((*path, "web"), name, domain.web)
    yield from _empty_or_repeated((*path, "resolvers"), domain.resolvers, None)
    ids: dict[str, int] = {}
    for index, change in _each(domain.planned_changes):
        at = (*path, "planned_changes", index)
        if change.id in ids and change.id is not None:
            yield (*at, "id"), f"is {change.id!r} again", "give each planned change an id of its own"
        ids.setdefault(change.id, index)
        yield from _planned_change(at, name, change, routed=routed)


def _delegation(path: KeyPath, delegation: schema.Delegation | schema.PlannedDelegation | None) -> Iterator[Trouble]:
    if delegation is None:
        return
    yield from _empty_or_repeated((*path, "ns"), delegation.ns, "list the name servers that the registry must hold")
    if isinstance(delegation, schema.Delegation):
        if delegation.hosted_zone and not delegation.provider:
            yield (*path, "hosted_zone"), "is not compared with anything without a provider", "add 'provider: route53'"
        if delegation.role_arn and not delegation.hosted_zone:
            yield (
                (*path, "role_arn"),
                "is not used without hosted_zone",
                "add the hosted zone's id, or leave the role out",
            )


def _planned_change(
    path: KeyPath, name: str | None, change: schema.PlannedChange, *, routed: bool
) -> Iterator[Trouble]:
    if change.starts is not None and change.ends is not None and change.ends <= change.starts:
        yield (*path, "until"), "is not after 'from'", "write the end of the window, later than its start"
    approvers = change.by or []
    if change.by is not None and None not in approvers and len({who.strip().casefold() for who in approvers}) < 2:
        yield (
            (*path, "by"),
            "names fewer than two different people",
            "let one propose and another approve: [alice, bob]",
        )
    given = change.model_fields_set & {"delegation", "answers", "registration", "web"}
    if all(_says_nothing(getattr(change, part)) for part in given):
        yield path, "changes nothing", "give the new values under delegation, answers, registration or web"
    yield from _delegation((*path, "delegation"), change.delegation)
    yield from _answers((*path, "answers"), name, change.answers, routed=routed)
    yield from _registration((*path, "registration"), change.registration)
    yield from _web((*path, "web"), name, change.web)


def _says_nothing(part: Any) -> bool:
    """Whether a part is there without a value; one that was refused (None) is told of elsewhere."""
    return part == [] or (isinstance(part, Strict) and not part.model_fields_set)


_WAYS = ("values", "within", "contains")


def _answers(
    path: KeyPath, origin: str | None, answers: Sequence[schema.Answer] | None, *, routed: bool
) -> Iterator[Trouble]:
    """Yield what is wrong with answers; where they are ``routed``, policies choose between several CNAMEs of a name."""
    types_at: dict[str, dict[str, int]] = {}
    for index, answer in _each(answers):
        at = (*path, index)
        yield from _one_answer(at, answer)
        if answer.type == "CNAME" and len(answer.values or ()) > 1 and not routed:
            what = "holds more than one CNAME"
            yield (*at, "values"), what, "keep one: a name has one canonical name (without 'provider: route53')"
        if answer.name is None or answer.type is None:
            continue
        owner = absolute(answer.name, origin or "unknown.invalid")
        if answer.name.endswith(".") and origin is not None and not is_within(owner, origin):
            yield (*at, "name"), f"is {answer.name!r}, outside the domain", f"write a name in or below {origin}"
        if answer.type == "CNAME" and owner == origin:
            yield (
                (*at, "type"),
                "is CNAME at the domain itself, beside SOA and NS",
                "write what it resolves to: A, AAAA",
            )
        others = types_at.setdefault(owner, {})
        if answer.type in others:
            what = f"is the same name and type ({answer.name} {answer.type}) as answers[{others[answer.type]}]"
            yield at, what, "write all its values in one entry"
        elif others and "CNAME" in {answer.type, *others}:
            what = f"contradicts answers[{min(others.values())}]: a CNAME stands alone at its name"
            yield at, what, "keep the CNAME or the other types"
        others.setdefault(answer.type, index)


def _one_answer(path: KeyPath, answer: schema.Answer) -> Iterator[Trouble]:
    given = [way for way in _WAYS if way in answer.model_fields_set]
    if len(given) > 1:
        yield path, f"has {' and '.join(given)}, which contradict", "keep one of them"
    if not given:
        yield path, "expects nothing", "give values, within (addresses) or contains (TXT)"
    for way in given:
        yield from _empty_or_repeated((*path, way), getattr(answer, way), "list what is expected")
    if answer.type is None:
        return
    if "within" in given and answer.type not in {"A", "AAAA"}:
        yield (*path, "within"), f"does not go with type {answer.type}", "write values; within is for A and AAAA"
    if "contains" in given and answer.type != "TXT":
        yield (*path, "contains"), f"does not go with type {answer.type}", "write values; contains is for TXT"
    for index, item in enumerate(answer.within or ()):
        if item is not None and "/" in item and (":" in item) is not (answer.type == "AAAA"):
            yield (*path, "within", index), f"is {item}, where no {answer.type} record can lie", "write its own family"
        if item is not None and item.startswith("aws:") and item[4:] not in aws_ranges().services:
            yield (*path, "within", index), f"is {item}, and AWS publishes no such service's networks", _nearest(item)
    yield from _values((*path, "values"), answer)


def _nearest(item: str) -> str:
    ranges = aws_ranges()
    known = sorted(ranges.services)
    close = difflib.get_close_matches(item[4:], known, n=3, cutoff=0.5) or known
    meant = ", ".join(f"aws:{service}" for service in close)
    return f"write one of {meant} (as of {ranges.created[:10]}; nswatch ranges --refresh)"


def _values(path: KeyPath, answer: schema.Answer) -> Iterator[Trouble]:
    first: dict[str, int] = {}
    for index, value in enumerate(answer.values or ()):
        if value is None:
            continue
        try:
            data = check_rdata(answer.type, value)
        except PydanticCustomError as error:
            context = error.context or {}
            yield (*path, index), context["what"], context["hint"]
            continue
        if data in first and answer.values.index(value) == index:  # type: ignore[union-attr]  # equal texts: told above
            yield (*path, index), f"is the same value as [{first[data]}]", "keep one of them"
        first.setdefault(data, index)


def _registration(path: KeyPath, registration: schema.PlannedRegistration | None) -> Iterator[Trouble]:
    if registration is None:
        return
    yield from _empty_or_repeated((*path, "locks"), registration.locks, None)
    if isinstance(registration, schema.Registration) and registration.role_arn and not registration.provider:
        yield (*path, "role_arn"), "is not used without a provider", "add 'provider: route53', or leave the role out"


def _web(path: KeyPath, name: str | None, web: schema.Web | None) -> Iterator[Trouble]:
    if web is None:
        return
    yield from _empty_or_repeated((*path, "issuers"), web.issuers, "list who may issue certificates, or leave it out")
    if web.url is not None and name is not None:
        host = web.url.removeprefix("https://").partition("/")[0].partition(":")[0]
        if not is_within(host, name):
            yield (*path, "url"), f"is at {host}, outside the domain", f"write a URL in or below {name}"


def _fallbacks(watchlist: schema.Watchlist, names: dict[str, str]) -> Iterator[Trouble]:
    watched = set(names.values())
    for key, domain in (watchlist.domains or {}).items():
        if domain is None or domain.fallback_domain is None:
            continue
        path = ("domains", key, "fallback_domain")
        fallback, name = domain.fallback_domain, names.get(key)
        if name is not None and registrable(fallback) == registrable(name):
            yield path, f"is {fallback}, which falls with {name}", "write a domain that is registered apart"
        elif fallback not in watched:
            yield path, f"is {fallback}, which is not watched", f"add {fallback} to domains"


def _reachable(watchlist: schema.Watchlist, names: dict[str, str]) -> Iterator[Trouble]:
    """Refuse addresses whose mail an attacker would receive during the very incident (decision 19)."""
    fallbacks = {domain.fallback_domain for domain in (watchlist.domains or {}).values() if domain is not None}
    risky = set(names.values()) - fallbacks
    texts: list[tuple[KeyPath, str | None]] = []
    for key, domain in (watchlist.domains or {}).items():
        if domain is None:
            continue
        texts.append((("domains", key, "reply_to"), domain.reply_to))
        contacts = {contact: getattr(domain.contacts, contact, None) for contact in schema.Contacts.model_fields}
        texts.extend((("domains", key, "contacts", contact), text) for contact, text in contacts.items())
    for channel in schema.Alerts.model_fields:
        routes = getattr(watchlist.alerts, channel, None) or ()
        texts.extend((("alerts", channel, index), route) for index, route in enumerate(routes))
    for path, text in texts:
        for address, host in _addresses(text or ""):
            watched = next((name for name in _and_above(host) if name in risky), None)
            if watched is not None:
                what = f"has {address}, whose mail is lost when {watched} is hijacked"
                yield path, what, "write an address outside the watched domains (a fallback_domain will do)"


def _and_above(name: str) -> Iterator[str]:
    """Yield a name and every domain that it lies in, the nearest first."""
    while name:
        yield name
        name = name.partition(".")[2]


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the email addresses in a text, each with the canonical name of its domain."""
    for found in EMAIL.finditer(text.removeprefix("email:")):
        try:
            yield found[0], normalise(found[1].rstrip(".:!?"))
        except InvalidName:
            continue


def _routes(alerts: schema.Alerts) -> Iterator[Trouble]:
    yield from _empty_or_repeated(("alerts", "page"), alerts.page, "list the routes that wake a person")
    yield from _empty_or_repeated(("alerts", "notice"), alerts.notice, None)
    page = alerts.page or []
    if not page or None in page:
        return
    emails = {registrable(route.rpartition("@")[2]) for route in page if route.startswith("email:")}
    if not emails:
        yield ("alerts", "page"), "has no route but SMS, which may come late or not at all", "add an email: route"
    elif len(page) == 1:
        yield (
            ("alerts", "page"),
            "has one route",
            "add a second one that does not fail with it: sms:, or email elsewhere",
        )
    elif len(emails) == 1 and all(route.startswith("email:") for route in page):
        what = f"has only email at {''.join(emails)}, which fails all at once"
        yield ("alerts", "page"), what, "add an sms: route, or email at another provider"


def _each(items: Sequence[Any] | None) -> Iterator[tuple[int, Any]]:
    """Yield the items that were not refused, each with its index in the file."""
    return ((index, item) for index, item in enumerate(items or ()) if item is not None)


def _empty_or_repeated(path: KeyPath, items: Iterable[str | None] | None, if_empty: str | None) -> Iterator[Trouble]:
    """Refuse an empty list (where ``if_empty`` says what belongs there), and any item that is there twice."""
    if items is None:
        return
    listed = list(items)
    if not listed and if_empty is not None:
        yield path, "is an empty list", if_empty
    for index, item in enumerate(listed):
        if item is not None and item in listed[:index]:
            yield (*path, index), f"is {item!r} again", "keep one of them"
