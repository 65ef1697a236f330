"""An incident as a fold over its events, and what a judgement adds to them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.judge.judgement import ForgedData
from nswatch.judge.policy import Cause
from nswatch.model import Finding, Severity
from nswatch.record.log import Event
from nswatch.respond.decide import decide, next_timer
from nswatch.respond.events import EventType, finding_from_json, finding_to_json, part, said
from nswatch.respond.exposure import cached_until, resolves_at
from nswatch.respond.fold import fold
from nswatch.respond.incident import Incident, MessageKind, State, incident_id, known_values, still_matters

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_ONE = ForgedData("(parent)", "", 0, T0, T0, standing=True)


def finding(
    code: str = "delegation_changed",
    seen: tuple[str, ...] = ("ns1.evil.example",),
    severity: Severity = Severity.PAGE,
    since: datetime = T0,
) -> Finding:
    return Finding(code, "watched.example", severity, ("ns1.dns.example",), seen, since)


MX = ("watched.example", "MX", ("10 mx.evil.example",))


def cached(cause: str = "", *, residual: bool = False, since: datetime = T0) -> Finding:
    """Return the finding that some cache holds a forged MX."""
    told = finding("resolvers_disagree", MX[2], since=since)
    return replace(told, values=(MX,), cause=cause, residual=residual)


def forged(ttl: int = 3600, *, standing: bool = True, last_seen: datetime = T0) -> ForgedData:
    return ForgedData("ns1.evil.example", "203.0.113.5", ttl, T0, last_seen, standing)


class Story:
    """A group that is judged again and again: what the comparator keeps, without the table."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.episode = 0

    def incident(self) -> Incident:
        incident = fold(event for event in self.log if event.episode == self.episode)
        assert incident is not None
        return incident

    def judge(self, at: datetime, *findings: Finding, forged: Sequence[ForgedData] = ()) -> list[MessageKind]:
        """Judge until nothing more follows, and return the kinds of the messages that were added."""
        before = fold(event for event in self.log if event.episode == self.episode)
        known = {message.id for message in before.messages} if before else set()
        for _ in range(10):
            current = fold(event for event in self.log if event.episode == self.episode)
            new = decide("watched.example", self.episode, current, findings, forged, at)
            if not new:
                break
            if new[0].episode != self.episode:
                self.episode, known = new[0].episode, set()
            self.log += new
        else:
            raise AssertionError("decide does not settle")
        return [message.kind for message in self.incident().messages if message.id not in known] if self.log else []

    def say(self, type_: EventType, at: datetime) -> None:
        self.log.append(said(type_, "watched.example", self.episode, "alice", "", at))


def test_incident_pages_once_when_the_same_finding_stands() -> None:
    story = Story()
    assert story.judge(T0, finding()) == [MessageKind.PAGE]
    assert story.judge(T0 + MINUTE, finding()) == []
    assert story.incident().state is State.OPEN


def test_incident_is_updated_by_notice_when_the_values_change() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + MINUTE, finding(seen=("ns9.evil.example",))) == [MessageKind.UPDATE]
    assert story.incident().findings[0].seen == ("ns9.evil.example",)


def test_values_that_flap_are_told_once_each_when_they_come_and_go() -> None:
    story = Story()
    story.judge(T0, finding())
    told = [
        story.judge(T0 + minute * MINUTE, finding(seen=("ns9.evil.example",)) if minute % 2 else finding())
        for minute in range(1, 7)
    ]
    assert told == [[MessageKind.UPDATE], [], [], [], [], []]
    assert story.incident().findings[0].seen == ("ns1.evil.example",)
    assert len({event.id for event in story.log}) == len(story.log)


def test_cause_that_comes_and_goes_each_minute_pages_three_times_and_then_is_a_notice() -> None:
    story = Story()
    told = [story.judge(T0 + n * MINUTE, *([] if n % 2 else [finding(since=T0 + n * MINUTE)])) for n in range(12)]
    assert told[0] == [MessageKind.PAGE]
    assert told[2] == told[4] == [MessageKind.PAGE]
    assert told[6] == told[8] == told[10] == [MessageKind.NOTICE]
    assert story.judge(T0 + HOUR, finding(since=T0 + HOUR)) == [MessageKind.PAGE]


TOUCHED = finding("registration_touched", ("2026-01-01T00:00:00Z",), Severity.NOTICE)
JOINED = replace(TOUCHED, severity=Severity.PAGE, cause="delegation")
"""The same touch, as long as it is part of a hijack's story."""
REGISTERED = finding("nameserver_lookalike_registered", ("watchedd.example",), Severity.NOTICE)


