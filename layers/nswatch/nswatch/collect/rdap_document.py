"""An RDAP domain object (RFC 9083 section 5.3), read in the spelling of EPP; a bad one says nothing, with a reason."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nswatch.errors import InvalidName
from nswatch.names import normalise

EVENTS = {
    "registration": "registration",
    "last changed": "last-changed",
    "expiration": "expiration",
    "transfer": "transfer",
}
"""Event action (RFC 9083 section 10.2.3) -> the attribute that it is told as."""

_SPECIAL = {"active": "ok", "associated": "linked"}
"""RFC 8056 section 2; every other status differs in spelling only."""
_IANA_ID = "iana registrar id"
_LONG, _MANY = 200, 64
_WORDS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: ``text`` is the source's own, ``at`` the same in UTC (None: it cannot be read)."""

    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Registration:
    """One domain's registration. None (or no such event) is what the document does not say; () is an empty list.

    ``status`` are EPP's words (RFC 5731 section 2.3, RFC 3915), sorted; ``nameservers`` canonical names, sorted;
    ``secure_dns`` is ``unsigned``, or DS data as text (``signed`` where there are none), sorted.
    """

    registrar: str | None = None
    registrar_id: str | None = None
    events: Mapping[str, Moment] = field(default_factory=dict)
    status: tuple[str, ...] | None = None
    nameservers: tuple[str, ...] | None = None
    secure_dns: tuple[str, ...] | None = None


def read_domain(octets: bytes, name: str) -> tuple[Registration | None, str]:
    """Return what a document says of the canonical ``name``, or None and why it says nothing."""
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        return None, f"not JSON ({type(error).__name__})"
    if not isinstance(document, Mapping):
        return None, "no JSON object"
    if document.get("objectClassName") != "domain":
        return None, "no domain object"
    about = {_name(document.get(member)) for member in ("ldhName", "unicodeName")} - {None}
    if name not in about:
        return None, "about another name"
    registrar = _registrar(document)
    return (
        Registration(
            registrar=_full_name(registrar),
            registrar_id=_iana_id(registrar),
            events=_events(document),
            status=_status(document),
            nameservers=_nameservers(document),
            secure_dns=_secure_dns(document.get("secureDNS")),
        ),
        "",
    )


def epp_status(text: str) -> str:
    """Return EPP's word for an RDAP status (RFC 8056 section 2): ``client hold`` is ``clientHold``."""
    words = [word for word in _WORDS.split(text.strip()) if word]
    joined = "".join([words[0].lower(), *(word.capitalize() for word in words[1:])]) if len(words) > 1 else text.strip()
    return _SPECIAL.get(joined.lower(), joined)


def read_moment(text: str) -> datetime | None:
    """Return the moment of an RFC 3339 text in UTC; one without an offset is taken as UTC. None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())  # RFC 3339 section 5.6 allows a small t and z
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _list(document: Mapping[str, Any], member: str) -> list[Any] | None:
    found = document.get(member)
    return found if isinstance(found, list) else None


def _objects(document: Mapping[str, Any], member: str) -> Iterator[Mapping[str, Any]]:
    return (each for each in _list(document, member) or () if isinstance(each, Mapping))


def _text(value: Any) -> str | None:
    """Return printable text of bearable length, None for anything else."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return text[:_LONG] or None


def _name(value: Any) -> str | None:
    try:
        return normalise(value) if isinstance(value, str) else None
    except InvalidName:
        return None


def _registrar(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((each for each in _objects(document, "entities") if "registrar" in _roles(each)), {})


def _roles(entity: Mapping[str, Any]) -> set[str]:
    """Return an entity's roles; there are services that write them large, or one as a text alone."""
    said = entity.get("roles")
    return {str(role).strip().lower() for role in (said if isinstance(said, list) else (said,))}


def _full_name(entity: Mapping[str, Any]) -> str | None:
    """Return ``fn`` of the jCard (RFC 7095 section 3.3), else its organisation (a list: with its units)."""
    card = _list(entity, "vcardArray") or []
    properties = card[1] if len(card) > 1 and isinstance(card[1], list) else []
    for wanted in ("fn", "org"):
        for each in properties:
            if isinstance(each, list) and len(each) > 3 and each[0] == wanted:
                value = each[3][0] if isinstance(each[3], list) and each[3] else each[3]
                if _text(value):
                    return _text(value)
    return None


def _iana_id(entity: Mapping[str, Any]) -> str | None:
    for each in _objects(entity, "publicIds"):
        if str(each.get("type")).strip().lower() == _IANA_ID:
            return _text(str(each.get("identifier") or ""))
    return None


def _events(document: Mapping[str, Any]) -> dict[str, Moment]:
    """Return the latest event of each kind."""
    found: dict[str, Moment] = {}
    for each in _objects(document, "events"):
        attribute, text = EVENTS.get(str(each.get("eventAction")).strip().lower()), _text(each.get("eventDate"))
        if attribute is None or text is None:
            continue
        moment, before = Moment(text, read_moment(text)), found.get(attribute)
        if before is None or before.at is None or (moment.at is not None and moment.at > before.at):
            found[attribute] = moment
    return found


def _status(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    listed = _list(document, "status")
    if listed is None:
        return None
    return tuple(sorted({epp_status(text) for each in listed[:_MANY] if (text := _text(each))}))


def _nameservers(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    if _list(document, "nameservers") is None:
        return None
    hosts = (_name(each.get("ldhName")) or _name(each.get("unicodeName")) for each in _objects(document, "nameservers"))
    return tuple(sorted({host for host in hosts if host is not None})[:_MANY])


def _secure_dns(said: Any) -> tuple[str, ...] | None:
    if not isinstance(said, Mapping) or not isinstance(said.get("delegationSigned"), bool):
        return None
    if not said["delegationSigned"]:
        return ("unsigned",)
    members = ("keyTag", "algorithm", "digestType", "digest")
    rows = (" ".join(str(each.get(member, "?")) for member in members).lower() for each in _objects(said, "dsData"))
    return tuple(sorted({row[:_LONG] for row in rows})[:_MANY]) or ("signed",)
