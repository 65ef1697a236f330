"""What CloudTrail says of calls that change Route 53 and Route 53 Domains: read from its events, and nothing else.

The format is that of the CloudTrail record contents (User Guide) within the ``detail`` of an EventBridge event. The
published examples of Route 53 Domains have ``updateDomainContact`` with a small letter, and the domain as an object
with a ``name``: both are read. No event is trusted: whoever calls chooses much of what it holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nswatch import names
from nswatch.errors import InvalidName
from nswatch.moments import parse_iso

ZONES, REGISTRATIONS = "route53", "route53domains"
"""The two services, as they are called before ``.amazonaws.com``."""

CHANGE_RECORDS = "ChangeResourceRecordSets"
MOST_RECORDS = 100
"""A batch may hold 1,000 changes: of so many the name and type are kept, of the rest the number."""

LATE = timedelta(minutes=15)
"""So late CloudTrail may tell of a call."""

GAP = timedelta(minutes=45)
"""After so long without any call CloudTrail counts as not heard: nswatch makes one of its own every ten minutes."""

ACCOUNT = "account"
"""What calls are filed under that change answers of zones which they do not name; no domain is called so."""

_OF_ANY_ZONE = frozenset(
    {"UpdateTrafficPolicyInstance", "DeleteTrafficPolicyInstance", "UpdateHealthCheck", "DeleteHealthCheck"}
    | {"ChangeCidrCollection", "DeleteCidrCollection"}
)
_READS = ("Get", "List", "Describe", "Check", "View", "Test")
"""How operations begin that change nothing. Events of Route 53 Domains are published without ``readOnly``."""
_NAME, _TEXT, _SUBJECTS, _SERVERS = 255, 300, 4, 13

Record = tuple[str, str, str]
"""Action (``UPSERT``), canonical name and type of one changed RRset."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``said`` is its time as CloudTrail wrote it; ``more`` are the records beside those listed.

    ``actor`` is the role's, user's or service's ARN or name, ``session`` what an assumed role's session is called.
    ``error`` is why it was refused, empty where it was done. ``zone`` is a hosted zone's id without a path, ``domain``
    the name that a registration, or a new hosted zone, is of. ``servers`` are the name servers that a registration
    was given, where the event tells them. ``reads`` says that it changes nothing.
    """

    id: str
    service: str
    name: str
    at: datetime
    said: str
    actor: str
    kind: str = ""
    session: str = ""
    through: str = ""
    source: str = ""
    zone: str = ""
    domain: str = ""
    records: tuple[Record, ...] = ()
    more: int = 0
    error: str = ""
    request: str = ""
    reads: bool = False
    servers: tuple[str, ...] = ()

    @property
    def touches_any_zone(self) -> bool:
        """Whether it changes what zones answer without naming one: by a traffic policy, a health check, a CIDR list."""
        return self.service == ZONES and self.name in _OF_ANY_ZONE

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it is filed under: the registered domains that it names, else the hosted zone; nothing when neither.

        By its records' names rather than by the zone, so that a second zone of the same name is found too.
        """
        if self.touches_any_zone:
            return (ACCOUNT,)
        named = [self.domain] if self.domain else [name for _, name, _ in self.records]
        found = dict.fromkeys(registered(name) for name in named)
        return tuple(found)[:_SUBJECTS] or ((self.zone,) if self.zone else ())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that is none of CloudTrail's, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """How one service is heard: ``at`` is the newest call that came, ``since`` when it began without a long gap."""

    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a domain's account: the calls about it in some time, the newest first, and how it is heard.

    ``heard`` is by service, where it ever was: one may tell of its calls in another region, or not at all.
    ``complete`` is False where there were more calls than are read.
    """

    calls: tuple[Call, ...]
    heard: Mapping[str, Heard]
    complete: bool = True


def registered(name: str) -> str:
    """Return the domain under which what is said of a canonical ``name`` is filed."""
    return names.registry_domain(name) or name


def read_call(detail: object) -> Call | Unreadable:
    """Return the call that an event's ``detail`` tells of; a document of another shape is unreadable, never an error.

    Every text is bounded, and none is fit to be shown (see `nswatch.tell.harmless`).
    """
    if not isinstance(detail, Mapping):
        return Unreadable("detail: not an object")
    service = _text(detail, "eventSource").removesuffix(".amazonaws.com")
    if service not in (ZONES, REGISTRATIONS):
        return Unreadable(f"detail.eventSource: {service[:80]!r} is neither {ZONES} nor {REGISTRATIONS}")
    name, id_ = _text(detail, "eventName"), _text(detail, "eventID")
    if not name or not id_:
        return Unreadable("detail.eventName, detail.eventID: one is missing")
    said = _text(detail, "eventTime")
    try:
        at = parse_iso(said)
    except (ValueError, OverflowError):
        return Unreadable(f"detail.eventTime: {said[:80]!r} is not a moment")
    identity, asked = _mapping(detail.get("userIdentity")), _mapping(detail.get("requestParameters"))
    name = name[:1].upper() + name[1:]
    records = list(_records(asked))
    return Call(
        id=id_,
        service=service,
        name=name,
        at=at,
        said=said,
        actor=_actor(identity),
        kind=_text(identity, "type"),
        session=_session(identity),
        through=_text(identity, "invokedBy"),
        source=_text(detail, "sourceIPAddress"),
        zone=_zone(asked),
        domain=_domain(service, name, asked),
        records=tuple(records[:MOST_RECORDS]),
        more=max(0, len(records) - MOST_RECORDS),
        error=_text(detail, "errorCode"),
        request=_text(detail, "requestID"),
        reads=_reads(detail.get("readOnly"), name),
        servers=_servers(asked) if service == REGISTRATIONS else (),
    )


def _reads(said: object, name: str) -> bool:
    return said if isinstance(said, bool) else name.startswith(_READS)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return _ascii(value, _TEXT) if isinstance(value, str) else ""


def _ascii(text: str, limit: int) -> str:
    """Return bounded ASCII: parts of it become keys of the table."""
    return text[:limit].encode("ascii", "backslashreplace").decode()[:limit]


def _actor(identity: Mapping[str, Any]) -> str:
    """Return who called: of an assumed role the role itself, because a session lives for hours only."""
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    keys = ("arn", "userName", "invokedBy", "principalId", "accountId")
    return _text(issuer, "arn") or next((text for key in keys if (text := _text(identity, key))), "")


def _session(identity: Mapping[str, Any]) -> str:
    """Return the session's name, the last part of ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION``."""
    arn = _text(identity, "arn")
    return arn.split("/", 2)[2] if ":assumed-role/" in arn and arn.count("/") >= 2 else ""


