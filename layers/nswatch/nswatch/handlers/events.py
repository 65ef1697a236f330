"""What handlers have in common: an event of the schedule, or shards that a queue delivers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from nswatch.errors import InvalidEvent, NswatchError
from nswatch.sqs import read_shard

Work = Callable[[int, datetime, str], object]
"""What is done about (shard, turn, only), as of `read_shard`."""


def shards_or_schedule(
    event: Mapping[str, Any], logger: Logger, schedule: Callable[[], object], work: Work
) -> dict[str, Any]:
    """Do what the schedule asks for, or ``work`` on each shard that a queue delivers; what fails is logged.

    Returns what SQS expects of a partial batch. Raises InvalidEvent for an event of neither kind, and when no record
    of a batch could be done, so that Lambda counts an error (to the queue both mean the same).
    """
    if "Records" in event:
        return _each(event["Records"], logger, work)
    if event.get("source") == "schedule":
        schedule()
        return {}
    raise neither("Records", event)


def neither(key: str, event: Mapping[str, Any]) -> InvalidEvent:
    """Return the error for an event that has no ``key`` and is none of the schedule."""
    return InvalidEvent(f"neither {key!r} nor 'source: schedule' is in the event; its keys are {sorted(event)}")


def _each(records: Sequence[Mapping[str, Any]], logger: Logger, work: Work) -> dict[str, Any]:
    failed: list[dict[str, str]] = []
    for record in records:
        try:
            work(*read_shard(record["body"]))
        except NswatchError:
            failed.append({"itemIdentifier": record["messageId"]})
            if len(failed) == len(records):
                raise
            logger.exception("a shard was not done", extra={"body": record["body"]})
    return {"batchItemFailures": failed}
