"""What a served certificate says, in the form in which it is recorded.

A trusted one is read by the ssl module. One that is not is parsed here, by `cryptography`, which is imported when the
first one comes: whatever is in it, reading it raises nothing.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from nswatch.expect.web import Served
from nswatch.moments import iso

MOST_NAMES = 50
"""So many names of a certificate are recorded."""

LONGEST = 500
"""So many characters of an issuer's name are recorded."""

_UNREADABLE = "(cannot be read)"
_ESCAPED = re.compile(r'[,+"\\<>;]')
_SHORT = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""Names of attributes as OpenSSL has them -> as RFC 4514 section 3 has them."""


def served_trusted(der: bytes, said: Mapping[str, Any] | None) -> Served:
    """Return a certificate that was verified, by what `ssl.SSLObject.getpeercert` says of it."""
    fields = said or {}
    names = [str(value) for kind, value in fields.get("subjectAltName", ()) if kind == "DNS"]
    return Served(
        issuer=_issuer(fields.get("issuer", ())),
        fingerprint=_fingerprint(der),
        trusted=True,
        names=_bounded(names),
        not_after=_ends(str(fields.get("notAfter", ""))),
    )


def served_untrusted(der: bytes, why: str) -> Served:
    """Return a certificate that was not verified, and ``why`` it is not trusted."""
    from cryptography import x509  # noqa: PLC0415 - 15 MB that only an untrusted certificate needs

    try:
        certificate = x509.load_der_x509_certificate(der)
        issuer = certificate.issuer.rfc4514_string() or _UNREADABLE
        not_after = iso(certificate.not_valid_after_utc)
    except (ValueError, x509.InvalidVersion):
        return Served(_UNREADABLE, _fingerprint(der), trusted=False, why=_one_line(why))
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = found.value.get_values_for_type(x509.DNSName)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        names = []
    return Served(
        issuer=_one_line(issuer),
        fingerprint=_fingerprint(der),
        trusted=False,
        why=_one_line(why),
        names=_bounded(names),
        not_after=not_after,
    )


def unseen(why: str) -> Served:
    """Return what is known of a certificate that is not trusted, and that a second connection did not show."""
    return Served("(not seen)", "(not seen)", trusted=False, why=_one_line(why))


def _fingerprint(der: bytes) -> str:
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


def _issuer(rdns: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return a name as RFC 4514 writes it: the most specific part first."""
    parts = ["+".join(f"{_SHORT.get(kind, kind)}={_escaped(text)}" for kind, text in rdn) for rdn in rdns]
    return _one_line(",".join(reversed(parts))) or _UNREADABLE


def _escaped(text: str) -> str:
    """Escape an attribute's value (RFC 4514 section 2.4)."""
    escaped = _ESCAPED.sub(lambda found: f"\\{found[0]}", text)
    if escaped[:1] in ("#", " "):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(escaped) > 1 else escaped


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _bounded(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted, in lower case, without what would not be one; the first ones where they are many."""
    found = sorted({name.lower() for name in names if name.isascii() and name.isprintable() and "," not in name})
    return tuple(found[:MOST_NAMES])


def _ends(text: str) -> str:
    try:
        return iso(datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC))
    except ValueError:
        return ""
