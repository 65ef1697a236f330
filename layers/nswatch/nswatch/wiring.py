"""Where the parts are put together, and the only place that reads the environment or the clock.

Lambda calls `schedule`, `probe` and `comparator`; replay and tests build the same parts with another clock, event loop
and network.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import nswatch
from nswatch.errors import NswatchError, StoreUnavailable
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, PlannedChange
from nswatch.expect.web import site_of
from nswatch.model import Clock, Observation, Severity, Source
from nswatch.observe.cache import WalkCache
from nswatch.observe.canary import observe_canary
from nswatch.observe.cookies import Jar
from nswatch.observe.origins import OriginMemory
from nswatch.observe.probe_pass import observe_shard
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.servers import Server
from nswatch.observe.task import DomainPass, DomainTask, Vantage
from nswatch.observe.transport import DnsTransport
from nswatch.observe.udp import Endpoint
from nswatch.observe.walk import Walker
from nswatch.probe import Observe, Probe, ShardPass, Watched
from nswatch.ranges import CurrentRanges
from nswatch.record.dynamodb import Table
from nswatch.record.dynamodb import client as dynamodb_client
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.probe_store import DynamoProbeStore
from nswatch.record.trail_store import DynamoTrail
from nswatch.respond.comparator import Comparator
from nswatch.respond.incident import Incident, Message
from nswatch.respond.look import Looker
from nswatch.respond.outbox import Outbox
from nswatch.respond.settle import Rendered, Settler, Texts
from nswatch.respond.watch import Watcher
from nswatch.schedule import Queue, Schedule
from nswatch.sqs import SqsAlarmClock, SqsQueue
from nswatch.tell.case import AskAccount
from nswatch.tell.deadman import DeadMan
from nswatch.tell.parts import as_part
from nswatch.tell.routes import sns_message
from nswatch.tell.surroundings import HubSurroundings
from nswatch.tell.surroundings import client as sqs_client
from nswatch.tell.texts import render, render_window
from nswatch.tell.topics import SnsTopics
from nswatch.tell.topics import client as sns_client
from nswatch.trail import ACCOUNT, Account, registered

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53domains import Route53DomainsClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

    from nswatch.observe.web_round import WebFar, WebPass

SHARD_SECONDS = 40.0
"""All domains of a shard are asked within this; the function's timeout leaves time to record them."""

CANARY_SECONDS = 4.0
"""The canary is asked for behind them: it must wait for nothing, and hold up nothing."""

logger = logging.getLogger(__name__)

Run = Callable[[Coroutine[Any, Any, ShardPass]], ShardPass]


class NotConfigured(NswatchError):
    """A variable that the template sets is missing or wrong."""


def now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a function is told by the template. ``hubs`` has the primary first; ``regions`` is the order of turns."""

    name: str
    region: str
    hubs: tuple[str, ...]
    regions: tuple[str, ...]
    queue_url: str = ""
    page_topic: str = ""
    notice_topic: str = ""
    dead_letters_url: str = ""
    deadman_url: str = ""
    alarm_queue_url: str = ""
    release: str = nswatch.__version__

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raise NotConfigured with every variable that is missing."""
        missing = [key for key in ("NSWATCH_NAME", "NSWATCH_HUBS", "NSWATCH_REGIONS") if not environment.get(key)]
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
        if not region:
            missing.append("AWS_REGION")
        if missing:
            raise NotConfigured(f"not set: {', '.join(missing)} (template.yaml sets them)")
        return cls(
            name=environment["NSWATCH_NAME"],
            region=region,
            hubs=_list(environment["NSWATCH_HUBS"]),
            regions=_list(environment["NSWATCH_REGIONS"]),
            queue_url=environment.get("NSWATCH_SHARD_QUEUE_URL", ""),
            page_topic=environment.get("NSWATCH_PAGE_TOPIC", ""),
            notice_topic=environment.get("NSWATCH_NOTICE_TOPIC", ""),
            dead_letters_url=environment.get("NSWATCH_DEAD_LETTERS_URL", ""),
            deadman_url=environment.get("NSWATCH_DEADMAN_URL", ""),
            alarm_queue_url=environment.get("NSWATCH_ALARM_QUEUE_URL", ""),
            release=environment.get("NSWATCH_RELEASE") or nswatch.__version__,
        )


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def run(work: Coroutine[Any, Any, ShardPass]) -> ShardPass:
    """Run a pass on an event loop of its own.

    The main task returns nothing: `asyncio.run` has its result written out as text, which takes a sixth of a pass.
    """
    made: list[ShardPass] = []

    async def keep() -> None:
        made.append(await work)

    asyncio.run(keep())
    return made[0]


