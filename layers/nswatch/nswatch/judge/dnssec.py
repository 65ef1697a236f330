"""`ds_changed` and `dnssec_bogus`: what the parent says of the zone's keys, and whether resolvers can validate it.

Expected is what the watchlist says (``dnssec: signed`` or ``unsigned``), and of a signed zone the DS RRset of the
approved baseline. A roll-over that is done right is quiet (RFC 6781 section 4.1.2): the parent gives the new key's DS
beside a known one first, and by that vouches for it; only then may the known one go.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nswatch.judge.belief import CONFIRMED_WITHIN, answers, reports, sightings, sightings_of_result, stands_until
from nswatch.judge.delegation import believed_of_registry
from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.judge.policy import Cause, severity_of
from nswatch.model import Finding, Key, Result, Source, View

VOUCHED = "DS known"
"""In the key of a doubt it stands for the type, and a DS for the name: since when the parent has vouched for it."""

BOGUS = "bogus"
"""In the key of a doubt it stands for the type of a resolver that cannot validate."""


def dnssec(evidence: Evidence, views: Iterable[View], doubts: Mapping[Key, datetime]) -> Judged:
    """Judge the DS RRset at the parent, and the resolvers that fail to validate the domain or what is below it."""
    changed = _ds_changed(evidence, doubts)
    bogus = _dnssec_bogus(evidence, views, doubts, consequence=bool(changed.findings))
    return Judged(
        (*changed.findings, *bogus.findings), {**changed.doubts, **bogus.doubts}, (*changed.ends, *bogus.ends)
    )


# ds_changed


def _ds_changed(evidence: Evidence, doubts: Mapping[Key, datetime]) -> Judged:
    """Return `ds_changed`. Detail: ``{"parent": zone, "answers": [{"seen": [DS], "servers": n, "regions": [...]}]}``.

    Nothing where the watchlist does not say whether the domain is signed, where nobody knows which keys it had, or
    where the delegation itself is gone (which is told).
    """
    expectations = evidence.expectations
    entry, states = expectations.entry, expectations.allowed.dnssec
    published = _given(evidence.parent.published)
    given = [*published, *_given(evidence.parent.views)]
    if not states or not given:
        return Judged((), _vouched_before(doubts), ())
    approved = frozenset(entry.baseline.ds or ())
    vouched = _vouch(published, approved, doubts)
    known = approved | {key.qname for key in vouched}

    def fine(ds: frozenset[str]) -> bool:
        if not ds:
            return "unsigned" in states
        return "signed" in states and (not approved or _share_a_key(ds, known))

    once = [frozenset(past.ds) for past in entry.superseded if past.ds is not None]
    right = any(fine(ds) and answers(view, evidence.now) for view, ds in given)
    odd = {view: ds for view, ds in given if not fine(ds) and not (right and ds in once)}
    since = {replace(view.key, qtype="DS"): doubts.get(_doubt(view), view.first_pass) for view in odd}
    ends = tuple(stands_until(view) for view in odd if not answers(view, evidence.now))
    if not odd:
        return Judged((), vouched, ())
    if not believed_of_registry(list(odd), {view.key: since[_doubt(view)] for view in odd}):
        return Judged((), {**vouched, **since}, (*ends, evidence.now + CONFIRMED_WITHIN))
    zone = next((view.facts.zone for view in odd if view.facts is not None and view.facts.zone), "")
    finding = Finding(
        code="ds_changed",
        subject=entry.domain,
        severity=severity_of("ds_changed", entry.severity),
        expected=tuple(sorted(approved)) if "signed" in states else (),
        seen=tuple(sorted(frozenset[str]().union(*odd.values()))),
        since=min(max([view.first_seen, *_windows_over(evidence)]) for view in odd),
        sightings=sightings(odd),
        detail={"parent": zone, "answers": _answers(odd)},
        values=tuple(sorted({(entry.domain, "DS", tuple(sorted(ds))) for ds in odd.values()})),
    )
    return Judged((finding,), {**vouched, **since}, ends)


def _given(views: Iterable[View]) -> list[tuple[View, frozenset[str]]]:
    """Return the referrals that say which DS there are, or prove that there is none."""
    return [
        (view, frozenset(view.facts.ds))
        for view in views
        if view.facts is not None and view.facts.result is Result.REFERRAL and view.facts.ds is not None
    ]


def _windows_over(evidence: Evidence) -> list[datetime]:
    """Return when windows ended in which another state was approved."""
    changes = evidence.expectations.entry.planned_changes
    return [
        change.ends
        for change in changes
        if change.ends <= evidence.now and change.delegation is not None and change.delegation.dnssec is not None
    ]


def _doubt(view: View) -> Key:
    return replace(view.key, qtype="DS")


def _vouched_before(doubts: Mapping[Key, datetime]) -> dict[Key, datetime]:
    return {key: since for key, since in doubts.items() if key.qtype == VOUCHED}


def _vouch(
    given: Sequence[tuple[View, frozenset[str]]], approved: frozenset[str], doubts: Mapping[Key, datetime]
) -> dict[Key, datetime]:
    """Return the DS, as keys of doubts, that the parent has given beside a known one and an approved delegation.

    What several servers give is believed, or one over TCP in two passes, like any word of the registry. What is
    remembered was vouched for by the baseline of its time: another baseline begins anew.
    """
    before = _vouched_before(doubts)
    anchor = ",".join(sorted(approved))
    vouched = {key: since for key, since in before.items() if key.server == anchor}
    if not approved:
        return {}
    grew = True
    while grew:
        grew = False
        known = approved | {key.qname for key in vouched}
        beside: dict[str, list[View]] = {}
        for view, ds in given:
            for new in ds - known if ds & known else ():
                beside.setdefault(new, []).append(view)
        for new, views in sorted(beside.items()):
            if believed_of_registry(views, {view.key: view.first_pass for view in views}):
                first = min(view.first_seen for view in views)
                vouched[Key("", Source.PARENT, anchor, new, VOUCHED)] = first
                grew = True
    return vouched


def _share_a_key(ds: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a DS RRset designates a known key: the same DS, or the same key by a digest of another type."""
    types: dict[tuple[str, ...], set[str]] = {}
    for each in known:
        types.setdefault(_key_of(each), set()).add(_digest_type(each))
    return bool(ds & known) or any(
        _key_of(each) in types and _digest_type(each) not in types[_key_of(each)] for each in ds
    )


