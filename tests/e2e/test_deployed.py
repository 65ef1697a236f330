"""The whole, deployed to four regions of an emulated AWS (two of them hubs), in a private Internet of name servers.

One story, played in real minutes and judged here. Roles are enforced, and every call to AWS goes through a proxy that
can cut a region off.

1. An earlier commit of main is deployed with `sam deploy`, the watchlist applied; all regions make passes.
2. Half of the regions (one hub, one that only probes) are upgraded by `nswatch deploy`. example.com is hijacked: one
   page, from the primary hub, within a minute.
3. The other half is upgraded: watchlist, history and the open incident are as they were.
4. The primary hub is lost from the network (first calls hang, later they are refused). coincheck.com is hijacked: the
   page comes from the standby, and says who made the change in the account, of which CloudTrail told before.
   The standby tells that the primary is silent; the dead-man service is asked by the standby alone.
5. The primary comes back: it catches up, and both logs become equal. Then example.net is hijacked as coincheck.com
   still is: one notice, from the primary, that it is part of the same. coincheck.com is repaired: notices that it
   recovers. Dead letters that were left in two queues are told, and shown by `nswatch status`.
6. `nswatch destroy`: the stacks are gone, the tables stay.
"""

import itertools
import json
from datetime import datetime
from typing import Any

import pytest
from tests.e2e.internet import COINCHECK, DOMAINS
from tests.e2e.seen import HUBS, REGIONS, TURN

PRIMARY, STANDBY = HUBS
STANDBY_WAITS = 45
ROUND = 60
"""Seconds between a hub's scheduled rounds: the standby sends what it owes in the first one after its patience."""
HELD_UP = 30
"""Seconds by which calls to the lost hub that hang hold up a pass and a round."""
MINUTE = 60
"""What nswatch promises. Here it takes 15 to 30 s: one poller of the emulator serves all regions."""

Json = dict[str, Any]


@pytest.fixture
def upgrade(seen: Json) -> Json:
    """What was seen, in a story that began with an earlier commit."""
    if seen["not_upgraded"]:
        pytest.skip(seen["not_upgraded"])
    return seen


def pages(seen: Json, domain: str = "") -> list[Json]:
    return [message for message in seen["messages"] if message["topic"] == "page" and domain in message["text"]]


def of_letters(message: Json) -> bool:
    return message["topic"] == "notice" and "has dead letters" in message["subject"]


def of_new_alarm(message: Json) -> bool:
    """Whether CloudWatch tells that an alarm which was just made knows its state: it does so once, on AWS too."""
    if "AlarmName" not in message["text"]:
        return False
    told = json.loads(message["text"])
    return (told["OldStateValue"], told["NewStateValue"]) == ("INSUFFICIENT_DATA", "OK")


def delay(seen: Json, domain: str) -> float:
    """Seconds from the change of a delegation to the first page about it."""
    came: float = min(page["at"] for page in pages(seen, domain))
    return came - float(seen["moments"][f"{domain} hijacked"])


def test_story_comes_to_its_end_when_deployed(seen: Json) -> None:
    assert seen["errors"] == []


# Paging


def test_page_comes_within_a_minute_when_releases_are_mixed(seen: Json) -> None:
    assert 0 < delay(seen, "example.com") <= MINUTE


def test_one_page_comes_from_the_primary_when_both_hubs_work(seen: Json) -> None:
    assert [page["hub"] for page in pages(seen, "example.com")] == [PRIMARY]


def test_page_comes_from_the_standby_when_the_primary_is_lost(seen: Json) -> None:
    first = min(pages(seen, COINCHECK), key=lambda page: page["at"])
    assert first["hub"] == STANDBY


def test_page_comes_by_the_standbys_deadline_when_the_primary_is_lost(seen: Json) -> None:
    # The turn of the lost region's probe passes without a look.
    assert STANDBY_WAITS < delay(seen, COINCHECK) <= 2 * TURN + STANDBY_WAITS + ROUND + HELD_UP


def test_at_most_one_extra_page_comes_when_the_primary_is_back(seen: Json) -> None:
    late = [page["hub"] for page in pages(seen, COINCHECK)][1:]
    assert late in ([], [PRIMARY])


def test_notice_comes_within_a_minute_when_the_same_change_hits_another_domain(seen: Json) -> None:
    told = [each for each in seen["messages"] if each["topic"] == "notice" and "example.net" in each["subject"]]
    assert told
    first = min(told, key=lambda each: each["at"])
    assert first["hub"] == PRIMARY
    assert 0 < first["at"] - seen["moments"]["example.net hijacked"] <= MINUTE
    assert f"{COINCHECK}-1" in first["text"]


def test_no_second_page_comes_when_the_same_change_hits_another_domain(seen: Json) -> None:
    assert [page["subject"] for page in pages(seen) if "example.net" in page["subject"]] == []


def test_pages_name_the_domain_and_a_forged_server_when_delegations_changed(seen: Json) -> None:
    texts = [page["text"] for page in pages(seen)]
    assert all("awsdns-061.org" in text and any(domain in text for domain in DOMAINS) for text in texts)