class DnsObserver:
    """`nswatch.probe.Observe` over real DNS; what a walk learns is kept between passes.

    ``route`` maps an address to the socket address that is really used, ``hints`` are the root servers to start from.
    ``web`` is how web servers are reached, and whose certificates are trusted; None: as everybody does.
    """

    def __init__(
        self,
        region: str,
        regions: Sequence[str],
        clock: Clock,
        *,
        route: Callable[[str], Endpoint] = lambda address: (address, 53),
        hints: Sequence[Server] = ROOT_SERVERS,
        web: "WebFar | None" = None,
    ) -> None:
        self._region = region
        self._regions = regions
        self._clock = clock
        self._route = route
        self._hints = hints
        self._web = web
        self._cache = WalkCache(clock)
        self._origins = OriginMemory(clock)
        self._jar = Jar()

    async def __call__(
        self,
        watched: Sequence[Watched],
        pass_time: datetime,
        watchlist_version: int,
        *,
        canary: bool = False,
        short: bool = False,
    ) -> ShardPass:
        """See `nswatch.probe.Observe`."""
        place = self._regions.index(self._region)
        vantage = Vantage(self._region, place, len(self._regions), pass_time, watchlist_version, short)
        deadline = asyncio.get_running_loop().time() + SHARD_SECONDS
        async with DnsTransport(self._clock, route=self._route, jar=self._jar) as asker:
            visits = None if short else self._visits(watched, asker, vantage)
            try:
                passes = await observe_shard(
                    [_task(domain) for domain in watched],
                    asker=asker,
                    walker=Walker(asker, self._hints, self._clock, cache=self._cache),
                    vantage=vantage,
                    clock=self._clock,
                    deadline=deadline,
                    origins=self._origins,
                )
                after = asyncio.get_running_loop().time() + CANARY_SECONDS
                of_canary = await observe_canary(asker, self._hints, vantage, after) if canary else ()
                web = None if visits is None else await visits
            finally:
                if visits is not None:
                    visits.cancel()
        return ShardPass(
            observations=(
                *(observation for each in passes for observation in _with_zone(each)),
                *(() if web is None else web.observations),
            ),
            incomplete=tuple(each.domain for each in passes if not each.complete),
            canary=of_canary,
            gone={each.domain: each.gone for each in passes if each.gone is not None},
            rotates={each.domain: each.rotates for each in passes if each.rotates is not None},
            latencies={} if web is None else web.samples,
        )

    def _visits(
        self, watched: Sequence[Watched], asker: DnsTransport, vantage: Vantage
    ) -> "asyncio.Task[WebPass] | None":
        """Begin to visit the web sites; a probe of domains that have none imports nothing for it."""
        sites = [(each, site) for each in watched if (site := site_of(each.expectations.entry.web)) is not None]
        if not sites:
            return None
        from nswatch.observe.web_round import SiteTask, WebFar, visit_sites  # noqa: PLC0415 - TLS and HTTP: see above

        tasks = [
            SiteTask(entry.domain, site, entry.resolvers, each.latencies, each.latency)
            for each, site in sites
            if (entry := each.expectations.entry)
        ]
        visiting = visit_sites(tasks, asker=asker, vantage=vantage, clock=self._clock, far=self._web or WebFar())
        return asyncio.get_running_loop().create_task(visiting)


def _task(watched: Watched) -> DomainTask:
    followed: dict[str, list[str]] = {}
    for host, address in watched.followed:
        followed.setdefault(host, []).append(address)
    return DomainTask(
        expectations=watched.expectations,
        followed=tuple(followed.items()),
        record=watched.record,
        everything=watched.everything,
    )


def _with_zone(domain_pass: DomainPass) -> Iterator[Observation]:
    """Yield the observations, the parent's with the zone that its servers were asked for."""
    for observation in domain_pass.observations:
        if observation.key.source is Source.PARENT and domain_pass.parent is not None:
            yield replace(observation, facts=replace(observation.facts, zone=domain_pass.parent.zone))
        else:
            yield observation


@dataclass(frozen=True, slots=True)
class Clients:
    """How AWS is reached; replay puts an emulator and its faults here."""

    dynamodb: "Callable[[str], DynamoDBClient]" = dynamodb_client
    sns: "Callable[[str], SNSClient]" = sns_client
    sqs: "Callable[[str], SQSClient]" = sqs_client
    route53: "Callable[[str, Mapping[str, str]], Route53Client] | None" = None
    """By region and a role's session (parameters of `boto3.client`). None: `wiring_collect` has what makes them."""
    route53domains: "Callable[[str, Mapping[str, str]], Route53DomainsClient] | None" = None
    """As above."""
    sts: "Callable[[str], STSClient] | None" = None


