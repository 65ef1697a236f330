"""All rules over one domain: views and expectations in, findings out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, AwsRanges, Networks, Origin, origin_in
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.addresses import address_findings, whereabouts
from nswatch.judge.answers import changed, missing
from nswatch.judge.availability import availability
from nswatch.judge.candidates import candidates
from nswatch.judge.certificates import certificates
from nswatch.judge.common import with_common
from nswatch.judge.correlate import with_stories
from nswatch.judge.delegation import departure
from nswatch.judge.departed import delegation_findings
from nswatch.judge.disagreement import regions_disagree, resolvers_disagree
from nswatch.judge.dnssec import dnssec
from nswatch.judge.drift import drift
from nswatch.judge.evidence import evidence_of
from nswatch.judge.forged import ForgedData, forged_data, served_by_strangers
from nswatch.judge.judged import Family, joined
from nswatch.judge.latency import latency, with_latency
from nswatch.judge.mismatch import parent_child_mismatch, served_apart
from nswatch.judge.raising import raised, registrars_of
from nswatch.judge.registered import with_registration
from nswatch.judge.registration import registration
from nswatch.judge.ttl import ttl_changed
from nswatch.model import Finding, Key, Value, View

__all__ = ["JUDGED", "ForgedData", "Judgement", "judge_domain"]

JUDGED = frozenset(
    {"delegation_changed", "nameserver_lookalike", "route53_mismatch", "glue_changed", "nameserver_address_changed"}
    | {"parent_child_mismatch", "nameserver_lame", "nameservers_unreachable", "soa_changed", "mx_changed"}
    | {"cname_changed", "address_changed", "txt_changed", "answer_missing", "ttl_changed", "resolvers_disagree"}
    | {"regions_disagree", "vantage_silent", "ds_changed", "dnssec_bogus"}
    | {"registration_touched", "registration_status_changed", "registrar_changed", "registration_expiring"}
    | {"certificate_unordered", "certificate_changed", "latency_shifted"}
    | {"nameserver_lookalike_registered", "nameserver_domain_available"}
    | {"route53_drift"}
    | {"monitor_blind", "hub_silent", "topic_unconfirmed", "dead_letters", "collector_silent"}
    | {"trail_silent"}
)
"""The codes that this version raises: of the others the policy and the texts are there, the rules are not."""

FAMILIES: tuple[Family, ...] = (dnssec, registration, certificates, latency, candidates, drift)
"""The rules that tell their own story, beside those over what DNS answers."""

_NOTHING_KNOWN: Mapping[str, frozenset[Value]] = {}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one look at a domain's record says.

    ``doubts`` goes into the next judgement: since when an answer departs from what is approved, or a server behaves
    badly (then its behaviour stands in the place of the type). ``look_again`` is when time alone may change the
    judgement (something is not believed yet, can't be confirmed any more, or ceases to be explained), None when only
    new evidence can.
    """

    findings: tuple[Finding, ...]
    forged: tuple[ForgedData, ...]
    doubts: Mapping[Key, datetime]
    look_again: datetime | None


def judge_domain(
    entry: DomainEntry,
    views: Sequence[View],
    doubts: Mapping[Key, datetime],
    now: datetime,
    followed: Collection[str] = (),
    *,
    aws: AwsRanges = NO_RANGES,
    known: Mapping[str, frozenset[Value]] = _NOTHING_KNOWN,
) -> Judgement:
    """Return what stands against one domain at ``now``, from every region's views in one hub's record.

    ``followed`` are the hosts that an unapproved delegation once named, and that are still asked. ``known`` are the
    unexplained RRsets that the domain's newest incident has shown, by cause: caches may still hold them.
    """
    expectations = Expectations(entry, now, Networks(aws, _origins(views)))
    parent = departure(views, entry, expectations.allowed, doubts, now)
    places = whereabouts(views, expectations, parent, doubts)
    evidence = evidence_of(views, expectations, parent, places, doubts)
    servers = availability(evidence, doubts)
    ttls, ttls_again = ttl_changed(evidence)
    absent, absent_again = missing(evidence)
    regions, regions_again = regions_disagree(evidence)
    beside = joined(family(evidence, views, doubts) for family in FAMILIES)
    told = [*delegation_findings(entry, expectations.allowed, parent), *address_findings(places, expectations)]
    told += [*parent_child_mismatch(evidence), *servers.findings, *beside.findings]
    drafts = [*changed(evidence), *absent, *ttls, *resolvers_disagree(evidence), *regions]
    served = served_by_strangers(evidence, views, followed)
    apart = served_apart(evidence)
    again = [parent.look_again, *places.look_again(now), *evidence.ends, *servers.ends, *beside.ends]
    again += [*absent_again, *ttls_again, *regions_again]
    again += expectations.lapses()[:1]
    found = raised([*told, *with_stories(drafts, told, served, expectations, known, apart)], entry.severity)
    found = with_registration(with_common(with_latency(found), registrars_of(entry, views)), views, entry.domain)
    return Judgement(
        findings=tuple(found),
        forged=forged_data(evidence, views, followed, apart),
        doubts={**parent.doubts, **places.doubts, **evidence.doubts, **servers.doubts, **beside.doubts},
        look_again=min((moment for moment in again if moment is not None and moment > now), default=None),
    )


def _origins(views: Sequence[View]) -> tuple[Origin, ...]:
    """Return which networks are known to be announced by whom, as our own walks were told, the newest last."""
    origins = (
        origin_in(view.key, view.facts, view.transport)
        for view in sorted(views, key=lambda view: (view.first_seen, view.key))
    )
    newest = {origin.network: origin for origin in origins if origin is not None}
    return tuple(newest.values())