def _zone(asked: Mapping[str, Any]) -> str:
    """Return the id of ``/hostedzone/Z1…`` or ``Z1…``: some calls name it ``hostedZoneId``, some ``id``."""
    return (_text(asked, "hostedZoneId") or _text(asked, "id")).rsplit("/", 1)[-1]


def _domain(service: str, operation: str, asked: Mapping[str, Any]) -> str:
    """Return the name of a registration, or of a new hosted zone: in other calls to Route 53 ``name`` is a key's."""
    if service == ZONES:
        return _name(asked.get("name")) if operation == "CreateHostedZone" else ""
    given = asked.get("domainName")
    return _name(given.get("name") if isinstance(given, Mapping) else given)


def _servers(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the hosts of ``nameservers``, as UpdateDomainNameservers has them: objects with a ``name``."""
    given = asked.get("nameservers")
    hosts = (_name(each.get("name") if isinstance(each, Mapping) else each) for each in _listed(given)[:_SERVERS])
    return tuple(host for host in hosts if host)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: object) -> str:
    """Return a canonical name; what is none, as it was written."""
    if not isinstance(value, str):
        return ""
    text = value[:_NAME].replace("\\052", "*")  # as Route 53 writes a wildcard
    try:
        return names.normalise(text)
    except InvalidName:
        return _ascii(text.rstrip(".").lower(), _NAME)


def _records(asked: Mapping[str, Any]) -> Iterator[Record]:
    for change in _listed(_mapping(asked.get("changeBatch")).get("changes")):
        given = _mapping(change)
        record = _mapping(given.get("resourceRecordSet"))
        yield _text(given, "action")[:10], _name(record.get("name")), _text(record, "type")[:10]
