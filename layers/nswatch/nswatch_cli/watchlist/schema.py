"""The watchlist's shape, strictly: the one definition behind validation, the canonical form and the JSON Schema.

A model checks each value by itself; what must fit together is checked in `nswatch_cli.watchlist.consistency`, so that
one wrong value does not hide another. Once read, names and addresses are in canonical form, durations are seconds and
times are aware moments.
"""

from typing import Literal

from pydantic import Field

from nswatch_cli.conform import Strict
from nswatch_cli.watchlist.fields import (
    Address,
    DelegationEvery,
    Every,
    FindingCode,
    Host,
    HostedZone,
    Moment,
    Owner,
    RoleArn,
    Route,
    Text,
    Url,
    Version,
    Within,
)

Dnssec = Literal["signed", "unsigned"]
Urgency = Literal["page", "notice", "log"]
Language = Literal["en", "ja"]


class PlannedDelegation(Strict):
    """The part of the delegation that a planned change replaces."""

    ns: list[Host] | None = None
    """The whole set of name servers after the change."""
    soa_mname: Host | None = None
    """The primary name server in the SOA record after the change."""
    dnssec: Dnssec | None = None
    """Whether the zone is signed, with a DS record at the parent, after the change."""


class Delegation(Strict):
    """What the parent zone must say about the domain."""

    ns: list[Host]
    """The name servers of the domain, all of them. Equality is what counts: one more or one fewer is a change."""
    provider: Literal["route53"] | None = None
    """Who runs the name servers; turns Route 53's name rule and the comparison with the hosted zone on."""
    hosted_zone: HostedZone | None = None
    """The Route 53 hosted zone that the set came from, which is compared with it."""
    role_arn: RoleArn | None = None
    """The role to assume for reading the hosted zone when it is in another account."""
    soa_mname: Host | None = None
    """The primary name server that the SOA record must name (MNAME). It need not be one of `ns`."""
    dnssec: Dnssec | None = None
    """Whether the zone is signed, with a DS record at the parent."""


class Answer(Strict):
    """What authoritative servers and resolvers must answer for one name and type."""

    name: Owner
    """The record's name: `@` for the domain itself, or a name relative to it."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT"]
    """The record's type."""
    values: list[str] | None = None
    """Exactly these values, in any order: `10 mail.example.net.` for MX."""
    within: list[Within] | None = None
    """Where every address must lie: networks, AS numbers (`AS16509`), AWS services (`aws:CLOUDFRONT`)."""
    contains: list[Text] | None = None
    """Strings that must be among the TXT records; others may be beside them."""


class PlannedRegistration(Strict):
    """The part of the registration that a planned change replaces."""

    registrar: Text | None = None
    """The registrar's name, as RDAP gives it."""
    locks: (
        list[
            Literal[
                "clientDeleteProhibited",
                "clientRenewProhibited",
                "clientTransferProhibited",
                "clientUpdateProhibited",
                "serverDeleteProhibited",
                "serverRenewProhibited",
                "serverTransferProhibited",
                "serverUpdateProhibited",
            ]
        ]
        | None
    ) = None
    """The locks that must be set, in EPP's spelling (RFC 5731). Only `server…` ones are a registry lock."""


class Registration(PlannedRegistration):
    """What the registry must say over RDAP, and where the registrar itself can be asked."""

    provider: Literal["route53"] | None = None
    """The registrar whose own interface is asked too: `route53` is Route 53 Domains."""
    role_arn: RoleArn | None = None
    """The role to assume for that when the domain is in another account."""


class Web(Strict):
    """The web site that is asked."""

    url: Url | None = None
    """The https URL to ask, in the domain or below it."""
    issuers: list[Text] | None = None
    """Who may issue certificates; each matches when it occurs in the issuer's name."""


class PlannedChange(Strict):
    """Values that are approved for a while, beside the current ones."""

    id: Text
    """The change's id, unique within the domain."""
    starts: Moment = Field(alias="from")
    """The first moment of the window, in UTC: `2026-12-01T00:00:00Z`."""
    ends: Moment = Field(alias="until")
    """The end of the window, which is no longer part of it."""
    by: list[Text]
    """The two (or more) different people who proposed and approved the change."""
    delegation: PlannedDelegation | None = None
    """The delegation after the change."""
    answers: list[Answer] | None = None
    """The answers after the change."""
    registration: PlannedRegistration | None = None
    """The registration after the change."""
    web: Web | None = None
    """The web site after the change."""


class Contacts(Strict):
    """Whom to call during an incident, by ways that do not depend on a watched domain."""

    registrar_support: Text | None = None
    """The registrar's support, day and night."""
    registrar_csirt: Text | None = None
    """The registrar's security team."""
    cloud_support: Text | None = None
    """The support of whoever runs the name servers."""
    cert: Text | None = None
    """The national or sector CERT, JPCERT/CC for example."""


class Domain(Strict):
    """One watched domain. What is not listed is not judged."""

    delegation: Delegation
    """What the parent zone must say about the domain, the name servers at least: {ns: [ns1.example.net, …]}."""
    answers: list[Answer] | None = None
    """What authoritative servers and resolvers must answer."""
    registration: Registration | None = None
    """What the registry must say over RDAP."""
    web: Web | None = None
    """The web site that is asked."""
    planned_changes: list[PlannedChange] | None = None
    """Changes that are approved for a window of time."""
    contacts: Contacts | None = None
    """Whom to call during an incident."""
    fallback_domain: Host | None = None
    """A watched domain of its own that mail can be moved to during an incident."""
    reply_to: Text | None = None
    """Where those who are asked for help shall answer: a phone number, an address outside the watched domains."""
    severity: dict[FindingCode, Urgency] | None = None
    """The urgency of single findings for this domain, over the defaults."""
    resolvers: list[Address] | None = None
    """Recursive resolvers to ask, by address, instead of the default ones."""
    every: Every | None = None
    """How often each region makes a pass: whole minutes."""
    delegation_every: DelegationEvery | None = None
    """How often each region asks the parent's servers."""
    language: Language | None = None
    """The language of the texts that are sent."""


class Defaults(Strict):
    """What holds for every domain that does not say otherwise."""

    resolvers: list[Address] | None = None
    """Recursive resolvers to ask, by address."""
    every: Every | None = None
    """How often each region makes a pass: whole minutes."""
    delegation_every: DelegationEvery | None = None
    """How often each region asks the parent's servers."""
    severity: dict[FindingCode, Urgency] | None = None
    """The urgency of single findings."""
    language: Language | None = None
    """The language of the texts that are sent."""


class Alerts(Strict):
    """Where alerts go: `sms:` and a number in E.164, or `email:` and an address outside the watched domains."""

    page: list[Route] | None = None
    """Routes that wake a person; at least two that do not fail together, one of them no SMS."""
    notice: list[Route] | None = None
    """Routes for what can wait until the morning."""


class Watchlist(Strict):
    """The watchlist: which domains are watched, and what is approved for them."""

    version: Version
    """The format's version, 1."""
    defaults: Defaults | None = None
    """What holds for every domain that does not say otherwise."""
    domains: dict[str, Domain]
    """The watched domains, each by its name."""
    alerts: Alerts | None = None
    """Where alerts go."""
