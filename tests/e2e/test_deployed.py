"""The whole, deployed with SAM to three regions (two of them hubs), in a private Internet of real name servers."""

from datetime import datetime
from typing import Any

REGIONS = ["ap-northeast-1", "eu-west-1", "us-west-2"]
HUBS = REGIONS[:2]


def pages(seen: dict[str, Any]) -> list[dict[str, Any]]:
    return [message for message in seen["messages"] if message["topic"] == "page"]


def test_run_completes_when_deployed(seen: dict[str, Any]) -> None:
    assert seen["errors"] == []


def test_page_comes_within_a_turn_and_15_s_when_the_registry_is_changed(seen: dict[str, Any]) -> None:
    first = min(message["at"] for message in pages(seen))
    assert 0 < first - seen["changed_at"] <= 60 / len(REGIONS) + 15


def test_one_page_comes_in_all_when_two_hubs_and_three_regions_see_it(seen: dict[str, Any]) -> None:
    assert [message["hub"] for message in pages(seen)] == [HUBS[0]]


def test_page_names_the_domain_and_a_forged_server_when_delegation_changed(seen: dict[str, Any]) -> None:
    (page,) = pages(seen)
    assert "coincheck.com" in page["text"]
    assert "awsdns-061.org" in page["text"]


def test_nothing_is_told_before_the_change(seen: dict[str, Any]) -> None:
    assert [message for message in seen["messages"] if message["at"] < seen["changed_at"]] == []


def test_every_region_records_in_both_hubs(seen: dict[str, Any]) -> None:
    assert {hub: sorted(regions) for hub, regions in seen["passes"].items()} == dict.fromkeys(HUBS, REGIONS)
    assert all(len(passes) >= 2 for regions in seen["passes"].values() for passes in regions.values())


def test_regions_take_turns_when_they_share_the_minute(seen: dict[str, Any]) -> None:
    seconds = {
        region: {datetime.fromisoformat(at).second for at in passes}
        for region, passes in seen["passes"][HUBS[0]].items()
    }
    assert seconds == {"ap-northeast-1": {0}, "eu-west-1": {20}, "us-west-2": {40}}


def test_no_message_is_given_up(seen: dict[str, Any]) -> None:
    assert set(seen["dead_letters"].values()) == {0}


def test_probe_writes_only_its_own_partitions(seen: dict[str, Any]) -> None:
    assert seen["written_as_probe"] == {
        "probe#us-west-2#trial": "",
        "probe#us-west-1": "AccessDeniedException",
        "probe#eu-west-1#trial": "AccessDeniedException",
        "watchlist": "AccessDeniedException",
        "group#x": "AccessDeniedException",
    }
