"""The source ``route53``: what Route 53's own interface says that the hosted zones of the watchlist hold."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.route53_access import AWS_ERRORS, MOST_PAGES, Access, failed, is_throttled, pages_of
from nswatch.collect.route53_records import ZoneRecords, owner_name, raw_of, read_records
from nswatch.expect.hosted_zone import APPROVED, DELEGATION_SET, RECORDS, ZONE, Snapshot, read_snapshot, snapshot_of
from nswatch.model import Clock, Facts, Result, Source
from nswatch.moments import iso

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

AT_ONCE, PER_SECOND = 4, 2.0
"""What is asked of one account at most. Route 53 takes five requests a second from all of an account's programs."""
ROUND_SECONDS = 150.0
"""After so long a round takes what it has; who was not asked is first in the next one."""
_WIRE = 16_384

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Account:
    """One role's turns in one round."""

    role: str
    subjects: list[Subject]
    turn: float = 0.0
    throttled: str = ""


@dataclass(frozen=True, slots=True)
class _Zone:
    """What was read of one zone: ``documents`` as they came."""

    name: str
    private: bool
    delegation_set: tuple[str, ...]
    raw: Mapping[str, Any]
    documents: Sequence[Mapping[str, Any]] = ()
    records: ZoneRecords | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a zone, or (``part``) its records, could not be read."""

    result: Result
    note: str


@dataclass(slots=True)
class _Round:
    readings: list[Reading] = field(default_factory=list)
    forgotten: list[tuple[str, Asked]] = field(default_factory=list)


class HostedZones:
    """The source ``route53``: every domain whose entry names its hosted zone.

    The server of its readings is the zone's id. The values of ``zone``, ``delegation-set``, ``records`` and
    ``records-approved`` are described in `nswatch.expect.hosted_zone`; beside them each RRset that the entry expects
    has a reading under its own name and type, NODATA or NXDOMAIN where the zone does not hold it.
    """

    name = "route53"
    every = timedelta(minutes=10)

    def __init__(self, access: "Access[Route53Client]", clock: Clock, seconds: float = ROUND_SECONDS) -> None:
        self._access = access
        self._clock = clock
        self._seconds = seconds
        self._asked: dict[str, datetime] = {}

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Read each zone, the one first that was read the longest ago; see `nswatch.collect.port.Collecting`."""
        accounts: dict[str, _Account] = {}
        came = _Round()
        for subject in sorted(subjects, key=self._place):
            delegation = subject.expectations.entry.delegation
            if delegation.hosted_zone is None:
                came.forgotten += [(subject.domain, old) for old in subject.standing if old.source is Source.ROUTE53]
                continue
            role = delegation.role_arn or ""
            accounts.setdefault(role, _Account(role, [])).subjects.append(subject)
        work = [asyncio.create_task(self._account(account, came, at)) for account in accounts.values()]
        if work:
            done, late = await asyncio.wait(work, timeout=self._seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            if late:
                logger.warning("Route 53: %d accounts were not done in time", len(late))
            for task in done:
                task.result()
        return Collected(tuple(came.readings), tuple(came.forgotten))

    def _place(self, subject: Subject) -> tuple[str, str]:
        last = self._asked.get(subject.domain)
        return "" if last is None else iso(last), subject.domain

    async def _account(self, account: _Account, came: _Round, at: datetime) -> None:
        for subject in account.subjects:
            sent = self._clock()
            if account.throttled:
                note = f"not asked: the account was asked too much ({account.throttled})"
                read: _Zone | _Failure = _Failure(Result.SERVFAIL, note)
            else:
                self._asked[subject.domain] = at
                read = await self._read(account, _zone_id(subject), subject.domain)
            received = self._clock()
            came.readings += _readings(subject, read, sent, received)
            came.forgotten += _outdated(subject, read)

    async def _read(self, account: _Account, zone_id: str, domain: str) -> _Zone | _Failure:
        try:
            client = await asyncio.to_thread(self._access.client, account.role)
            await self._turn(account)
            raw: Mapping[str, Any] = await asyncio.to_thread(client.get_hosted_zone, Id=zone_id)
        except AWS_ERRORS as error:
            return self._failed(account, error)
        zone = _zone(raw)
        if zone.name != domain or zone.private:
            return zone
        try:
            documents = await self._records(account, client, zone_id)
        except AWS_ERRORS as error:
            self._failed(account, error)
            logger.warning("%s: the records of %s could not be read: %s", domain, zone_id, failed(error)[1])
            return zone
        if documents is None:
            logger.warning("%s: %s has more records than are read, or pages without end", domain, zone_id)
            return zone
        records, reason = read_records(documents, domain, zone_id)
        if records is None:
            logger.warning("%s: the records of %s could not be understood: %s", domain, zone_id, reason)
        return _Zone(zone.name, zone.private, zone.delegation_set, raw, documents, records)

    async def _records(
        self, account: _Account, client: "Route53Client", zone_id: str
    ) -> list[Mapping[str, Any]] | None:
        """Return all records of a zone; None where they are too many, or the pages lead in a circle."""
        documents, start = list[Mapping[str, Any]](), dict[str, str]()
        for _ in range(MOST_PAGES):
            await self._turn(account)
            page, following = await asyncio.to_thread(pages_of, client, zone_id, start)
            documents += page
            if not following:
                return documents
            if following == start or not page:
                return None
            start = following
        return None

    async def _turn(self, account: _Account) -> None:
        """Wait for an account's next turn: the first `AT_ONCE` are at once, then `PER_SECOND`."""
        now = asyncio.get_running_loop().time()
        account.turn = max(account.turn, now - (AT_ONCE - 1) / PER_SECOND)
        wait = account.turn - now
        account.turn += 1 / PER_SECOND
        if wait > 0:
            await asyncio.sleep(wait)

    def _failed(self, account: _Account, error: Exception) -> _Failure:
        result, note = failed(error)
        if is_throttled(error):
            account.throttled = note[:100]
        if result is Result.REFUSED:
            self._access.forget(account.role)
        return _Failure(result, note)


def _zone_id(subject: Subject) -> str:
    return subject.expectations.entry.delegation.hosted_zone or ""


def _zone(raw: Mapping[str, Any]) -> _Zone:
    """Return what GetHostedZone says of the zone itself; what it lacks is empty."""
    told = raw.get("HostedZone") or {}
    servers = (raw.get("DelegationSet") or {}).get("NameServers") or ()
    return _Zone(
        name=owner_name(str(told.get("Name", ""))),
        private=bool((told.get("Config") or {}).get("PrivateZone")),
        delegation_set=tuple(sorted({owner_name(str(server)) for server in servers})),
        raw={"HostedZone": told, "DelegationSet": raw.get("DelegationSet")},
    )


def _readings(subject: Subject, read: _Zone | _Failure, sent: datetime, received: datetime) -> Iterator[Reading]:
    domain, zone_id = subject.domain, _zone_id(subject)

    def reading(qname: str, qtype: str, facts: Facts, evidence: object = None) -> Reading:
        wire = None if evidence is None else json.dumps(evidence, default=str).encode()[:_WIRE]
        return Reading(domain, Asked(Source.ROUTE53, zone_id, qname, qtype), facts, sent, received, wire)

    if isinstance(read, _Failure):
        yield reading(domain, ZONE, Facts(read.result, note=read.note))
        return
    if not read.name or read.name == ".":
        yield reading(domain, ZONE, Facts(Result.MALFORMED, note="the answer names no zone"))
        return
    own = (read.name, "private") if read.private else (read.name,)
    yield reading(domain, ZONE, Facts(Result.ANSWER, own), read.raw)
    if read.name != domain or read.private:
        return
    yield reading(domain, DELEGATION_SET, _or_unknown(read.delegation_set), read.raw)
    if read.records is None:
        yield reading(domain, RECORDS, Facts(Result.OTHER_ERROR, note="the records could not be read"))
        return
    for qname, qtype in subject.expectations.asked():
        yield reading(qname, qtype, read.records.answer(qname, qtype), raw_of(read.documents, qname, qtype))
    yield from _snapshots(subject, read.records, reading)


def _snapshots(subject: Subject, records: ZoneRecords, reading: Any) -> Iterator[Reading]:
    """Yield what the zone holds now, and what stood when it was approved: at the first look, or by `apply` anew."""
    asked = Asked(Source.ROUTE53, _zone_id(subject), subject.domain, APPROVED)
    view = subject.standing.get(asked)
    before = None if view is None or view.facts is None else read_snapshot(view.facts.values)
    approval = subject.expectations.entry.baseline.records
    if before is not None and approval in ("", before.approval):
        approved = before
    else:
        now = snapshot_of(records.rrsets, subject.domain)
        approved = Snapshot(now.form, now.lines, approval)
    present = snapshot_of(records.rrsets, subject.domain, approved)
    yield reading(subject.domain, APPROVED, Facts(Result.ANSWER, approved.as_values()))
    yield reading(subject.domain, RECORDS, Facts(Result.ANSWER, present.as_values()))


def _or_unknown(values: tuple[str, ...]) -> Facts:
    return Facts(Result.ANSWER, values) if values else Facts(Result.OTHER_ERROR, note="the answer does not say")


def _outdated(subject: Subject, read: _Zone | _Failure) -> Iterator[tuple[str, Asked]]:
    """Yield the views of another zone, and of what is no longer expected, once this zone has answered."""
    if isinstance(read, _Failure) or read.records is None:
        return
    own = {ZONE, DELEGATION_SET, RECORDS, APPROVED}
    wanted = set(subject.expectations.asked())
    for asked in subject.standing:
        if asked.source is Source.ROUTE53 and (
            asked.server != _zone_id(subject) or (asked.qtype not in own and (asked.qname, asked.qtype) not in wanted)
        ):
            yield subject.domain, asked
