"""Where two sources tell of one registration: what they say apart, and what was asked of the registrar lately."""

from collections.abc import Iterator, Mapping
from typing import Any

from nswatch.expect.registration import same_registrar
from nswatch.model import Finding
from nswatch.tell import details, harmless
from nswatch.tell.case import Case
from nswatch.tell.evidence import bounded, paragraph

_ATTRIBUTES = ("registrar", "status", "nameservers", "expiration", "last-changed")
_DATES = frozenset({"expiration", "last-changed"})
_MOST, _LONGEST = 6, 200


def section(case: Case, finding: Finding) -> list[str]:
    """Return as lines what the sources of a finding say differently, neither of them right, and recent operations."""
    lines = [line for text in _differences(case, finding) for line in paragraph(text)]
    operations = details.texts(finding.detail.get("operations"))
    if operations:
        told = [paragraph(harmless.words(each, _LONGEST), "    ", "  - ") for each in operations]
        lines += ["", *paragraph(case.say("operations")), *bounded(case, told, _MOST)]
    return ["", *lines] if lines and lines[0] else lines


def _differences(case: Case, finding: Finding) -> Iterator[str]:
    rows = [row for row in details.rows(finding, "sources") if row.get("source")]
    if len(rows) < 2:
        return
    first, second = rows[:2]
    for attribute in _ATTRIBUTES:
        one, other = (str(row.get(attribute) or "") for row in (first, second))
        if one and other and not _same(attribute, one, other):
            yield case.say(
                "sources_differ",
                what=case.language.labels[f"of_{attribute}"],
                one=_who(case, first),
                said=harmless.words(one, _LONGEST),
                other=_who(case, second),
                also=harmless.words(other, _LONGEST),
            )


def _same(attribute: str, one: str, other: str) -> bool:
    if attribute == "registrar":
        return same_registrar(one, other)
    if attribute in _DATES:
        return one[:10] == other[:10]
    return sorted(one.lower().split(", ")) == sorted(other.lower().split(", "))


def _who(case: Case, row: Mapping[str, Any]) -> str:
    server = harmless.ascii_name(str(row.get("server") or ""), 253)
    return case.say("by_registrar" if row.get("source") == "registrar" else "by_rdap", server=server)
