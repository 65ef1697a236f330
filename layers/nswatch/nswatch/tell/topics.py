"""The hub's SNS topics."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.errors import DeliveryFailed
from nswatch.model import Severity

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


def client(region: str) -> "SNSClient":
    """Return a client for one region with our timeouts."""
    return boto3.client("sns", region_name=region, config=CONFIG)


class SnsTopics:
    """Publishes to the topic of a channel; ``arns`` holds the page and the notice topic."""

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
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(f"the {channel} topic did not take the message: {error}") from error
        return answer["MessageId"]
