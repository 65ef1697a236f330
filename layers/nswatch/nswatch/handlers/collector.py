"""The collector's entry: the schedule asks which shards are due, the queue delivers them."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring_collect
from nswatch.handlers.events import shards_or_schedule

logger = Logger(service="collector")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send the shards that are due in this minute (``source: schedule``), or ask about those that a queue delivers.

    Returns and raises what `shards_or_schedule` does.
    """
    return shards_or_schedule(
        event,
        logger,
        lambda: wiring_collect.collector().schedule(),
        lambda shard, turn, _only: wiring_collect.collector().work(shard, turn),
    )
