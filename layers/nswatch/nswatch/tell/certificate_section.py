"""The part of a letter about certificates: all that is known of each, what is approved, and what CAA says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nswatch.model import Finding
from nswatch.moments import parse_iso
from nswatch.tell import certificates, details, harmless, times
from nswatch.tell.case import Case
from nswatch.tell.evidence import paragraph

_MOST = 6


def section(case: Case, finding: Finding) -> list[str]:
    """Return each certificate with what its issuer asks for in a report, then what is approved, and what CAA says."""
    lines = ["", case.language.labels["certificates"]]
    rows = certificates.rows_of(finding)
    for number, row in enumerate(rows[:_MOST], start=1):
        head, *rest = _told(case, row)
        lines += paragraph(head, "     ", f"  {number}. ")
        for text in rest:
            lines += paragraph(text, "       ", "     ")
    if len(rows) > _MOST:
        lines.append(f"  {case.say('more', n=len(rows) - _MOST)}")
    after = []
    if finding.expected:
        issuers = ", ".join(harmless.value(text, 60) for text in finding.expected[:12])
        after.append(case.say("certificate_approved", issuers=issuers))
    right = details.texts(finding.detail.get("right"))
    if right:
        after.append(case.say("certificate_right", regions=case.few(right)))
    after += _caa(case, finding)
    return [*lines, *(line for text in after for line in paragraph(text, "  ", "  "))]


def _told(case: Case, row: Mapping[str, Any]) -> list[str]:
    names = details.texts(row.get("names"))
    shown = case.few(names, 12, total=len(names) + certificates.number(row.get("more"))) if names else ""
    issuer = harmless.value(str(row.get("issuer") or row.get("ca") or "?"), 200)
    told = [case.say("certificate_for", names=shown)] if shown else []
    told.append(case.say("certificate_issuer", issuer=issuer))
    begins, ends = _moment(row.get("not_before")), _moment(row.get("not_after"))
    if begins and ends:
        told.append(case.say("certificate_valid", begins=times.utc(begins), ends=times.utc(ends)))
    elif begins:
        told.append(case.say("certificate_begins", begins=times.utc(begins)))
    elif ends:
        told.append(case.say("certificate_until", ends=times.utc(ends)))
    if row.get("trusted") is False:
        told.append(case.say("certificate_untrusted", why=certificates.why(case, row)))
    found, regions = _moment(row.get("found")), details.texts(row.get("regions"))
    if found:
        told.append(case.say("certificate_found", found=times.utc(found)))
    if regions:
        told.append(case.say("certificate_shown", regions=case.few(regions)))
    digest = str(row.get("sha256") or row.get("fingerprint") or "").removeprefix("sha256:")
    if digest:
        told.append(case.say("certificate_digest", digest=harmless.ascii_name(digest, 64)))
    if row.get("caa") in ("forbidden", "allowed"):
        told.append(case.say(f"certificate_{row['caa']}"))
    return told


def _caa(case: Case, finding: Finding) -> list[str]:
    said = finding.detail.get("caa")
    if not isinstance(said, Mapping):
        return []
    at, allowed = str(said.get("at", "")), details.texts(said.get("allowed"))
    if not at:
        return [case.say("caa_none", domain=harmless.name(finding.subject, 253))]
    shown = harmless.name(at, 253)
    return [
        case.say("caa_allows", at=shown, issuers=case.few(allowed, 12)) if allowed else case.say("caa_nobody", at=shown)
    ]


def _moment(text: object) -> datetime | None:
    try:
        return parse_iso(text) if isinstance(text, str) and text else None
    except ValueError:
        return None