def _key_of(ds: str) -> tuple[str, ...]:
    """Return key tag and algorithm of a DS in presentation form (RFC 4034 section 5.3)."""
    return tuple(ds.split()[:2])


def _digest_type(ds: str) -> str:
    return "".join(ds.split()[2:3])


def _answers(odd: Mapping[View, frozenset[str]]) -> list[dict[str, object]]:
    groups: dict[frozenset[str], list[View]] = {}
    for view, ds in odd.items():
        groups.setdefault(ds, []).append(view)
    rows = [
        {
            "seen": sorted(ds),
            "servers": len({view.key.server for view in group}),
            "regions": sorted({view.key.region for view in group}),
        }
        for ds, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["servers"])), str(row["seen"])))


# dnssec_bogus


def _dnssec_bogus(
    evidence: Evidence, views: Iterable[View], doubts: Mapping[Key, datetime], *, consequence: bool
) -> Judged:
    """Return `dnssec_bogus`: a resolver fails with SERVFAIL, answers with CD set, and did so in two passes.

    Detail: ``{"resolvers": [{"address", "regions", "rrsets": ["NAME TYPE"]}]}``. It belongs to the delegation's story
    where the parent departs too (``consequence``: in its DS): resolvers refuse what a hijacker cannot sign.
    """
    entry = evidence.expectations.entry
    failing = [
        view
        for view in views
        if view.key.source is Source.RECURSIVE
        and view.result is Result.BOGUS
        and view.key.server in entry.resolvers
        and reports(view, evidence.now)
    ]
    since = {
        (view.key.region, view.key.server): min(
            each.result_since for each in failing if _resolver(each) == _resolver(view)
        )
        for view in failing
    }
    keys = {place: Key(place[0], Source.RECURSIVE, place[1], entry.domain, BOGUS) for place in since}
    since = {place: min(at, doubts.get(keys[place], at)) for place, at in since.items()}
    told = [view for view in failing if view.last_seen > since[_resolver(view)]]
    remembered = {keys[place]: at for place, at in since.items()}
    pending = {_resolver(view) for view in failing} - {_resolver(view) for view in told}
    ends = (evidence.now + CONFIRMED_WITHIN,) if pending else ()
    if not told:
        return Judged((), remembered, ends)
    rows: dict[str, tuple[set[str], set[str]]] = {}
    for view in told:
        regions, rrsets = rows.setdefault(view.key.server, (set(), set()))
        regions.add(view.key.region)
        rrsets.add(f"{view.key.qname} {view.key.qtype}")
    departed = consequence or bool(evidence.parent.views and evidence.parent.confirmed)
    finding = Finding(
        code="dnssec_bogus",
        subject=entry.domain,
        severity=severity_of("dnssec_bogus", entry.severity),
        expected=("an answer that validates",),
        seen=("SERVFAIL, and an answer only with checking disabled (CD)",),
        since=min(since[_resolver(view)] for view in told),
        sightings=sightings_of_result(told),
        detail={
            "resolvers": [
                {"address": address, "regions": sorted(regions), "rrsets": sorted(rrsets)}
                for address, (regions, rrsets) in sorted(rows.items())
            ]
        },
        cause=Cause.DELEGATION if departed else "",
    )
    return Judged((finding,), remembered, ends)


def _resolver(view: View) -> tuple[str, str]:
    return view.key.region, view.key.server
