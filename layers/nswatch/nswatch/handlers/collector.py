"""The collector's entry: the schedule asks which shards are due, the queue delivers them."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring_collect
from nswatch.errors import InvalidEvent, NswatchError
from nswatch.sqs import read_shard

logger = Logger(service="collector")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send the shards that are due in this minute (``source: schedule``), or ask about those that a queue delivers.

    Returns what SQS expects of a partial batch. Raises InvalidEvent for an event of neither kind, and when no record
    of a batch could be done, so that Lambda counts an error (to the queue both mean the same).
    """
    if "Records" in event:
        return _run(event["Records"])
    if event.get("source") == "schedule":
        wiring_collect.collector().schedule()
        return {}
    raise InvalidEvent(f"neither 'Records' nor 'source: schedule' is in the event; its keys are {sorted(event)}")


def _run(records: list[dict[str, Any]]) -> dict[str, Any]:
    failed: list[dict[str, str]] = []
    for record in records:
        try:
            shard, turn, _ = read_shard(record["body"])
            wiring_collect.collector().work(shard, turn)
        except NswatchError:
            failed.append({"itemIdentifier": record["messageId"]})
            if len(failed) == len(records):
                raise
            logger.exception("a shard was not done", extra={"body": record["body"]})
    return {"batchItemFailures": failed}
