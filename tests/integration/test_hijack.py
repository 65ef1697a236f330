"""The flagship over real servers and real TTLs: a hijack, caches that differ for days, the repair, and what lingers.

Registries give a delegation for 172,800 s. A resolver that asked just before the change keeps the genuine one for two
days more; one that lost its cache has the forged one at once; and after the repair it is the other way round.
"""

from datetime import timedelta

import pytest
from tests.integration.inside import resolve
from tests.integration.monitor import Monitor
from tests.integration.private_internet import DOMAIN, FORGED, GENUINE, PrivateInternet
from tests.support.unbound import Resolvers, Unbound

from nswatch.model import Severity, Source, Transport

HOUR = timedelta(hours=1)
LATE, COLD, EARLY = "1.1.1.1", "8.8.8.8", "9.9.9.9"
"""Resolvers, by what they know at the hijack: cached just before, nothing, and cached 30 hours before."""

GENUINE_MX, FORGED_MX = ("10 mx1.mail.org",), (f"10 mail.{DOMAIN}",)
ENTRY = {
    "delegation": {"provider": "route53", "ns": list(GENUINE), "soa_mname": next(iter(GENUINE))},
    "answers": [
        {"name": "@", "type": "MX", "values": ["10 mx1.mail.org."]},
        {"name": "@", "type": "A", "within": ["AS16509"]},
    ],
}
AT_THE_PARENT = {"delegation_changed", "nameserver_lookalike", "route53_mismatch"}


def cached(monitor: Monitor) -> dict[str, str]:
    """Return which MX each resolver gives, as the record has it."""
    names: dict[tuple[str, ...], str] = {GENUINE_MX: "genuine", FORGED_MX: "forged"}
    views = monitor.views(Source.RECURSIVE, DOMAIN, "MX")
    return {server: names[view.facts.values] for server, view in views.items() if view.facts is not None}


@pytest.fixture
def caches(resolvers: Resolvers, monitor: Monitor, private: PrivateInternet) -> dict[str, Unbound]:
    """Start three resolvers; the users of one have asked it 30 hours ago, and the domain is watched."""
    started = resolvers(LATE, COLD, EARLY)
    for qtype in ("NS", "MX", "A"):
        assert private.there.run(resolve, EARLY, DOMAIN, qtype)[0] == "NOERROR"
    monitor.time.pass_by(30 * HOUR)
    monitor.apply({DOMAIN: ENTRY})
    return started


def test_monitor_is_quiet_when_all_is_in_order(caches: dict[str, Unbound], monitor: Monitor) -> None:
    assert monitor.passes(4) == []
    assert monitor.findings == {}
    assert cached(monitor) == dict.fromkeys(caches, "genuine")


def test_monitor_pages_in_the_first_pass_when_the_registry_is_changed(
    caches: dict[str, Unbound], monitor: Monitor, private: PrivateInternet
) -> None:
    monitor.passes(3)
    private.delegate(DOMAIN, FORGED)
    told = monitor.passes(1)
    assert [(each.channel, each.kind) for each in told] == [(Severity.PAGE, "page")]
    assert AT_THE_PARENT | {"mx_changed"} <= monitor.findings.keys()
    assert "address_changed" not in monitor.findings, "the forged address is announced by the same AS"
    parents = monitor.views(Source.PARENT, DOMAIN, "NS").values()
    told_by = {(view.facts.values, view.transport) for view in parents if view.facts is not None}
    assert told_by == {(tuple(sorted(FORGED)), Transport.TCP)}, "all of the parent's servers, each asked over TCP"
    assert set(cached(monitor).values()) == {"genuine"}, "no cache has noticed"


def test_caches_differ_for_two_days_each_way_when_ttls_are_real(
    caches: dict[str, Unbound], monitor: Monitor, private: PrivateInternet
) -> None:
    """One story, told in one go: each leap of time needs the one before."""
    monitor.passes(3)
    caches[COLD].stop()
    caches[COLD].start()

    private.delegate(DOMAIN, FORGED)
    monitor.passes(3)
    assert cached(monitor) == {LATE: "genuine", COLD: "forged", EARLY: "genuine"}
    assert AT_THE_PARENT | {"mx_changed", "resolvers_disagree"} <= monitor.findings.keys()

    monitor.time.pass_by(19 * HOUR)
    monitor.passes(3)
    assert cached(monitor) == {LATE: "genuine", COLD: "forged", EARLY: "forged"}

    monitor.time.pass_by(30 * HOUR)
    monitor.passes(3)
    assert cached(monitor) == {LATE: "forged", COLD: "forged", EARLY: "forged"}
    assert AT_THE_PARENT | {"mx_changed", "resolvers_disagree"} <= monitor.findings.keys()
    assert [each.kind for each in monitor.delivered].count("page") == 1
    assert monitor.state(DOMAIN) == "open"

    private.delegate(DOMAIN, GENUINE)
    monitor.passes(3)
    assert monitor.state(DOMAIN) == "recovering"
    assert monitor.findings.keys() == {"resolvers_disagree"}, "only caches hold forged data, which the incident knows"
    assert monitor.residual(DOMAIN) == {"resolvers_disagree"}
    assert monitor.delivered[-1].kind == "recovering"

    monitor.time.pass_by(49 * HOUR)
    monitor.passes(3)
    assert cached(monitor) == dict.fromkeys(caches, "genuine")
    assert monitor.findings == {}
    assert monitor.state(DOMAIN) == "recovering", "other caches may have asked later than these"

    private.stop_server("evil")
    monitor.passes(1)
    monitor.time.pass_by(49 * HOUR)
    monitor.passes(1)
    assert monitor.state(DOMAIN) == "resolved"
    assert [each.kind for each in monitor.delivered].count("page") == 1
