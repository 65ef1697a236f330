"""What UDP cannot carry: servers and answers that are to be had over TCP alone."""

import pytest
from tests.integration.monitor import CONTENT_CODES, MX, Monitor, entry, results, values
from tests.integration.private_internet import LONG, TCP, PrivateInternet
from tests.support.namespace import program
from tests.support.unbound import Resolvers

from nswatch.model import Result, Severity, Source, Transport


def test_probe_asks_over_tcp_when_a_server_truncates_every_answer(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply(entry("tcp.com", MX))
    assert monitor.passes(3) == []
    views = monitor.views(Source.AUTHORITATIVE, "tcp.com", "MX")
    assert results(views) == {
        TCP["ns1.tcp.com"]: (Result.ANSWER, Transport.TCP),
        TCP["ns2.tcp.com"]: (Result.ANSWER, Transport.UDP),
    }


def test_probe_reads_the_whole_rrset_when_it_is_too_large_for_udp(
    private: PrivateInternet, monitor: Monitor, resolvers: Resolvers
) -> None:
    txt = {"name": "@", "type": "TXT", "values": LONG}
    monitor.apply(entry("tcp.com", txt, resolvers=resolvers("1.1.1.1")))
    assert monitor.passes(3) == []
    whole = tuple(sorted(LONG))
    views = monitor.views(Source.AUTHORITATIVE, "tcp.com", "TXT") | monitor.views(Source.RECURSIVE, "tcp.com", "TXT")
    assert results(views) == dict.fromkeys([*TCP.values(), "1.1.1.1"], (Result.ANSWER, Transport.TCP))
    assert set(values(views).values()) == {whole}
    assert monitor.findings == {}


def test_monitor_tells_one_changed_string_when_the_rrset_is_too_large_for_udp(
    private: PrivateInternet, monitor: Monitor
) -> None:
    txt = {"name": "@", "type": "TXT", "values": [*LONG[:-1], "another"]}
    monitor.apply(entry("tcp.com", txt))
    assert [each.channel for each in monitor.passes(2)] == [Severity.NOTICE]
    assert monitor.findings.keys() == {"txt_changed"}


@pytest.mark.skipif(program("nft") is None, reason="dropping packets needs nft: apt-get install nftables")
def test_probe_calls_a_server_silent_when_its_udp_is_dropped(private: PrivateInternet, monitor: Monitor) -> None:
    dropped = TCP["ns2.tcp.com"]
    private.shell(
        "nft 'add table ip drops; add chain ip drops in { type filter hook input priority 0; };"
        f" add rule ip drops in ip daddr {dropped} udp dport 53 drop'",
        "nft delete table ip drops",
    )
    monitor.apply(entry("tcp.com", MX))
    assert monitor.passes(1) == []
    assert results(monitor.views(Source.AUTHORITATIVE, "tcp.com", "SOA")) == {
        TCP["ns1.tcp.com"]: (Result.ANSWER, Transport.TCP),
        dropped: (Result.TIMEOUT, Transport.UDP),
    }
    assert not CONTENT_CODES & monitor.findings.keys()
