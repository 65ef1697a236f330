"""What is said of certificates: who issued them, for which names, and what CAA says of that."""

from collections.abc import Mapping
from typing import Any

from nswatch.expect.certificates import issuer_in_words
from nswatch.model import Finding
from nswatch.tell import details, harmless
from nswatch.tell.case import Case

CODES = frozenset({"certificate_changed", "certificate_unordered"})
_NAMES = 3
_REPORT = 400


def names_of(case: Case, finding: Finding) -> dict[str, str]:
    """Return what a template about certificates may use; of several it is the one that was found last."""
    if finding.code not in CODES:
        return {}
    rows = rows_of(finding)
    last: Mapping[str, Any] = rows[-1] if rows else {}
    names = details.texts(last.get("names")) or (finding.subject,)
    return {
        "certificates": str(len(rows)),
        "issuer": _issuer(last) or case.few(finding.seen),
        "for_names": case.few(names, _NAMES, total=len(names) + (number(last.get("more")))),
        "why": why(case, last),
        **({"report": report} if (report := harmless.words(last.get("report") or "", _REPORT)) else {}),
    }


def rows_of(finding: Finding) -> list[Mapping[str, Any]]:
    """Return the certificates; of those that are served the one comes last that is told first."""
    return details.rows(finding, "certificates") or details.rows(finding, "answers")[::-1]


def _issuer(row: Mapping[str, Any]) -> str:
    name, ca = str(row.get("issuer") or ""), str(row.get("ca") or "")
    return harmless.value(issuer_in_words(name, ca), 90) if name or ca else ""


def why(case: Case, row: Mapping[str, Any]) -> str:
    """Return why a certificate is not trusted, as far as somebody said."""
    return harmless.value(str(row["why"]), 90) if row.get("why") else case.say("untrusted_why")


def number(value: object) -> int:
    """Return a whole number, 0 for what is none."""
    return value if isinstance(value, int) else 0
