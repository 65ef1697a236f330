"""The watchlist as the running code sees it: plain values read from canonical JSON.

Reading is tolerant (an unknown key is skipped, decision 15), so that a key that a newer `apply` knows does not silence
a region that is not upgraded yet. Strictness lives in `nswatch_cli.watchlist`, where people can act on it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nswatch.errors import InvalidDocument, InvalidName
from nswatch.model import Severity
from nswatch.moments import parse_iso
from nswatch.names import absolute, normalise


@dataclass(frozen=True, slots=True)
class Delegation:
    """The delegation that the parent must give. ``ns`` are names; in a planned change parts may be absent."""

    ns: frozenset[str] = frozenset()
    provider: str | None = None
    hosted_zone: str | None = None
    role_arn: str | None = None
    soa_mname: str | None = None
    dnssec: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What authoritative servers and resolvers must say for one name and type.

    ``name`` is absolute (``@`` is resolved on reading). Exactly one of ``values``, ``within``, ``contains`` is
    non-empty: equality, membership of every address in a network, and strings that must occur.

    ``values`` have the form of `Facts.values` (RDATA in presentation form, names lower-cased and absolute with the
    trailing dot: ``10 mx1.mail.example.``), but for TXT, where each is the whole text, its strings joined and unquoted.
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """What RDAP must say."""

    registrar: str | None = None
    locks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registrar:
    """Whose own interface tells of the registration: ``provider`` "route53" is Route 53 Domains.

    ``role_arn`` is assumed for it; None: the collector's own account.
    """

    provider: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Web:
    """The site to ask, and who may issue its certificates."""

    url: str | None = None
    issuers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """Values that are approved from ``starts`` until ``ends``, beside the current ones."""

    id: str
    starts: datetime
    ends: datetime
    by: tuple[str, ...]
    delegation: Delegation | None = None
    answers: tuple[Answer, ...] = ()
    registration: Registration | None = None
    web: Web | None = None


@dataclass(frozen=True, slots=True)
class Superseded:
    """Values that an `apply` at ``at`` replaced: a lagging server or cache may still give them for a while."""

    at: datetime
    delegation: Delegation | None = None
    answers: tuple[Answer, ...] = ()
    ds: tuple[str, ...] | None = None
    registration: Registration | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was seen and approved at `apply` where the watchlist itself names no value (decision 2).

    ``glue`` is the parent's, ``addresses`` are those that a walk from the root found for name servers and for the
    domain's own mail hosts: host -> addresses, a host without any has an empty tuple. ``ds`` is None when it was not
    seen. ``ttls`` are those of authoritative servers, in seconds, by (qname, qtype). What is absent is not judged.
    ``records`` is when the records of the hosted zone that no entry mentions were approved anew, "" for the first look.
    """

    glue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ds: tuple[str, ...] | None = None
    ttls: Mapping[tuple[str, str], int] = field(default_factory=dict)
    records: str = ""


