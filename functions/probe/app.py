"""The probe's entry: the schedule asks for a turn, the queue delivers the shards of one."""

import json
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring
from nswatch.errors import InvalidEvent, NswatchError
from nswatch.schedule import DELEGATION

logger = Logger(service="probe")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send this region's shards for the next turn (``source: schedule``), or run those that a queue delivers.

    Returns what SQS expects of a partial batch. Raises InvalidEvent for an event of neither kind, and when no record
    of a batch could be done, so that Lambda counts an error (to the queue both mean the same).
    """
    if "Records" in event:
        return _run(event["Records"])
    if event.get("source") == "schedule":
        wiring.schedule().fire()
        return {}
    raise InvalidEvent(f"neither 'Records' nor 'source: schedule' is in the event; its keys are {sorted(event)}")


def _run(records: list[dict[str, Any]]) -> dict[str, Any]:
    failed: list[dict[str, str]] = []
    for record in records:
        try:
            wiring.probe().work(*read_shard(record["body"]))
        except NswatchError:
            failed.append({"itemIdentifier": record["messageId"]})
            if len(failed) == len(records):
                raise
            logger.exception("a shard was not done", extra={"body": record["body"]})
    return {"batchItemFailures": failed}


def read_shard(body: str) -> tuple[int, datetime, str]:
    """Return (shard, turn, only) of a message ``{"shard": 0, "turn": "2026-11-22T21:00:20Z"}``.

    ``only`` is empty unless the message has ``"only": "delegation"``: a short pass. Raises InvalidEvent, which names
    the key that is wrong.
    """
    try:
        message = json.loads(body)
    except json.JSONDecodeError as error:
        raise InvalidEvent(f"body: not JSON ({error})") from None
    if not isinstance(message, dict):
        raise InvalidEvent("body: not a JSON object with 'shard' and 'turn'")
    shard, turn, only = message.get("shard"), message.get("turn"), message.get("only", "")
    if not isinstance(shard, int) or isinstance(shard, bool) or shard < 0:
        raise InvalidEvent(f"body.shard: {shard!r} is not a whole number from 0")
    if not isinstance(turn, str):
        raise InvalidEvent(f"body.turn: {turn!r} is not a time such as 2026-11-22T21:00:20Z")
    try:
        moment = datetime.fromisoformat(turn)
    except ValueError:
        raise InvalidEvent(f"body.turn: {turn!r} is not a time such as 2026-11-22T21:00:20Z") from None
    if moment.tzinfo is None:
        raise InvalidEvent(f"body.turn: {turn!r} has no zone; write 2026-11-22T21:00:20Z")
    if only not in ("", DELEGATION):
        raise InvalidEvent(f"body.only: {only!r} is not {DELEGATION!r}; leave it out for a full pass")
    return shard, moment, only
