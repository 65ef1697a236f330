"""The queues in SQS: a region's shards, and what a hub is to be woken for."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from nswatch.errors import InvalidEvent, NswatchError
from nswatch.moments import iso
from nswatch.schedule import DELEGATION, ShardMessage
from nswatch.tell.surroundings import depth

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
"""SQS takes at most so many messages in one call."""


class QueueUnavailable(NswatchError):
    """A queue of this region did not take all messages."""


class SqsQueue:
    """The shard queue of this region (`nswatch.schedule.Queue`); without ``dead_letters_url`` nobody knows of those."""

    def __init__(self, sqs: "SQSClient", url: str, dead_letters_url: str = "") -> None:
        self._sqs = sqs
        self._url = url
        self._dead_letters_url = dead_letters_url

    def send(self, messages: Sequence[ShardMessage]) -> None:
        """See `Queue`. Raises QueueUnavailable."""
        refused = list[str]()
        for start in range(0, len(messages), _BATCH):
            batch = {str(place): message for place, message in enumerate(messages[start : start + _BATCH])}
            try:
                answer = self._sqs.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": place, "MessageBody": _body(message), "DelaySeconds": message.delay}
                        for place, message in batch.items()
                    ],
                )
            except (BotoCoreError, ClientError) as error:
                refused.append(f"shards {', '.join(str(message.shard) for message in batch.values())}: {error}")
                continue
            refused += [f"shard {batch[each['Id']].shard}: {each['Code']}" for each in answer.get("Failed", [])]
        if refused:
            raise QueueUnavailable(f"not queued: {'; '.join(refused)}")

    def dead_letters(self) -> int | None:
        """See `Queue`."""
        return depth(self._sqs, self._dead_letters_url) if self._dead_letters_url else None


class SqsAlarmClock:
    """This hub's queue of what it is to be woken for (`nswatch.respond.outbox.AlarmClock`)."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def wake(self, group: str, sort_key: str, delay: int) -> None:
        """See `AlarmClock`. Raises QueueUnavailable."""
        body = json.dumps({"group": group, "message": sort_key})
        try:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(f"not queued: {error}") from error


def _body(message: ShardMessage) -> str:
    body = {"shard": message.shard, "turn": iso(message.turn)}
    return json.dumps(body | {"only": message.only} if message.only else body)


def read_shard(body: str) -> tuple[int, datetime, str]:
    """Return (shard, turn, only) of a message ``{"shard": 0, "turn": "2026-11-22T21:00:20Z"}``.

    ``only`` is empty unless the message has ``"only": "delegation"``: a short pass. Raises InvalidEvent, which names
    the key that is wrong.
    """
    message = _object(body, "shard", "turn")
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


def read_alarm(body: str) -> tuple[str, str]:
    """Return (group, sort key) of ``{"group": "example.com", "message": "outbox#000001#page/1"}``.

    Raises InvalidEvent, which names the key that is wrong.
    """
    alarm = _object(body, "group", "message")
    for key in ("group", "message"):
        if not isinstance(alarm.get(key), str):
            raise InvalidEvent(f"body.{key}: {alarm.get(key)!r} is not text")
    return alarm["group"], alarm["message"]


def _object(body: str, one: str, other: str) -> dict[str, Any]:
    """Return the JSON object that a message holds; the error names two keys that it should have."""
    try:
        message = json.loads(body)
    except json.JSONDecodeError as error:
        raise InvalidEvent(f"body: not JSON ({error})") from None
    if not isinstance(message, dict):
        raise InvalidEvent(f"body: not a JSON object with {one!r} and {other!r}")
    return message