def build_probe(
    settings: Settings,
    *,
    clock: Clock,
    observe: Observe,
    run: Run,
    aws: Callable[[], AwsRanges] | None = None,
    clients: Clients = Clients(),
) -> Probe:
    """Return the probe of ``settings.region``; ``aws`` gives AWS's ranges, where not what the hubs hold of them."""
    hubs = _probe_stores(settings, clients)
    aws = aws or CurrentRanges([hub.table for hub in hubs], settings.hubs, clock)
    return Probe(settings.region, settings.regions, hubs, observe, run, clock, aws, settings.release)


def build_schedule(settings: Settings, *, clock: Clock, queue: Queue, clients: Clients = Clients()) -> Schedule:
    """Return the schedule of ``settings.region``."""
    hubs = _probe_stores(settings, clients)
    return Schedule(settings.region, settings.regions, hubs, queue, clock, settings.release)


def _probe_stores(settings: Settings, clients: Clients) -> list[DynamoProbeStore]:
    return [DynamoProbeStore(Table(clients.dynamodb(hub), settings.name)) for hub in settings.hubs]


def build_hub(name: str, region: str, clients: Clients = Clients()) -> DynamoHubStore:
    """Return one hub's record."""
    return DynamoHubStore(Table(clients.dynamodb(region), name))


def build_comparator(
    settings: Settings,
    *,
    clock: Clock,
    aws: Callable[[], AwsRanges] | None = None,
    codes: frozenset[str] | None = None,
    clients: Clients = Clients(),
) -> Comparator:
    """Return the comparator of the hub ``settings.region``; ``codes`` limits what it judges, ``aws`` as for a probe."""
    if settings.region not in settings.hubs:
        raise NotConfigured(f"{settings.region} is not one of the hubs {', '.join(settings.hubs)} (NSWATCH_HUBS)")
    home = build_hub(settings.name, settings.region, clients)
    others = [build_hub(settings.name, hub, clients) for hub in settings.hubs if hub != settings.region]
    arns = {Severity.PAGE: settings.page_topic, Severity.NOTICE: settings.notice_topic}
    topics = SnsTopics(clients.sns(settings.region), arns)
    alarm = SqsAlarmClock(clients.sqs(settings.region), settings.alarm_queue_url) if settings.alarm_queue_url else None
    outbox = Outbox(home, others, topics, settings.hubs.index(settings.region), clock, alarm, as_part)
    aws = aws or CurrentRanges([home.table], settings.hubs, clock)
    account = account_asker(home)
    surroundings = HubSurroundings(topics, partial(clients.sqs, settings.region), settings.dead_letters_url)
    return Comparator(
        home,
        Looker(home, others, settings.regions, aws, codes),
        Settler(home, others, outbox, Texts(of_message=partial(_message_text, account), of_window=_window_text), clock),
        Watcher(home, others, settings.regions, surroundings, settings.release, clock, codes),
        outbox,
        settings.regions,
        DeadMan(settings.deadman_url).ping,
        clock,
    )


def account_asker(hub: DynamoHubStore) -> AskAccount:
    """Return what asks a hub's record what CloudTrail told."""
    return partial(_account_of, DynamoTrail(hub.table))


def _account_of(trail: DynamoTrail, entry: DomainEntry, since: datetime, until: datetime) -> Account | None:
    """Return what CloudTrail says of a domain. No message waits for it: what cannot be read is unknown."""
    zone = entry.delegation.hosted_zone
    try:
        return trail.account([registered(entry.domain), *([zone] if zone else []), ACCOUNT], since, until)
    except StoreUnavailable as error:
        logger.warning("%s: who changed it in the account is not known: %s", entry.domain, error)
        return None


def _message_text(
    ask_account: AskAccount, message: Message, incident: Incident, entry: DomainEntry | None, at: datetime
) -> Rendered:
    text = render(message, incident, entry, at, ask_account)
    return Rendered(text.subject, sns_message(text))


def _window_text(change: PlannedChange, entry: DomainEntry, at: datetime) -> Rendered:
    text = render_window(change, entry, at)
    return Rendered(text.subject, sns_message(text))


@cache
def probe() -> Probe:
    """Return this process's probe, as the environment configures it."""
    settings = Settings.from_environment(os.environ)
    observe = DnsObserver(settings.region, settings.regions, now)
    return build_probe(settings, clock=now, observe=observe, run=run)


@cache
def schedule() -> Schedule:
    """Return this process's schedule, as the environment configures it."""
    settings = Settings.from_environment(os.environ)
    queue = SqsQueue(sqs_client(settings.region), settings.queue_url, settings.dead_letters_url)
    return build_schedule(settings, clock=now, queue=queue)


@cache
def comparator() -> Comparator:
    """Return this process's comparator, as the environment configures it."""
    return build_comparator(Settings.from_environment(os.environ), clock=now)