def test_page_says_who_made_the_change_in_the_account_when_cloudtrail_told_of_it(seen: Json) -> None:
    assert seen["rules"] == {"own": ["nswatch-trail-own-calls"], "changed": ["nswatch-trail-changes"]}
    first = min(pages(seen, COINCHECK), key=lambda page: page["at"])
    text = " ".join(first["text"].split())
    assert "Made in your account by arn:aws:iam::111122223333:user/smithj" in text
    assert "UpdateDomainNameservers coincheck.com" in text


def test_recovering_is_told_when_the_delegation_is_repaired(seen: Json) -> None:
    repaired = seen["moments"][f"{COINCHECK} repaired"]
    told = [each["at"] for each in seen["messages"] if each["kind"] == "recovering" and COINCHECK in each["subject"]]
    assert told
    assert all(at > repaired for at in told)


def test_nothing_is_told_of_what_did_not_happen(seen: Json) -> None:
    # Nothing of the upgrade, and the monitor is not blind: messages are of hijacked domains, and of the lost region.
    moments = seen["moments"]

    def expected(message: Json) -> bool:
        of_primary = PRIMARY in message["subject"] + message["text"]
        lost = message["topic"] == "notice" and of_primary and message["at"] > moments["primary lost"]
        return lost or any(
            domain in message["text"] and message["at"] > moments[f"{domain} hijacked"] for domain in DOMAINS
        )

    strange = [message for message in seen["messages"] if not expected(message)]
    assert [message for message in strange if not of_letters(message) and not of_new_alarm(message)] == []


# The record


def test_every_region_records_in_both_hubs(seen: Json) -> None:
    assert {hub: sorted(regions) for hub, regions in seen["passes"].items()} == dict.fromkeys(HUBS, sorted(REGIONS))
    assert all(len(passes) >= 2 for regions in seen["passes"].values() for passes in regions.values())


def test_regions_take_turns_when_they_share_the_minute(seen: Json) -> None:
    seconds = {
        region: {datetime.fromisoformat(at).second for at in passes}
        for region, passes in seen["passes"][STANDBY].items()
    }
    assert seconds == {region: {int(place * TURN)} for place, region in enumerate(REGIONS)}


def test_logs_are_equal_and_hold_every_incident_when_the_primary_is_back(seen: Json) -> None:
    assert seen["logs"][PRIMARY] == seen["logs"][STANDBY]
    assert all(any(f"group#{domain} " in event for event in seen["logs"][PRIMARY]) for domain in DOMAINS)


def test_regions_and_hubs_report_to_both_hubs(seen: Json) -> None:
    reports = {*(f"hub hub#{hub}" for hub in HUBS), *(f"probe#{region} region" for region in REGIONS)}
    for hub in HUBS:
        assert reports <= set(seen["reports"][hub])


def test_canary_of_every_region_is_found_by_both_hubs(seen: Json) -> None:
    for hub in HUBS:
        assert {f"hub canary#{region}" for region in REGIONS} <= set(seen["reports"][hub])


# What operators are shown


def test_status_shows_every_region_when_all_works(seen: Json) -> None:
    status = seen["status"]["at the end"]
    assert status["watchlist_version"] == 1
    assert {region: state["watchlist_version"] for region, state in status["regions"].items()} == dict.fromkeys(
        REGIONS, 1
    )
    assert all(state["release"] and state["lag"] < 150 for state in status["regions"].values())
    assert all(not hub["error"] and hub["release"] and hub["lag"] < 150 for hub in status["hubs"].values())


def test_status_shows_open_incidents_when_all_works(seen: Json) -> None:
    # coincheck.com recovers and counts as long.
    hubs = seen["status"]["at the end"]["hubs"]
    assert {hub: state["open_incidents"]["page"] for hub, state in hubs.items()} == dict.fromkeys(HUBS, 3)


def test_status_shows_that_both_collectors_have_been_through_all_domains(seen: Json) -> None:
    for hub in seen["status"]["at the end"]["hubs"].values():
        collector = hub["collector"]
        assert collector["lag"] < 150
        assert collector["done"]
        assert collector["failing"] == {}


def test_chains_are_validated_from_the_root_by_both_collectors_and_stand_in_both_hubs(seen: Json) -> None:
    # The root signs that it delegates .com and .net insecurely.
    for hub in HUBS:
        found = {who: values for who, values in seen["chains"].items() if who.startswith(f"{hub} ")}
        assert found == {
            f"{hub} {collector} {domain}": ["insecure", domain.partition(".")[2]]
            for collector in HUBS
            for domain in DOMAINS
        }


def test_status_warns_of_a_hub_that_cannot_be_asked_when_it_is_lost(seen: Json) -> None:
    status = seen["status"]["without the primary"]
    assert status["status"] == "WARNING"
    assert any(f"hub {PRIMARY} cannot be asked" in problem for problem in status["problems"])
    assert status["hubs"][PRIMARY]["error"]
    assert not status["hubs"][STANDBY]["error"]


