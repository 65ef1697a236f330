"""Our own validation over real servers: zones that knot signs, from a root of our own down."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from tests.support.knot import Knot, cut, free_port, zone
from tests.support.namespace import program

from nswatch.collect.chain_answers import Trust
from nswatch.collect.chain_walk import Chains, Kept, Verdict
from nswatch.collect.dns import Dns
from nswatch.collect.trust_anchor import Ds
from nswatch.observe.servers import Server

DATA = ("@ 300 IN A 192.0.2.1", "@ 300 IN MX 10 mail", "mail 300 IN A 192.0.2.2", "*.any 300 IN TXT any")
ASKED = (("", "SOA"), ("", "NS"), ("", "MX"), ("", "A"), ("x.y.any.", "TXT"), ("mail.", "AAAA"), ("no.", "A"))


def ds_of(line: str) -> Ds:
    return Ds.read(line.partition(" DS ")[2])


@dataclass
class Signed:
    """The running servers: the root, ``com`` (NSEC3 with opt-out), ``test`` (NSEC), and ``own`` for domains below."""

    servers: dict[str, Knot]
    root: str
    port: int

    def chain(self, *domains: str) -> list[Verdict]:
        """Validate domains in one round."""
        dns = Dns(
            lambda: datetime.now(UTC),
            lambda address: (address, self.port),
            (Server("a.root", (self.root,)),),
            (ds_of(self.servers["root"].ds(".")),),
        )

        async def work() -> list[Verdict]:
            deadline = asyncio.get_running_loop().time() + 10
            async with dns.asker() as asker:
                chains = Chains(asker, dns.walker(asker), dns.anchors, dns.clock, Kept(dns.clock), deadline)
                try:
                    return [
                        await chains.of(domain, [(f"{prefix}{domain}", qtype) for prefix, qtype in ASKED], deadline)
                        for domain in domains
                    ]
                finally:
                    await chains.aclose()

        return asyncio.run(work())

    def set_ds(self, domain: str, *data: str) -> None:
        """Have the parent give other DS records."""
        tld = domain.partition(".")[2]
        self.servers[tld].set_records(f"{tld}.", f"{domain}.", "DS", data)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    if any(program(name) is None for name in ("knotd", "knotc", "keymgr")):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("knotd not found: apt-get install knot")
    net = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
    at = {name: f"{net}.{number}" for number, name in enumerate(("root", "com", "test", "own", "own-2"), 1)}
    port = free_port(at.values())
    home = tmp_path_factory.mktemp("signed")
    domains = ("sealed.com", "plain.com", "sealed.test", "plain.test", "rolled.com")
    hosts = {name: {f"ns1.{name}": at["own"], f"ns2.{name}": at["own-2"]} for name in domains}

    def knot(name: str, zones: dict[str, str], signed: set[str], *addresses: str, nsec3: str = "on") -> Knot:
        made = Knot(home / name, addresses or [at[name]], port, zones, frozenset(signed), nsec3=nsec3)
        made.write()
        made.make_keys()
        return made

    own_zones = {
        f"{name}.": zone(
            f"{name}.", hosts[name], *(f"{h}. IN A {a}" for h, a in hosts[name].items()), *DATA, mname=f"ns1.{name}"
        )
        for name in domains
    }
    own = knot(
        "own", own_zones, {f"{name}." for name in domains if not name.startswith("plain")}, at["own"], at["own-2"]
    )
    servers = {"own": own}
    for tld, nsec3 in (("com", "on"), ("test", "off")):
        below = [name for name in domains if name.endswith(f".{tld}")]
        lines = [line for name in below for line in cut(name, hosts[name])]
        lines += [own.ds(f"{name}.") for name in below if f"{name}." in own.signed]
        text = zone(f"{tld}.", [f"ns.{tld}"], f"ns.{tld}. IN A {at[tld]}", *lines)
        servers[tld] = knot(tld, {f"{tld}.": text}, {f"{tld}."}, nsec3=nsec3)
    tlds = [line for tld in ("com", "test") for line in (*cut(tld, {f"ns.{tld}": at[tld]}), servers[tld].ds(f"{tld}."))]
    root = zone(".", ["a.root"], f"a.root. IN A {at['root']}", *tlds)
    servers["root"] = knot("root", {".": root}, {"."}, nsec3="off")
    try:
        for server in servers.values():
            server.start()
        for server in servers.values():
            server.wait()
        yield Signed(servers, at["root"], port)
    finally:
        for server in servers.values():
            server.stop()


def test_chain_validates_what_knot_signs_and_denies(running: Signed) -> None:
    sealed_com, sealed_test, plain_com, plain_test = running.chain(
        "sealed.com", "sealed.test", "plain.com", "plain.test"
    )
    for found, domain in ((sealed_com, "sealed.com"), (sealed_test, "sealed.test")):
        assert (found.trust, found.reason) == (Trust.SECURE, "")
        assert found.keys is not None
        assert str(ds_of(running.servers["own"].ds(f"{domain}."))) in found.keys.as_ds()
    for found, domain in ((plain_com, "plain.com"), (plain_test, "plain.test")):
        assert (found.trust, found.zone) == (Trust.INSECURE, domain)


def test_chain_is_bogus_when_the_parent_has_the_ds_of_another_key(running: Signed) -> None:
    right = running.servers["own"].ds("sealed.test.").partition(" DS ")[2]
    running.set_ds("sealed.com", right)
    try:
        (found,) = running.chain("sealed.com")
    finally:
        running.set_ds("sealed.com", running.servers["own"].ds("sealed.com.").partition(" DS ")[2])
    assert (found.trust, found.zone) == (Trust.BOGUS, "sealed.com")
    assert running.chain("sealed.com")[0].trust is Trust.SECURE


def test_tlds_break_alone_when_the_root_has_another_key_for_one(running: Signed) -> None:
    root, com, test = (running.servers[name] for name in ("root", "com", "test"))
    root.set_records(".", "com.", "DS", [test.ds("test.").partition(" DS ")[2]])
    try:
        found = running.chain("sealed.com", "plain.com", "sealed.test")
    finally:
        root.set_records(".", "com.", "DS", [com.ds("com.").partition(" DS ")[2]])
    assert [(each.trust, each.zone) for each in found[:2]] == [(Trust.BOGUS, "com")] * 2
    assert found[2].trust is Trust.SECURE


def test_keys_are_seen_beside_one_another_when_knot_rolls_one_by_double_signature(running: Signed) -> None:
    own = running.servers["own"]
    (before,) = running.chain("rolled.com")
    old = own.ds("rolled.com.").partition(" DS ")[2]
    own.make_key("rolled.com.")
    own.control("zone-keys-load", "rolled.com.")
    own.control("-b", "zone-sign", "rolled.com.")
    (both,) = running.chain("rolled.com")
    assert before.keys is not None
    assert both.keys is not None
    assert set(before.keys.as_ds()) < set(both.keys.as_ds())
    assert [str(ds) for ds in both.ds] == [str(Ds.read(old))]
    new = next(ds for ds in both.keys.as_ds() if ds.split()[2] == "2" and ds not in before.keys.as_ds())
    running.set_ds("rolled.com", new)
    (after,) = running.chain("rolled.com")
    assert (after.trust, [str(ds) for ds in after.ds]) == (Trust.SECURE, [new])
