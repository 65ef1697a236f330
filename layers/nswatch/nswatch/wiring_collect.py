"""Where a hub's collector is put together: beside `wiring`, so that nothing of it burdens a probe's cold start.

A slow source is added to `collect_sources`, and nowhere else.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nswatch.collect.asking import Brought
from nswatch.collect.bootstrap import Bootstrap
from nswatch.collect.caa import Caa
from nswatch.collect.candidates import Candidates
from nswatch.collect.chain import Chain
from nswatch.collect.ct import CertSpotter, CrtSh, Ct, Search
from nswatch.collect.dns import Dns
from nswatch.collect.port import Collecting
from nswatch.collect.rdap import Rdap, RdapClient
from nswatch.collect.registrar import Route53Domains
from nswatch.collect.registry_domains import RegistryDomains
from nswatch.collect.route53 import HostedZones
from nswatch.collect.route53_access import Access, domains_client, route53_client, sts_client
from nswatch.collect.trust_anchor import read_anchors
from nswatch.collector import Collector, Place, Run
from nswatch.expect.networks import AwsRanges
from nswatch.judge.lookalike import near_misses
from nswatch.model import Clock
from nswatch.observe.cache import WalkCache
from nswatch.ranges import CurrentRanges
from nswatch.record.collected import DynamoCollectStore
from nswatch.record.dynamodb import Table
from nswatch.refresh import RangesRefresh
from nswatch.schedule import Queue
from nswatch.sqs import SqsQueue
from nswatch.tell.surroundings import client as sqs_client
from nswatch.wiring import Clients, NotConfigured, Settings, now


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are that slow sources ask; a replay puts its simulated ones here. Empty: not asked.

    ``rdap_bootstrap`` is the file of RFC 9224, ``ip_ranges`` that of AWS's address ranges; ``ct`` and ``crtsh`` are the
    base URLs of the certspotter API (before ``/v1/issuances``) and of crt.sh; ``ct_token`` is a key of the former.
    """

    rdap_bootstrap: str = "https://data.iana.org/rdap/dns.json"
    ct: str = "https://api.certspotter.com"
    crtsh: str = ""
    ip_ranges: str = "https://ip-ranges.amazonaws.com/ip-ranges.json"
    ct_token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Endpoints":
        """Read what the template sets; what it does not set is as published."""
        published = cls()
        return cls(
            rdap_bootstrap=environment.get("NSWATCH_RDAP_BOOTSTRAP_URL", published.rdap_bootstrap),
            ct=environment.get("NSWATCH_CT_URL", published.ct),
            crtsh=environment.get("NSWATCH_CRTSH_URL", published.crtsh),
            ip_ranges=environment.get("NSWATCH_IP_RANGES_URL", published.ip_ranges),
            ct_token=environment.get("NSWATCH_CT_TOKEN", ""),
        )


def collect_sources(
    settings: Settings,
    dns: Dns,
    endpoints: Endpoints,
    *,
    clock: Clock,
    clients: Clients,
) -> tuple[Collecting, ...]:
    """Return the slow sources of the collector in ``settings.region``; each has a name of its own."""
    rdap = RdapClient(Bootstrap(clock, endpoints.rdap_bootstrap), clock)
    of_names: tuple[Collecting, ...] = (Rdap(rdap), Chain(dns, clock), *_of_registries(dns, rdap, clock))
    sts = clients.sts or sts_client
    zones = Access(settings.region, clock, clients.route53 or route53_client, sts)
    domains = Access(settings.region, clock, clients.route53domains or domains_client, sts)
    of_aws = (HostedZones(zones, clock), Route53Domains(domains, clock))
    return (*of_names, *_of_certificates(dns, endpoints, clock), *of_aws)


def _of_registries(dns: Dns, rdap: RdapClient, clock: Clock) -> tuple[Collecting, ...]:
    cache = WalkCache(clock)
    return (RegistryDomains(dns, rdap, clock, cache), Candidates(dns, rdap, clock, cache, near_misses))


def _of_certificates(dns: Dns, endpoints: Endpoints, clock: Clock) -> tuple[Collecting, ...]:
    searches: list[Search] = []
    if endpoints.ct:
        searches.append(CertSpotter(endpoints.ct, clock, endpoints.ct_token))
    if endpoints.crtsh:
        searches.append(CrtSh(endpoints.crtsh, clock))
    return (*(Ct(search, clock) for search in searches), Caa(dns, clock))


def build_collector(
    settings: Settings,
    *,
    clock: Clock,
    queue: Queue,
    run: Run,
    dns: Dns,
    endpoints: Endpoints,
    clients: Clients,
    aws: Callable[[], AwsRanges] | None = None,
) -> Collector:
    """Return the collector of the hub ``settings.region``; ``aws`` as for `nswatch.wiring.build_probe`."""
    if settings.region not in settings.hubs:
        raise NotConfigured(f"{settings.region} is not one of the hubs {', '.join(settings.hubs)} (NSWATCH_HUBS)")
    place = Place(settings.region, settings.hubs.index(settings.region), len(settings.hubs), settings.release)
    tables = [Table(clients.dynamodb(hub), settings.name) for hub in settings.hubs]
    hubs = [DynamoCollectStore(table) for table in tables]
    sources = collect_sources(settings, dns, endpoints, clock=clock, clients=clients)
    # Of the other collectors' items it may read none.
    aws = aws or CurrentRanges(tables, [settings.region], clock)
    ranges = None
    if endpoints.ip_ranges:
        ranges = RangesRefresh(endpoints.ip_ranges, place.region, (place.index, place.collectors), tables, clock)
    return Collector(place, hubs, sources, queue, run, clock, aws, ranges)


def run(work: Coroutine[Any, Any, Brought]) -> Brought:
    """Run a turn on an event loop of its own."""
    return asyncio.run(work)


@cache
def collector() -> Collector:
    """Return this process's collector, as the environment configures it."""
    settings = Settings.from_environment(os.environ)
    queue = SqsQueue(sqs_client(settings.region), settings.queue_url, settings.dead_letters_url)
    endpoints = Endpoints.from_environment(os.environ)
    dns = Dns(now, anchors=read_anchors(os.environ.get("NSWATCH_ROOT_ANCHORS", "")))
    return build_collector(settings, clock=now, queue=queue, run=run, dns=dns, endpoints=endpoints, clients=Clients())
