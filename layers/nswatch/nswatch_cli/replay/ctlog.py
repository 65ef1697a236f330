"""Certificate Transparency: an append-only list of what scenarios log, in the shape of Cert Spotter's API.

https://sslmate.com/help/reference/ct_search_api_v1
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nswatch.names import is_within

_LIFETIME = timedelta(days=90)
_PAGE = 100
"""So many entries are in a response; an empty one says that there are no more."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One logged certificate; ``number`` counts up from 1 in the order of appearance."""

    number: int
    issuer: str
    names: tuple[str, ...]
    logged: datetime

    def as_json(self, expand: Collection[str] = ()) -> dict[str, Any]:
        """Return the entry as an issuance object, with the fields that were asked for beside the usual ones."""
        digest = hashlib.sha256(f"{self.number} {self.issuer} {self.names}".encode()).hexdigest()
        issuer = {"friendly_name": self.issuer, "pubkey_sha256": _digest(self.issuer), "name": _name(self.issuer)}
        caa = {"caa_domains": None} if "issuer.caa_domains" in expand else {}
        asked_for = {
            "dns_names": list(self.names),
            "issuer": issuer | caa,
            "problem_reporting": f"Write to the certificate problem address of {self.issuer}.",
        }
        return {
            "id": str(self.number),
            "tbs_sha256": _digest(f"tbs {digest}"),
            "cert_sha256": digest,
            "pubkey_sha256": _digest(f"key {digest}"),
            "not_before": self.logged.strftime(_TIME),
            "not_after": (self.logged + _LIFETIME).strftime(_TIME),
            "revoked": False,
            **{field: value for field, value in asked_for.items() if field in expand},
        }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _name(issuer: str) -> str:
    """Return a distinguished name as the API writes them; a scenario's text is mostly a common name."""
    if "=" in issuer:
        return issuer
    return f'CN="{issuer}"' if "," in issuer else f"CN={issuer}"


class CtLog:
    """What has ever been logged. A certificate that a scenario goes on listing, or lists again, is new only once."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self._logged: Counter[tuple[str, tuple[str, ...]]] = Counter()

    def record(self, certificates: Iterable[Mapping[str, Any]], at: datetime) -> None:
        """Log those of one domain's ``certificates`` that are not logged yet."""
        listed = Counter(
            (str(each.get("issuer") or ""), tuple(sorted(str(name).lower() for name in each.get("names") or ())))
            for each in certificates
        )
        for certificate, times in listed.items():
            while self._logged[certificate] < times:
                self._logged[certificate] += 1
                self.entries.append(LogEntry(len(self.entries) + 1, *certificate, at))

    def issuances(self, search: "Search") -> list[dict[str, Any]]:
        """Return a page of the entries that a search asks for, in their order."""
        found = [
            entry for entry in self.entries if entry.number > search.after and any(map(search.covers, entry.names))
        ]
        return [entry.as_json(search.expand) for entry in found[:_PAGE]]


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for: a domain, with what is below it and the wildcards that match it where that is said.

    ``after`` is the number of the last entry that is known already; ``expand`` names fields to be given beside others.
    """

    domain: str
    subdomains: bool = False
    wildcards: bool = False
    after: int = 0
    expand: frozenset[str] = frozenset()

    def covers(self, name: str) -> bool:
        """Whether a certificate's name is one that is asked for."""
        plain = name.removeprefix("*.")
        if name == self.domain or (self.subdomains and is_within(plain, self.domain)):
            return True
        return self.wildcards and plain != name and self.domain.partition(".")[2] == plain
