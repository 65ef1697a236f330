"""What a pass over a domain could come to ask: a view of anything else is nobody's word any more (decision 10).

A heartbeat says of all views of a shard that they still stand. So what cannot be asked has to go: a server that the
parent retired would keep its last answer for ever. Silence is another matter: who is asked and does not answer stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nswatch.expect.matching import Expectations, canonical_address
from nswatch.expect.networks import is_origin_name, origin_name
from nswatch.expect.values import ADDRESSES
from nswatch.expect.web import site_of
from nswatch.model import Facts, Key, Result, Source, View
from nswatch.observe.servers import Parent
from nswatch.observe.task import Followed

ORIGINS = 200
"""How many origins of addresses are kept that no answer holds now: a CDN's addresses come and go, and come again."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What passes over one domain may ask, by what is expected of it and who is followed.

    ``parents`` are the addresses of all servers of its parent, or None where this pass could not be sure of them.
    """

    expectations: Expectations
    followed: Followed
    parents: frozenset[str] | None

    def gone(self, views: Mapping[Key, View]) -> list[Key]:
        """Return the keys of those of ``views`` (one region's, of this domain) that no pass would ask for any more.

        Servers are those of the hosts that are approved, followed, or delegated by a standing answer of the parent.
        """
        parents = [view for view in views.values() if view.key.source is Source.PARENT and self._is_parent(view.key)]
        hosts = self.expectations.allowed.hosts | {host for host, _ in self.followed} | _delegated(parents)
        servers = self._servers(hosts, parents, views.values())
        questions = frozenset(self.expectations.asked())
        apex_soa = (self.expectations.entry.domain, "SOA")
        resolvers = frozenset(self.expectations.entry.resolvers)
        origins = self._origins(views.values())
        site = site_of(self.expectations.entry.web)

        def may_be_asked(key: Key) -> bool:
            question = key.qname, key.qtype
            match key.source:
                case Source.PARENT:
                    return self._is_parent(key)
                case Source.AUTHORITATIVE:
                    return question in questions and key.server in servers
                case Source.RECURSIVE:
                    return question in questions and question != apex_soa and key.server in resolvers
                case Source.ITERATIVE:
                    return key.qname in (hosts if key.qtype in ADDRESSES else origins)
                case Source.WEB:
                    return site is not None and key.qname == site.host
                case _:
                    return False  # nothing else is a probe's

        return [key for key in views if not may_be_asked(key)]

    def _is_parent(self, key: Key) -> bool:
        return self.parents is None or key.server in self.parents

    def _servers(self, hosts: Iterable[str], parents: Iterable[View], views: Iterable[View]) -> frozenset[str]:
        """Return every address at which one of ``hosts`` may be asked."""
        at: dict[str, set[str]] = {host: set() for host in hosts}
        baseline = self.expectations.entry.baseline
        given = [*baseline.addresses.items(), *baseline.glue.items()]
        given += [glue for view in parents if view.facts is not None for glue in view.facts.glue]
        given += [
            (view.key.qname, view.facts.values)
            for view in views
            if view.key.source is Source.ITERATIVE and view.key.qtype in ADDRESSES and view.facts is not None
        ]
        for host, addresses in given:
            if host in at:
                at[host].update(map(canonical_address, addresses))
        for host, known in self.followed:
            if not at[host]:
                at[host].update(known)
        return frozenset(address for addresses in at.values() for address in addresses)

    def _origins(self, views: Iterable[View]) -> frozenset[str]:
        """Return the names by which it is known who announces an address that an answer holds, or lately held."""
        asked = {
            (answer.name, answer.type)
            for answer in (*self.expectations.allowed.answers, *self.expectations.allowed.planned_answers)
            if any(item.startswith("AS") for item in answer.within)
        }
        if not asked:
            return frozenset()
        kept: dict[str, View] = {}
        held: set[str] = set()
        for view in views:
            if view.key.source is Source.ITERATIVE and is_origin_name(view.key.qname):
                kept[view.key.qname] = view
            elif (view.key.qname, view.key.qtype) in asked and _answered(view.facts):
                held.update(_origin_names(view.facts))
        newest = sorted(kept, key=lambda name: (name in held, kept[name].first_seen, name), reverse=True)
        return frozenset(newest[: len(held & kept.keys()) + ORIGINS])


def reach_of(expectations: Expectations, followed: Followed, parent: Parent) -> Reach:
    """Return what may be asked of a domain whose ``parent`` a walk has found."""
    servers = (address for server in parent.servers for address in (*server.addresses, *server.ipv6))
    return Reach(expectations, followed, frozenset(servers) if parent.certain else None)


def _delegated(parents: Iterable[View]) -> frozenset[str]:
    return frozenset(
        host
        for view in parents
        if view.facts is not None and view.facts.result is Result.REFERRAL
        for host in view.facts.values
    )


def _answered(facts: Facts | None) -> bool:
    return facts is not None and facts.result is Result.ANSWER


def _origin_names(facts: Facts | None) -> Iterator[str]:
    for address in facts.values if facts is not None else ():
        yield origin_name(address)
