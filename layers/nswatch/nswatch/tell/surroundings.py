"""What a hub can be asked about itself beside its table: who is subscribed to its topics, and what was given up."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.model import Severity
from nswatch.respond.watch import Subscriptions
from nswatch.tell.topics import SnsTopics

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
_DEPTH: Literal["ApproximateNumberOfMessages"] = "ApproximateNumberOfMessages"

logger = logging.getLogger(__name__)


def client(region: str) -> "SQSClient":
    """Return a client for one region's queues with our timeouts."""
    return boto3.client("sqs", region_name=region, config=CONFIG)


def depth(sqs: "SQSClient", url: str) -> int | None:
    """Return about how many messages a queue holds; None when it cannot be asked."""
    try:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_DEPTH])
    except (BotoCoreError, ClientError) as error:
        logger.warning("%s does not say how many messages it holds: %s", url, error)
        return None
    return int(answer["Attributes"][_DEPTH])


class HubSurroundings:
    """`nswatch.respond.watch.Surroundings`; ``url`` is the dead-letter queue's, empty where there is none."""

    def __init__(self, topics: SnsTopics, sqs: "Callable[[], SQSClient]", url: str) -> None:
        self._topics = topics
        self._sqs = sqs
        self._url = url

    def dead_letters(self) -> int | None:
        """See `Surroundings`."""
        return depth(self._sqs(), self._url) if self._url else None

    def subscriptions(self, channel: Severity) -> Subscriptions | None:
        """See `Surroundings`."""
        return self._topics.subscriptions(channel)