def test_touch_that_was_told_with_a_hijack_is_not_told_again_when_the_hijack_is_over() -> None:
    story = Story()
    assert story.judge(T0, finding(), JOINED) == [MessageKind.PAGE]
    assert story.judge(T0 + HOUR, TOUCHED) == [MessageKind.RECOVERING]
    again = finding("registration_touched", ("2026-01-01T01:05:00Z",), Severity.NOTICE)
    assert story.judge(T0 + 2 * HOUR, again) == [MessageKind.UPDATE]


def test_touch_is_told_when_the_hijack_is_over_and_nobody_was_told_of_it() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + HOUR, TOUCHED) == [MessageKind.NOTICE, MessageKind.RECOVERING]


def test_touch_that_was_told_with_a_hijack_is_not_told_again_when_its_own_cause_stands_already() -> None:
    story = Story()
    assert story.judge(T0, REGISTERED) == [MessageKind.NOTICE]
    assert story.judge(T0 + MINUTE, REGISTERED, finding(), JOINED) == [MessageKind.PAGE]
    assert story.judge(T0 + HOUR, REGISTERED, TOUCHED) == [MessageKind.RECOVERING]


def test_no_update_is_owed_when_what_happened_once_has_run_out() -> None:
    story = Story()
    assert story.judge(T0, REGISTERED, TOUCHED) == [MessageKind.NOTICE]
    assert story.judge(T0 + 2 * DAY, TOUCHED) == []


def test_no_update_is_owed_when_something_less_urgent_joins_the_story() -> None:
    story = Story()
    story.judge(T0, finding())
    mismatch = replace(finding("parent_child_mismatch", severity=Severity.NOTICE), values=(MX,))
    assert story.judge(T0 + MINUTE, finding(), mismatch) == []
    assert [each.code for each in story.incident().findings] == ["delegation_changed", "parent_child_mismatch"]
    assert known_values(story.incident(), T0 + MINUTE) == {"delegation": frozenset({MX})}


def test_address_that_rotates_is_told_once_and_written_once_when_it_stays_strange() -> None:
    story = Story()
    story.judge(T0, finding("address_changed", ("198.51.100.1",)))
    for minute in range(1, 5):
        assert story.judge(T0 + minute * MINUTE, finding("address_changed", (f"198.51.100.{minute}",))) == []
    assert len(story.log) == 1


def test_reminder_counts_from_the_page_when_the_answer_is_older() -> None:
    story = Story()
    assert story.judge(T0 + DAY, finding(since=T0)) == [MessageKind.PAGE]
    assert story.judge(T0 + DAY + 4 * HOUR - MINUTE, finding(since=T0)) == []
    assert story.judge(T0 + DAY + 4 * HOUR, finding(since=T0)) == [MessageKind.REMINDER]


def test_forged_ttl_that_counts_down_is_written_once() -> None:
    story = Story()
    for second in range(5):
        story.judge(T0 + second * MINUTE, finding(), forged=[forged(3600 - second)])
    assert [event.type for event in story.log].count(EventType.FORGED_SEEN) == 1
    story.judge(T0 + HOUR, finding(), forged=[forged(7200)])
    assert max(ttl for _, _, ttl in story.incident().forged) == 7200


def test_event_fits_an_item_of_the_table_when_a_hijacker_gives_very_much() -> None:
    long = tuple(f"{number:04}{'x' * 500}" for number in range(2000))
    told = replace(finding(seen=long), values=(("watched.example", "TXT", long),), detail={"rrsets": list(long)})
    story = Story()
    assert story.judge(T0, told) == [MessageKind.PAGE]
    assert all(len(json.dumps(event.data)) < 400_000 for event in story.log)
    assert story.incident().findings[0].seen == long[:20]


def test_incident_pages_again_when_another_cause_becomes_page_worthy() -> None:
    story = Story()
    story.judge(T0, finding("nameserver_lame"))
    later = T0 + HOUR
    taken = [finding("soa_changed", since=later), finding("address_changed", since=later)]
    assert story.judge(later, *taken) == [MessageKind.PAGE]


def test_incident_pages_when_a_notice_becomes_page_worthy_and_not_again() -> None:
    story = Story()
    assert story.judge(T0, finding("nameserver_lame", severity=Severity.NOTICE)) == [MessageKind.NOTICE]
    assert story.judge(T0 + MINUTE, finding("nameserver_lame")) == [MessageKind.PAGE]
    assert story.judge(T0 + 2 * MINUTE, finding("nameserver_lame", severity=Severity.NOTICE)) == []
    assert story.judge(T0 + 3 * MINUTE, finding("nameserver_lame")) == []


