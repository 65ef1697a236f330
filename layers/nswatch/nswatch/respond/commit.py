"""What one decision writes: the head after it, events and messages, and the findings that open and close."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nswatch.model import Finding
from nswatch.record.log import Event
from nswatch.record.port import Commit, Head, OpenFinding, OutboxItem
from nswatch.respond.decide import next_timer
from nswatch.respond.incident import REMEMBERED, Incident, State, may_matter
from nswatch.respond.look import Look, code_and_subject, row_of

FOLLOWED = 26
"""How many forged servers are followed: twice what a delegation names. One that moves each minute must fill no item."""


def commit_of(
    group: str,
    head: Head,
    incident: Incident | None,
    found: Look,
    new: Sequence[Event],
    messages: Sequence[OutboxItem],
) -> Commit:
    """Return what is written when ``new`` events make ``incident`` of the group that ``head`` was the state of."""
    rows = {row_of(finding): finding for finding in found.findings}
    severities = {row: str(finding.severity) for row, finding in rows.items()}
    told = {message.id for message in messages if message.episode == 0}
    follow = _followed(incident)
    due = next_timer(incident)
    if found.look_again is not None:
        due = min(due or found.look_again, found.look_again)
    after = replace(
        head,
        state=head.state if incident is None else incident.state,
        urgency=head.urgency if incident is None else incident.urgency,
        enqueued=_enqueued(head.enqueued | {message.id for message in messages if message.episode}, incident),
        doubts=list(found.doubts),
        open_codes=frozenset(rows),
        severities=severities,
        followed=follow,
        told_windows=head.told_windows | told,
        opened_at=None if incident is None or incident.state is State.RESOLVED else incident.opened_at,
        remembered_until=_remembered_until(head, incident),
        due_at=due,
    )
    return Commit(
        head=after,
        events=new,
        messages=messages,
        opened=[_open_row(group, rows[row]) for row in sorted(rows) if _is_new(row, severities, head)],
        closed=[code_and_subject(row) for row in sorted(head.open_codes - rows.keys())],
        follow=(found.shard, follow) if follow != head.followed and found.entry is not None else None,
    )


def _is_new(row: str, severities: Mapping[str, str], head: Head) -> bool:
    """Whether the table holds no row of a finding, or one with another severity."""
    return row not in head.open_codes or severities[row] != head.severities.get(row)


def _enqueued(ids: frozenset[str], incident: Incident | None) -> frozenset[str]:
    """Return of the messages in the outbox those that could be owed again if the head forgot them.

    A cause that comes and goes for months has owed thousands, and the head is one item.
    """
    if incident is None:
        return ids
    return ids & {message.id for message in incident.messages if may_matter(message, incident)}


def _open_row(group: str, finding: Finding) -> OpenFinding:
    summary = f"expected {', '.join(finding.expected) or 'none'}; seen {', '.join(finding.seen) or 'none'}"
    return OpenFinding(group, finding.code, finding.subject, finding.severity, finding.since, summary[:1000])


def _remembered_until(head: Head, incident: Incident | None) -> datetime | None:
    """Return until when what the newest incident has shown explains what caches hold."""
    if incident is None:
        return head.remembered_until
    return None if incident.resolved_at is None else incident.resolved_at + REMEMBERED


def _followed(incident: Incident | None) -> list[list[str]]:
    """Return the forged servers that probes keep asking until the incident is over: the last `FOLLOWED` that came."""
    if incident is None or incident.state is State.RESOLVED:
        return []
    began: dict[tuple[str, str], datetime] = {}
    for server in incident.forged.values():
        if server.address:
            place = server.host, server.address
            began[place] = max(server.first_seen, began.get(place, server.first_seen))
    newest = sorted(began, key=lambda place: (began[place], place), reverse=True)[:FOLLOWED]
    return [list(server) for server in sorted(newest)]
