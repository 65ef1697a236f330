"""What Certificate Transparency logs hold for a domain, told by a search service; asked hourly, and gently.

A domain's reading is one, so that its position and what was found before it are kept together or not at all:
nothing is missed, and nothing told twice. What is already there at the first look is the baseline.

| qtype | values |
| --- | --- |
| ``log`` (of crt.sh: ``log/crt.sh``) | ``position ID``, ``since MOMENT``, ``state baseline`` or ``state complete``; |
| | ``certificate JSON`` for each of the last ones whose issuer was not listed when it was found (`Logged`) |
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol
from urllib.parse import quote, urlsplit

from nswatch.collect.ct_documents import Issued, read_certspotter, read_crtsh
from nswatch.collect.http import Page, get
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.expect.certificates import Logged, issuers_of, read_logged, was_ordered
from nswatch.model import Clock, Facts, Result, Source
from nswatch.moments import iso, parse_iso

logger = logging.getLogger(__name__)

PAGES = 5
"""So many responses are read for one domain in one turn; the next turn goes on from there."""
KEPT_FOR, KEPT = timedelta(days=30), 40
"""How long, and how many certificates of a domain are kept: far longer than they are told, so that a collector that
comes late does not make them news again."""
LATE = timedelta(hours=24)
"""Of certificates up to a position that is no order of appearance, those are looked at again that began so lately."""
ROUND_SECONDS = 150.0

_SECONDS = 15.0
_LIMIT, _CRTSH_LIMIT = 2_000_000, 8_000_000
_REST, _LONGEST_REST = 300.0, 86400.0
_EXPAND = ("dns_names", "issuer", "issuer.caa_domains", "problem_reporting")

Get = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brought: certificates in the log's order, or the result and reason why there are none.

    ``last``: nothing comes after these. ``again`` are those up to the position that was asked for, which may be there
    only since: of a search that does not give them in the order of their appearance.
    """

    issued: tuple[Issued, ...] = ()
    again: tuple[Issued, ...] = ()
    last: bool = False
    result: Result = Result.ANSWER
    reason: str = ""


class Search(Protocol):
    """A search over certificate logs. ``host`` is who answers, ``qtype`` the attribute of its readings."""

    name: str
    host: str
    qtype: str

    async def after(self, domain: str, position: str) -> Batch:
        """Return what the logs hold for a domain, and what is below it, beyond a position ("" for the beginning)."""
        ...


class _Service:
    """One host over HTTPS that is left alone for as long as it asks."""

    def __init__(self, base: str, clock: Clock, fetch: Get, headers: Mapping[str, str], limit: int) -> None:
        self.base = base.rstrip("/")
        self.host = urlsplit(base).hostname or base
        self._clock = clock
        self._fetch = partial(fetch, headers={"Accept": "application/json", **headers}, limit=limit)
        self._rests_until: datetime | None = None
        self._why = ""

    async def get(self, target: str) -> Page:
        """Return what a target gives; a page without status where the service rests."""
        now = self._clock()
        if self._rests_until is not None and now < self._rests_until:
            return Page(None, reason=f"not asked until {iso(self._rests_until)}: {self._why}")
        page = await asyncio.to_thread(self._fetch, self.base + target)
        seconds = page.retry_after(self._clock()) if page.status in (429, 503) else None
        if page.status == 429 or seconds is not None:
            self._why = f"it answered {page.status}"
            rest = min(_REST if seconds is None else seconds, _LONGEST_REST)
            self._rests_until = self._clock() + timedelta(seconds=rest)
        return page


class CertSpotter:
    """Cert Spotter's API: whole domains at ten requests an hour and address without a ``token``, more with one."""

    name, qtype = "ct", "log"

    def __init__(self, base: str, clock: Clock, token: str = "", fetch: Get = get) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._service = _Service(base, clock, fetch, headers, _LIMIT)
        self.host = self._service.host

    async def after(self, domain: str, position: str) -> Batch:
        """See `Search`. Each request gives some issuances in the order of discovery; an empty list ends them."""
        expand = "".join(f"&expand={field}" for field in _EXPAND)
        since = f"&after={quote(position, safe='')}" if position else ""
        target = f"/v1/issuances?domain={domain}&include_subdomains=true&match_wildcards=true{expand}{since}"
        page = await self._service.get(target)
        failed = _failure(page)
        if failed is not None:
            return failed
        issued, reason = read_certspotter(page.body)
        if issued is None:
            return Batch(result=Result.MALFORMED, reason=reason)
        return Batch(issued, last=not issued)


class CrtSh:
    """crt.sh, which gives all that is not expired each time; the greatest number seen is the position.

    Numbers are given by several writers at once (crtsh/ct_monitor, ``newEntriesWriter.go``), so that a smaller one may
    appear later; and of more than 10,000 matches it gives some, in no order.
    """

    name, qtype = "ct/crt.sh", "log/crt.sh"

    def __init__(self, base: str, clock: Clock, fetch: Get = get) -> None:
        self._service = _Service(base, clock, fetch, {}, _CRTSH_LIMIT)
        self.host = self._service.host

    async def after(self, domain: str, position: str) -> Batch:
        """See `Search`."""
        page = await self._service.get(f"/?q={domain}&exclude=expired&output=json")
        failed = _failure(page)
        if failed is not None:
            return failed
        issued, reason = read_crtsh(page.body)
        if issued is None:
            return Batch(result=Result.MALFORMED, reason=reason)
        known = int(position) if position.isdigit() else -1
        in_order = sorted(issued, key=lambda each: int(each.position))
        new = tuple(each for each in in_order if int(each.position) > known)
        return Batch(new, tuple(in_order[: len(in_order) - len(new)]), last=True)