def test_incident_is_none_when_a_finding_is_only_logged() -> None:
    assert decide("watched.example", 0, None, [finding("latency_shifted", severity=Severity.LOG)], (), T0) == []


def test_incident_recovers_when_the_cause_is_gone_and_pages_when_it_comes_back() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + HOUR) == [MessageKind.RECOVERING]
    assert story.incident().state is State.RECOVERING
    assert story.judge(T0 + 2 * HOUR, finding(since=T0 + 2 * HOUR)) == [MessageKind.PAGE]
    assert story.incident().state is State.OPEN
    assert story.incident().pages == 2


def test_incident_resolves_after_48_hours_when_no_forged_data_was_seen() -> None:
    story = Story()
    story.judge(T0, finding())
    story.judge(T0 + HOUR)
    assert story.judge(T0 + HOUR + 2 * DAY - MINUTE) == []
    assert story.judge(T0 + HOUR + 2 * DAY) == [MessageKind.RESOLVED]


@pytest.mark.parametrize(
    ("ttl", "life"),
    [
        pytest.param(360_000, timedelta(seconds=360_000), id="longer-than-48h"),
        pytest.param(60, 2 * DAY, id="shorter-than-48h"),
        pytest.param(2**31 - 1, 7 * DAY, id="capped-at-7-days"),
    ],
)
def test_incident_resolves_when_the_longest_forged_ttl_has_run_out(ttl: int, life: timedelta) -> None:
    story = Story()
    story.judge(T0, finding(), forged=[forged(ttl)])
    story.judge(T0 + HOUR, forged=[forged(ttl, standing=False, last_seen=T0 + HOUR)])
    assert resolves_at(story.incident()) == T0 + HOUR + life
    assert story.judge(T0 + HOUR + life - MINUTE) == []
    assert story.judge(T0 + HOUR + life) == [MessageKind.RESOLVED]


def test_exposure_clock_does_not_run_while_a_forged_server_still_answers() -> None:
    story = Story()
    story.judge(T0, finding(), forged=[forged()])
    story.judge(T0 + HOUR, forged=[forged()])
    assert story.judge(T0 + 30 * DAY, forged=[forged()]) == []
    assert story.incident().state is State.RECOVERING
    assert next_timer(story.incident()) is None
    assert cached_until(story.incident(), T0 + 30 * DAY) == T0 + 30 * DAY + HOUR
    gone = T0 + 31 * DAY
    story.judge(gone, forged=[forged(standing=False, last_seen=gone)])
    assert resolves_at(story.incident()) == gone + HOUR


def test_exposure_clock_starts_again_when_a_forged_server_comes_back() -> None:
    story = Story()
    story.judge(T0, finding(), forged=[forged(360_000)])
    story.judge(T0 + HOUR, forged=[forged(360_000, standing=False, last_seen=T0 + HOUR)])
    story.judge(T0 + 2 * HOUR, forged=[forged(360_000)])
    assert resolves_at(story.incident()) is None
    story.judge(T0 + DAY, forged=[forged(360_000, standing=False, last_seen=T0 + DAY)])
    assert resolves_at(story.incident()) == T0 + DAY + timedelta(seconds=360_000)


def test_longest_ttl_counts_from_the_last_witness_when_a_cache_holds_the_data_longer_than_the_servers_live() -> None:
    story = Story()
    servers, cache = forged(360_000), replace(forged(60), host="(cache)", address="9.9.9.9")
    story.judge(T0, finding(), forged=[servers, cache])
    story.judge(T0 + HOUR, forged=[replace(servers, standing=False, last_seen=T0 + HOUR), cache])
    assert resolves_at(story.incident()) is None
    gone = [replace(each, standing=False, last_seen=T0 + 9 * HOUR) for each in (cache,)]
    story.judge(T0 + 9 * HOUR, forged=[replace(servers, standing=False, last_seen=T0 + HOUR), *gone])
    assert resolves_at(story.incident()) == T0 + 9 * HOUR + timedelta(seconds=360_000)


def test_new_episode_begins_when_a_resolved_incident_is_found_again() -> None:
    story = Story()
    story.judge(T0, finding())
    story.judge(T0 + HOUR)
    story.judge(T0 + 4 * DAY)
    assert story.incident().state is State.RESOLVED
    assert story.judge(T0 + 5 * DAY, finding(since=T0 + 5 * DAY)) == [MessageKind.PAGE]
    assert story.incident().id == "watched.example-2"


