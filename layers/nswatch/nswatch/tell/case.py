"""What one message is about: the incident's findings in the order of their gravity, and the words for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from string import Template
from typing import Any

from nswatch import names
from nswatch.errors import InvalidName
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Finding
from nswatch.respond.incident import CauseState, Incident, Message
from nswatch.tell import harmless
from nswatch.tell.english import LANGUAGES
from nswatch.tell.language import CauseWords, Language, Words

_LIST_MOST = 2
_CONTACT_LENGTH = 160


@dataclass
class Case:
    """One message with all that its texts are rendered from. Strings that it hands out are harmless already."""

    message: Message
    incident: Incident
    entry: DomainEntry | None
    now: datetime

    @cached_property
    def language(self) -> Language:
        """The domain's language, English where it is not known."""
        return LANGUAGES.get(self.entry.language if self.entry else "en", LANGUAGES["en"])

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase of the language, filled in."""
        return Template(self.language.phrases[phrase]).substitute(values)

    @cached_property
    def state(self) -> CauseState | None:
        """The cause that the message is about: its own, else the most urgent one that stands, or that stood."""
        if self.message.cause is not None and self.message.cause in self.incident.causes:
            return self.incident.causes[self.message.cause]
        standing = self.incident.active or sorted(self.incident.causes.values(), key=lambda state: -state.urgency.rank)
        return standing[0] if standing else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of that cause, the gravest first."""
        order = {code: position for position, code in enumerate(self.language.words)}
        found = self.state.findings if self.state else self.incident.findings
        return tuple(sorted(found, key=lambda f: (-f.severity.rank, order.get(f.code, len(order)), f.code)))

    @cached_property
    def others(self) -> tuple[CauseState, ...]:
        """The causes that stand beside that one."""
        return tuple(state for state in self.incident.active if state is not self.state)

    @cached_property
    def lead(self) -> Finding | None:
        """The finding that the first line tells."""
        return self.findings[0] if self.findings else None

    @cached_property
    def about(self) -> CauseWords | None:
        """What the language says of that cause."""
        return self.language.causes.get(self.state.cause) if self.state else None

    @cached_property
    def id(self) -> str:
        """The incident's id, whole: commands need it so."""
        return harmless.ascii_name(self.incident.id, 300)

    @cached_property
    def since(self) -> datetime:
        """The first sighting of any finding of the cause."""
        return min((finding.since for finding in self.findings), default=self.incident.opened_at)

    def title(self, finding: Finding) -> str:
        """Return a finding as one sentence."""
        return Template(self._words(finding).title).substitute(self.names_of(finding))

    def short(self, finding: Finding, domain_length: int) -> str:
        """Return a finding in few ASCII words; the domain is cut in its middle where it is longer than allowed."""
        said = self.names_of(finding) | {"domain": harmless.ascii_name(finding.subject, domain_length)}
        return Template(self._words(finding).short).substitute(said)

    def _words(self, finding: Finding) -> Words:
        words = self.language.words
        return words.get(f"{finding.code}.{_variant(finding)}") or words.get(finding.code) or self.language.unknown

    def names_of(self, finding: Finding) -> dict[str, str]:
        """Return what a template about a finding may use."""
        where = self.where(finding)
        reporting, regions = _count(finding, "reporting"), _count(finding, "regions")
        known = reporting is not None and regions is not None
        silent = len([other for other in self.findings if other.code == finding.code])
        return {
            "domain": harmless.name(finding.subject, 253),
            "code": harmless.ascii_name(finding.code, 40),
            "where": where,
            "Where": where[:1].upper() + where[1:],
            "parent": self._parent_short(finding),
            "expected": self.few(finding.expected),
            "seen": self.few(finding.seen),
            "silent": str((regions or 0) - (reporting or 0) if known else silent),
            "reporting": "?" if reporting is None else str(reporting),
            "regions": "?" if regions is None else str(regions),
        }

    def few(self, values: tuple[str, ...], most: int = _LIST_MOST) -> str:
        """Return some of the values in a row, and how many there are beside."""
        shown = harmless.listed(values, harmless.shown, lambda n: self.say("more", n=n), most)
        return ", ".join(shown) or self.language.labels["none"]

    def where(self, finding: Finding) -> str:
        """Return who gives the delegation of the finding's subject: "the .com registry"."""
        zone = _parent(finding)
        if zone == ".":
            return self.say("root")
        return self.say("registry" if _is_registry(zone) else "parent_zone", zone=harmless.name(zone))

    def _parent_short(self, finding: Finding) -> str:
        zone = _parent(finding)
        shown = harmless.ascii_name(zone, 20)
        return self.say("registry_short", zone=shown) if _is_registry(zone) else shown

    @cached_property
    def contacts(self) -> Mapping[str, str]:
        """Whom to call, by the watchlist's key; only what the watchlist has."""
        if self.entry is None:
            return {}
        given = {"reply_to": self.entry.reply_to, **self.entry.contacts, "fallback_domain": self.entry.fallback_domain}
        return {key: harmless.words(text, _CONTACT_LENGTH) for key, text in given.items() if text}


def detail_rows(finding: Finding, key: str) -> list[Mapping[str, Any]]:
    """Return the rows of a list in a finding's detail; what is no row is left out."""
    rows = finding.detail.get(key)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _count(finding: Finding, key: str) -> int | None:
    count = finding.detail.get(key)
    return count if isinstance(count, int) else None


def _variant(finding: Finding) -> str:
    if finding.code == "delegation_changed":
        given = [row["seen"] for row in detail_rows(finding, "answers") if isinstance(row.get("seen"), list | tuple)]
        kinds = {_kind_of_set(frozenset(map(str, seen)), frozenset(finding.expected)) for seen in given}
        kinds = kinds or {_kind_of_set(frozenset(finding.seen), frozenset(finding.expected))}
        return kinds.pop() if len(kinds) == 1 else "several"
    if finding.code == "vantage_silent":
        reporting, regions = _count(finding, "reporting"), _count(finding, "regions")
        known = reporting is not None and regions is not None
        return "blind" if known and (reporting or 0) * 2 <= (regions or 0) else "some"
    return ""


def _kind_of_set(seen: frozenset[str], expected: frozenset[str]) -> str:
    if not seen:
        return "gone"
    if seen < expected:
        return "missing"
    return "extra" if seen > expected else "other"


def _parent(finding: Finding) -> str:
    parent = finding.detail.get("parent")
    if isinstance(parent, str) and parent:
        return parent
    return finding.subject.partition(".")[2] or "."


def _is_registry(zone: str) -> bool:
    """Whether names are registered directly under ``zone``: it is a public suffix (``com``, ``co.uk``)."""
    try:
        return names.public_suffix(names.normalise(zone)) == zone
    except InvalidName:
        return False
