"""Where the function that hears CloudTrail is put together: beside `wiring`, so that it burdens no other cold start."""

import logging
import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.record.dynamodb import Table
from nswatch.record.trail_store import DynamoTrail
from nswatch.tell.surroundings import depth
from nswatch.trailing import Trailing
from nswatch.wiring import Clients, Settings, now

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53domains import Route53DomainsClient

CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})

logger = logging.getLogger(__name__)


def call_of(route53: "Route53Client", domains: "Route53DomainsClient") -> None:
    """Ask each service something that only reads. A refusal does as well: CloudTrail tells of refused calls too."""
    for ask in (route53.get_hosted_zone_count, partial(domains.list_operations, MaxItems=1)):
        try:
            ask()
        except (BotoCoreError, ClientError) as error:
            logger.warning("a call by which CloudTrail is tried was not answered: %s", error)


def build_trailing(settings: Settings, clients: Clients, call: Callable[[], None] = lambda: None) -> Trailing:
    """Return what writes into the tables of ``settings.hubs``; ``call`` is the call of its own that comes back."""
    hubs = [DynamoTrail(Table(clients.dynamodb(hub), settings.name)) for hub in settings.hubs]
    return Trailing(settings.region, hubs, call, partial(_letters, settings, clients), now)


def _letters(settings: Settings, clients: Clients) -> int | None:
    """Return how many calls were given up here."""
    url = settings.dead_letters_url
    return depth(clients.sqs(settings.region), url) if url else None


@cache
def trailing() -> Trailing:
    """Return this process's, as the environment configures it."""
    settings = Settings.from_environment(os.environ)
    route53 = boto3.client("route53", region_name=settings.region, config=CONFIG)
    domains = boto3.client("route53domains", region_name=settings.region, config=CONFIG)
    return build_trailing(settings, Clients(), partial(call_of, route53, domains))
