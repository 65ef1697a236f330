"""Small worlds for the tests of the simulated Internet, and a way to ask them without a socket."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from nswatch.model import Transport
from nswatch_cli.replay.authority import FarEnd
from nswatch_cli.replay.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
HERE, THERE = "eu-west-1", "us-east-1"

ZONE = """
$TTL 300
@ 3600 IN NS ns1.hosting.net.
@ 3600 IN NS ns2.hosting.net.
@ 900 IN SOA ns1.hosting.net. hostmaster 1 7200 900 1209600 60
@ IN A 192.0.2.10
@ IN MX 10 mail
mail IN A 192.0.2.25
www IN CNAME web
web IN A 192.0.2.80
away IN CNAME www.elsewhere.org.
*.wild IN TXT "any"
a.b IN A 192.0.2.99
part IN NS ns.part
ns.part IN A 192.0.2.53
"""


def domain(**changes: Any) -> dict[str, Any]:
    """Return the state of a domain in order, its keys replaced by ``changes``."""
    state: dict[str, Any] = {
        "zones": {"genuine": {"records": ZONE}, "forged": {"records": ZONE.replace("192.0.2.10", "203.0.113.66")}},
        "registry": registry(),
        "nameservers": {"ns1.hosting.net": "genuine", "ns2.hosting.net": "genuine"},
    }
    return state | changes


def registry(**changes: Any) -> dict[str, Any]:
    """Return what the registry says, its keys replaced by ``changes``."""
    said: dict[str, Any] = {"ns": ["ns1.hosting.net", "ns2.hosting.net"], "ns_ttl": 172800, "ds": [], "glue": {}}
    return said | {"rcode": "NOERROR", "lagging_servers": 0} | changes


def changed(state: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy of a domain's state with its registry's keys replaced."""
    later = copy.deepcopy(dict(state))
    later["registry"] |= changes
    return later


def world(*states: Mapping[str, Any], watchlist: Mapping[str, Any] | None = None, **more: Any) -> World:
    """Return a world at the first of ``states``; the others are foreseen."""
    clock = more.pop("clock", lambda: START)
    return World(
        states[0],
        regions=(HERE, THERE),
        start=START,
        clock=clock,
        foreseen=states[1:],
        watchlists=[watchlist] if watchlist else [],
        **more,
    )


def watching(*, name: str = "victim.com", **changes: Any) -> dict[str, Any]:
    """Return a state that watches one domain."""
    return {"domains": {name: domain(**changes)}}


class Asking:
    """Asks one world's servers."""

    def __init__(self, of: World) -> None:
        self.world = of
        self.far_end = FarEnd(of)

    def ask(
        self,
        server: str,
        qname: str,
        qtype: str = "NS",
        *,
        region: str = HERE,
        flags: int = 0,
        dnssec: bool = False,
        edns: int = 0,
        payload: int = 1232,
        over: Transport = Transport.UDP,
    ) -> dns.message.Message | None:
        query = dns.message.make_query(qname, qtype, use_edns=edns, payload=payload, want_dnssec=dnssec)
        query.flags = dns.flags.Flag(flags)
        wire = self.far_end.answer(region, server, query.to_wire(), over)
        if wire is None:
            return None
        answer = dns.message.from_wire(wire)
        assert query.is_response(answer)
        return answer

    def answered(self, *args: Any, **named: Any) -> dns.message.Message:
        answer = self.ask(*args, **named)
        assert answer is not None
        return answer

    def parents(self, name: str) -> list[str]:
        """Return the parent's servers' IPv4 addresses."""
        servers = self.world.servers(self.world.parent(name), HERE)
        return [next(a for a in addresses if ":" not in a) for _, addresses in servers]

    def host(self, name: str) -> str:
        return self.world.addresses(name)[0]


def values(section: list[dns.rrset.RRset], qtype: str) -> list[str]:
    """Return the RDATA of a type in a section, sorted, as it is written."""
    return sorted(r.to_text() for found in section if found.rdtype == dns.rdatatype.from_text(qtype) for r in found)
