"""Who is subscribed to the topics: `apply` makes it what the watchlist's ``alerts`` say, in each hub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.errors import StoreUnavailable
from nswatch.model import Severity
from nswatch_cli.hubs import caller

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

PENDING = "PendingConfirmation"
OURS = frozenset({"email", "sms"})
"""Protocols that the watchlist can name; any other subscription is somebody else's and left alone."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What was done in one hub: routes made, ended, and those that their owner has not confirmed yet."""

    made: tuple[str, ...]
    ended: tuple[str, ...]
    unconfirmed: tuple[str, ...]


def subscribe_hub(name: str, hub: str, alerts: Mapping[str, Sequence[str]], *, ending: bool = True) -> bool:
    """Subscribe routes to one hub's topics as `subscribe` does, and say what is open; False when SNS takes no call."""
    account = caller([hub]).split(":")[4]
    partition = boto3.session.Session().get_partition_for_region(hub)
    topics = {
        channel.value: f"arn:{partition}:sns:{hub}:{account}:{name}-{channel}"
        for channel in (Severity.PAGE, Severity.NOTICE)
    }
    try:
        done = subscribe(boto3.client("sns", region_name=hub), topics, alerts, ending=ending)
    except StoreUnavailable as error:
        click.echo(f"{hub}: {error}", err=True)
        return False
    for word, routes in (("subscribed", done.made), ("ended", done.ended), ("not confirmed yet", done.unconfirmed)):
        for route in routes:
            click.echo(f"{hub}: {word}: {route}")
    return True


def subscribe(
    sns: "SNSClient", topics: Mapping[str, str], alerts: Mapping[str, Sequence[str]], *, ending: bool = True
) -> Subscriptions:
    """Make each topic's email and SMS subscriptions those of ``alerts`` (channel to routes like ``email:a@b``).

    ``topics`` are ARNs by channel. Without ``ending``, those that ``alerts`` does not name stay. Repeating it changes
    nothing. Raises StoreUnavailable when SNS takes no call.
    """
    made, ended, unconfirmed = [], [], []
    try:
        for channel, topic in topics.items():
            wanted = set(alerts.get(channel, ()))
            there = _there(sns, topic)
            for route in sorted(wanted - there.keys()):
                protocol, _, endpoint = route.partition(":")
                sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
                made.append(f"{channel} {route}")
            for route in sorted(there.keys() - wanted if ending else ()):
                if there[route] != PENDING:  # what nobody confirmed ends by itself after three days
                    sns.unsubscribe(SubscriptionArn=there[route])
                    ended.append(f"{channel} {route}")
            now = _there(sns, topic)
            unconfirmed += [f"{channel} {route}" for route in sorted(wanted) if now.get(route) == PENDING]
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailable(f"subscriptions in {sns.meta.region_name}: {error}") from error
    return Subscriptions(tuple(made), tuple(ended), tuple(unconfirmed))


def _there(sns: "SNSClient", topic: str) -> dict[str, str]:
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return {
        f"{row['Protocol']}:{row['Endpoint']}": row["SubscriptionArn"]
        for page in pages
        for row in page["Subscriptions"]
        if row["Protocol"] in OURS
    }
