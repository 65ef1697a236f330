"""What a collector's record says of the near misses of one domain: the shape that collecting and judging share.

One view holds all of them, as texts: ``since MOMENT`` (the baseline: the first look that had an answer), ``of DIGEST``
(of the list of names asked about), ``there NAME`` (it existed when it was first asked about), ``unasked NAME`` (nobody
has given an answer about it yet) and ``new JSON`` (it came into existence since). A name of the list that has no text
was asked about, and was free.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from nswatch.expect.approved import Approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.moments import iso, parse_iso
from nswatch.names import registry_domain

ATTRIBUTE = "near-misses"
"""The ``qtype`` of such a view; its ``qname`` is the domain that is nearly missed."""

_MOST_DOMAINS = 14
"""Of so many domains near misses are looked for: a watched domain's own, and those of thirteen name servers."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A near miss that came into existence: when that was seen, and what the registry said then.

    ``registered`` is the moment as the registry writes it, ``registrar`` a name, both empty where it does not say;
    ``note`` then says why. ``nameservers`` are the hosts that it is delegated to, sorted.
    """

    name: str
    since: datetime
    registered: str = ""
    registrar: str = ""
    nameservers: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """What is known of one domain's near misses; ``digest`` is that of the list of names (see `digest_of`)."""

    since: datetime
    digest: str
    there: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    new: Mapping[str, Newcomer] = field(default_factory=dict)

    def values(self) -> tuple[str, ...]:
        """Return the texts that a view holds, sorted."""
        texts = [f"since {iso(self.since)}", f"of {self.digest}"]
        texts += [f"there {name}" for name in self.there]
        texts += [f"unasked {name}" for name in self.unasked]
        texts += [f"new {_document(each)}" for each in self.new.values()]
        return tuple(sorted(texts))


def read_register(values: Sequence[str]) -> Register | None:
    """Return what a view's values say, None where that is nothing; what is not understood is left out."""
    of: dict[str, list[str]] = {}
    for text in values:
        kind, _, rest = text.partition(" ")
        of.setdefault(kind, []).append(rest)
    try:
        since = parse_iso(of["since"][0])
    except (KeyError, ValueError):
        return None
    found = [newcomer for text in of.get("new", ()) if (newcomer := _newcomer(text)) is not None]
    return Register(
        since,
        "".join(of.get("of", ())),
        frozenset(of.get("there", ())),
        frozenset(of.get("unasked", ())),
        {each.name: each for each in found},
    )


def digest_of(names: Iterable[str]) -> str:
    """Return a short digest of a list of names, by which a list that another release makes is told from this one."""
    return hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]


def bases_of(entry: DomainEntry, at: datetime) -> tuple[str, ...]:
    """Return the registered domains whose near misses matter: the domain's own first, then its name servers'.

    Those of a planned change count from its approval until its window ends.
    """
    planned = (change.delegation for change in entry.planned_changes if at < change.ends)
    hosts = set(entry.delegation.ns).union(*(each.ns for each in planned if each is not None))
    names = [registry_domain(name) for name in (entry.domain, *sorted(hosts))]
    return tuple(dict.fromkeys(name for name in names if name is not None))[:_MOST_DOMAINS]


def own_names(entry: DomainEntry, allowed: Approved) -> frozenset[str]:
    """Return the registered domains that the watchlist names for a domain: now, in a planned change, or lately."""
    changes = (change.delegation for change in entry.planned_changes)
    past = (each.delegation for each in entry.superseded)
    hosts = set(allowed.hosts).union(*(each.ns for each in (*changes, *past) if each is not None))
    names = (registry_domain(name) for name in (entry.domain, entry.fallback_domain or entry.domain, *hosts))
    return frozenset(name for name in names if name is not None)


def _document(newcomer: Newcomer) -> str:
    document = {**asdict(newcomer), "since": iso(newcomer.since)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _newcomer(text: str) -> Newcomer | None:
    try:
        document: Any = json.loads(text)
        return Newcomer(
            name=str(document["name"]),
            since=parse_iso(document["since"]),
            registered=str(document.get("registered", "")),
            registrar=str(document.get("registrar", "")),
            nameservers=tuple(map(str, document.get("nameservers", ()))),
            note=str(document.get("note", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
