"""A parent that is no TLD: uk and co.uk are on the same servers."""

from tests.integration.monitor import Monitor, entry
from tests.integration.private_internet import BELOW, SEALED, PrivateInternet

from nswatch.model import Severity


def test_monitor_pages_when_the_delegation_below_co_uk_is_changed(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply(entry("example.co.uk"))
    assert monitor.passes(2) == []
    private.delegate("example.co.uk", SEALED)
    assert [each.channel for each in monitor.passes(1)] == [Severity.PAGE]
    assert "delegation_changed" in monitor.findings


def test_monitor_pages_when_only_the_glue_below_co_uk_is_changed(private: PrivateInternet, monitor: Monitor) -> None:
    host = next(iter(BELOW))
    addresses = {name: [address] for name, address in BELOW.items()}
    monitor.apply(entry("example.co.uk"), {"example.co.uk": {"glue": addresses, "addresses": addresses}})
    assert monitor.passes(2) == []
    private.set_glue(host, "45.77.24.61")
    monitor.passes(2)
    assert "glue_changed" in monitor.findings
    assert "delegation_changed" not in monitor.findings
