"""The source ``registrar``: what Route 53 Domains itself says of the domains that are registered there.

It knows an operation as soon as it is submitted, which the registry publishes minutes or days later.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.parsers import ResponseParserError

from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.route53_access import AWS_ERRORS, Access, failed, is_throttled
from nswatch.errors import InvalidName
from nswatch.expect.registration import is_alarming
from nswatch.model import Clock, Facts, Result, Source
from nswatch.moments import iso
from nswatch.names import normalise

if TYPE_CHECKING:
    from mypy_boto3_route53domains import Route53DomainsClient

SERVER = "route53domains.us-east-1.amazonaws.com"
"""Who answers for all the world."""
PER_SECOND = 1.0
"""What is asked of one account at most: GetDomainDetail is throttled, and people use the console meanwhile."""
ROUND_SECONDS = 150.0
"""After so long a round takes what it has; who was not asked is first in the next one."""
SINCE = timedelta(hours=48)
"""Operations are read that were submitted so lately: as long as a touch of the registration is told."""
_PAGES, _PAGE, _MOST = 5, 100, 20
_WIRE = 16_384
_MOMENTS = {"registration": "CreationDate", "last-changed": "UpdatedDate", "expiration": "ExpirationDate"}
_SHOWN = frozenset(
    {"DomainName", "Nameservers", "AutoRenew", "RegistrarName", "RegistryDomainId", "Reseller", "DnsSec"}
    | {"StatusList", "DnssecKeys", *_MOMENTS.values()}
)
"""What is kept as evidence: not the contacts, which are people."""

logger = logging.getLogger(__name__)

Operations = Mapping[str, tuple[str, ...]]
"""Domain -> the values of ``operations``."""


class Route53Domains:
    """Every domain whose entry says that it is registered there (``registration.provider: route53``).

    | qtype | values |
    | --- | --- |
    | ``domain`` | the name; unknown: refused, or not in the account |
    | ``registrar`` | the name of the registrar behind it |
    | ``registration``, ``last-changed``, ``expiration`` | the moment in UTC; the note is the source's own value |
    | ``status``, ``status-before`` | EPP's words; see `nswatch.collect.rdap.Rdap` |
    | ``nameservers``, ``secure-dns`` | host names; DS data, or ``unsigned`` |
    | ``operations`` | ``TYPE submitted MOMENT``, those of the last 48 hours that were not refused |
    """

    name = "registrar"
    every = timedelta(minutes=10)

    def __init__(
        self,
        access: "Access[Route53DomainsClient]",
        clock: Clock,
        seconds: float = ROUND_SECONDS,
        per_second: float = PER_SECOND,
    ) -> None:
        self._access = access
        self._clock = clock
        self._seconds = seconds
        self._pause = 1 / per_second
        self._asked: dict[str, datetime] = {}

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Ask each account about its domains, one after the other; see `nswatch.collect.port.Collecting`."""
        accounts: dict[str, list[Subject]] = {}
        readings, forgotten = list[Reading](), list[tuple[str, Asked]]()
        for subject in sorted(subjects, key=self._place):
            registrar = subject.expectations.entry.registrar
            if registrar is None or registrar.provider != "route53":
                forgotten += [(subject.domain, old) for old in subject.standing if old.source is Source.REGISTRAR]
            else:
                accounts.setdefault(registrar.role_arn or "", []).append(subject)
        work = [asyncio.create_task(self._account(role, of, readings, at)) for role, of in accounts.items()]
        if work:
            _, late = await asyncio.wait(work, timeout=self._seconds)
            for task in late:
                task.cancel()
            for outcome in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                    raise outcome
            if late:
                logger.warning("Route 53 Domains: %d accounts were not done in time", len(late))
        return Collected(tuple(readings), tuple(forgotten))

    def _place(self, subject: Subject) -> tuple[str, str]:
        last = self._asked.get(subject.domain)
        return "" if last is None else iso(last), subject.domain

    async def _account(self, role: str, subjects: Sequence[Subject], readings: list[Reading], at: datetime) -> None:
        """Append what one account says to ``readings``; who asks on when it is throttled makes it worse."""
        operations: Operations | None = None
        refused: Facts | None = None
        try:
            client = await asyncio.to_thread(self._access.client, role)
            operations = await self._operations(client, at)
        except AWS_ERRORS as error:
            refused = self._refusal(role, error)
        for subject in subjects:
            sent = self._clock()
            if refused is not None and (operations is None or refused.result is Result.SERVFAIL):
                readings.append(_reading(subject, "domain", refused, sent, sent))
                continue
            self._asked[subject.domain] = at
            await asyncio.sleep(self._pause)
            try:
                detail = await asyncio.to_thread(_answered, client.get_domain_detail, DomainName=subject.domain)
            except AWS_ERRORS as error:
                facts = self._refusal(role, error)
                refused = facts if is_throttled(error) else None
                readings.append(_reading(subject, "domain", facts, sent, self._clock()))
                readings += self._left(subject, operations or {}, sent)
                continue
            readings += _readings(subject, detail, (operations or {}).get(subject.domain, ()), sent, self._clock())

    def _left(self, subject: Subject, operations: Operations, sent: datetime) -> Iterator[Reading]:
        """Yield what was asked of a domain that tells no details: it may have been moved to another account just so."""
        mine = operations.get(subject.domain)
        if mine:
            yield _reading(subject, "operations", _operations_facts(mine), sent, self._clock())

    async def _operations(self, client: "Route53DomainsClient", at: datetime) -> Operations:
        """Return what was asked of the registrar lately; what lies beyond some pages is left to the registry's word."""
        found: dict[str, list[str]] = {}
        marker: dict[str, Any] = {}
        for _ in range(_PAGES):
            page = await asyncio.to_thread(
                _answered,
                client.list_operations,
                SubmittedSince=at - SINCE,
                MaxItems=_PAGE,
                SortBy="SubmittedDate",
                SortOrder="DESC",
                **marker,
            )
            for each in page.get("Operations") or ():
                told = _operation(each)
                if told is not None:
                    found.setdefault(told[0], []).append(told[1])
            following = page.get("NextPageMarker")
            if not following or marker == {"Marker": following}:
                break
            marker = {"Marker": following}
            await asyncio.sleep(self._pause)
        return {domain: tuple(sorted(values[:_MOST])) for domain, values in found.items()}  # the newest came first

    def _refusal(self, role: str, error: Exception) -> Facts:
        result, note = failed(error)
        if result is Result.REFUSED:
            self._access.forget(role)
        return Facts(result if not result.definite else Result.OTHER_ERROR, note=note)


