"""What registries say of domains over RDAP (RFC 9082, RFC 9083), asked seldom and gently."""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from nswatch.collect.bootstrap import Bootstrap
from nswatch.collect.http import Page, get
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.rdap_document import EVENTS, Moment, Registration, read_domain
from nswatch.expect.registration import is_alarming
from nswatch.model import Clock, Facts, Result, Source
from nswatch.moments import iso
from nswatch.names import registry_domain

logger = logging.getLogger(__name__)

AT_ONCE, PER_SECOND = 4, 5.0
"""What one service is asked at most."""
SECONDS = 10.0
ROUND_SECONDS = 150.0
"""After so long a round takes what it has; the order of the next one is another."""

_LIMIT = 512_000
_WIRE = 16384
_REST, _LONGEST_REST = 60.0, 86400.0
_GIVEN_UP = 3
"""So many requests without a response, one after another, and a service rests for `_REST` seconds."""

Get = Callable[[str], Page]
_fetch: Get = partial(
    get, headers={"Accept": "application/rdap+json, application/json;q=0.9"}, limit=_LIMIT, timeout=SECONDS
)


@dataclass(frozen=True, slots=True)
class RdapAnswer:
    """What one registry said of one name.

    ``result`` is ANSWER with a ``registration``; NXDOMAIN where the service knows no such name (HTTP 404); NODATA where
    the registry has no RDAP service; anything else is unknown, and ``note`` says why. ``server`` is the service's host.
    """

    name: str
    server: str
    result: Result
    sent: datetime
    received: datetime | None = None
    note: str = ""
    registration: Registration | None = None
    document: bytes = b""


@dataclass(slots=True)
class _Service:
    """What is remembered of one service. The semaphore and the times of turns belong to ``loop``."""

    loop: asyncio.AbstractEventLoop | None = None
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    turn: float = 0.0
    rests_until: datetime | None = None
    why: str = ""
    silent: int = 0


class RdapClient:
    """Looks names up at their registries; one for all sources of a collector, so that no service is asked too often."""

    def __init__(self, bootstrap: Bootstrap, clock: Clock, fetch: Get = _fetch) -> None:
        self._bootstrap = bootstrap
        self._clock = clock
        self._fetch = fetch
        self._services: dict[str, _Service] = {}

    async def lookup(self, name: str) -> RdapAnswer:
        """Ask the registry about a canonical name that is registered there (``example.co.uk``). Nothing is raised.

        A service that asked to be left alone (Retry-After) is not asked until then.
        """
        base = await self._bootstrap.service(name)
        if base is None:
            return self._without_service(name)
        server = urlsplit(base).hostname or base
        async with self._turn(server) as service:
            now = self._clock()
            if service.rests_until is not None and now < service.rests_until:
                note = f"not asked until {iso(service.rests_until)}: {service.why}"
                return RdapAnswer(name, server, Result.REFUSED, now, note=note)
            page = await asyncio.to_thread(self._fetch, f"{base}domain/{name}")
            received = self._clock()
            self._remember(service, page, received)
            return _answer(name, server, page, now, received)

    def _without_service(self, name: str) -> RdapAnswer:
        server, now = self._bootstrap.server, self._clock()
        if not self._bootstrap.known:
            return RdapAnswer(name, server, Result.UNREACHABLE, now, note="the bootstrap registry could not be had")
        note = f"IANA's bootstrap registry lists no RDAP service for .{name.rpartition('.')[2]}"
        return RdapAnswer(name, server, Result.NODATA, now, now, note)

    @asynccontextmanager
    async def _turn(self, server: str) -> AsyncIterator[_Service]:
        """Wait for a place and a turn: the first `AT_ONCE` at once, then `PER_SECOND`."""
        service, loop = self._services.setdefault(server, _Service()), asyncio.get_running_loop()
        if service.loop is not loop:
            service.loop, service.places, service.turn = loop, asyncio.Semaphore(AT_ONCE), 0.0
        async with service.places:
            now = loop.time()
            service.turn = max(service.turn, now - (AT_ONCE - 1) / PER_SECOND)
            wait = service.turn - now
            service.turn += 1 / PER_SECOND
            if wait > 0:
                await asyncio.sleep(wait)
            yield service

    def _remember(self, service: _Service, page: Page, now: datetime) -> None:
        service.silent = service.silent + 1 if page.status is None else 0
        refused = page.status is not None and page.status >= 400 and page.status != 404
        seconds = page.retry_after(now) if refused else None
        if page.status == 429 or seconds is not None:
            service.why = f"it answered {page.status}"
            seconds = min(_REST if seconds is None else seconds, _LONGEST_REST)
        elif service.silent >= _GIVEN_UP:
            service.why, seconds = page.reason, _REST
        if seconds is not None:
            service.rests_until = now + timedelta(seconds=seconds)


def _answer(name: str, server: str, page: Page, sent: datetime, received: datetime) -> RdapAnswer:
    def result(kind: Result, note: str) -> RdapAnswer:
        return RdapAnswer(name, server, kind, sent, received, note, document=page.body)

    if page.status is None:
        return RdapAnswer(name, server, Result.UNREACHABLE, sent, note=page.reason)
    if page.reason:
        return result(Result.MALFORMED, page.reason)
    if page.status == 404:
        return result(Result.NXDOMAIN, "not found (404)")
    if page.status != 200:
        kind = Result.SERVFAIL if page.status >= 500 else Result.REFUSED if page.status >= 400 else Result.OTHER_ERROR
        return result(kind, f"HTTP status {page.status}")
    registration, reason = read_domain(page.body, name)
    if registration is None:
        return result(Result.MALFORMED, reason)
    return RdapAnswer(name, server, Result.ANSWER, sent, received, registration=registration, document=page.body)


