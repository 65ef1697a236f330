"""What came and went before anybody looked, judged from the observations, and what an incident knows of it already."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from tests.unit.judge.record import (
    DATA,
    DOMAIN,
    ENTRY,
    FORGED_HOSTS,
    HOUR,
    MINUTE,
    MX,
    NOW,
    NS,
    PARENTS,
    REGIONS,
    SERVERS,
    RRset,
    answer,
    in_order,
    referral,
)

from nswatch.expect.watchlist import Answer, DomainEntry, PlannedChange
from nswatch.judge.dnssec import vouched_in
from nswatch.judge.judgement import judge_domain
from nswatch.judge.policy import Cause
from nswatch.model import Facts, Key, Observation, Result, Severity, Source, Transport
from nswatch.respond.decide import decide
from nswatch.respond.fold import fold
from nswatch.respond.incident import Incident, MessageKind, still_matters
from nswatch.respond.past import Missed, missed, unknown_to

BEGAN, ENDED = NOW - 8 * MINUTE, NOW - 5 * MINUTE
EVIL = answer("10 mx.evil.example", ttl=3600)
GENUINE = answer(*DATA[MX][0], ttl=DATA[MX][1])


def seen(
    source: Source,
    servers: Iterable[str],
    question: RRset,
    facts: Facts,
    at: datetime,
    over: Transport = Transport.TCP,
    regions: Iterable[str] = REGIONS,
) -> list[Observation]:
    return [
        Observation(DOMAIN, Key(region, source, server, *question), "", facts, over, at, at, at, 1)
        for region in regions
        for server in servers
    ]


def mail_hijack(over: Transport = Transport.TCP, regions: Iterable[str] = REGIONS) -> list[Observation]:
    forged = seen(Source.AUTHORITATIVE, SERVERS, MX, EVIL, BEGAN, over, regions)
    return [*forged, *seen(Source.AUTHORITATIVE, SERVERS, MX, GENUINE, ENDED, over, regions)]


def look_back(observations: Iterable[Observation], entry: DomainEntry = ENTRY) -> list[Missed]:
    judge = partial(judge_domain, entry)
    return missed(DOMAIN, list(in_order().views.values()), observations, judge, NOW)


def test_hijack_that_came_and_went_is_found_with_its_first_and_last_moment() -> None:
    (found,) = look_back(reversed(mail_hijack()))
    assert found.cause is Cause.ZONE_CONTENT
    assert found.since == BEGAN
    assert BEGAN < found.last <= ENDED
    assert "mx_changed" in {finding.code for finding in found.findings}


def test_delegation_that_came_and_went_is_found_when_the_registry_gave_strangers() -> None:
    forged = seen(Source.PARENT, PARENTS, NS, referral(FORGED_HOSTS, ()), BEGAN)
    repaired = seen(Source.PARENT, PARENTS, NS, referral(), ENDED)
    assert [found.cause for found in look_back([*forged, *repaired])] == [Cause.DELEGATION]


def test_nothing_is_found_when_nothing_changed_or_only_the_right_values_came() -> None:
    assert look_back([]) == []
    assert look_back(seen(Source.AUTHORITATIVE, SERVERS, MX, GENUINE, BEGAN)) == []


def test_nothing_is_found_when_one_server_gave_it_once_and_nothing_confirmed_it() -> None:
    once = seen(Source.AUTHORITATIVE, SERVERS[:1], MX, EVIL, BEGAN, Transport.UDP, REGIONS[:1])
    back = seen(
        Source.AUTHORITATIVE, SERVERS[:1], MX, GENUINE, BEGAN + 40 * timedelta(seconds=1), Transport.UDP, REGIONS[:1]
    )
    assert look_back([*once, *back]) == []


def test_lone_answer_is_found_when_it_stood_for_several_passes() -> None:
    once = seen(Source.AUTHORITATIVE, SERVERS[:1], MX, EVIL, BEGAN, Transport.UDP, REGIONS[:1])
    back = seen(Source.AUTHORITATIVE, SERVERS[:1], MX, GENUINE, ENDED, Transport.UDP, REGIONS[:1])
    assert [found.cause for found in look_back([*once, *back])] == [Cause.ZONE_CONTENT]


def test_nothing_is_found_when_a_window_approved_it() -> None:
    change = PlannedChange(
        "CHG-1",
        BEGAN - HOUR,
        NOW + HOUR,
        ("a", "b"),
        delegation=None,
        answers=(Answer(DOMAIN, "MX", values=("10 mx.evil.example.",)),),
    )
    assert look_back(mail_hijack(), replace(ENTRY, planned_changes=(change,))) == []


def test_nothing_is_found_when_servers_were_down_for_a_while() -> None:
    lame = seen(Source.AUTHORITATIVE, SERVERS, MX, Facts(Result.REFUSED), BEGAN)
    assert look_back([*lame, *seen(Source.AUTHORITATIVE, SERVERS, MX, GENUINE, ENDED)]) == []


def test_roll_over_that_was_done_right_is_no_change_of_the_ds_when_somebody_looks_back() -> None:
    old, new = ("4711 13 2 " + "a" * 64, "815 13 2 " + "b" * 64)
    delegation, baseline = replace(ENTRY.delegation, dnssec="signed"), replace(ENTRY.baseline, ds=(old,))
    entry = replace(ENTRY, delegation=delegation, baseline=baseline)
    rolling = in_order(entry).parent(replace(referral(), ds=(old, new)), first=NOW - 48 * HOUR)
    doubts = rolling.judge(NOW - 30 * HOUR).doubts
    rolled = rolling.parent(replace(referral(), ds=(new,)), first=NOW - 24 * HOUR)
    assert rolled.codes(doubts=doubts) == set()
    late = seen(Source.AUTHORITATIVE, SERVERS, MX, GENUINE, BEGAN)
    found = partial(missed, DOMAIN, list(rolled.views.values()), late, partial(judge_domain, entry), NOW)
    assert found(vouched_in(doubts)) == []
    assert [each.cause for each in found({})] == [Cause.DELEGATION], "as of somebody who never heard of the new key"


# What an incident makes of it


def told(incident: Incident | None, found: Iterable[Missed], episode: int = 0) -> Incident | None:
    """Return the incident after a late look at which nothing stands any more."""
    past = unknown_to(incident, DOMAIN, episode, list(found), NOW)
    if not past:
        return None
    log = [*(incident.timeline if incident is not None and past[0].episode == episode else []), *past]
    after = decide(DOMAIN, past[0].episode, fold(log), (), (), NOW)
    return fold([*log, *after])


def test_page_is_owed_and_the_incident_recovers_when_nobody_knew() -> None:
    incident = told(None, look_back(mail_hijack()))
    assert incident is not None
    assert (incident.state.value, incident.pages, incident.urgency) == ("recovering", 1, Severity.PAGE)
    owed = [message.kind for message in incident.messages if still_matters(message, incident)]
    assert owed == [MessageKind.PAGE, MessageKind.RECOVERING]


def test_nothing_is_told_again_when_the_same_observations_come_twice() -> None:
    found = look_back(mail_hijack())
    incident = told(None, found)
    assert told(incident, found, episode=1) is None


def test_nothing_is_told_when_it_was_told_in_time() -> None:
    found = look_back(mail_hijack())
    (each,) = found
    live = decide(DOMAIN, 0, None, each.findings, (), BEGAN)
    cleared = decide(DOMAIN, 1, fold(live), (), (), ENDED + MINUTE)
    assert told(fold(live), found, episode=1) is None, "it is open"
    assert told(fold([*live, *cleared]), found, episode=1) is None, "it recovers"


def test_second_hijack_that_was_missed_pages_again_when_the_first_one_recovers() -> None:
    (first,) = look_back(mail_hijack())
    earlier = replace(first, findings=tuple(replace(each, since=each.since - HOUR) for each in first.findings))
    live = decide(DOMAIN, 0, None, earlier.findings, (), BEGAN - HOUR)
    cleared = decide(DOMAIN, 1, fold(live), (), (), BEGAN - HOUR / 2)
    incident = told(fold([*live, *cleared]), [first], episode=1)
    assert incident is not None
    assert (incident.pages, incident.causes[Cause.ZONE_CONTENT].round) == (2, 2)