def test_incident_is_reminded_by_a_page_after_4_hours_then_by_a_daily_notice_until_acknowledged() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + 4 * HOUR - MINUTE, finding()) == []
    assert story.judge(T0 + 4 * HOUR, finding()) == [MessageKind.REMINDER]
    assert story.incident().messages[-1].channel is Severity.PAGE
    assert story.judge(T0 + 28 * HOUR, finding()) == [MessageKind.REMINDER]
    assert story.incident().messages[-1].channel is Severity.NOTICE
    story.say(EventType.ACKNOWLEDGED, T0 + 29 * HOUR)
    assert story.judge(T0 + 10 * DAY, finding()) == []


def test_reminders_stop_when_the_incident_recovers() -> None:
    story = Story()
    story.judge(T0, finding())
    story.judge(T0 + HOUR)
    assert story.judge(T0 + 5 * HOUR) == []


def test_acknowledgement_does_not_silence_the_page_when_the_cause_comes_back() -> None:
    story = Story()
    story.judge(T0, finding())
    story.say(EventType.ACKNOWLEDGED, T0 + MINUTE)
    story.judge(T0 + HOUR)
    assert story.judge(T0 + 2 * HOUR, finding(since=T0 + 2 * HOUR)) == [MessageKind.PAGE]
    assert next_timer(story.incident()) == T0 + 6 * HOUR


def test_person_closes_an_incident_whatever_the_clock_says() -> None:
    story = Story()
    story.judge(T0, finding(), forged=[forged(360_000)])
    story.judge(T0 + HOUR, forged=[forged(360_000)])
    story.say(EventType.RESOLVED, T0 + 2 * HOUR)
    assert story.incident().state is State.RESOLVED
    assert story.incident().messages[-1].kind is MessageKind.RESOLVED


def test_vantage_is_resolved_after_one_healthy_hour_and_coming_back_within_it_is_a_notice() -> None:
    story = Story()
    blind = finding("vantage_silent")
    assert story.judge(T0, blind) == [MessageKind.PAGE]
    assert story.judge(T0 + HOUR) == [MessageKind.RECOVERING]
    again = replace(blind, since=T0 + HOUR + 30 * MINUTE)
    assert story.judge(T0 + HOUR + 30 * MINUTE, again) == [MessageKind.NOTICE]
    assert story.incident().state is State.OPEN
    assert story.judge(T0 + 2 * HOUR) == [MessageKind.RECOVERING]
    assert story.judge(T0 + 3 * HOUR - MINUTE) == []
    assert story.judge(T0 + 3 * HOUR) == [MessageKind.RESOLVED]


def test_notice_level_cause_does_not_keep_a_paged_incident_open() -> None:
    story = Story()
    minor = finding("txt_changed", severity=Severity.NOTICE)
    story.judge(T0, finding(), minor)
    assert story.judge(T0 + HOUR, minor) == [MessageKind.RECOVERING]


def test_renewal_ends_what_was_expiring_though_it_touches_the_registration() -> None:
    story = Story()
    story.judge(T0, finding("registration_expiring"))
    renewed = T0 + HOUR
    touched = finding("registration_touched", ("last changed",), Severity.NOTICE, since=renewed)
    assert story.judge(renewed, touched) == [MessageKind.RECOVERING]
    assert story.judge(renewed + HOUR, touched) == []
    assert story.judge(renewed + 2 * DAY - MINUTE) == []
    assert story.judge(renewed + 2 * DAY) == [MessageKind.RESOLVED]


def test_notice_is_told_and_ends_nothing_early_when_an_incident_recovers() -> None:
    story = Story()
    story.judge(T0, finding("mx_changed"))
    story.judge(T0 + HOUR)
    later = finding("txt_changed", ("v=spf1",), Severity.NOTICE, since=T0 + 2 * HOUR)
    assert story.judge(T0 + 2 * HOUR, later) == [MessageKind.NOTICE]
    incident = story.incident()
    assert incident.state is State.RECOVERING
    assert still_matters(incident.messages[-1], incident)
    assert resolves_at(incident) == T0 + HOUR + 2 * DAY


