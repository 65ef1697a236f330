"""The watchlist as the running code sees it: plain values read from canonical JSON.

Reading is tolerant (an unknown key is skipped, decision 15), so that a key that a newer `apply` knows does not silence
a region that is not upgraded yet. Strictness lives in `nswatch_cli.watchlist`, where people can act on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nswatch.model import Severity


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


@dataclass(frozen=True, slots=True)
class DomainEntry:
    """One watched domain, with the watchlist's defaults filled in."""

    domain: str
    delegation: Delegation
    answers: tuple[Answer, ...] = ()
    registration: Registration | None = None
    web: Web | None = None
    planned_changes: tuple[PlannedChange, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    fallback_domain: str | None = None
    reply_to: str | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)
    resolvers: tuple[str, ...] = ()
    every: int = 60
    delegation_every: int = 60
    language: str = "en"
