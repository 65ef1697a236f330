"""What one message is about: the incident's findings in the order of their gravity, and the words for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from string import Template

from nswatch import names
from nswatch.errors import InvalidName
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Finding
from nswatch.respond.incident import CauseState, Incident, Message
from nswatch.tell import harmless
from nswatch.tell.english import LANGUAGES
from nswatch.tell.language import CauseWords, Language
from nswatch.trail import Account

_LIST_MOST = 2
_CONTACT_LENGTH = 160

ACCOUNT_BEFORE, ACCOUNT_AFTER = timedelta(hours=48), timedelta(minutes=5)
"""So long before the first sighting, and by clocks that differ after the last, a call may lie that made the change."""

AskAccount = Callable[[DomainEntry, datetime, datetime], Account | None]
"""Gives what CloudTrail says of a domain between two moments; None where nothing is known. Raises nothing."""


def unknown_account(_entry: DomainEntry, _since: datetime, _until: datetime) -> Account | None:
    """Return that nothing is known of the account."""
    return None


@dataclass
class Case:
    """One message with all that its texts are rendered from. Strings that it hands out are harmless already."""

    message: Message
    incident: Incident
    entry: DomainEntry | None
    now: datetime
    ask_account: AskAccount = unknown_account

    @cached_property
    def account(self) -> Account | None:
        """What CloudTrail says around the time of the findings; asked for once, and only by who tells it."""
        if self.entry is None or not self.findings:
            return None
        moments = [finding.since for finding in self.findings]
        return self.ask_account(self.entry, min(moments) - ACCOUNT_BEFORE, max(moments) + ACCOUNT_AFTER)

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
        return min(self.incident.active or self.incident.causes.values(), key=self._gravest, default=None)

    @property
    def over(self) -> bool:
        """Whether the cause was over before anybody looked."""
        return self.state is not None and self.state.until is not None and not self.state.active

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of that cause, the gravest first."""
        found = self.state.findings if self.state else self.incident.findings
        return tuple(sorted(found, key=self._telling))

    def _telling(self, finding: Finding) -> tuple[bool, int, int, str]:
        """Order findings: what only caches still hold comes last, the gravest first, then the most telling."""
        place = self._order.get(finding.code, len(self._order))
        return finding.residual, -finding.severity.rank, place, finding.code

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {code: place for place, code in enumerate(self.language.words)}

    def _gravest(self, state: CauseState) -> tuple[int, tuple[bool, int, int, str]]:
        """Order causes by their urgency, then by what is most telling in them."""
        least = (True, 0, len(self._order), "")
        return -state.urgency.rank, min(map(self._telling, state.findings), default=least)

    @cached_property
    def others(self) -> tuple[CauseState, ...]:
        """The causes that stand beside that one, the most telling first."""
        standing = (state for state in self.incident.active if state is not self.state)
        return tuple(sorted(standing, key=self._gravest))

    def told_of(self, state: CauseState) -> Finding | None:
        """Return the finding that tells most of a cause."""
        return min(state.findings, key=self._telling, default=None)

    @cached_property
    def residual(self) -> tuple[Finding, ...]:
        """What only caches still hold of the incident."""
        standing = (finding for finding in self.incident.findings if finding.residual)
        left = (finding for state in self.incident.causes.values() for finding in state.residual)
        return tuple({(f.code, f.subject, f.seen, f.values): f for f in (*standing, *left)}.values())

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
        return "/".join(harmless.ascii_name(part, 300) for part in self.incident.id.split("/"))

    @cached_property
    def since(self) -> datetime:
        """The first sighting of any finding of the cause."""
        return min((finding.since for finding in self.findings), default=self.incident.opened_at)

    def few(self, values: tuple[str, ...], most: int = _LIST_MOST, total: int | None = None) -> str:
        """Return some of the values in a row, and how many there are beside (of ``total``, all where not given)."""
        shown = [harmless.shown(value) for value in values[:most]]
        if len(shown) == most and (total or len(values)) > most:
            return f"{', '.join(shown)} {self.say('more', n=(total or len(values)) - most)}"
        return ", ".join(shown) or self.language.labels["none"]

    def where(self, finding: Finding) -> str:
        """Return who gives the delegation of the finding's subject: "the .com registry"."""
        zone = _parent(finding)
        if zone == ".":
            return self.say("root")
        return self.say("registry" if _is_registry(zone) else "parent_zone", zone=harmless.name(zone))

    def parent_short(self, finding: Finding) -> str:
        """Return the same in a word or two of ASCII: ".com registry"."""
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