def test_notice_that_outlives_its_incident_is_told_once() -> None:
    story = Story()
    story.judge(T0, finding("mx_changed"))
    story.judge(T0 + HOUR)
    later = finding("txt_changed", ("v=spf1",), Severity.NOTICE, since=T0 + 2 * HOUR)
    story.judge(T0 + 2 * HOUR, later)
    assert story.judge(T0 + HOUR + 2 * DAY, later) == [MessageKind.RESOLVED]
    assert story.judge(T0 + 4 * DAY, later) == []
    assert story.judge(T0 + 5 * DAY, replace(later, since=T0 + 5 * DAY)) == [MessageKind.NOTICE]


def test_finding_belongs_to_the_story_it_names_when_that_is_not_its_codes_own() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + MINUTE, cached("delegation"), finding()) == []
    assert [cause.cause for cause in story.incident().active] == ["delegation"]


def test_cache_poisoning_pages_when_its_values_belong_to_no_other_story() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + MINUTE, finding(), cached(since=T0 + MINUTE)) == [MessageKind.PAGE]


def test_incident_recovers_when_only_caches_hold_what_it_showed() -> None:
    story = Story()
    story.judge(T0, finding(), cached("delegation"))
    assert story.judge(T0 + HOUR, cached("delegation", residual=True)) == [MessageKind.RECOVERING]
    assert story.incident().state is State.RECOVERING
    assert [each.code for each in story.incident().causes[Cause.DELEGATION].residual] == ["resolvers_disagree"]
    assert story.judge(T0 + 2 * HOUR, cached("delegation", residual=True)) == []


def test_residue_in_caches_opens_no_new_episode_when_a_person_closed_the_incident() -> None:
    story = Story()
    story.judge(T0, finding(), cached("delegation"))
    story.say(EventType.RESOLVED, T0 + HOUR)
    assert story.judge(T0 + 2 * HOUR, cached("delegation", residual=True)) == []
    assert story.episode == 1


def test_no_update_is_owed_when_only_who_sees_the_values_changes() -> None:
    story = Story()
    story.judge(T0, finding())
    elsewhere = replace(finding("regions_disagree", MX[2]), cause="delegation")
    assert story.judge(T0 + MINUTE, finding(), elsewhere) == []
    assert story.judge(T0 + 2 * MINUTE, finding()) == []


@pytest.mark.parametrize(
    ("after_the_end", "known"),
    [(timedelta(days=6), {"delegation": frozenset({MX})}), (timedelta(days=7), {})],
    ids=["caches may hold it", "no cache does"],
)
def test_values_of_an_incident_are_known_while_caches_may_hold_them(
    after_the_end: timedelta, known: dict[str, frozenset[object]]
) -> None:
    story = Story()
    story.judge(T0, cached("delegation"))
    story.judge(T0 + MINUTE, finding())
    assert known_values(story.incident(), T0 + DAY) == {"delegation": frozenset({MX})}
    story.say(EventType.RESOLVED, T0 + DAY)
    assert known_values(story.incident(), T0 + DAY + after_the_end) == known


def test_fold_is_the_same_whatever_the_order_and_however_often_events_are_merged() -> None:
    story = Story()
    story.judge(T0, finding(), forged=[forged()])
    story.judge(T0 + HOUR, forged=[forged(standing=False, last_seen=T0 + HOUR)])
    story.judge(T0 + 2 * HOUR, finding(since=T0 + 2 * HOUR), finding("nameserver_lame", since=T0 + 2 * HOUR))
    story.say(EventType.ACKNOWLEDGED, T0 + 3 * HOUR)
    expected = story.incident()

    @given(st.permutations(story.log + story.log[::2]))
    def merged(events: list[Event]) -> None:
        assert fold(events) == expected

    merged()


def test_fold_takes_the_earlier_moment_when_two_hubs_wrote_the_same_event() -> None:
    story = Story()
    story.judge(T0, finding())
    later = [replace(event, at=event.at + MINUTE) for event in story.log]
    incident = fold(later + story.log)
    assert incident is not None
    assert incident.opened_at == T0
    assert [message.kind for message in incident.messages] == [MessageKind.PAGE]


def test_decide_writes_the_same_event_ids_when_two_hubs_judge_at_different_moments() -> None:
    hubs = [decide("watched.example", 0, None, [finding()], [NO_ONE], T0 + delay) for delay in (MINUTE, 3 * MINUTE)]
    assert [event.id for event in hubs[0]] == [event.id for event in hubs[1]]
    assert [event.at for event in hubs[0]] == [event.at for event in hubs[1]]


def test_finding_survives_its_json_with_its_story() -> None:
    told = cached("delegation", residual=True)
    assert finding_from_json(finding_to_json(told)) == told


