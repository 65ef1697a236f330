"""The hub's SNS topics."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from nswatch.errors import DeliveryFailed
from nswatch.model import Severity
from nswatch.respond.watch import Subscriptions

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
"""One attempt: SNS may have taken what it does not answer, so that the outbox alone says when to send again."""


def client(region: str) -> "SNSClient":
    """Return a client for one region with our timeouts."""
    return boto3.client("sns", region_name=region, config=CONFIG)


class SnsTopics:
    """Publishes to the topic of a channel; ``arns`` holds the page and the notice topic (empty: there is none)."""

    def __init__(self, sns: "SNSClient", arns: Mapping[Severity, str]) -> None:
        self._sns = sns
        self._arns = arns

    def publish(self, channel: Severity, subject: str, body: str, attributes: Mapping[str, str]) -> str:
        """Publish a body of texts by protocol, and return the topic's message id. Raises DeliveryFailed.

        ``attributes`` go with the message, for subscribers that filter.
        """
        try:
            answer = self._sns.publish(
                TopicArn=self._arns[channel],
                Subject=subject,
                Message=body,
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            text = f"the {channel} topic did not take the message: {error}"
            raise DeliveryFailed(text, perhaps_sent=status >= HTTPStatus.INTERNAL_SERVER_ERROR) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise DeliveryFailed(f"the {channel} topic cannot be reached: {error}") from error
        except BotoCoreError as error:
            text = f"the {channel} topic does not say whether it took the message: {error}"
            raise DeliveryFailed(text, perhaps_sent=True) from error
        return answer["MessageId"]

    def subscriptions(self, channel: Severity) -> Subscriptions | None:
        """Return who is subscribed to the topic of a channel; None where this hub is to have none.

        To a topic that somebody deleted nobody is. Raises DeliveryFailed when SNS takes no call.
        """
        arn = self._arns.get(channel, "")
        if not arn:
            return None
        try:
            counts = self._sns.get_topic_attributes(TopicArn=arn)["Attributes"]
            pages = self._sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
            routes = frozenset(
                f"{row['Protocol']}:{row['Endpoint']}"
                for page in pages
                for row in page["Subscriptions"]
                if row["SubscriptionArn"].startswith("arn:")
            )
        except self._sns.exceptions.NotFoundException:
            return Subscriptions(0, 0, frozenset())
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(f"the {channel} topic does not say who is subscribed: {error}") from error
        return Subscriptions(int(counts["SubscriptionsConfirmed"]), int(counts["SubscriptionsPending"]), routes)
