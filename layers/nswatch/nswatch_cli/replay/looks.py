"""What a replay shows at the look behind a step: messages since, active findings, and the most urgent incident."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from nswatch.model import Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch_cli.replay.onlooker import Arrival
from nswatch_cli.replay.schema import Step
from nswatch_cli.replay.verdict import Look, StepReport, compare, most_urgent


def look_at(
    step: Step,
    at: datetime,
    arrivals: Iterable[Arrival],
    early: Sequence[Arrival],
    hub: DynamoHubStore | None,
    groups: Iterable[str],
    codes: frozenset[str] | None,
) -> StepReport:
    """Return how a step that began ``at`` a moment is judged by what arrived and what a ``hub`` holds (None: all down).

    ``early`` are messages that were sent before the first step, which are a problem of that step. Reminders count only
    where the step expects that kind of message. ``groups`` are whose incidents count.
    """
    seen = [arrival for arrival in arrivals if arrival.at >= at and arrival not in early]
    pages = _counted(seen, Severity.PAGE, reminders=step.expect.page is True)
    tickets = _counted(seen, Severity.NOTICE, reminders=step.expect.ticket is True)
    findings = frozenset[str]() if hub is None else _active(hub)
    incident = "none" if hub is None else most_urgent([hub.head(group) for group in groups])
    first = min((arrival.at for arrival in (pages or tickets)), default=None)
    look = Look(len(pages), len(tickets), findings, incident)
    problems = [
        f"a {each.delivery.channel} was sent before the first step: {each.delivery.subject}" for each in early
    ] + list(compare(step.expect, look, codes))
    return StepReport(
        at=f"{step.at}m",
        pages=look.pages,
        tickets=look.tickets,
        findings=tuple(sorted(findings)),
        incident=incident,
        detected_after_s=None if first is None else round((first - at).total_seconds(), 1),
        problems=tuple(problems),
    )


def _counted(arrivals: Iterable[Arrival], channel: Severity, *, reminders: bool) -> list[Arrival]:
    return [
        each
        for each in arrivals
        if each.delivery.channel is channel and (reminders or each.delivery.kind != "reminder")
    ]


def _active(hub: DynamoHubStore) -> frozenset[str]:
    return frozenset(row.code for severity in Severity for row in hub.open_findings(severity))
