"""The watchlist as Lambda reads it: one JSON object a domain, with the defaults filled in and one way to write it."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from nswatch.names import absolute, normalise
from nswatch_cli.watchlist.fields import check_rdata
from nswatch_cli.watchlist.schema import (
    Answer,
    Defaults,
    Delegation,
    Domain,
    PlannedChange,
    PlannedDelegation,
    PlannedRegistration,
    Watchlist,
    Web,
)

Json = dict[str, Any]

DEFAULT_RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
DEFAULT_EVERY = 60
DEFAULT_LANGUAGE = "en"


def canonical(watchlist: Watchlist) -> dict[str, Json]:
    """Return each domain's object by canonical name; the order of keys and of sets in the file does not show."""
    defaults = watchlist.defaults or Defaults()
    found = {normalise(key): _domain(normalise(key), domain, defaults) for key, domain in watchlist.domains.items()}
    return dict(sorted(found.items()))


def canonical_alerts(watchlist: Watchlist) -> Json:
    """Return the routes of each channel, sorted: ``{"page": […], "notice": […]}``."""
    alerts = watchlist.alerts
    return {
        "page": sorted(alerts.page or ()) if alerts is not None else [],
        "notice": sorted(alerts.notice or ()) if alerts is not None else [],
    }


def dumps(value: object) -> str:
    """Return the one text of a canonical object, for digests and for the store."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def moment(at: datetime) -> str:
    """Return a moment as the canonical form writes it: ``2026-12-01T00:00:00Z``."""
    return at.isoformat().replace("+00:00", "Z")


def _domain(name: str, domain: Domain, defaults: Defaults) -> Json:
    resolvers = _first(domain.resolvers, defaults.resolvers, DEFAULT_RESOLVERS)
    contacts = domain.contacts.model_dump(exclude_none=True) if domain.contacts is not None else {}
    return _without_empty(
        delegation=_delegation(domain.delegation),
        answers=_answers(name, domain.answers),
        registration=_registration(domain.registration),
        web=_web(domain.web),
        planned_changes=_planned_changes(name, domain.planned_changes),
        contacts=contacts,
        fallback_domain=domain.fallback_domain,
        reply_to=domain.reply_to,
    ) | {
        "resolvers": sorted(resolvers),
        "every": _first(domain.every, defaults.every, DEFAULT_EVERY),
        "delegation_every": _first(domain.delegation_every, defaults.delegation_every, DEFAULT_EVERY),
        "severity": {**(defaults.severity or {}), **(domain.severity or {})},
        "language": _first(domain.language, defaults.language, DEFAULT_LANGUAGE),
    }


def _first(*values: Any) -> Any:
    """Return the first value that is given; an empty list is one."""
    return next(value for value in values if value is not None)


def _without_empty(**values: object) -> Json:
    return {key: value for key, value in values.items() if value not in (None, [], {})}


def _sorted(items: Iterable[str] | None) -> list[str]:
    return sorted(items or ())


def _delegation(delegation: Delegation | PlannedDelegation | None) -> Json:
    if delegation is None:
        return {}
    found = delegation.model_dump(exclude_none=True)
    return found | {"ns": _sorted(delegation.ns)} if delegation.ns else found


def _answers(domain: str, answers: Sequence[Answer] | None) -> list[Json]:
    found = [
        _without_empty(
            name=_relative(answer.name, domain),
            type=answer.type,
            values=_sorted(check_rdata(answer.type, value) for value in answer.values or ()),
            within=_sorted(answer.within),
            contains=_sorted(answer.contains),
        )
        for answer in answers or ()
    ]
    return sorted(found, key=lambda answer: (answer["name"], answer["type"]))


def _relative(name: str, domain: str) -> str:
    owner = absolute(name, domain)
    relative = "@" if owner == domain else owner.removesuffix(f".{domain}")
    # example.com.example.com: its relative form would read as the domain itself.
    return relative if absolute(relative, domain) == owner else f"{owner}."


def _registration(registration: PlannedRegistration | None) -> Json:
    if registration is None:
        return {}
    asked = registration.model_dump(include={"provider", "role_arn"}, exclude_none=True)
    return _without_empty(registrar=registration.registrar, locks=_sorted(registration.locks), **asked)


def _web(web: Web | None) -> Json:
    return _without_empty(url=web.url, issuers=_sorted(web.issuers)) if web is not None else {}


def _planned_changes(domain: str, changes: Sequence[PlannedChange] | None) -> list[Json]:
    found = [
        {"id": change.id, "from": moment(change.starts), "until": moment(change.ends), "by": _sorted(change.by)}
        | _without_empty(
            delegation=_delegation(change.delegation),
            answers=_answers(domain, change.answers),
            registration=_registration(change.registration),
            web=_web(change.web),
        )
        for change in changes or ()
    ]
    return sorted(found, key=lambda change: (change["from"], change["id"]))