class Rdap:
    """The source ``rdap``: every domain, and the domains that its expected name servers depend on.

    | qtype | values |
    | --- | --- |
    | ``domain`` | the name; NXDOMAIN: not registered; NODATA: its registry has no RDAP; unknown: refused |
    | ``registrar``, ``registrar-id`` | the name; IANA's number |
    | ``registration``, ``last-changed``, ``expiration``, ``transfer`` | the moment in UTC; the note is its own text |
    | ``status`` | EPP's words |
    | ``status-before`` | those alarming states that were there at the first reading, and have been since |
    | ``nameservers``, ``secure-dns`` | host names; DS data, or ``unsigned`` |
    """

    name = "rdap"
    every = timedelta(minutes=10)

    def __init__(self, client: RdapClient, seconds: float = ROUND_SECONDS) -> None:
        self._client = client
        self._seconds = seconds

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Look each name up once, whoever needs it; see `nswatch.collect.port.Collecting`."""
        wanted: dict[str, list[Subject]] = {}
        for subject in subjects:
            for name in names_of(subject):
                wanted.setdefault(name, []).append(subject)
        order = sorted(wanted, key=lambda name: _place(name, wanted[name], at))
        lookups = {name: asyncio.create_task(self._client.lookup(name)) for name in order}
        if lookups:
            _, late = await asyncio.wait(lookups.values(), timeout=self._seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            if late:
                logger.warning("RDAP: %d of %d names were not asked about in time", len(late), len(lookups))
        answers = {name: task.result() for name, task in lookups.items() if not task.cancelled()}
        for name, answer in answers.items():
            if answer.result is Result.NODATA and not _is_known(name, wanted[name]):
                logger.info("%s: %s", name, answer.note)
        told = [(subject, answers[name]) for name in answers for subject in wanted[name]]
        return Collected(
            readings=tuple(reading for subject, answer in told for reading in readings_of(subject, answer)),
            forgotten=tuple(old for subject, answer in told for old in _moved(subject, answer)),
        )


def names_of(subject: Subject) -> tuple[str, ...]:
    """Return what is registered at registries: the domain's own first, then those of its expected name servers."""
    names = [registry_domain(name) for name in (subject.domain, *sorted(subject.expectations.allowed.hosts))]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _place(name: str, subjects: Sequence[Subject], at: datetime) -> tuple[bool, int]:
    """Sort who was never asked about first, then the others as each turn has it.

    A service that answers a part of a turn's questions only is so asked about everybody in time. What one refused last
    says nothing: mostly it was not asked.
    """
    return _is_known(name, subjects), zlib.crc32(f"{name} {iso(at)}".encode())


def _is_known(name: str, subjects: Sequence[Subject]) -> bool:
    """Whether the record holds a word about a name, if only that nobody can be asked."""
    return any(
        (asked.source, asked.qname, asked.qtype) == (Source.RDAP, name, "domain")
        for each in subjects
        for asked in each.standing
    )


def readings_of(subject: Subject, answer: RdapAnswer) -> Iterator[Reading]:
    """Yield what an answer says, attribute by attribute; one that it does not tell of is unknown."""
    for qtype, facts in _attributes(subject, answer).items():
        yield Reading(
            domain=subject.domain,
            asked=Asked(Source.RDAP, answer.server, answer.name, qtype),
            facts=facts,
            sent=answer.sent,
            received=answer.received,
            wire=answer.document[:_WIRE] or None,
        )


def _attributes(subject: Subject, answer: RdapAnswer) -> Mapping[str, Facts]:
    said = answer.registration
    if said is None:
        return {"domain": Facts(answer.result, note=answer.note)}
    found = {
        "domain": Facts(Result.ANSWER, (answer.name,)),
        "registrar": _facts(said.registrar and (said.registrar,)),
        "registrar-id": _facts(said.registrar_id and (said.registrar_id,)),
        "status": _facts(said.status),
        "nameservers": _facts(said.nameservers),
        "secure-dns": _facts(said.secure_dns),
        **{attribute: _moment_facts(said.events.get(attribute)) for attribute in EVENTS.values()},
    }
    if "transfer" not in said.events:
        found["transfer"] = Facts(Result.NODATA)  # most domains never were transferred
    if said.status is not None:
        found["status-before"] = Facts(Result.ANSWER, _states_before(subject, answer, said.status))
    return found


def _facts(values: tuple[str, ...] | str | None) -> Facts:
    if values is None or isinstance(values, str):
        return Facts(Result.OTHER_ERROR, note="the document does not say")
    return Facts(Result.ANSWER, values)


def _moment_facts(moment: Moment | None) -> Facts:
    if moment is None:
        return _facts(None)
    if moment.at is None:
        return Facts(Result.MALFORMED, note=f"no moment: {moment.text}")
    return Facts(Result.ANSWER, (iso(moment.at),), note=moment.text)


def _states_before(subject: Subject, answer: RdapAnswer, status: tuple[str, ...]) -> tuple[str, ...]:
    """Return the alarming states that are no news: those of the first reading of all that have never gone since."""
    now = {state for state in status if is_alarming(state)}
    for asked, view in subject.standing.items():
        same = (asked.source, asked.qname, asked.qtype) == (Source.RDAP, answer.name, "status-before")
        if same and view.facts is not None:
            return tuple(sorted(now & set(view.facts.values)))
    return tuple(sorted(now))


def _moved(subject: Subject, answer: RdapAnswer) -> Iterator[tuple[str, Asked]]:
    """Yield the views of another service, when this one has answered: the registry has moved."""
    if answer.result in (Result.ANSWER, Result.NXDOMAIN):
        for asked in subject.standing:
            if asked.source is Source.RDAP and asked.qname == answer.name and asked.server != answer.server:
                yield subject.domain, asked
