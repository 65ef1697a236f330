"""Where the function that hears CloudTrail is put together: beside `wiring`, so that it burdens no other cold start."""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.record.dynamodb import Table
from nswatch.record.trail_store import DynamoTrail
from nswatch.trailing import Trailing
from nswatch.wiring import Clients, Settings

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})

logger = logging.getLogger(__name__)


def call_of(route53: "Route53Client") -> None:
    """Ask for the number of hosted zones. A refusal does as well: CloudTrail tells of refused calls too."""
    try:
        route53.get_hosted_zone_count()
    except (BotoCoreError, ClientError) as error:
        logger.warning("the call by which CloudTrail is tried was not answered: %s", error)


def build_trailing(settings: Settings, clients: Clients, route53: "Route53Client | None" = None) -> Trailing:
    """Return what writes into the tables of ``settings.hubs``; without a ``route53`` it makes no call of its own."""
    hubs = [DynamoTrail(Table(clients.dynamodb(hub), settings.name)) for hub in settings.hubs]
    return Trailing(hubs, (lambda: None) if route53 is None else (lambda: call_of(route53)))


@cache
def trailing() -> Trailing:
    """Return this process's, as the environment configures it."""
    settings = Settings.from_environment(os.environ)
    route53 = boto3.client("route53", region_name=settings.region, config=CONFIG)
    return build_trailing(settings, Clients(), route53)
