"""Two Internets of real servers, each started once; a test finds them as they were.

`internet` is small, on loopback at one high port: for `nswatch check` as a program. `private` has the real addresses
and port 53, in a network namespace: for everything.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration import private_internet
from tests.integration.monitor import REGION, Monitor
from tests.integration.private_internet import PrivateInternet
from tests.integration.small_internet import DOMAIN, FORGED, GENUINE, PLAIN, Internet
from tests.support.knot import Knot, cut, free_port, zone
from tests.support.namespace import Namespace, NoNamespace, program
from tests.support.unbound import FakeTime, Resolvers, Unbound, libfaketime

from nswatch_cli.replay.cloud import Cloud

PACKAGES = {"knotd": "knot", "knotc": "knot", "keymgr": "knot", "unbound": "unbound", "ip": "iproute2"}


def _skip(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """Start all servers."""
    missing = [name for name in ("knotd", "knotc", "keymgr") if program(name) is None]
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


@pytest.fixture(scope="session")
def there() -> Iterator[Namespace]:
    """Enter a network of our own."""
    missing = {package for name, package in PACKAGES.items() if program(name) is None}
    missing |= {"libfaketime"} if libfaketime() is None else set()
    if missing:
        _skip(f"a private Internet needs more programs: apt-get install {' '.join(sorted(missing))}")
    with ExitStack() as stack:
        try:
            namespace = stack.enter_context(Namespace())
        except (NoNamespace, FileNotFoundError) as error:
            pytest.skip(f"no network namespace can be made here: {error}")  # what CI could do nothing about
        yield namespace


@pytest.fixture(scope="session")
def private_running(there: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateInternet]:
    """Start all authoritative servers."""
    running = PrivateInternet(there, tmp_path_factory.mktemp("private"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def private(private_running: PrivateInternet) -> Iterator[PrivateInternet]:
    """Give the private Internet, and put what a test changed back afterwards."""
    yield private_running
    private_running.restore()


@pytest.fixture
def time(tmp_path: Path) -> FakeTime:
    """Give a clock that can be put on, by which resolvers and the monitor live."""
    return FakeTime(tmp_path / "time")


@pytest.fixture
def resolvers(private: PrivateInternet, time: FakeTime, tmp_path: Path) -> Iterator[Resolvers]:
    """Give a function that starts resolvers with empty caches at the usual addresses, or at those it is given."""
    started: list[Unbound] = []

    def start(*addresses: str, validating: bool = False) -> dict[str, Unbound]:
        anchors = [private.trust_anchor] if validating else []
        wanted = addresses or private_internet.RESOLVERS
        new = {address: Unbound(private.there, tmp_path / address, address, time, anchors) for address in wanted}
        started.extend(new.values())
        for resolver in new.values():
            resolver.start()
        return new

    yield start
    for resolver in started:
        resolver.stop()


@pytest.fixture
def monitor(private: PrivateInternet, time: FakeTime) -> Iterator[Monitor]:
    """Give one region's probe and one hub, which watch nothing yet."""
    with Cloud((REGION,)) as cloud:
        yield Monitor(private.there, cloud, time)
