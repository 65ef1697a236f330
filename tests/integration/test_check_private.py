"""`nswatch check` against real servers (knot, unbound), from the root servers' real addresses on."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration import inside
from tests.integration.monitor import MX, entry
from tests.integration.private_internet import DOMAIN, FORGED, GENUINE, HOSTS, NO_IPV6, RESOLVERS, PrivateInternet
from tests.support.unbound import Resolvers

ALERTS = {"page": ["sms:+819000000000", "email:oncall@mail.example"], "notice": ["email:team@mail.example"]}


def check(private: PrivateInternet, *arguments: str) -> dict[str, Any]:
    """Return the one JSON object of a check, whose code is the exit status."""
    code, printed = private.there.run(inside.check, ["--json", *arguments])
    found: dict[str, Any] = json.loads(printed)
    assert found["code"] == code
    return found


@pytest.mark.parametrize("domain", [DOMAIN, "sealed.com", "example.co.uk"])
def test_check_is_ok_when_it_walks_from_the_real_root(
    private: PrivateInternet, resolvers: Resolvers, domain: str
) -> None:
    resolvers()
    found = check(private, domain)
    assert (found["status"], found["findings"], found["interception"]) == ("ok", [], None)
    assert {row["result"] for row in found["parent"]["servers"]} == {"referral"}
    assert {tuple(row["ns"]) for row in found["child"]} == {tuple(sorted(HOSTS[domain]))}


def test_check_shows_both_sides_when_the_caches_of_a_hijacked_domain_differ(
    private: PrivateInternet, resolvers: Resolvers
) -> None:
    resolvers()
    private.there.run(inside.resolve, "9.9.9.9", DOMAIN, "NS")
    private.there.run(inside.resolve, "9.9.9.9", DOMAIN, "MX")
    private.delegate(DOMAIN, FORGED)
    code, printed = private.there.run(inside.check, [DOMAIN])
    assert code == 2, "even without a watchlist: names that imitate others"
    for name in (*GENUINE, *FORGED, "10 mx1.mail.org", f"10 mail.{DOMAIN}", "9.9.9.9"):
        assert name in printed


def test_check_names_every_story_when_the_watchlist_knows_the_right_values(
    private: PrivateInternet, resolvers: Resolvers, tmp_path: Path
) -> None:
    resolvers()
    private.there.run(inside.resolve, "9.9.9.9", DOMAIN, "NS")
    private.there.run(inside.resolve, "9.9.9.9", DOMAIN, "MX")
    private.delegate(DOMAIN, FORGED)
    watchlist = tmp_path / "watchlist.yaml"
    watched = entry(DOMAIN, MX, provider="route53", resolvers=RESOLVERS)
    watchlist.write_text(yaml.safe_dump({"version": 1, "domains": watched, "alerts": ALERTS}))
    found = check(private, DOMAIN, "--watchlist", str(watchlist))
    assert found["status"] == "critical"
    assert {finding["code"] for finding in found["findings"]} >= {
        "delegation_changed",
        "nameserver_lookalike",
        "route53_mismatch",
        "mx_changed",
        "resolvers_disagree",
    }


def test_check_asks_co_uk_when_its_servers_hold_uk_too(private: PrivateInternet) -> None:
    found = check(private, "example.co.uk", "--no-resolvers")
    assert (found["status"], found["parent"]["zone"]) == ("ok", "co.uk")
    assert {row["host"] for row in found["parent"]["servers"]} == {"nsa.nic.uk", "nsb.nic.uk"}


def test_check_tells_refusing_absent_and_silent_servers_apart(private: PrivateInternet) -> None:
    private.pause("silent")
    found = check(private, "lame.com", "--no-resolvers")
    assert [row["result"] for row in found["child"]] == ["answer", "refused", "unreachable", "timeout"]
    assert found["status"] in ("ok", "warning"), "the zone is served"


def test_check_says_that_ipv6_is_not_testable_when_there_is_none_here(private: PrivateInternet) -> None:
    private.shell(*NO_IPV6["without-a-route"])
    code, printed = private.there.run(inside.check, ["six.com", "--no-resolvers"])
    assert code == 0
    assert "IPv6" in printed
