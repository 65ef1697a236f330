"""The probe's entry: the schedule asks for a turn, the queue delivers the shards of one."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring
from nswatch.handlers.events import shards_or_schedule

logger = Logger(service="probe")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send this region's shards for the next turn (``source: schedule``), or run those that a queue delivers.

    Returns and raises what `shards_or_schedule` does.
    """
    return shards_or_schedule(
        event, logger, lambda: wiring.schedule().fire(), lambda *message: wiring.probe().work(*message)
    )
