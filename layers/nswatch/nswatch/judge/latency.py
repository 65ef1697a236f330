"""`latency_shifted`: a region waits much longer for the web site than before. It corroborates, and never pages.

The probe compares its medians itself (`nswatch.observe.web_latency`); each region's view says whether that is so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nswatch.expect.web import LATENCY, fields_of
from nswatch.judge.belief import sightings
from nswatch.judge.correlate import story_of
from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.judge.policy import Cause, severity_of
from nswatch.model import Finding, Key, Severity, Source, View
from nswatch.moments import iso

CODE = "latency_shifted"

_LED_ELSEWHERE = (Cause.DELEGATION, Cause.ZONE_CONTENT, Cause.CACHES, Cause.CERTIFICATE)
"""The stories that a slower site speaks for, those first that explain the others."""


@dataclass(frozen=True, slots=True)
class _Shifted:
    """One region's shift, in milliseconds."""

    view: View
    former: int
    median: int


def latency(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Return one finding for all regions that wait longer.

    ``detail`` is ``{"regions": [{"region", "former_ms", "median_ms", "since", "address"}]}``. What a region saw last
    stands while it is silent, as all that is seen does: to look again for the sake of a log line is not worth it.
    """
    standing = sorted(_shifted(views), key=lambda each: (each.view.first_seen, each.view.key))
    if not standing:
        return Judged()
    entry = evidence.expectations.entry
    finding = Finding(
        code=CODE,
        subject=entry.domain,
        severity=severity_of(CODE, entry.severity),
        expected=tuple(f"about {each.former} ms in {each.view.key.region}" for each in standing),
        seen=tuple(f"{each.median} ms in {each.view.key.region}" for each in standing),
        since=standing[0].view.first_seen,
        sightings=sightings(each.view for each in standing),
        detail={"regions": [_row(each) for each in standing]},
    )
    return Judged((finding,))


def with_latency(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings; a shift joins the story of what pages beside it, and those of that story tell of it.

    Their ``detail`` has ``"latency"``, the rows of the shift. Nothing becomes more or less urgent by it.
    """
    found = list(findings)
    shift = next((finding for finding in found if finding.code == CODE), None)
    urgent = (one for one in found if one.severity is Severity.PAGE and not one.residual and one.code != CODE)
    stories = {story_of(one) for one in urgent}
    story = next((cause for cause in _LED_ELSEWHERE if cause in stories), None)
    if shift is None or story is None:
        return found
    rows = shift.detail["regions"]
    return [
        replace(one, cause=story)
        if one is shift
        else replace(one, detail={**one.detail, "latency": rows})
        if story_of(one) is story and one.severity is Severity.PAGE
        else one
        for one in found
    ]


def _shifted(views: Iterable[View]) -> Iterable[_Shifted]:
    for view in views:
        if view.key.source is not Source.WEB or view.key.qtype != LATENCY:
            continue
        said = fields_of(view.facts)
        former, median = said.get("former", ""), said.get("median", "")
        if said.get("shifted") == "yes" and former.isdecimal() and median.isdecimal():
            yield _Shifted(view, int(former), int(median))


def _row(each: _Shifted) -> dict[str, str | int]:
    view = each.view
    return {
        "region": view.key.region,
        "former_ms": each.former,
        "median_ms": each.median,
        "since": iso(view.first_seen),
        "address": view.server_name,
    }
