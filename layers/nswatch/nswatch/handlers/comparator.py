"""The comparator's entry: the table's stream brings what changed, the schedule makes sure that nothing was missed."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring
from nswatch.errors import NswatchError
from nswatch.handlers.events import neither
from nswatch.sqs import read_alarm

logger = Logger(service="comparator")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Judge the records of the table's stream, send what a queue says is due, or (``source: schedule``) do what is due.

    Returns what a stream and a queue expect of a partial batch: what is to be repeated, of a stream with all that
    follows. Raises InvalidEvent for an event of no such kind.
    """
    if any(record.get("eventSource") == "aws:sqs" for record in event.get("Records", ())):
        return _wake(event["Records"])
    if "Records" in event:
        failed = wiring.comparator().on_records(event["Records"])
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
    if event.get("source") == "schedule":
        wiring.comparator().on_schedule()
        return {}
    raise neither("Records", event)


def _wake(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Send the messages whose time has come; one that fails stays owed, and the next round sends it."""
    for record in records:
        group, message = read_alarm(record["body"])
        try:
            wiring.comparator().wake(group, message)
        except NswatchError:
            logger.exception("a message was not sent; it stays owed", extra={"body": record["body"]})
    return {"batchItemFailures": []}
