"""A small Internet of real name servers, started once; each test finds it as it was."""

import os
import secrets
from collections.abc import Iterator

import pytest
from tests.integration.knot import Knot, cut, free_port, program, zone
from tests.integration.small_internet import DOMAIN, FORGED, GENUINE, PLAIN, Internet


def _skip(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """Start all servers."""
    missing = [name for name in ("knotd", "knotc") if program(name) is None]
    if missing:
        _skip(f"{' and '.join(missing)} not found: apt-get install knot")
    net = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
    names = ("root", "com-a", "com-b", "org", "dns-1", "dns-2", "evil-1", "evil-2")
    at = {name: f"{net}.{number}" for number, name in enumerate(names, 1)}
    try:
        port = free_port(at.values())
    except OSError as error:
        _skip(f"no other addresses than 127.0.0.1 on loopback: {error}")
    com = {"a.gtld.com": at["com-a"], "b.gtld.com": at["com-b"]}
    org = {"a0.nic.org": at["org"]}
    com_zone = zone(
        "com.",
        com,
        *(f"{host}. IN A {address}" for host, address in com.items()),
        *cut("awsdns-50.com", {GENUINE[1]: at["dns-2"]}),
        *cut("awsdns-050.com", {FORGED[1]: at["evil-2"]}),
        *(f"{DOMAIN}. IN NS {host}." for host in GENUINE),
        *(f"{PLAIN}. IN NS {host}." for host in GENUINE),
    )
    org_zone = zone(
        "org.",
        org,
        *(f"{host}. IN A {address}" for host, address in org.items()),
        *cut("awsdns-61.org", {GENUINE[0]: at["dns-1"]}),
        *cut("awsdns-061.org", {FORGED[0]: at["evil-1"]}),
    )
    root_zone = zone(".", ["a.root"], f"a.root. IN A {at['root']}", *cut("com", com), *cut("org", org))

    def hosted(hosts: tuple[str, str], first: str, second: str) -> dict[str, str]:
        holding = {
            hosts[0].partition(".")[2] + ".": zone(
                hosts[0].partition(".")[2] + ".", [hosts[0]], f"{hosts[0]}. IN A {at[first]}"
            ),
            hosts[1].partition(".")[2] + ".": zone(
                hosts[1].partition(".")[2] + ".", [hosts[1]], f"{hosts[1]}. IN A {at[second]}"
            ),
        }
        return holding | {f"{name}.": zone(f"{name}.", hosts, ttl=300) for name in (DOMAIN, PLAIN)}

    zones = {
        "root": {".": root_zone},
        "com-a": {"com.": com_zone},
        "com-b": {"com.": com_zone},
        "org": {"org.": org_zone},
        "dns-1": hosted(GENUINE, "dns-1", "dns-2"),
        "dns-2": hosted(GENUINE, "dns-1", "dns-2"),
        "evil": hosted(FORGED, "evil-1", "evil-2"),
    }
    home = tmp_path_factory.mktemp("knot")
    servers = {
        name: Knot(
            home / name,
            [at["evil-1"], at["evil-2"]] if name == "evil" else [at[name]],
            port,
            held,
            frozenset({"com."} & held.keys()),
        )
        for name, held in zones.items()
    }
    hints = home / "hints"
    hints.write_text(f". 3600 NS a.root.\na.root. 3600 A {at['root']}\n")
    try:
        for server in servers.values():
            server.start()
        for server in servers.values():
            server.wait()
        yield Internet(servers, at, port, hints)
    finally:
        for server in servers.values():
            server.stop()


@pytest.fixture
def internet(running: Internet) -> Iterator[Internet]:
    """Give the small Internet, and put everything back in order afterwards."""
    yield running
    running.delegate(*GENUINE)
    for name in ("dns-1", "dns-2"):
        running.servers[name].set_ns(f"{DOMAIN}.", f"{DOMAIN}.", GENUINE, ttl=300)
