# ruff: noqa: RUF012 - pydantic copies the defaults of its models
"""The shape of a scenario, strictly: the world, its faults, its steps and what they expect.

Values are checked each by itself; what must fit together is checked in `nswatch_cli.replay.consistency`. Names are
keys all over a world; they are brought to canonical form before (`nswatch_cli.replay.schema`), so that a step can name
a host in other letters than the world did.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from nswatch_cli.conform import Strict, wrong
from nswatch_cli.document import kind
from nswatch_cli.watchlist.fields import (
    Address,
    FindingCode,
    Host,
    Moment,
    Name,
    Network,
    Text,
    Version,
    check_name,
)

EPP_STATUSES = (
    "addPeriod",
    "autoRenewPeriod",
    "clientDeleteProhibited",
    "clientHold",
    "clientRenewProhibited",
    "clientTransferProhibited",
    "clientUpdateProhibited",
    "inactive",
    "linked",
    "ok",
    "pendingCreate",
    "pendingDelete",
    "pendingRenew",
    "pendingRestore",
    "pendingTransfer",
    "pendingUpdate",
    "redemptionPeriod",
    "renewPeriod",
    "serverDeleteProhibited",
    "serverHold",
    "serverRenewProhibited",
    "serverTransferProhibited",
    "serverUpdateProhibited",
    "transferPeriod",
)
"""What RFC 8056 maps to RDAP."""

SERVER_STATES = ("refused", "servfail", "timeout")
"""What a name server may do instead of serving a zone."""

RESOLVER_STATES = ("servfail", "timeout", "bogus")
"""What a recursive resolver may do instead of answering from a zone."""

REGISTRY_SERVERS = 4


def _check_minutes(text: object) -> int:
    found = re.match(r"(0|[1-9][0-9]{0,6})m\Z", text) if isinstance(text, str) else None
    if found is None:
        raise wrong(f"is {kind(text)}", "write whole minutes from the start, like 30m")
    return int(found[1])


def _check_region(text: str) -> str:
    if not re.match(r"[a-z0-9]+(-[a-z0-9]+)*\Z", text):
        raise wrong(f"is {text!r}, not a region's name", "write it like ap-northeast-1")
    return text


def _check_country(text: str) -> str:
    if not re.match(r"[A-Z]{2}\Z", text):
        raise wrong(f"is {text!r}, not a country code", "write two capital letters (ISO 3166), like JP")
    return text


def _check_as_written(text: str) -> str:
    check_name(text)
    return text


def _check_host_or_any(text: str) -> str:
    return text if text == "*" else check_name(text)


def _check_certificate_name(text: str) -> str:
    return "*." + check_name(text[2:]) if text.startswith("*.") else check_name(text)


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Minutes = Annotated[int, BeforeValidator(_check_minutes)]
Region = Annotated[str, AfterValidator(_check_region)]
Country = Annotated[str, AfterValidator(_check_country)]
NameAsWritten = Annotated[str, AfterValidator(_check_as_written)]
HostOrAny = Annotated[str, AfterValidator(_check_host_or_any)]
CertificateName = Annotated[str, AfterValidator(_check_certificate_name)]


class NetworkFacts(Strict):
    """Who announces a network."""

    asn: int = Field(ge=0, le=2**32 - 1)
    """The number of the AS that announces it."""
    country: Country
    """Where it is."""
    aws: Text | None = None
    """The AWS service whose range it is in."""


class Faults(Strict):
    """What does not work, besides the watched domains."""

    silent_regions: list[Region] = []
    """Regions where no probe runs."""
    hub_down: Region | None = None
    """The hub whose table, comparator and topics take no calls."""
    ipv6: Literal["ok", "unreachable"] = "ok"
    """Whether IPv6 works."""
    udp_loss: int = Field(default=0, ge=0)
    """How many of the first UDP replies of each region's pass are lost."""


class Zone(Strict):
    """One version of a zone's content."""

    records: Text
    """The records in master-file text, names relative to the domain."""
    signed_with: Text | None = None
    """The name of the key that signs it."""


class Registry(Strict):
    """What the parent's servers answer about the delegation."""

    ns: list[NameAsWritten] = []
    """The NS RRset, in any letter case."""
    ns_ttl: int = Field(default=172_800, ge=0, le=2**31 - 1)
    """Its TTL in seconds."""
    ds: list[Text] = []
    """The names of the keys that have a DS record."""
    glue: dict[Name, list[Address]] = {}
    """Host to addresses."""
    rcode: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] = "NOERROR"
    """The response code."""
    lagging_servers: int = Field(default=0, ge=0, le=REGISTRY_SERVERS)
    """How many of the four servers still give what they gave before the latest change."""


