"""`ds_changed` and `dnssec_bogus`: what the parent says of the zone's keys, and whether resolvers can validate it.

Expected is what the watchlist says (``dnssec: signed`` or ``unsigned``), and of a signed zone the DS RRset of the
approved baseline. A roll-over that is done right is quiet (RFC 6781 section 4.1.2). Either the parent gives the new
key's DS beside a known one first, or the zone gives the new key beside a known one that signs both: by that they vouch
for it, and only then may the known one go.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nswatch.judge.belief import CONFIRMED_WITHIN, answers, reports, sightings, sightings_of_result, stands_until
from nswatch.judge.chain import Break, Vouching, broken, vouching
from nswatch.judge.delegation import believed_of_registry
from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.judge.policy import Cause, severity_of
from nswatch.model import Finding, Key, Result, Source, View

VOUCHED = "DS known"
"""In the key of a doubt it stands for the type, and a DS for the name: since when parent or zone vouch for it."""

BOGUS = "bogus"
"""In the key of a doubt it stands for the type of who cannot validate: a resolver, or our own collectors."""

_DEPARTED = "bogus beside the parent"
"""The same of the collectors, while what they found began with the parent: they look again only after minutes."""


def dnssec(evidence: Evidence, views: Iterable[View], doubts: Mapping[Key, datetime]) -> Judged:
    """Judge the DS RRset at the parent, and who fails to validate the domain or what is below it: resolvers, and we."""
    given = tuple(views)
    changed = _ds_changed(evidence, given, doubts)
    bogus = _dnssec_bogus(evidence, given, doubts, consequence=bool(changed.findings))
    return Judged(
        (*changed.findings, *bogus.findings), {**changed.doubts, **bogus.doubts}, (*changed.ends, *bogus.ends)
    )


# ds_changed


def _ds_changed(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:
    """Return `ds_changed`. Detail: ``{"parent": zone, "answers": [{"seen": [DS], "servers": n, "regions": [...]}]}``.

    Nothing where the watchlist does not say whether the domain is signed, where nobody knows which keys it had, or
    where the delegation itself is gone (which is told).
    """
    expectations = evidence.expectations
    entry, states = expectations.entry, expectations.allowed.dnssec
    published = _given(evidence.parent.published)
    given = [*published, *_given(evidence.parent.views)]
    if not states or not given:
        return Judged((), vouched_in(doubts), ())
    approved = frozenset(entry.baseline.ds or ())
    vouched = _vouch(published, approved, list(vouching(views, entry.domain)), doubts)
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


def vouched_in(doubts: Mapping[Key, datetime]) -> dict[Key, datetime]:
    """Return of what is remembered since when DS are vouched for: all else that is remembered is of some minutes."""
    return {key: since for key, since in doubts.items() if key.qtype == VOUCHED}


def _vouch(
    given: Sequence[tuple[View, frozenset[str]]],
    approved: frozenset[str],
    of_zone: Sequence[Vouching],
    doubts: Mapping[Key, datetime],
) -> dict[Key, datetime]:
    """Return the DS, as keys of doubts, that somebody vouches for who has a known key, or an approved delegation.

    The parent does who gives it beside a known one and an approved delegation: what several servers give is believed,
    or one over TCP in two passes, like any word of the registry. The zone does whose DNSKEY RRset has the key, and
    validates by a known DS. What is remembered was vouched for by the baseline of its time: another one begins anew.
    """
    before = vouched_in(doubts)
    anchor = ",".join(sorted(approved))
    vouched = {key: since for key, since in before.items() if key.server == anchor}
    if not approved:
        return {}
    grew = True
    while grew:
        known = approved | {key.qname for key in vouched}
        new = {**_beside_known(given, known), **_in_zone(of_zone, known)}
        vouched |= {Key("", Source.PARENT, anchor, ds, VOUCHED): since for ds, since in new.items()}
        grew = bool(new)
    return vouched


def _beside_known(given: Sequence[tuple[View, frozenset[str]]], known: frozenset[str]) -> dict[str, datetime]:
    beside: dict[str, list[View]] = {}
    for view, ds in given:
        for new in ds - known if ds & known else ():
            beside.setdefault(new, []).append(view)
    return {
        new: min(view.first_seen for view in views)
        for new, views in beside.items()
        if believed_of_registry(views, {view.key: view.first_pass for view in views})
    }


def _in_zone(of_zone: Sequence[Vouching], known: frozenset[str]) -> dict[str, datetime]:
    return {new: each.since for each in of_zone if each.by & known for new in each.keys - known}


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
    evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime], *, consequence: bool
) -> Judged:
    """Return `dnssec_bogus`: a resolver fails with SERVFAIL and answers with CD set, or our own validation fails.

    The resolver did so in two passes; we in two rounds, or at two places. Detail: ``{"resolvers": [{"address",
    "regions", "rrsets": ["NAME TYPE"]}], "chain": {"zone", "reason", "regions"}, "upstream": zone, "parent": zone}``:
    the last two are the zone above the domain that is broken itself, and with it all that is below; each where there
    is such a thing. It belongs to the delegation's story where the parent departs too (``consequence``: in its DS):
    resolvers refuse what a hijacker cannot sign.
    """
    entry = evidence.expectations.entry
    failing = _failing(views, entry.resolvers, evidence.now)
    since, remembered = _failing_since(failing, entry.domain, doubts)
    told = [view for view in failing if view.last_seen > since[_resolver(view)]]
    pending = {_resolver(view) for view in failing} - {_resolver(view) for view in told}
    ends = (evidence.now + CONFIRMED_WITHIN,) if pending else ()
    departed = consequence or bool(evidence.parent.views and evidence.parent.confirmed)
    gap = broken(views, entry.domain)
    began = [since[_resolver(view)] for view in told]
    if gap is not None:
        own, beside = (Key("", Source.CHAIN, "", entry.domain, kind) for kind in (BOGUS, _DEPARTED))
        remembered[own] = min(gap.since, doubts.get(own, gap.since))
        began.append(remembered[own])
        departed = departed or (beside in doubts and not told)
        remembered |= {beside: doubts.get(beside, evidence.now)} if departed else {}
    if not told and (gap is None or not gap.confirmed):
        return Judged((), remembered, ends)
    upstream = gap.upstream(entry.domain) if gap is not None else ""
    finding = Finding(
        code="dnssec_bogus",
        subject=entry.domain,
        severity=severity_of("dnssec_bogus", entry.severity),
        expected=("an answer that validates",),
        seen=(_seen(told, gap),),
        since=min(began),
        sightings=(*sightings_of_result(told), *(sightings(gap.views) if gap is not None else ())),
        detail=_detail(told, gap, upstream),
        cause=Cause.DELEGATION if departed and not upstream else "",
        common=f"dnssec {upstream}" if upstream else "",
    )
    return Judged((finding,), remembered, ends)


def _failing(views: Iterable[View], resolvers: Sequence[str], now: datetime) -> list[View]:
    return [
        view
        for view in views
        if view.key.source is Source.RECURSIVE
        and view.result is Result.BOGUS
        and view.key.server in resolvers
        and reports(view, now)
    ]


def _failing_since(
    failing: Sequence[View], domain: str, doubts: Mapping[Key, datetime]
) -> tuple[dict[tuple[str, str], datetime], dict[Key, datetime]]:
    """Return since when each resolver fails, by region and address, and the same as doubts."""
    since: dict[tuple[str, str], datetime] = {}
    remembered: dict[Key, datetime] = {}
    for place in {_resolver(view) for view in failing}:
        key = Key(place[0], Source.RECURSIVE, place[1], domain, BOGUS)
        first = min(view.result_since for view in failing if _resolver(view) == place)
        since[place] = remembered[key] = min(first, doubts.get(key, first))
    return since, remembered


def _seen(told: Sequence[View], gap: Break | None) -> str:
    of_resolvers = ["SERVFAIL, and an answer only with checking disabled (CD)"] if told else []
    return "; resolvers: ".join([*([gap.reason] if gap is not None else []), *of_resolvers])


def _detail(told: Sequence[View], gap: Break | None, upstream: str) -> dict[str, object]:
    rows: dict[str, tuple[set[str], set[str]]] = {}
    for view in told:
        regions, rrsets = rows.setdefault(view.key.server, (set(), set()))
        regions.add(view.key.region)
        rrsets.add(f"{view.key.qname} {view.key.qtype}")
    detail: dict[str, object] = {}
    detail["resolvers"] = [
        {"address": address, "regions": sorted(regions), "rrsets": sorted(rrsets)}
        for address, (regions, rrsets) in sorted(rows.items())
    ]
    if gap is not None:
        detail["chain"] = {"zone": gap.zone, "reason": gap.reason, "regions": gap.regions}
    if upstream:
        detail |= {"upstream": upstream, "parent": upstream}
    return detail


def _resolver(view: View) -> tuple[str, str]:
    return view.key.region, view.key.server
