"""Certificate Transparency: an append-only list of what scenarios log, in the shape of Cert Spotter's API.

https://sslmate.com/help/reference/ct_search_api_v1
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nswatch.names import is_within

_LIFETIME = timedelta(days=90)
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One logged certificate; ``number`` counts up from 1 in the order of appearance."""

    number: int
    issuer: str
    names: tuple[str, ...]
    logged: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the entry as an issuance object."""
        digest = hashlib.sha256(f"{self.number} {self.issuer} {self.names}".encode()).hexdigest()
        return {
            "id": str(self.number),
            "tbs_sha256": digest,
            "cert_sha256": digest,
            "dns_names": list(self.names),
            "pubkey_sha256": digest,
            "issuer": {"friendly_name": self.issuer, "name": f"O={self.issuer}", "caa_domains": None},
            "not_before": self.logged.strftime(_TIME),
            "not_after": (self.logged + _LIFETIME).strftime(_TIME),
            "revoked": False,
        }


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

    def issuances(self, domain: str, *, subdomains: bool = False, after: int = 0) -> list[dict[str, Any]]:
        """Return the entries for ``domain`` (with ``subdomains``, those below too) numbered higher than ``after``."""
        return [
            entry.as_json()
            for entry in self.entries
            if entry.number > after and any(_covers(name, domain, subdomains=subdomains) for name in entry.names)
        ]


def _covers(name: str, domain: str, *, subdomains: bool) -> bool:
    return name == domain or (subdomains and is_within(name.removeprefix("*."), domain))
