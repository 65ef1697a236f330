"""Where a watched web site is, and how what it shows is written down: observing writes it so, judging reads it.

Who may issue its certificates is said in `nswatch.expect.certificates`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nswatch.errors import InvalidName
from nswatch.expect.watchlist import Web
from nswatch.model import Facts
from nswatch.names import normalise

CERTIFICATE = "certificate"
"""The attribute (`nswatch.model.Key.qtype`) under which a served certificate is recorded."""

LATENCY = "latency"
"""The attribute under which it is recorded whether a site has become slower."""

_PORT = 443
_URL = re.compile(
    r"https://(?P<host>[^/?#:@\s]+)(:(?P<port>[0-9]{1,5}))?(?P<target>([/?][!-~]*?)?)(#.*)?\Z", re.IGNORECASE
)
_SEPARATOR = ","


@dataclass(frozen=True, slots=True)
class Site:
    """A watched URL: its host, port and request target (RFC 9112 section 3.2.1)."""

    host: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Served:
    """A certificate that a site served.

    ``issuer`` is the issuer's name (RFC 4514), ``fingerprint`` ``sha256:`` and 64 hexadecimal digits of the DER,
    ``not_after`` an ISO 8601 moment in UTC. ``why`` says why it is not trusted, and is empty where it is.
    """

    issuer: str
    fingerprint: str
    trusted: bool
    why: str = ""
    names: tuple[str, ...] = ()
    not_after: str = ""


def site_of(web: Web | None) -> Site | None:
    """Return where a watched web site is; None where nothing is to be asked, or the URL says nothing of use."""
    if web is None or web.url is None:
        return None
    found = _URL.match(web.url)
    if found is None:
        return None
    try:
        host = normalise(found["host"])
    except InvalidName:
        return None
    port = int(found["port"] or _PORT)
    if not 0 < port < 1 << 16 or host == ".":
        return None
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    return Site(host, port, target)


def values_of_served(served: Served) -> tuple[str, ...]:
    """Return a served certificate as the values of `Facts`: each ``name=text``."""
    values = [
        f"issuer={served.issuer}",
        f"fingerprint={served.fingerprint}",
        f"trusted={'yes' if served.trusted else 'no'}",
        f"names={_SEPARATOR.join(served.names)}",
        f"not_after={served.not_after}",
    ]
    return (*values, f"why={served.why}") if served.why else tuple(values)


def served_in(facts: Facts | None) -> Served | None:
    """Return the certificate that facts hold (`values_of_served`); None where they hold none."""
    said = fields_of(facts)
    if not said.get("fingerprint"):
        return None
    return Served(
        issuer=said.get("issuer", ""),
        fingerprint=said["fingerprint"],
        trusted=said.get("trusted") == "yes",
        why=said.get("why", ""),
        names=tuple(name for name in said.get("names", "").split(_SEPARATOR) if name),
        not_after=said.get("not_after", ""),
    )


def fields_of(facts: Facts | None) -> Mapping[str, str]:
    """Return values of the form ``name=text`` by name."""
    parts = (value.partition("=") for value in (() if facts is None else facts.values))
    return {name: text for name, equals, text in parts if equals}
