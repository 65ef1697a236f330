"""One region's probe and one hub, over the private Internet: all of it is the product's, but for AWS's far end."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.integration import inside
from tests.integration.private_internet import HOSTS
from tests.support.namespace import Namespace
from tests.support.unbound import FakeTime

from nswatch.model import Observation, Result, Severity, Source, Transport, View
from nswatch.probe import ShardPass, Watched
from nswatch.record.apply import put_in_force
from nswatch.record.port import OpenFinding
from nswatch.respond.fold import fold
from nswatch.wiring import build_comparator, build_hub, build_probe
from nswatch_cli.replay.cloud import NAME, Cloud, Delivery
from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.load import read_watchlist

REGION = "eu-west-1"
MINUTE = timedelta(minutes=1)
MX = {"name": "@", "type": "MX", "values": ["10 mx1.mail.org."]}
"""What most domains of the private Internet give."""
CONTENT_CODES = frozenset(
    {"mx_changed", "soa_changed", "txt_changed", "answer_missing", "delegation_changed", "resolvers_disagree"}
)


class Monitor:
    """Watches what it is told to by `apply`; `passes` makes passes, a minute apart, and judges each."""

    def __init__(self, there: Namespace, cloud: Cloud, time: FakeTime) -> None:
        self.time = time
        self.delivered: list[Delivery] = []
        self.observations: tuple[Observation, ...] = ()
        """What the last pass saw."""
        self._domains: tuple[str, ...] = ()
        self._name = secrets.token_hex(4)
        self._there = there
        self._cloud = cloud
        self._version = 0
        settings = cloud.settings(REGION, [REGION])
        self.store = build_hub(NAME, REGION, cloud.clients)
        self._comparator = build_comparator(settings, clock=time.now, clients=cloud.clients)
        self._probe = build_probe(
            settings, clock=time.now, observe=self._observe, run=asyncio.run, clients=cloud.clients
        )

    def apply(self, domains: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]] = {}) -> None:
        """Put a watchlist into force: entries as in the file, and baselines in canonical form."""
        entries = canonical(read_watchlist({"version": 1, "domains": dict(domains)}))
        for domain, baseline in baselines.items():
            entries[domain] |= {"baseline": baseline}
        self._version += 1
        self._domains = tuple(entries)
        put_in_force(self.store, entries, {}, "test", self.time.now(), self._version)

    async def _observe(
        self, watched: Sequence[Watched], pass_time: datetime, watchlist_version: int, **_: bool
    ) -> ShardPass:
        clock = self.time.ahead
        seen = self._there.run(inside.observe, self._name, REGION, clock, watched, pass_time, watchlist_version)
        self.observations = seen.observations
        return seen

    def passes(self, number: int = 1) -> list[Delivery]:
        """Make passes; return what was told meanwhile."""
        before = len(self.delivered)
        for _ in range(number):
            self.time.pass_by(MINUTE)
            assert self._probe.work(0, self.time.now().replace(microsecond=0))
            self._judge()
        return self.delivered[before:]

    def _judge(self) -> None:
        if records := self._cloud.records(REGION):
            assert self._comparator.on_records(records) == []
        self._comparator.on_schedule()
        self.delivered += self._cloud.deliveries(REGION)

    def views(self, source: Source, qname: str, qtype: str) -> dict[str, View]:
        """Return what the record holds now of one RRset (or delegation) from one kind of source, by server."""
        domain = next(name for name in self._domains if f".{qname}".endswith(f".{name}"))
        views = self.store.seen(domain, 0, [REGION], self.time.now()).views
        named = (source, qname, qtype)
        return {view.key.server: view for view in views if (view.key.source, view.key.qname, view.key.qtype) == named}

    @property
    def findings(self) -> dict[str, OpenFinding]:
        """What stands, by code."""
        return {row.code: row for severity in Severity for row in self.store.open_findings(severity)}

    def state(self, domain: str) -> str:
        """Return the state of a domain's newest incident; empty when it never had one."""
        return self.store.head(domain).state

    def residual(self, domain: str) -> set[str]:
        """Return the codes of what only caches hold, and a domain's newest incident knows."""
        incident = fold(self.store.events(domain, self.store.head(domain).episode))
        standing = incident.causes.values() if incident is not None else ()
        return {finding.code for cause in standing for finding in cause.residual}


def entry(domain: str, *answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a domain's part of a watchlist; no resolver is asked unless some are given."""
    resolvers = list(more.pop("resolvers", ()))
    hosts = list(HOSTS[domain])
    delegation = {"ns": hosts, "soa_mname": hosts[0], **more}
    return {domain: {"delegation": delegation, "answers": list(answers), "resolvers": resolvers}}


def results(views: Mapping[str, View]) -> dict[str, tuple[Result, Transport]]:
    """Return how each server's latest answer ended, and what carried the last one that said something."""
    return {server: (view.result, view.transport) for server, view in views.items()}


def values(views: Mapping[str, View]) -> dict[str, tuple[str, ...]]:
    """Return the data that each server gives."""
    return {server: view.facts.values for server, view in views.items() if view.facts is not None}
