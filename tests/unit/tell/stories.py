"""Incidents to render: folded from real events, as the comparator writes them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.judge.lookalike import closest
from nswatch.judge.policy import POLICY, Cause
from nswatch.judge.route53 import mismatches
from nswatch.model import Finding, Severity, Sighting, Source, Transport
from nswatch.record.log import Event
from nswatch.respond import events
from nswatch.respond.events import EventType
from nswatch.respond.fold import fold
from nswatch.respond.incident import Incident, MessageKind
from nswatch.tell.texts import Text, render

START = datetime(2020, 5, 30, 15, 5, 20, tzinfo=UTC)
GENUINE = ("ns-1515.awsdns-61.org", "ns-1985.awsdns-56.co.uk", "ns-405.awsdns-50.com", "ns-650.awsdns-17.net")
FORGED = ("ns-1515.awsdns-061.org", "ns-1985.awsdns-056.co.uk", "ns-650.awsdns-017.net")
CONTACTS = {
    "registrar_support": "+81-3-0000-0000",
    "registrar_csirt": "csirt@registrar.example",
    "cert": "JPCERT/CC info@jpcert.or.jp",
}
ENTRY = DomainEntry(
    "coincheck.com",
    Delegation(ns=frozenset(GENUINE), provider="route53"),
    contacts=CONTACTS,
    fallback_domain="fallback.example",
    reply_to="+81-3-1111-1111, incident@fallback.example",
)
SIGHTINGS = (
    Sighting("ap-northeast-1", Source.PARENT, "192.5.6.30", "a.gtld-servers.net", Transport.TCP, START),
    Sighting("us-east-1", Source.PARENT, "192.33.14.30", "b.gtld-servers.net", Transport.UDP, START),
)


def finding(
    code: str = "delegation_changed",
    expected: Sequence[str] = GENUINE,
    seen: Sequence[str] = FORGED,
    detail: Mapping[str, Any] | None = None,
    *,
    subject: str = "coincheck.com",
    severity: Severity = Severity.PAGE,
    sightings: tuple[Sighting, ...] = SIGHTINGS,
) -> Finding:
    return Finding(code, subject, severity, tuple(expected), tuple(seen), START, sightings, detail or {})


def coincheck() -> list[Finding]:
    pairs = [pair for pair in (closest(host, list(GENUINE)) for host in FORGED) if pair is not None]
    rows = mismatches(FORGED, GENUINE)
    answers = [{"seen": list(FORGED), "result": "referral", "servers": 2, "regions": ["ap-northeast-1", "us-east-1"]}]
    return [
        finding(detail={"parent": "com", "answers": answers}),
        finding(
            "nameserver_lookalike",
            [pair.genuine for pair in pairs],
            [pair.candidate for pair in pairs],
            {"pairs": [pair.as_detail() for pair in pairs]},
        ),
        finding("route53_mismatch", detail={"hosts": [{"host": r.host, "explanation": r.explanation} for r in rows]}),
    ]


def silent(*regions: str, of: int) -> list[Finding]:
    reporting = of - len(regions)
    severity = Severity.PAGE if reporting * 2 <= of else Severity.NOTICE
    detail = {"last": "2020-05-30T15:02:50.000Z", "reporting": reporting, "regions": of}
    seen = ["none since 2020-05-30T15:02:50.000Z"]
    return [
        finding(
            "vantage_silent", ["a pass every minute"], seen, detail, subject=region, severity=severity, sightings=()
        )
        for region in regions
    ]


def opened(findings: Sequence[Finding], group: str = "coincheck.com", round_: int = 1) -> Event:
    policy = POLICY.get(findings[0].code)
    cause = Cause(findings[0].cause) if findings[0].cause else policy.cause if policy else Cause.DELEGATION
    urgency = max((f.severity for f in findings), key=lambda severity: severity.rank)
    return events.raised(group, 1, (cause, round_), urgency, findings, min(finding.since for finding in findings))


def forged_seen(host: str, address: str, ttl: int, at: datetime = START) -> Event:
    return events.forged(EventType.FORGED_SEEN, "coincheck.com", 1, (host, address, ttl), 1, at)


def forged_gone(host: str, address: str, ttl: int, at: datetime) -> Event:
    return events.forged(EventType.FORGED_GONE, "coincheck.com", 1, (host, address, ttl), 1, at)


def folded(*happened: Event) -> Incident:
    incident = fold(happened)
    assert incident is not None
    return incident


def told(kind: MessageKind, *happened: Event, entry: DomainEntry | None = ENTRY, now: datetime | None = None) -> Text:
    """Render the newest message of ``kind`` three seconds after it came about (or at ``now``)."""
    incident = folded(*happened)
    message = [message for message in incident.messages if message.kind is kind][-1]
    return render(message, incident, entry, now or message.at + timedelta(seconds=3))


def page(findings: Sequence[Finding], **how: Any) -> Text:
    kind = MessageKind.PAGE if any(f.severity is Severity.PAGE for f in findings) else MessageKind.NOTICE
    return told(kind, opened(findings, how.pop("group", "coincheck.com")), **how)