# Watching the watcher


def test_notice_tells_that_the_primary_is_silent_when_it_is_lost(seen: Json) -> None:
    lost = seen["moments"]["primary lost"]
    told = [
        each
        for each in seen["messages"]
        if each["topic"] == "notice" and f"hub in {PRIMARY} is silent" in each["subject"]
    ]
    assert [each["hub"] for each in told] == [STANDBY]
    assert told[0]["at"] - lost <= 150 + ROUND + HELD_UP


def test_notice_tells_of_a_regions_dead_letters_once_when_there_are_some(seen: Json) -> None:
    told = [each["subject"] for each in seen["messages"] if of_letters(each) and "us-west-2" in each["subject"]]
    assert len(told) == 1


def test_status_shows_dead_letters_when_there_are_some(seen: Json) -> None:
    problems = seen["status"]["at the end"]["problems"]
    assert "region us-west-2: 1 dead letters of the probe" in problems
    assert f"{STANDBY}: 1 dead letters of the collector" in " ".join(problems)


def test_dead_man_service_is_asked_as_long_as_one_hub_works(seen: Json) -> None:
    # It is not asked by a hub that cannot record its round.
    since, until = seen["moments"]["primary lost"], seen["moments"]["destroying"]
    asked = [since, *(at for at in seen["pings"] if since < at < until), until]
    assert max(later - earlier for earlier, later in itertools.pairwise(asked)) <= ROUND + HELD_UP


def test_dead_man_service_is_asked_by_both_hubs_when_both_work_and_by_one_when_one_is_lost(seen: Json) -> None:
    lost, recovered, end = (seen["moments"][each] for each in ("primary lost", "primary recovered", "destroying"))

    def asked(since: float, until: float) -> float:
        pings: list[float] = seen["pings"]
        return sum(since < at < until for at in pings) * ROUND / (until - since)

    assert asked(lost + 1, recovered) < 1.5 < asked(recovered + ROUND, end)


# The upgrade


def test_watchlist_history_and_incident_are_kept_when_regions_are_upgraded(upgrade: Json) -> None:
    assert upgrade["lost_by_upgrade"] == []
    assert all(upgrade["kept_by_upgrade"].get(kind) for kind in ("watchlist", "expectation", "history", "incident"))


def test_both_releases_record_in_both_hubs_when_half_is_upgraded(upgrade: Json) -> None:
    for hub in HUBS:
        releases = [bool(release) for passes in upgrade["passes"][hub].values() for release in passes.values()]
        assert set(releases) == {False, True}


def test_every_region_runs_this_release_when_all_are_upgraded(seen: Json) -> None:
    newest = {region: passes[max(passes)] for region, passes in seen["passes"][STANDBY].items()}
    assert all(newest.values())
    assert len(set(newest.values())) == 1


# Rights, failures and the end


def test_functions_lack_no_permission(seen: Json) -> None:
    assert seen["denied"] == []


def test_no_message_is_given_up_but_by_who_is_lost(seen: Json) -> None:
    assert {who: letters for who, letters in seen["dead_letters"].items() if PRIMARY not in who and letters} == {}


def test_probe_writes_only_its_own_partitions(seen: Json) -> None:
    assert seen["written"]["probe"] == {
        "probe#us-west-2#trial": "",
        "probe#us-west-1": "AccessDeniedException",
        "probe#eu-west-1#trial": "AccessDeniedException",
        "watchlist": "AccessDeniedException",
        "group#x": "AccessDeniedException",
        "hub": "AccessDeniedException",
    }


def test_comparator_writes_neither_views_nor_the_other_hubs_watchlist(seen: Json) -> None:
    assert seen["written"]["comparator"] == {
        "group#x": "",
        "hub": "",
        "followed": "",
        "probe#us-west-2": "AccessDeniedException",
        "probe#eu-west-1#trial": "AccessDeniedException",
        "watchlist": "AccessDeniedException",
    }


def test_collector_writes_only_its_own_partitions(seen: Json) -> None:
    assert seen["written"]["collector"] == {
        "collect#eu-west-1#trial": "",
        "collect#us-west-2": "AccessDeniedException",
        "probe#eu-west-1": "AccessDeniedException",
        "watchlist": "AccessDeniedException",
        "group#x": "AccessDeniedException",
        "hub": "AccessDeniedException",
    }


def test_trail_function_writes_only_what_it_heard(seen: Json) -> None:
    assert seen["written"]["trail"] == {
        "trail#example.com": "",
        "probe#us-east-1": "AccessDeniedException",
        "collect#us-east-1": "AccessDeniedException",
        "watchlist": "AccessDeniedException",
        "group#x": "AccessDeniedException",
        "hub": "AccessDeniedException",
    }


def test_stacks_are_gone_and_tables_stay_when_it_is_destroyed(seen: Json) -> None:
    assert seen["left"] == []
    assert sorted(seen["tables"]) == sorted(f"nswatch in {hub}" for hub in HUBS)
    assert all(seen["tables"].values())