def test_finding_survives_its_json() -> None:
    original = replace(finding(), detail={"pairs": [{"kinds": ["inserted"]}]})
    assert finding_from_json(finding_to_json(original)) == original


@pytest.mark.parametrize("text", ["", "watched.example", "-1", "watched.example-", "watched.example-x"])
def test_incident_id_is_refused_when_it_names_no_episode(text: str) -> None:
    with pytest.raises(ValueError, match="not an incident's id"):
        incident_id(text)


def test_incident_id_is_read_back() -> None:
    assert incident_id("my-domain.example-12") == ("my-domain.example", 12)


def test_incident_is_part_of_another_until_it_comes_back() -> None:
    story = Story()
    story.judge(T0, finding())
    (page,) = [message for message in story.incident().messages if message.kind is MessageKind.PAGE]
    story.log.append(part("watched.example", 1, page.id, "first.example-1", T0 + MINUTE))
    assert story.incident().part_of == {"first.example-1"}
    story.judge(T0 + HOUR, finding("soa_changed"), finding())
    assert story.incident().part_of == frozenset(), "what else pages is its own"
    story.judge(T0 + 2 * HOUR)
    story.judge(T0 + 3 * HOUR, finding(since=T0 + 3 * HOUR))
    assert story.incident().parts == {}


def test_incident_pages_again_when_what_stood_all_the_time_is_no_longer_approved() -> None:
    story = Story()
    story.judge(T0, finding())
    assert story.judge(T0 + HOUR) == [MessageKind.RECOVERING]
    assert story.judge(T0 + 2 * HOUR, finding()) == [MessageKind.PAGE]
    assert story.incident().state is State.OPEN
    assert story.judge(T0 + 3 * HOUR) == [MessageKind.RECOVERING]


CERTIFICATE = finding("certificate_changed", ("CN=Other CA",), since=T0 + MINUTE)
HOLD = finding("registration_status_changed", ("serverHold has come",), since=T0 - HOUR)


def test_incident_recovers_when_the_certificate_of_a_hijack_is_still_shown() -> None:
    story = Story()
    story.judge(T0, finding())
    story.judge(T0 + MINUTE, finding(), replace(CERTIFICATE, cause="delegation"))
    assert story.judge(T0 + HOUR, CERTIFICATE) == [MessageKind.RECOVERING]
    assert story.judge(T0 + 2 * HOUR, CERTIFICATE) == []
    assert story.incident().state is State.RECOVERING
    assert story.judge(T0 + 3 * HOUR) == []
    again = replace(CERTIFICATE, since=T0 + 4 * HOUR)
    assert story.judge(T0 + 4 * HOUR, again) == [MessageKind.PAGE]


def test_incident_pages_when_another_certificate_is_shown_after_a_hijack() -> None:
    story = Story()
    story.judge(T0, finding(), replace(CERTIFICATE, cause="delegation"))
    other = replace(CERTIFICATE, seen=("CN=Third CA",), since=T0 + HOUR)
    assert story.judge(T0 + HOUR, other) == [MessageKind.PAGE]
    assert story.incident().state is State.OPEN


def test_incident_stays_open_without_a_page_when_a_certificate_was_told_before_the_address() -> None:
    story = Story()
    assert story.judge(T0 + MINUTE, CERTIFICATE) == [MessageKind.PAGE]
    moved = finding("address_changed", ("203.0.113.7",), since=T0 + HOUR)
    assert story.judge(T0 + HOUR, moved, replace(CERTIFICATE, cause="zone content")) == [MessageKind.PAGE]
    assert story.judge(T0 + 2 * HOUR, CERTIFICATE) == [MessageKind.NOTICE]
    assert story.incident().state is State.OPEN
    assert story.judge(T0 + 3 * HOUR) == [MessageKind.RECOVERING]


def test_incident_stays_open_without_a_page_when_a_hold_outlasts_the_hijack_it_was_told_with() -> None:
    story = Story()
    assert story.judge(T0, finding(), replace(HOLD, cause="delegation")) == [MessageKind.PAGE]
    assert story.judge(T0 + HOUR, HOLD) == [MessageKind.NOTICE]
    assert story.incident().state is State.OPEN
    assert story.judge(T0 + 2 * HOUR) == [MessageKind.RECOVERING]
    assert story.judge(T0 + 3 * HOUR, replace(HOLD, since=T0 + 3 * HOUR)) == [MessageKind.PAGE]
