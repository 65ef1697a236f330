"""What a decision writes: a head of bounded size, and rows of open findings that say how urgent they are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.model import Finding, Severity
from nswatch.record.log import Event
from nswatch.record.port import Commit, Head, OutboxItem
from nswatch.respond.commit import commit_of
from nswatch.respond.decide import decide
from nswatch.respond.fold import fold
from nswatch.respond.incident import Incident, still_matters
from nswatch.respond.look import Look

GROUP = "watched.example"
T0 = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def finding(code: str, since: datetime, severity: Severity = Severity.PAGE, seen: str = "ns1.evil.example") -> Finding:
    return Finding(code, GROUP, severity, ("ns1.good.example",), (seen,), since)


class Group:
    """A group that is judged again and again, with the head that its commits leave."""

    def __init__(self) -> None:
        self.head = Head()
        self.log: list[Event] = []
        self.owed: list[str] = []

    def look(self, now: datetime, *findings: Finding) -> Commit:
        """Judge once, as a settler does, and keep what is committed."""
        incident = fold(event for event in self.log if event.episode == self.head.episode)
        new = decide(GROUP, self.head.episode, incident, findings, (), now)
        episode = new[0].episode if new else self.head.episode
        if episode != self.head.episode:
            self.head = replace(self.head, episode=episode, enqueued=frozenset())
        self.log += new
        after = fold(event for event in self.log if event.episode == episode)
        messages = self._owed(after, now)
        self.owed += [message.id for message in messages]
        commit = commit_of(GROUP, self.head, after, Look(None, 0, findings), new, messages)
        self.head = commit.head
        return commit

    def _owed(self, incident: Incident | None, now: datetime) -> list[OutboxItem]:
        return [
            OutboxItem(GROUP, self.head.episode, message.id, message.channel, "", "", now)
            for message in (incident.messages if incident is not None else [])
            if message.id not in self.head.enqueued and still_matters(message, incident)  # type: ignore[arg-type]
        ]


def test_head_stays_small_and_nothing_is_owed_twice_when_a_cause_comes_and_goes() -> None:
    group = Group()
    now = T0
    for _ in range(150):
        group.look(now, finding("delegation_changed", now))
        group.look(now + MINUTE, finding("delegation_changed", now, seen="ns2.evil.example"))
        group.look(now + 2 * MINUTE)
        now += 4 * MINUTE
    assert len(group.owed) == len(set(group.owed)) == 450
    assert len(group.head.enqueued) < 5


def test_head_stays_small_and_nothing_is_owed_twice_when_nobody_acknowledges_for_months() -> None:
    group = Group()
    for hour in range(0, 100 * 24, 4):
        group.look(T0 + timedelta(hours=hour), finding("delegation_changed", T0))
    assert len(group.owed) == len(set(group.owed)) > 90
    assert len(group.head.enqueued) < 5


def test_reminder_is_owed_once_when_the_incident_opens_again_after_it() -> None:
    """A short-lived cause that comes back within the hour is told by notice: its reminders go on counting."""
    group = Group()
    unreachable = finding("nameserver_lame", T0)
    group.look(T0, unreachable)
    group.look(T0 + timedelta(hours=4), unreachable)
    group.look(T0 + timedelta(hours=5))
    group.look(T0 + timedelta(hours=5, minutes=10), replace(unreachable, since=T0 + timedelta(hours=5, minutes=10)))
    reminders = [id_ for id_ in group.owed if id_.startswith("reminder/")]
    assert len(reminders) == 1


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(Severity.NOTICE, Severity.PAGE, id="raised"),
        pytest.param(Severity.PAGE, Severity.NOTICE, id="lowered"),
    ],
)
def test_row_of_an_open_finding_is_written_anew_when_its_severity_differs(first: Severity, then: Severity) -> None:
    """Another one of its story pages all the time: the incident itself has nothing new to say."""
    group, other = Group(), finding("delegation_changed", T0)
    assert len(group.look(T0, other, finding("glue_changed", T0, first)).opened) == 2
    (row,) = group.look(T0 + MINUTE, other, finding("glue_changed", T0, then)).opened
    assert (row.code, row.severity) == ("glue_changed", then)
    assert group.look(T0 + 2 * MINUTE, other, finding("glue_changed", T0, then)).opened == []
