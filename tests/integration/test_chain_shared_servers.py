"""Our own validation where one server holds a zone, what is above it and what is below it, as those of uk do."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.support.knot import Knot, addresses_of, cut, free_port, zone
from tests.support.namespace import program

from nswatch.collect.chain_answers import Trust
from nswatch.collect.chain_walk import Chains, Kept, Verdict
from nswatch.collect.dns import Dns
from nswatch.collect.trust_anchor import Ds
from nswatch.observe.servers import Server

SIGNED = ("uk.", "co.uk.", "sealed.co.uk.", "pay.sealed.co.uk.")
PARENTS = {"co.uk.": "uk.", "sealed.co.uk.": "co.uk.", "pay.sealed.co.uk.": "sealed.co.uk."}
DATA = ("@ 300 IN A 192.0.2.1", "www 300 IN A 192.0.2.2", "*.any 300 IN TXT any", "a.b.c 300 IN A 192.0.2.3")
ASKED = [
    ("", "SOA"),
    ("", "NS"),
    ("", "MX"),
    ("www.", "A"),
    ("no.", "A"),
    ("x.any.", "TXT"),
    ("b.c.", "A"),
    ("to-pay.", "A"),
    ("to-plain.", "A"),
    ("d.e.", "TXT"),
    ("www.pay.", "A"),
]


def ds_of(line: str) -> Ds:
    return Ds.read(line.partition(" DS ")[2])


class Shared:
    """The root, and one server at two addresses for everything below it."""

    def __init__(self, root: Knot, below: Knot, at: str) -> None:
        self.root, self.below, self.at = root, below, at

    def chain(self, domain: str) -> Verdict:
        """Validate a domain and what its servers answer."""
        dns = Dns(
            lambda: datetime.now(UTC),
            lambda address: (address, self.root.port),
            (Server("a.root", (self.at,)),),
            (ds_of(self.root.ds(".")),),
        )

        async def work() -> Verdict:
            deadline = asyncio.get_running_loop().time() + 10
            async with dns.asker() as asker:
                chains = Chains(asker, dns.walker(asker), dns.anchors, dns.clock, Kept(dns.clock), deadline)
                try:
                    return await chains.of(domain, [(f"{before}{domain}", qtype) for before, qtype in ASKED], deadline)
                finally:
                    await chains.aclose()

        return asyncio.run(work())


@pytest.fixture(scope="module", params=["on", "off"], ids=["NSEC3 with opt-out", "NSEC"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    if any(program(name) is None for name in ("knotd", "knotc", "keymgr")):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("knotd not found: apt-get install knot")
    net = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
    at, hosts = f"{net}.1", {"ns1.nic.uk": f"{net}.2", "ns2.nic.uk": f"{net}.3"}
    home, port = tmp_path_factory.mktemp("shared"), free_port([at, *hosts.values()])
    unglued: dict[str, list[str]] = {host: [] for host in hosts}
    lines: dict[str, list[str]] = {
        "uk.": [*addresses_of(hosts), *cut("co.uk", unglued)],
        "co.uk.": [line for name in ("sealed", "plain") for line in cut(f"{name}.co.uk", unglued)],
        "sealed.co.uk.": [
            *DATA,
            *(line for name in ("pay", "plain", "f.d.e") for line in cut(f"{name}.sealed.co.uk", unglued)),
            "to-pay 300 IN CNAME www.pay",
            "to-plain 300 IN CNAME www.plain",
        ],
        "pay.sealed.co.uk.": [*DATA],
        "plain.sealed.co.uk.": [*DATA],
        "plain.co.uk.": [*DATA],
    }
    below = Knot(home / "below", hosts.values(), port, {}, frozenset(SIGNED), nsec3=request.param)
    below.zones = {name: zone(name, hosts, *said) for name, said in lines.items()}
    below.write()
    below.make_keys()
    for child, parent in PARENTS.items():
        lines[parent] = [*lines[parent], below.ds(child)]
    below.zones = {name: zone(name, hosts, *said) for name, said in lines.items()}
    below.write()
    top = [f"a.root. IN A {at}", *cut("uk", hosts), below.ds("uk.")]
    root = Knot(home / "root", [at], port, {".": zone(".", ["a.root"], *top)}, frozenset({"."}), nsec3="off")
    root.write()
    root.make_keys()
    try:
        for server in (root, below):
            server.start()
        for server in (root, below):
            server.wait()
        yield Shared(root, below, at)
    finally:
        for server in (root, below):
            server.stop()


@pytest.mark.parametrize("domain", ["sealed.co.uk", "pay.sealed.co.uk"])
def test_chain_is_secure_when_one_server_holds_every_zone_on_the_way(running: Shared, domain: str) -> None:
    found = running.chain(domain)
    assert (found.trust, found.reason) == (Trust.SECURE, "")


@pytest.mark.parametrize("domain", ["plain.co.uk", "plain.sealed.co.uk"])
def test_chain_is_insecure_when_the_parent_on_the_same_server_has_no_ds(running: Shared, domain: str) -> None:
    found = running.chain(domain)
    assert (found.trust, found.zone) == (Trust.INSECURE, domain)


def test_chain_breaks_where_the_ds_is_another_zones_on_the_same_server(running: Shared) -> None:
    right, other = (running.below.ds(f"{name}.").partition(" DS ")[2] for name in ("sealed.co.uk", "pay.sealed.co.uk"))
    running.below.set_records("co.uk.", "sealed.co.uk.", "DS", [other])
    try:
        found = running.chain("pay.sealed.co.uk")
    finally:
        running.below.set_records("co.uk.", "sealed.co.uk.", "DS", [right])
    assert (found.trust, found.zone) == (Trust.BOGUS, "sealed.co.uk")