def _failure(page: Page) -> Batch | None:
    if page.status is None:
        return Batch(result=Result.UNREACHABLE, reason=page.reason)
    if page.reason:
        return Batch(result=Result.MALFORMED, reason=page.reason)
    if page.status == 200:
        return None
    kind = Result.SERVFAIL if page.status >= 500 else Result.REFUSED if page.status >= 400 else Result.OTHER_ERROR
    return Batch(result=kind, reason=f"HTTP status {page.status}")


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of one domain: the position, since when it is followed, and the certificates found lately."""

    since: datetime
    position: str = ""
    complete: bool = False
    certificates: tuple[Logged, ...] = ()

    def values(self) -> tuple[str, ...]:
        """Return the values of a reading."""
        state = "complete" if self.complete else "baseline"
        kept = (f"certificate {each.text()}" for each in self.certificates)
        return (f"position {self.position}", f"since {iso(self.since)}", f"state {state}", *kept)


def known_of(values: Sequence[str]) -> Known | None:
    """Return what a reading's values say; None where they are not understood, as if the domain were new."""
    parts = [value.partition(" ") for value in values]
    plain = {kind: rest for kind, _, rest in parts}
    try:
        since = parse_iso(plain["since"])
    except (KeyError, ValueError):
        return None
    kept = (read_logged(rest) for kind, _, rest in parts if kind == "certificate")
    certificates = tuple(each for each in kept if each is not None)
    return Known(since, plain.get("position", ""), plain.get("state") == "complete", certificates)


class Ct:
    """One search as a slow source; domains whose entry lists no issuers are not asked about."""

    every = timedelta(hours=1)

    def __init__(self, search: Search, clock: Clock, seconds: float = ROUND_SECONDS) -> None:
        self.name = search.name
        self._search = search
        self._clock = clock
        self._seconds = seconds
        self._answered: dict[str, datetime] = {}

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Ask about one domain after the other, who waits longest first; see `nswatch.collect.port.Collecting`."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._seconds
        readings, forgotten = list[Reading](), list[tuple[str, Asked]]()
        wanted = [subject for subject in subjects if issuers_of(subject.expectations.allowed)]
        for subject in sorted(wanted, key=self._turn):
            if loop.time() > ends:
                logger.warning("%s: %s and others were not asked about in time", self._search.host, subject.domain)
                break
            reading = await self._one(subject)
            readings.append(reading)
            if reading.facts.result.definite:
                self._answered[subject.domain] = at
                forgotten += [(subject.domain, old) for old in self._views(subject) if old != reading.asked]
        unwatched = (subject for subject in subjects if subject not in wanted)
        forgotten += [(subject.domain, old) for subject in unwatched for old in self._views(subject)]
        return Collected(tuple(readings), tuple(forgotten))

    def _turn(self, subject: Subject) -> tuple[datetime, str]:
        return self._answered.get(subject.domain, datetime.min.replace(tzinfo=UTC)), subject.domain

    def _views(self, subject: Subject) -> list[Asked]:
        return [asked for asked in subject.standing if asked.source is Source.CT and asked.qtype == self._search.qtype]

    async def _one(self, subject: Subject) -> Reading:
        sent = self._clock()
        asked = Asked(Source.CT, self._search.host, subject.domain, self._search.qtype)
        view = subject.standing.get(asked)
        before = known_of(view.facts.values) if view is not None and view.facts is not None else None
        start = before or Known(sent)
        known, told, failed = await self._follow(subject, start, sent)
        received = self._clock()
        if failed is not None and known.position == start.position:
            logger.warning("%s about %s: %s", self._search.host, subject.domain, failed.reason)
            return Reading(subject.domain, asked, Facts(failed.result, note=failed.reason), sent, received)
        wire = f"[{','.join(told)}]".encode() if told else None
        return Reading(subject.domain, asked, Facts(Result.ANSWER, known.values()), sent, received, wire)

    async def _follow(self, subject: Subject, known: Known, now: datetime) -> tuple[Known, list[str], Batch | None]:
        """Return what is known after some requests, the documents of what is told, and what failed in the end."""
        told = list[str]()
        for _ in range(PAGES):
            batch = await self._search.after(subject.domain, known.position)
            if batch.result is not Result.ANSWER:
                return _fresh(known, now), told, batch
            # Where as many are kept as may be, nobody knows any more what was told of those that are looked at again.
            for issued in batch.again if len(known.certificates) < KEPT else ():
                lately = issued.not_before > max(known.since, now - LATE)
                new = self._news(subject, known, issued, now) if lately else ()
                told += [issued.document] if new else []
                known = replace(known, certificates=(*known.certificates, *new))
            for issued in batch.issued:
                new = self._news(subject, known, issued, now)
                told += [issued.document] if new else []
                known = replace(known, position=issued.position, certificates=(*known.certificates, *new))
            if batch.last:
                return _fresh(replace(known, complete=True), now), told, None
        return _fresh(known, now), told, None

    @staticmethod
    def _news(subject: Subject, known: Known, issued: Issued, now: datetime) -> tuple[Logged, ...]:
        """Return a certificate that is to be told; while the baseline is read, only what was issued since it began."""
        logged = issued.logged(subject.domain, now)
        if logged is None or any(logged.key == each.key for each in known.certificates):
            return ()
        if not known.complete and logged.not_before <= known.since:
            return ()
        entry, allowed = subject.expectations.entry, subject.expectations.allowed
        return () if was_ordered(entry, allowed, logged) else (logged,)


def _fresh(known: Known, now: datetime) -> Known:
    """Return it without what nobody asks for any more."""
    kept = tuple(each for each in known.certificates if now - each.found < KEPT_FOR)
    return replace(known, certificates=kept[-KEPT:])
