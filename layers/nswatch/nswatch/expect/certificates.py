"""Who may issue certificates for a domain, and how a certificate that a log holds is written down.

Both the collectors, which keep what a log says of the issuers that are not listed, and the rules read it here.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nswatch.expect.approved import Approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.moments import iso, parse_iso
from nswatch.names import is_within

MOST_NAMES = 12
"""So many names of one certificate are kept; it may have hundreds."""


def issuers_of(allowed: Approved) -> tuple[str, ...]:
    """Return the issuers that are approved now; none where the entry lists none, and so nobody is judged.

    A planned change stands beside what the entry lists, and adds no rule where it lists nothing.
    """
    current = allowed.webs[0].issuers if allowed.webs else ()
    return tuple(dict.fromkeys(issuer for web in allowed.webs for issuer in web.issuers)) if current else ()


def is_listed(issuer: Iterable[str], listed: Iterable[str]) -> bool:
    """Whether one of ``listed`` occurs in one of an issuer's names.

    Letter case, spaces, kinds of apostrophe, and how a name's text form hides a comma make no difference.
    """
    names = [_plain(name) for name in issuer]
    return any(wanted in name for wanted in map(_plain, listed) if wanted for name in names)


def _plain(text: str) -> str:
    bare = text.replace("\u2019", "'").replace('"', "").replace("\\", "")
    return " ".join(bare.casefold().split())


def issuer_in_words(name: str, ca: str = "") -> str:
    """Return an issuer in few words: the common name, and whose it is where that is not said by it.

    ``name`` is a distinguished name in either text form (RFC 4514, or as OpenSSL writes it), or any text.
    """
    parts = {kind.strip().upper(): text for kind, equals, text in map(_attribute, _attributes(name)) if equals}
    common = parts.get("CN", "").strip()
    owner = (ca or parts.get("O", "")).strip()
    if not common:
        return owner or name.strip() or "an issuer without a name"
    return common if not owner or owner in common else owner if common in owner else f"{owner} ({common})"


def _attribute(part: str) -> tuple[str, str, str]:
    return part.partition("=")


def _attributes(name: str) -> list[str]:
    """Return the attributes of a distinguished name; a comma that is quoted or escaped ends none."""
    parts, quoted, escaped = [""], False, False
    for char in name:
        if escaped or char not in '"\\,' or (quoted and char == ","):
            parts[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        else:
            parts.append("")
    return parts


@dataclass(frozen=True, slots=True)
class Logged:
    """One certificate of an issuer that is not listed, as a search over certificate logs tells of it.

    ``issuer`` is its distinguished name, ``ca`` the name by which people know the authority ("" where nobody says).
    ``names`` are those that are within the watched domain, or cover it, first. ``found`` is when we learned of it.
    ``caa`` are the names by which a CAA record allows its issuer, None where they are not known. ``report`` is what the
    search says of how to report a certificate to its issuer.
    """

    key: str
    found: datetime
    issuer: str
    ca: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime | None = None
    sha256: str = ""
    url: str = ""
    caa: tuple[str, ...] | None = None
    report: str = ""
    more: int = 0

    def text(self) -> str:
        """Return canonical JSON that `read_logged` reads."""
        document: dict[str, Any] = {
            "key": self.key,
            "found": iso(self.found),
            "issuer": self.issuer,
            "ca": self.ca,
            "names": list(self.names),
            "not_before": iso(self.not_before),
            "not_after": None if self.not_after is None else iso(self.not_after),
            "sha256": self.sha256,
            "url": self.url,
            "caa": None if self.caa is None else list(self.caa),
            "report": self.report,
            "more": self.more,
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_logged(text: str) -> Logged | None:
    """Return the certificate that a text of `Logged.text` holds; None where it is not understood."""
    try:
        document = json.loads(text)
        return Logged(
            key=document["key"],
            found=parse_iso(document["found"]),
            issuer=document["issuer"],
            ca=document["ca"],
            names=tuple(document["names"]),
            not_before=parse_iso(document["not_before"]),
            not_after=None if document["not_after"] is None else parse_iso(document["not_after"]),
            sha256=document["sha256"],
            url=document["url"],
            caa=None if document["caa"] is None else tuple(document["caa"]),
            report=document["report"],
            more=document["more"],
        )
    except (ValueError, KeyError, TypeError):
        return None


def key_of(issuer: str, names: Iterable[str], not_before: datetime) -> str:
    """Return what is the same for a certificate, its precertificate (RFC 9162 section 3.2), and whoever tells of them.

    Not every search gives a digest, and those that do give another one for the precertificate.
    """
    letters = "".join(char for char in issuer.casefold() if char.isalnum())
    text = f"{letters}|{int(not_before.timestamp())}|{' '.join(sorted(set(names)))}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def covers(name: str, domain: str) -> bool:
    """Whether a certificate for ``name`` can be shown for the domain or for a host below it.

    A wildcard stands for one label (RFC 6125 section 6.4.3): ``*.example.com`` covers ``www.example.com``.
    """
    plain = name.removeprefix("*.")
    return is_within(plain, domain) or (plain != name and domain.partition(".")[2] == plain)


def was_ordered(entry: DomainEntry, allowed: Approved, logged: Logged) -> bool:
    """Whether a certificate's issuer is approved now, or was by a window between its issue and when it was found.

    Logs and searches are hours late, and a certificate counts from before it is issued: RFC 5280 does not say how far.
    """
    issuer = (logged.issuer, logged.ca)
    if is_listed(issuer, issuers_of(allowed)):
        return True
    return any(
        change.web is not None
        and is_listed(issuer, change.web.issuers)
        and change.starts <= logged.found
        and change.ends > logged.not_before
        for change in entry.planned_changes
    )
