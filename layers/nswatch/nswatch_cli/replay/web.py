"""What a watched domain's web site shows to one region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nswatch_cli.replay.mentions import mapping

_FINGERPRINT = "a" * 64


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """The certificate that the site serves: its issuer's text, SHA-256 fingerprint, and whether it validates."""

    issuer: str
    fingerprint: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class WebFacts:
    """One visit: HTTP status, latency in milliseconds and the certificate."""

    status: int
    latency_ms: float
    certificate: ServedCertificate


def read_web(said: Mapping[str, Any], entry: Mapping[str, Any]) -> WebFacts:
    """Return what ``said`` (one region's part of ``web``) says; the rest is as the watchlist's ``entry`` expects."""
    issuers = mapping(entry.get("web")).get("issuers") or ["Amazon"]
    certificate = mapping(said.get("certificate"))
    return WebFacts(
        status=int(said.get("status") or 200),
        latency_ms=float(said["latency_ms"]) if said.get("latency_ms") is not None else 50.0,
        certificate=ServedCertificate(
            issuer=str(certificate.get("issuer") or issuers[0]),
            fingerprint=str(certificate.get("fingerprint") or _FINGERPRINT),
            trusted=certificate.get("trusted") is not False,
        ),
    )
