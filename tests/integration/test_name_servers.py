"""Name servers that do not serve, and one that has IPv6 alone."""

import pytest
from tests.integration import inside
from tests.integration.monitor import Monitor, entry, results
from tests.integration.private_internet import LAME, NO_IPV6, SIX, PrivateInternet

from nswatch.model import Result, Severity, Source, Transport


def test_probe_tells_refusing_absent_and_silent_servers_apart_when_one_answers(
    private: PrivateInternet, monitor: Monitor
) -> None:
    private.pause("silent")
    monitor.apply(entry("lame.com"))
    told = monitor.passes(2)
    views = monitor.views(Source.AUTHORITATIVE, "lame.com", "SOA")
    assert [views[address].result for address in LAME.values()] == [
        Result.ANSWER,
        Result.REFUSED,
        Result.UNREACHABLE,
        Result.TIMEOUT,
    ]
    assert monitor.findings.keys() == {"nameserver_lame"}, "as long as one answers, none is missed"
    assert {each.channel for each in told} == {Severity.NOTICE}


def test_probe_asks_over_ipv6_when_a_name_server_has_nothing_else(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply(entry("six.com"))
    assert monitor.passes(2) == []
    views = monitor.views(Source.AUTHORITATIVE, "six.com", "SOA")
    assert results(views) == dict.fromkeys(SIX.values(), (Result.ANSWER, Transport.UDP))
    assert monitor.findings == {}


@pytest.mark.parametrize(("off", "on"), NO_IPV6.values(), ids=NO_IPV6)
def test_probe_says_nothing_of_ipv6_servers_when_there_is_no_ipv6_here(
    private: PrivateInternet, monitor: Monitor, off: str, on: str
) -> None:
    private.shell(off, on)
    assert not private.there.run(inside.ipv6_works)
    monitor.apply(entry("six.com"))
    assert monitor.passes(2) == []
    views = monitor.views(Source.AUTHORITATIVE, "six.com", "SOA")
    assert views.keys() - {SIX["ns2.six.com"]} == {SIX["ns1.six.com"]}
    assert all(view.result is Result.UNREACHABLE for address, view in views.items() if ":" in address)
    assert monitor.findings == {}


def test_probe_calls_no_server_unreachable_when_all_have_ipv6_alone_and_there_is_none_here(
    private: PrivateInternet, monitor: Monitor
) -> None:
    monitor.apply({"six.com": {"delegation": {"ns": ["ns2.six.com"]}, "resolvers": []}})
    private.delegate("six.com", ["ns2.six.com"])
    private.set_apex("six.com", ["ns2.six.com"])
    assert monitor.passes(2) == []
    assert results(monitor.views(Source.AUTHORITATIVE, "six.com", "NS")).keys() == {SIX["ns2.six.com"]}
    private.shell(*NO_IPV6["without-a-route"])
    assert monitor.passes(2) == []
    assert monitor.findings == {}


def test_monitor_pages_when_the_only_server_refuses(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply({"lame.com": {"delegation": {"ns": ["ns2.lame.com"]}, "resolvers": []}})
    private.delegate("lame.com", ["ns2.lame.com"])
    told = monitor.passes(2)
    assert [each.channel for each in told][-1] is Severity.PAGE
    assert monitor.findings.keys() == {"nameserver_lame"}


def test_monitor_pages_when_all_servers_have_gone(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply(entry("example.co.uk"))
    assert monitor.passes(2) == []
    private.stop_server("below")
    told = monitor.passes(2)
    assert [each.channel for each in told][-1] is Severity.PAGE
    assert monitor.findings.keys() == {"nameservers_unreachable"}
