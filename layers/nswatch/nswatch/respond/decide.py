"""What a judgement changes in an incident: findings in, events out. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from nswatch.judge.correlate import story_of
from nswatch.judge.judgement import ForgedData
from nswatch.judge.policy import EVENTS, RAISED, Cause
from nswatch.model import Finding, Severity
from nswatch.record.log import Event
from nswatch.respond import events
from nswatch.respond.events import EventType, digest, shape
from nswatch.respond.exposure import resolves_at
from nswatch.respond.incident import CauseState, Incident, State

FIRST_REMINDER = timedelta(hours=4)
LATER_REMINDERS = timedelta(hours=24)
_JUST_AFTER = timedelta(milliseconds=1)
"""What comes back does so after it was gone, also if it has stood all the time (its approval was taken back, say)."""


def decide(
    group: str,
    episode: int,
    incident: Incident | None,
    findings: Iterable[Finding],
    forged: Sequence[ForgedData],
    now: datetime,
    passes: Mapping[str, datetime] | None = None,
) -> list[Event]:
    """Return the events that bring ``incident`` (the group's newest, episode ``episode``) up to what stands ``now``.

    A resolved incident is left as it is; what stands against the group afterwards is a new episode. ``passes`` are the
    regions' newest passes that this hub holds: a hub that was away, and knows of the incident by the other one's word,
    says nothing of its end before it has seen more than what was seen then (`withheld`).
    """
    passes = passes or {}
    by_cause, residual = _standing(findings, incident)
    if incident is None or incident.state is State.RESOLVED:
        if not by_cause or (incident is not None and _told_before(incident, by_cause)):
            return []
        over = incident.resolved_at if incident is not None else None
        incident, episode = None, episode + 1
    else:
        over = None
    new: list[Event] = []
    for cause, found in sorted(by_cause.items()):
        new += [_not_before(event, over) for event in _stands(group, episode, incident, cause, found, now)]
    if incident is not None:
        new += [
            events.cleared(
                group, episode, state.cause, state.round, max(now, state.raised_at), residual.get(state.cause, ())
            )
            for state in incident.active
            if state.cause not in by_cause and not _ahead(state, passes)
        ]
    begun = incident.opened_at if incident is not None else min((event.at for event in new), default=now)
    new += _forged_events(group, episode, incident, forged, begun, now)
    new = [event for event in new if not _hearsay(event, incident, forged, passes)]
    if not new and incident is not None:
        new += _timers(incident, now)
    return new


def withheld(incident: Incident | None, findings: Iterable[Finding], passes: Mapping[str, datetime]) -> bool:
    """Whether the end of a cause waits for a pass of a region that has seen it: then the group is looked at again."""
    if incident is None or incident.state is State.RESOLVED:
        return False
    standing, _ = _standing(findings, incident)
    return any(state.cause not in standing and _ahead(state, passes) for state in incident.active)


def _standing(
    findings: Iterable[Finding], incident: Incident | None
) -> tuple[dict[Cause, list[Finding]], dict[Cause, list[Finding]]]:
    """Return what stands, and what only remains of what is over: both by cause.

    What caches hold remains. So does what happened once, where nothing else stands of a cause that was urgent: to renew
    what expires, or to have a hold lifted, changes the registration again.
    """
    by_cause: dict[Cause, list[Finding]] = defaultdict(list)
    residual: dict[Cause, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.severity is not Severity.LOG:
            (residual if finding.residual else by_cause)[story_of(finding)].append(finding)
    if incident is not None and incident.state is not State.RESOLVED:
        for state in incident.causes.values():
            if all(_is_past(finding, state) for finding in by_cause.get(state.cause, ())):
                residual[state.cause] += by_cause.pop(state.cause, [])
        _keep_together(by_cause, residual, incident)
    return by_cause, residual


def _keep_together(
    by_cause: dict[Cause, list[Finding]], residual: dict[Cause, list[Finding]], incident: Incident
) -> None:
    """Leave the certificate that a site has shown since a story with that story, whatever else of it is over.

    Who is still led to the forged site, by a cache, is shown what the incident knows; that is no other story. It is one
    where it was told by itself before.
    """
    if Cause.CERTIFICATE in incident.causes:
        return
    for finding in list(by_cause.get(Cause.CERTIFICATE, ())):
        story = _paged_with(finding, incident) if finding.code == "certificate_changed" else None
        if story is not None:
            by_cause[Cause.CERTIFICATE].remove(finding)
            (by_cause if by_cause.get(story) else residual)[story].append(finding)
    if not by_cause.get(Cause.CERTIFICATE, True):
        del by_cause[Cause.CERTIFICATE]


def _paged_with(finding: Finding, incident: Incident) -> Cause | None:
    """Return the other cause whose page told of what a finding says, where it has stood ever since."""
    if finding.code not in RAISED:
        return None
    for state in incident.causes.values():
        before = state.cleared_at is None or finding.since <= state.cleared_at
        if state.cause is not story_of(finding) and state.urgency is Severity.PAGE and before:
            told = [one for one in state.findings if one.code == finding.code and one.severity is Severity.PAGE]
            if any(set(finding.seen) <= set(one.seen) for one in told):
                return state.cause
    return None


def _told_before(incident: Incident, by_cause: Mapping[Cause, Sequence[Finding]]) -> bool:
    """Whether nothing stands but notices that a resolved incident has told, and that have stood since."""
    for cause, found in by_cause.items():
        state, over = incident.causes.get(cause), incident.resolved_at
        if state is None or over is None or not state.active or state.shape != digest(shape(found)):
            return False
        if any(finding.severity is not Severity.NOTICE or finding.since > over for finding in found):
            return False
    return True


def _is_past(finding: Finding, state: CauseState) -> bool:
    """Whether a finding is of something that happened before a cause that was more urgent was over."""
    happened = finding.code in EVENTS and finding.severity.rank < state.urgency.rank
    return happened and (state.cleared_at is None or finding.since <= state.cleared_at)


def _ahead(state: CauseState, passes: Mapping[str, datetime]) -> bool:
    """Whether a cause was seen by a region later than in the newest pass of it that this hub holds.

    Both moments are by the region's own clock. A region that is no longer among ``passes`` is not waited for.
    """
    sightings = (sighting for finding in state.findings for sighting in finding.sightings)
    return any(sighting.at >= passes[sighting.region] for sighting in sightings if sighting.region in passes)


def _hearsay(
    event: Event, incident: Incident | None, forged: Sequence[ForgedData], passes: Mapping[str, datetime]
) -> bool:
    """Whether an event says that a server stopped of which this hub has only heard, and heard no newer pass since."""
    if event.type != EventType.FORGED_GONE or incident is None or not passes:
        return False
    known = incident.forged.get((event.data["host"], event.data["address"], event.data["ttl"]))
    seen_here = any((data.host, data.address) == (event.data["host"], event.data["address"]) for data in forged)
    return known is not None and not seen_here and max(passes.values()) <= known.first_seen


def _stands(
    group: str, episode: int, incident: Incident | None, cause: Cause, found: Sequence[Finding], now: datetime
) -> list[Event]:
    urgency = max((finding.severity for finding in found), key=lambda severity: severity.rank)
    before = incident.causes.get(cause) if incident is not None else None
    urgent = [finding for finding in found if finding.severity is Severity.PAGE]
    paged = bool(urgent) and incident is not None and all(_paged_with(each, incident) for each in urgent)
    if before is None:
        return [events.raised(group, episode, (cause, 1), urgency, found, now, paged=paged)]
    if not before.active:
        again = events.raised(group, episode, (cause, before.round + 1), urgency, found, now, paged=paged)
        return [_not_before(again, before.cleared_at and before.cleared_at + _JUST_AFTER)]
    if urgency.rank > before.urgency.rank:
        raised = events.raised(group, episode, (cause, before.round), urgency, found, now)
        return [_not_before(raised, before.raised_at)]
    seen = incident.values.get(cause, set()) if incident is not None else set()
    new_values = {value for finding in found for value in finding.values} - seen
    if (new_values and not before.shortened) or digest(shape(found)) != before.shape:
        return [events.changed(group, episode, (cause, before.round, before.changes), found, now)]
    return []


def _not_before(event: Event, moment: datetime | None) -> Event:
    """Keep the log in order where the evidence is older than the last word on the cause (a late observation)."""
    if moment is None or event.at >= moment:
        return event
    return Event(event.group, event.episode, event.id, event.type, moment, event.data)


def _forged_events(
    group: str,
    episode: int,
    incident: Incident | None,
    forged: Sequence[ForgedData],
    begun: datetime,
    now: datetime,
) -> list[Event]:
    """Return who began, and who stopped, to give forged data; nothing is older than the incident, ``begun`` then."""
    known = incident.forged if incident is not None else {}
    new: list[Event] = []
    unheard = {key for key, server in known.items() if server.last_seen is None}
    longest: dict[tuple[str, str], int] = {}
    for host, address, ttl in known:
        longest[host, address] = max(ttl, longest.get((host, address), 0))
    for data in forged:
        # A TTL that is shorter than before (one that counts down, say) shortens no clock and is no news.
        key = (data.host, data.address, max(data.ttl, longest.get((data.host, data.address), 0)))
        before = known.get(key)
        unheard.discard(key)
        if data.standing and (before is None or before.last_seen is not None):
            round_ = 1 if before is None else before.round + 1
            at = max(data.first_seen, begun) if before is None else now
            new.append(events.forged(EventType.FORGED_SEEN, group, episode, key, round_, at))
        elif not data.standing and before is not None and before.last_seen is None:
            at = max(data.last_seen, before.first_seen)
            new.append(events.forged(EventType.FORGED_GONE, group, episode, key, before.round, at))
    new += [events.forged(EventType.FORGED_GONE, group, episode, key, known[key].round, now) for key in sorted(unheard)]
    return new


def _timers(incident: Incident, now: datetime) -> list[Event]:
    reminder = next_reminder(incident)
    if reminder is not None and reminder <= now:
        number = incident.reminders + 1
        return [events.reminded(incident.group, incident.episode, incident.pages, number, reminder)]
    over = resolves_at(incident)
    if over is not None and over <= now:
        return [events.expired(incident.group, incident.episode, over)]
    return []


def next_reminder(incident: Incident) -> datetime | None:
    """Return when an open incident that paged and that nobody acknowledged is told again; None when it is not."""
    if incident.state is not State.OPEN or incident.last_page_at is None or incident.acknowledged_at is not None:
        return None
    return incident.last_page_at + FIRST_REMINDER + incident.reminders * LATER_REMINDERS


def next_timer(incident: Incident | None) -> datetime | None:
    """Return the first moment at which time alone changes the incident."""
    if incident is None:
        return None
    return min((at for at in (next_reminder(incident), resolves_at(incident)) if at is not None), default=None)