def _answered(call: Callable[..., Mapping[str, Any]], **parameters: Any) -> Mapping[str, Any]:
    """Return what a call gives. botocore stumbles over JSON of another shape: that is no answer either."""
    try:
        return call(**parameters)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ResponseParserError(f"not what Route 53 Domains answers: {error}") from error


def _operation(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (domain, text) of an operation that was not refused; None of one that does not say what or when."""
    submitted, kind = document.get("SubmittedDate"), document.get("Type")
    domain = _name(document.get("DomainName"))
    if document.get("Status") in ("ERROR", "FAILED") or domain is None:
        return None
    if not isinstance(submitted, datetime) or not isinstance(kind, str) or not kind.isascii() or " " in kind:
        return None
    return domain, f"{kind[:60]} submitted {iso(submitted.astimezone(UTC))}"


def _name(value: object) -> str | None:
    try:
        return normalise(value) if isinstance(value, str) else None
    except InvalidName:
        return None


def _readings(
    subject: Subject, detail: Mapping[str, Any], operations: tuple[str, ...], sent: datetime, received: datetime
) -> Iterator[Reading]:
    told = {key: value for key, value in detail.items() if key in _SHOWN}
    wire = json.dumps(told, default=str, sort_keys=True).encode()[:_WIRE]
    if _name(detail.get("DomainName")) != subject.domain:
        facts = Facts(Result.MALFORMED, note="the answer is about another domain")
        yield _reading(subject, "domain", facts, sent, received, wire)
        return
    for attribute, facts in (*_attributes(subject, detail), ("operations", _operations_facts(operations))):
        yield _reading(subject, attribute, facts, sent, received, wire)


def _reading(
    subject: Subject, attribute: str, facts: Facts, sent: datetime, received: datetime, wire: bytes | None = None
) -> Reading:
    asked = Asked(Source.REGISTRAR, SERVER, subject.domain, attribute)
    return Reading(subject.domain, asked, facts, sent, received, wire)


def _operations_facts(operations: tuple[str, ...]) -> Facts:
    return Facts(Result.ANSWER, operations) if operations else Facts(Result.NODATA)


def _attributes(subject: Subject, detail: Mapping[str, Any]) -> Iterator[tuple[str, Facts]]:
    yield "domain", Facts(Result.ANSWER, (subject.domain,))
    registrar = detail.get("RegistrarName")
    yield (
        "registrar",
        _facts((" ".join(registrar.split()),) if isinstance(registrar, str) and registrar.strip() else None),
    )
    for attribute, key in _MOMENTS.items():
        moment = detail.get(key)
        if isinstance(moment, datetime):
            yield attribute, Facts(Result.ANSWER, (iso(moment.astimezone(UTC)),), note=moment.isoformat())
        else:
            yield attribute, _facts(None)
    status = _status(detail.get("StatusList"))
    yield "status", _facts(status)
    if status is not None:
        yield "status-before", Facts(Result.ANSWER, _states_before(subject, status))
    given = detail.get("Nameservers")
    given = given if isinstance(given, Sequence) else ()
    hosts = [_name(each.get("Name")) for each in given if isinstance(each, Mapping)]
    yield "nameservers", _facts(tuple(sorted({host for host in hosts if host is not None})) or None)
    yield "secure-dns", _facts(_secure_dns(detail.get("DnssecKeys")))


def _facts(values: tuple[str, ...] | None) -> Facts:
    return Facts(Result.OTHER_ERROR, note="the answer does not say") if values is None else Facts(Result.ANSWER, values)


def _status(value: object) -> tuple[str, ...] | None:
    """Return EPP's words, sorted; some registries append a link (`ok https://icann.org/epp#ok`)."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    words = {each.split()[0] for each in value if isinstance(each, str) and each.strip()}
    return tuple(sorted(words)) or None


def _states_before(subject: Subject, status: tuple[str, ...]) -> tuple[str, ...]:
    """Return the alarming states that are no news: those of the first reading of all that have never gone since."""
    now = {state for state in status if is_alarming(state)}
    view = subject.standing.get(Asked(Source.REGISTRAR, SERVER, subject.domain, "status-before"))
    return tuple(sorted(now if view is None or view.facts is None else now & set(view.facts.values)))


def _secure_dns(keys: object) -> tuple[str, ...] | None:
    """Return DS data as RDAP's are (tag, algorithm, digest type, digest); None where a key comes without its digest."""
    if not keys:
        return ("unsigned",)
    if not isinstance(keys, Sequence):
        return None
    fields = ("KeyTag", "Algorithm", "DigestType", "Digest")
    rows = [[each.get(field) for field in fields] for each in keys if isinstance(each, Mapping)]
    if not all(all(part is not None for part in row) for row in rows):
        return None
    return tuple(sorted(" ".join(str(part) for part in row).lower() for row in rows)) or None
