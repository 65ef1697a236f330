"""What searches over Certificate Transparency logs answer: Cert Spotter's API, and crt.sh.

https://sslmate.com/help/reference/ct_search_api_v1 describes the first. The second has no description: it is what
``output=json`` gives, one object for each entry of a log, so that a certificate may come twice (RFC 9162 section 3.2).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nswatch.errors import InvalidName
from nswatch.expect.certificates import MOST_NAMES, Logged, covers, key_of
from nswatch.names import normalise

_POSITION = re.compile(r"[!-~]{1,100}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LONG_TEXT, _LONG_NAME = 600, 300
_MOST_CAA = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate (or precertificate) of a log. ``position`` is the search's own number of it, opaque text."""

    position: str
    issuer: str
    ca: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime | None
    sha256: str
    caa: tuple[str, ...] | None
    report: str
    url: str
    document: str

    def logged(self, domain: str, found: datetime) -> Logged | None:
        """Return it as a certificate for ``domain``; None where none of its names is about it."""
        ours = tuple(name for name in self.names if covers(name, domain))
        if not ours:
            return None
        names = tuple(dict.fromkeys((*ours, *self.names)))
        return Logged(
            key=key_of(self.issuer, ours, self.not_before),
            found=found,
            issuer=self.issuer,
            ca=self.ca,
            names=names[:MOST_NAMES],
            not_before=self.not_before,
            not_after=self.not_after,
            sha256=self.sha256,
            url=self.url,
            caa=self.caa,
            report=self.report,
            more=max(0, len(names) - MOST_NAMES),
        )


class _Unreadable(Exception):
    """The document is not what was asked for; its text says why."""


def read_certspotter(body: bytes) -> tuple[tuple[Issued, ...] | None, str]:
    """Return the issuances of a response in their order, or None and the reason why it is none. Never raises."""
    return _read(body, _issuance)


def read_crtsh(body: bytes) -> tuple[tuple[Issued, ...] | None, str]:
    """Return the entries that crt.sh gives, or None and the reason. Never raises."""
    return _read(body, _entry)


def _read(body: bytes, read: Any) -> tuple[tuple[Issued, ...] | None, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None, "not JSON"
    if not isinstance(document, list):
        return None, "not a list of certificates"
    try:
        return tuple(read(_mapping(each)) for each in document), ""
    except _Unreadable as error:
        return None, str(error)


def _issuance(each: dict[str, Any]) -> Issued:
    issuer = _mapping(each.get("issuer"))
    sha256 = _digest(each.get("cert_sha256"))
    return Issued(
        position=_position(each.get("id")),
        issuer=_words(issuer.get("name"), "issuer.name"),
        ca=_text(issuer.get("friendly_name"))[:_LONG_NAME],
        names=_names(each.get("dns_names")),
        not_before=_moment(each.get("not_before")),
        not_after=_moment(each.get("not_after")),
        sha256=sha256,
        caa=_caa_domains(issuer.get("caa_domains")),
        report=" ".join(_text(each.get("problem_reporting")).split())[:_LONG_TEXT],
        url=f"https://crt.sh/?sha256={sha256}" if sha256 else "",
        document=_shortened(each),
    )


def _entry(each: dict[str, Any]) -> Issued:
    number = each.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise _Unreadable("an entry without a number as its id")
    position = _position(str(number))
    listed = [*_words(each.get("name_value"), "name_value").split("\n"), _text(each.get("common_name"))]
    return Issued(
        position=position,
        issuer=_words(each.get("issuer_name"), "issuer_name"),
        ca="",
        names=_names([name for name in listed if name and "@" not in name]),
        not_before=_moment(each.get("not_before")),
        not_after=_moment(each.get("not_after")),
        sha256="",
        caa=None,
        report="",
        url=f"https://crt.sh/?id={position}",
        document=_shortened(each),
    )


def _shortened(each: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in each.items() if key != "cert_der"}, ensure_ascii=True)[:4000]


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable("an entry, or its issuer, is no object")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _words(value: object, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Unreadable(f"an entry without {key}")
    return value[:_LONG_TEXT] if key != "name_value" else value


def _position(value: object) -> str:
    if not isinstance(value, str) or not _POSITION.match(value):
        raise _Unreadable("an entry without an id")
    return value


def _digest(value: object) -> str:
    return value if isinstance(value, str) and _SHA256.match(value) else ""


def _caa_domains(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(name.lower()[:_LONG_NAME] for name in value[:_MOST_CAA] if isinstance(name, str) and name)


def _names(value: object) -> tuple[str, ...]:
    """Return DNS names in canonical form; one that is no name stays as it is, so that it is seen."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(name, str) for name in value):
        raise _Unreadable("an entry without names")
    return tuple(dict.fromkeys(_name(name) for name in value))


def _name(text: str) -> str:
    star = "*." if text.startswith("*.") else ""
    try:
        return star + normalise(text.removeprefix("*."))
    except InvalidName:
        return text.lower()[:_LONG_NAME]


def _moment(value: object) -> datetime:
    """Return a moment in UTC; crt.sh writes none of an offset, and means UTC."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unreadable("an entry without its time of validity") from None