class Registration(Strict):
    """What RDAP says."""

    registrar: Text | None = None
    """The registrar's name."""
    last_changed: Moment | None = None
    """When the registration was changed last."""
    expires: Moment | None = None
    """When it expires."""
    status: list[Literal[EPP_STATUSES]] = []  # type: ignore[valid-type]
    """Its status in EPP's spelling."""
    ns: list[Host] = []
    """The name servers that RDAP names."""
    http_status: int | None = Field(default=None, ge=100, le=599)
    """The HTTP status when RDAP refuses."""


class Certificate(Strict):
    """The certificate that a site serves."""

    issuer: Text
    """Who issued it."""
    fingerprint: Text
    """Its fingerprint."""
    trusted: bool = True
    """Whether it validates."""


class WebAnswer(Strict):
    """What the web site answers in one region."""

    status: int = Field(default=200, ge=100, le=599)
    """The HTTP status."""
    latency_ms: float = Field(default=50, ge=0)
    """How long it takes, in milliseconds."""
    certificate: Certificate | None = None
    """The certificate that it serves."""


class LoggedCertificate(Strict):
    """A certificate in CT logs."""

    issuer: Text
    """Who issued it."""
    names: list[CertificateName]
    """The names that it is for."""


class DomainWorld(Strict):
    """Everything that the Internet says about one domain."""

    zones: dict[Text, Zone] = {}
    """Versions of the zone's content, each by a name."""
    registry: Registry = Registry()
    """What the parent's servers answer."""
    nameservers: dict[Name, Text] = {}
    """Host to the zone version that it serves, or what it does instead."""
    nameservers_from: dict[Region, dict[HostOrAny, Text]] = {}
    """The same as seen from one region alone."""
    addresses: dict[Name, list[Address]] = {}
    """Host to addresses."""
    resolvers: dict[Region, dict[Address, Text]] = {}
    """Region to recursive resolver to the zone version that its cache holds, or what it does instead."""
    registration: Registration = Registration()
    """What RDAP says."""
    web: dict[Region, WebAnswer] = {}
    """What the web site answers, by region."""
    certificates: list[LoggedCertificate] = []
    """Certificates in CT logs."""


class World(Strict):
    """The state of the Internet; whatever it does not mention is in order."""

    networks: dict[Network, NetworkFacts] = {}
    """Network to who announces it."""
    registered_domains: dict[Name, Moment] = {}
    """Registrable domain to when it was registered."""
    free_domains: list[Name] = []
    """Registrable domains that anybody can register."""
    faults: Faults = Faults()
    """What does not work."""
    domains: dict[Name, DomainWorld] = {}
    """What the Internet says about each domain."""


class Expect(Strict):
    """What must hold at a step's look; an absent key asks nothing."""

    page: bool | None = None
    """Whether a new page was sent."""
    pages_at_most: int | None = Field(default=None, ge=0)
    """No more pages than this."""
    ticket: bool | None = None
    """Whether a new notice was sent."""
    findings: list[FindingCode] = []
    """Codes that are active on at least one domain."""
    quiet: list[FindingCode] = []
    """Codes that are active on none."""
    incident: Literal["none", "open", "recovering", "resolved"] | None = None
    """The most urgent state of a page-worthy incident."""


class OutlineStep(Strict):
    """One step, its set not looked into."""

    at: Minutes
    """The minute of the step, counted from the start: 30m."""
    set: dict[str, object] = {}
    """What changes in the world and the watchlist."""
    expect: Expect = Expect()
    """What must hold afterwards."""
    note: str = ""
    """What the step is."""


class Outline(Strict):
    """A scenario without the content of its world, watchlist and sets, which are checked once merged."""

    scenario: Version
    """The format's version, 1."""
    name: Text
    """What the scenario is called."""
    title: str = ""
    """What it is, in a line."""
    about: str = ""
    """What it is, at length."""
    sources: Annotated[list[str], BeforeValidator(_one_or_more)] = []
    """Where it is known from."""
    start: Moment
    """The moment of minute 0 in UTC: 2020-05-30T15:05:00Z."""
    regions: list[Region]
    """The regions that probe: [ap-northeast-1, us-east-1]."""
    hubs: list[Region]
    """The two regions that hold a hub, the primary first."""
    watchlist: dict[str, object]
    """A whole watchlist."""
    world: dict[str, object]
    """The state at the start."""
    steps: list[OutlineStep]
    """What happens, and what the monitor must then have done."""