@dataclass(frozen=True, slots=True)
class DomainEntry:
    """One watched domain, with the watchlist's defaults filled in."""

    domain: str
    delegation: Delegation
    answers: tuple[Answer, ...] = ()
    registration: Registration | None = None
    registrar: Registrar | None = None
    web: Web | None = None
    planned_changes: tuple[PlannedChange, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    fallback_domain: str | None = None
    reply_to: str | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    resolvers: tuple[str, ...] = ()
    every: int = 60
    delegation_every: int = 60
    language: str = "en"


def read_entry(domain: str, document: Mapping[str, Any]) -> DomainEntry:
    """Return the entry that one domain's canonical JSON holds.

    Keys that are not known are skipped, and so are optional parts that cannot be read, where leaving them out cannot
    hide an attack: a planned change that is not understood approves nothing. Raises InvalidDocument when the document
    holds no expected NS set, because nothing could be judged by it.
    """
    delegation = _delegation(document.get("delegation"))
    if delegation is None or not delegation.ns:
        raise InvalidDocument(f"{domain}: the stored entry holds no delegation.ns; apply the watchlist again")
    return DomainEntry(
        domain=domain,
        delegation=delegation,
        answers=_answers(domain, document.get("answers")),
        registration=_registration(document.get("registration")),
        registrar=_registrar(document.get("registration")),
        web=_web(document.get("web")),
        planned_changes=tuple(_planned_changes(domain, document.get("planned_changes"))),
        superseded=tuple(_superseded(domain, document.get("superseded"))),
        contacts={key: value for key, value in _mapping(document.get("contacts")).items() if isinstance(value, str)},
        fallback_domain=_text(document.get("fallback_domain")),
        reply_to=_text(document.get("reply_to")),
        severity=_severity(document.get("severity")),
        baseline=read_baseline(document.get("baseline")),
        resolvers=_texts(document.get("resolvers")),
        every=_seconds(document.get("every"), 60),
        delegation_every=_seconds(document.get("delegation_every"), 60),
        language=_text(document.get("language")) or "en",
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list | tuple) else iter(())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def _seconds(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default


def _moment(value: object) -> datetime | None:
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _name(value: object) -> str | None:
    try:
        return normalise(value) if isinstance(value, str) else None
    except InvalidName:
        return None


def _delegation(value: object) -> Delegation | None:
    if not isinstance(value, Mapping):
        return None
    return Delegation(
        ns=frozenset(name for name in map(_name, _texts(value.get("ns"))) if name is not None),
        provider=_text(value.get("provider")),
        hosted_zone=_text(value.get("hosted_zone")),
        role_arn=_text(value.get("role_arn")),
        soa_mname=_name(value.get("soa_mname")),
        dnssec=_text(value.get("dnssec")),
    )


def _answers(domain: str, value: object) -> tuple[Answer, ...]:
    return tuple(answer for item in _mappings(value) if (answer := _answer(domain, item)) is not None)


def _answer(domain: str, item: Mapping[str, Any]) -> Answer | None:
    name, qtype = _text(item.get("name")), _text(item.get("type"))
    if name is None or qtype is None:
        return None
    try:
        owner = absolute(name, domain)
    except InvalidName:
        return None
    answer = Answer(owner, qtype, _texts(item.get("values")), _texts(item.get("within")), _texts(item.get("contains")))
    # A way of expecting that only a newer version knows: no answer may be judged by an empty expectation.
    return answer if answer.values or answer.within or answer.contains else None


def _registration(value: object) -> Registration | None:
    if not isinstance(value, Mapping):
        return None
    return Registration(_text(value.get("registrar")), _texts(value.get("locks")))


def _registrar(value: object) -> Registrar | None:
    provider = _text(value.get("provider")) if isinstance(value, Mapping) else None
    return Registrar(provider, _text(_mapping(value).get("role_arn"))) if provider else None


def _web(value: object) -> Web | None:
    return Web(_text(value.get("url")), _texts(value.get("issuers"))) if isinstance(value, Mapping) else None


def _planned_changes(domain: str, value: object) -> Iterator[PlannedChange]:
    for item in _mappings(value):
        starts, ends = _moment(item.get("from")), _moment(item.get("until"))
        if starts is None or ends is None:
            continue
        yield PlannedChange(
            id=_text(item.get("id")) or "",
            starts=starts,
            ends=ends,
            by=_texts(item.get("by")),
            delegation=_delegation(item.get("delegation")),
            answers=_answers(domain, item.get("answers")),
            registration=_registration(item.get("registration")),
            web=_web(item.get("web")),
        )


def _superseded(domain: str, value: object) -> Iterator[Superseded]:
    for item in _mappings(value):
        at = _moment(item.get("at"))
        if at is not None:
            ds = item.get("ds")
            yield Superseded(
                at,
                _delegation(item.get("delegation")),
                _answers(domain, item.get("answers")),
                _texts(ds) if isinstance(ds, list) else None,
                _registration(item.get("registration")),
            )


def _severity(value: object) -> dict[str, Severity]:
    known = {severity.value: severity for severity in Severity}
    return {code: known[text] for code, text in _mapping(value).items() if isinstance(text, str) and text in known}


def read_baseline(value: object) -> Baseline:
    """Return the baseline that canonical JSON holds: ``{glue, addresses, ds, ttls: {"example.com MX": 300}}``."""
    document = _mapping(value)
    ds = document.get("ds")
    return Baseline(
        glue=_addresses(document.get("glue")),
        addresses=_addresses(document.get("addresses")),
        ds=_texts(ds) if isinstance(ds, list) else None,
        ttls={
            (parts[0], parts[1]): ttl
            for key, ttl in _mapping(document.get("ttls")).items()
            if isinstance(ttl, int) and len(parts := key.split(" ")) == 2
        },
        records=_text(document.get("records")) or "",
    )


def _addresses(value: object) -> dict[str, tuple[str, ...]]:
    return {host: _texts(addresses) for host, addresses in _mapping(value).items() if isinstance(addresses, list)}
