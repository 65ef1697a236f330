"""Who is subscribed to the topics: `apply` makes it what the watchlist's ``alerts`` say, in each hub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from nswatch.errors import StoreUnavailable

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


def subscribe(sns: "SNSClient", topics: Mapping[str, str], alerts: Mapping[str, Sequence[str]]) -> Subscriptions:
    """Make each topic's email and SMS subscriptions those of ``alerts`` (channel to routes like ``email:a@b``).

    ``topics`` are ARNs by channel. Repeating it changes nothing. Raises StoreUnavailable when SNS takes no call.
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
            for route in sorted(there.keys() - wanted):
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
