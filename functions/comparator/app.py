"""The comparator's entry: the table's stream brings what changed, the schedule makes sure that nothing was missed."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring
from nswatch.errors import InvalidEvent

logger = Logger(service="comparator")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Judge the records of the table's stream, or (``source: schedule``) what is due.

    Returns what a stream expects of a partial batch: the sequence numbers from which on it is to be repeated. Raises
    InvalidEvent for an event of neither kind.
    """
    if "Records" in event:
        failed = wiring.comparator().on_records(event["Records"])
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
    if event.get("source") == "schedule":
        wiring.comparator().on_schedule()
        return {}
    raise InvalidEvent(f"neither 'Records' nor 'source: schedule' is in the event; its keys are {sorted(event)}")
