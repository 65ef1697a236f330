"""`certificate_changed` and `certificate_unordered`: what is served, and what Certificate Transparency logs hold.

Both need to know who may issue: ``web.issuers`` of the watchlist. Where it lists nobody, a certificate that is not
trusted is all that is judged. CAA records explain, and never decide: they say what holds now, not when it was issued.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from nswatch.expect.certificates import Logged, is_listed, issuer_in_words, issuers_of, read_logged, was_ordered
from nswatch.expect.web import CERTIFICATE, Served, served_in
from nswatch.judge.belief import (
    CONFIRMED_WITHIN,
    answers,
    outlived,
    seen_twice,
    sightings,
    stands_until,
)
from nswatch.judge.caa import Caa, caa_of
from nswatch.judge.collected import EVENT_ACTIVE, values_of
from nswatch.judge.evidence import Evidence, bounded
from nswatch.judge.judged import Judged, joined
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Key, Source, View
from nswatch.moments import iso

_SHOWN_NAMES = 3

DEPARTED = "certificate departed"
"""In the key of a doubt it stands for the type: since which pass a region is shown a certificate that is not right."""


def certificates(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:
    """Judge the certificates that are served to each region, and those that logs hold."""
    given = [view for view in views if view.key.source in (Source.CT, Source.WEB) and view.facts is not None]
    if not given:
        return Judged()
    return joined((_unordered(evidence, given), _changed(evidence, given, doubts)))


# certificate_unordered


def _unordered(evidence: Evidence, views: Sequence[View]) -> Judged:
    """Return `certificate_unordered`: a log holds a certificate whose issuer is not listed.

    It is told for 48 h from when the first collector learned of it; what comes within 48 h of another is told with it.
    Detail: ``{"certificates": [{"issuer", "ca", "names": [...], "more": n, "not_before", "not_after", "found",
    "sha256", "url", "report", "caa": `Permission`}], "caa": {"at": name, "allowed": [...]}}``, moments in ISO 8601;
    without ``"caa"`` where nobody knows which records apply, with ``"at": ""`` where none limits who may issue.
    """
    entry, allowed, now = evidence.expectations.entry, evidence.expectations.allowed, evidence.now
    listed = issuers_of(allowed)
    if not listed:
        return Judged()
    held = [(each, view) for view in views for each in _logged(view) if not was_ordered(entry, allowed, each)]
    told = _latest(_first_of_each(each for each, _ in held))
    if not told or now - told[-1].found >= EVENT_ACTIVE:
        return Judged()
    keys = {each.key for each in told}
    seen_by: dict[View, datetime] = {}
    for each, view in held:
        if each.key in keys:
            seen_by[view] = min(each.found, seen_by.get(view, each.found))
    caa = caa_of(views, entry.domain)
    finding = Finding(
        code="certificate_unordered",
        subject=entry.domain,
        severity=severity_of("certificate_unordered", entry.severity),
        expected=bounded(listed),
        seen=bounded(tuple(dict.fromkeys(map(_shown, told)))),
        since=told[0].found,
        sightings=sightings(replace(view, first_seen=found) for view, found in seen_by.items()),
        detail={"certificates": [_row(each, caa) for each in told], **_caa_detail(caa)},
    )
    return Judged((finding,), ends=(told[-1].found + EVENT_ACTIVE,))


def _logged(view: View) -> Iterable[Logged]:
    if view.key.source is not Source.CT:
        return ()
    kept = (value.removeprefix("certificate ") for value in values_of(view) if value.startswith("certificate "))
    return tuple(each for each in map(read_logged, kept) if each is not None)


def _first_of_each(logged: Iterable[Logged]) -> list[Logged]:
    """Return each certificate once, as whoever tells most of it does, with when the first learned of it, in order."""
    by_key: dict[str, list[Logged]] = {}
    for each in logged:
        by_key.setdefault(each.key, []).append(each)
    best = (
        replace(
            max(same, key=lambda each: (bool(each.sha256), each.caa is not None)),
            found=min(each.found for each in same),
        )
        for same in by_key.values()
    )
    return sorted(best, key=lambda each: (each.found, each.key))


def _latest(logged: Sequence[Logged]) -> list[Logged]:
    """Return the last ones that came within 48 h of one another: none leaves alone, which would look like news."""
    last: list[Logged] = []
    for each in logged:
        if last and each.found - last[-1].found >= EVENT_ACTIVE:
            last = []
        last.append(each)
    return last


def _shown(each: Logged) -> str:
    rest = len(each.names) + each.more - _SHOWN_NAMES
    names = ", ".join(each.names[:_SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")
    begins = iso(each.not_before)[:16].replace("T", " ")
    return f"{issuer_in_words(each.issuer, each.ca)} for {names}, valid from {begins} UTC"


def _row(each: Logged, caa: Caa | None) -> dict[str, Any]:
    return {
        "issuer": each.issuer,
        "ca": each.ca,
        "names": list(each.names),
        "more": each.more,
        "not_before": iso(each.not_before),
        "not_after": "" if each.not_after is None else iso(each.not_after),
        "found": iso(each.found),
        "sha256": each.sha256,
        "url": each.url,
        "report": each.report,
        **({} if caa is None else {"caa": str(caa.permits(each.caa, each.names))}),
    }


def _caa_detail(caa: Caa | None) -> dict[str, Any]:
    return {} if caa is None else {"caa": {"at": caa.at if caa.limits else "", "allowed": list(caa.allowed())}}


# certificate_changed


def _changed(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:
    """Return `certificate_changed`: some region was shown, in two passes, a certificate that is not right.

    That is one that is not trusted, or of an issuer that is not listed. Detail: ``{"answers": [{"seen": [text],
    "issuer", "fingerprint", "trusted": bool, "why", "names": [...], "not_after", "regions": [...]}], "regions": [...],
    "right": [regions that are shown a right one], "caa": {"at", "allowed"}}``.
    """
    entry, now = evidence.expectations.entry, evidence.now
    listed = issuers_of(evidence.expectations.allowed)
    visits = [view for view in views if (view.key.source, view.key.qtype) == (Source.WEB, CERTIFICATE)]
    served = {view: said for view in visits if (said := served_in(view.facts)) is not None}
    odd = [view for view, said in served.items() if _departs(said, listed)]
    right = [view for view in served if view not in odd]
    fresh = [view for view in right if answers(view, now)]
    odd = [view for view in odd if answers(view, now) or not outlived(view, fresh, now)]
    since = {view: doubts.get(_doubt(view), view.first_pass) for view in odd}
    told = [view for view in odd if seen_twice(view, since[view])]
    ends = [stands_until(view) for view in odd if not answers(view, now)]
    if any(answers(view, now) for view in odd if view not in told):
        ends.append(now + CONFIRMED_WITHIN)
    remembered = {_doubt(view): moment for view, moment in since.items()}
    if not told:
        return Judged((), remembered, tuple(ends))
    regions = sorted({view.key.region for view in told})
    finding = Finding(
        code="certificate_changed",
        subject=entry.domain,
        severity=severity_of("certificate_changed", entry.severity),
        expected=bounded(listed),
        seen=bounded(tuple(sorted({_served_text(served[view]) for view in told}))),
        since=_began(evidence, {view: served[view] for view in told}),
        sightings=sightings(told),
        detail={
            "answers": _answers(told, served),
            "regions": regions,
            "right": sorted({view.key.region for view in fresh} - set(regions)),
            **_caa_detail(caa_of(views, entry.domain)),
        },
    )
    return Judged((finding,), remembered, tuple(ends))


def _departs(said: Served, listed: Sequence[str]) -> bool:
    return not said.trusted or bool(listed and not is_listed((said.issuer,), listed))


def _doubt(view: View) -> Key:
    return replace(view.key, qtype=DEPARTED)


def _began(evidence: Evidence, told: Mapping[View, Served]) -> datetime:
    """Return since when it is not right: not before the end of a window in which its issuer was approved."""
    over = [change for change in evidence.expectations.entry.planned_changes if change.ends <= evidence.now]
    return min(
        max(
            [
                view.first_seen,
                *(each.ends for each in over if each.web is not None and is_listed((said.issuer,), each.web.issuers)),
            ]
        )
        for view, said in told.items()
    )


def _served_text(said: Served) -> str:
    issuer = issuer_in_words(said.issuer)
    return issuer if said.trusted else f"{issuer} (not trusted{f': {said.why}' if said.why else ''})"


def _answers(told: Iterable[View], served: Mapping[View, Served]) -> list[dict[str, Any]]:
    groups: dict[Served, list[View]] = {}
    for view in told:
        groups.setdefault(served[view], []).append(view)
    rows = [
        {
            "seen": [_served_text(said)],
            "issuer": said.issuer,
            "fingerprint": said.fingerprint,
            "trusted": said.trusted,
            "why": said.why,
            "names": list(said.names),
            "not_after": said.not_after,
            "regions": sorted({view.key.region for view in group}),
        }
        for said, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (row["trusted"], -len(row["regions"]), row["fingerprint"]))
