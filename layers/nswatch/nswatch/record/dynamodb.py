"""One table of one region through boto3: plain values in and out, SDK errors translated.

Only what the record needs: get, query, put, update, delete and transactions, with our exceptions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from nswatch.errors import Conflict, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

_BUSY = "TransactionConflictException"
_SERIALISE, _DESERIALISE = TypeSerializer().serialize, TypeDeserializer().deserialize

NO_CREDENTIALS = "there are no AWS credentials here (set AWS_PROFILE, or sign in: aws sso login)"
"""What boto3's "Unable to locate credentials" leaves open: what to do."""

_BUSY_ATTEMPTS = 4
_BATCH_ATTEMPTS = 3
"""How often what DynamoDB leaves of a batch is asked for again, before the hub counts as unavailable."""

CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    parameter_validation=False,
)
"""A hub that does not answer at once must not hold up the other one: the next pass repeats what failed. What `encode`
made needs no validation, which would be a third of what a large write costs."""


def client(region: str) -> "DynamoDBClient":
    """Return a client for one region with our short timeouts."""
    return boto3.client("dynamodb", region_name=region, config=CONFIG)


def encode(item: Mapping[str, Any]) -> Item:
    """Return plain values as DynamoDB's attribute values; None is left out."""
    return {name: _SERIALISE(value) for name, value in item.items() if value is not None}


def decode(item: Mapping[str, Any]) -> Item:
    """Return attribute values (of a read, or of a stream record) as plain values; binary as bytes."""
    plain = {name: _DESERIALISE(value) for name, value in item.items()}
    return {name: _bytes(value) if isinstance(value, Binary) else value for name, value in plain.items()}


def _bytes(binary: Binary) -> bytes:
    octets: bytes = binary.value  # type: ignore[attr-defined]  # boto3's stubs leave it out
    return octets


@contextmanager
def _translated(hub: str, call: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        reasons = {reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])}
        if code == "ConditionalCheckFailedException" or reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            stands: Any = error.response.get("Item")
            text = f"{call} in {hub} lost against a concurrent writer"
            raise Conflict(text, None if stands is None else decode(stands)) from error
        raise StoreUnavailable(f"{call} in {hub} was refused: {error}") from error
    except BotoCoreError as error:
        reason = NO_CREDENTIALS if isinstance(error, NoCredentialsError) else error
        raise StoreUnavailable(f"{call} in {hub} did not go through: {reason}") from error


def _unless_busy(call: Callable[..., Any], request: Mapping[str, Any]) -> Any:
    """Call, and again where a transaction is going on over the item: that says nothing about the condition."""
    for _ in range(_BUSY_ATTEMPTS - 1):
        try:
            return call(**request)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code", "") != _BUSY:
                raise
    return call(**request)


class Table:
    """One hub's table. Every method raises StoreUnavailable when the hub takes no call; writes also Conflict."""

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._client = dynamodb
        self.name = name
        self.region = dynamodb.meta.region_name

    def get(self, partition: str, sort: str) -> Item | None:
        """Return one item by its key, read consistently, or None."""
        with _translated(self.region, "GetItem"):
            answer = self._client.get_item(
                TableName=self.name, Key=encode({"pk": partition, "sk": sort}), ConsistentRead=True
            )
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Return the items of several keys (at most 100) that exist, read consistently in one call."""
        pending: Any = {
            self.name: {"Keys": [encode({"pk": pk, "sk": sk}) for pk, sk in wanted], "ConsistentRead": True}
        }
        found: dict[tuple[str, str], Item] = {}
        for _ in range(_BATCH_ATTEMPTS):
            with _translated(self.region, "BatchGetItem"):
                answer = self._client.batch_get_item(RequestItems=pending)
            for item in map(decode, answer["Responses"].get(self.name, [])):
                found[item["pk"], item["sk"]] = item
            pending = answer.get("UnprocessedKeys")
            if not pending:
                return found
        raise StoreUnavailable(f"BatchGetItem in {self.region} is throttled")

    def put_many(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Put items without conditions, 25 a call; some may be put when it fails."""
        self._write_many([{"PutRequest": {"Item": encode(item)}} for item in items])

    def delete_many(self, unwanted: Sequence[tuple[str, str]]) -> None:
        """Delete items by their keys, 25 a call, whether they are there or not; some may be gone when it fails."""
        self._write_many([{"DeleteRequest": {"Key": encode({"pk": pk, "sk": sk})}} for pk, sk in unwanted])

    def _write_many(self, requests: Sequence[Any]) -> None:
        for start in range(0, len(requests), 25):
            pending: Any = {self.name: requests[start : start + 25]}
            for _ in range(_BATCH_ATTEMPTS):
                with _translated(self.region, "BatchWriteItem"):
                    pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems")
                if not pending:
                    break
            else:
                raise StoreUnavailable(f"BatchWriteItem in {self.region} is throttled")

    def query(self, partition: str, prefix: str = "", *, onwards: bool = False) -> Iterator[Item]:
        """Yield a partition's items whose sort key begins with ``prefix``, in order, read consistently.

        With ``onwards`` those whose sort key is ``prefix`` or later in the same family (up to its first ``#``).
        """
        condition, values = "pk = :pk", {":pk": partition}
        if onwards:
            family = prefix.partition("#")[0]
            condition = f"{condition} AND sk BETWEEN :sk AND :last"
            values |= {":sk": prefix, ":last": f"{family}#\uffff"}
        elif prefix:
            condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": prefix}
        yield from self._pages(
            {
                "TableName": self.name,
                "KeyConditionExpression": condition,
                "ExpressionAttributeValues": encode(values),
                "ConsistentRead": True,
            }
        )

    def newest(self, partition: str, first: str, last: str) -> Iterator[Item]:
        """Yield a partition's items whose sort keys lie between two, the last one first, read consistently."""
        yield from self._pages(
            {
                "TableName": self.name,
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
                "ExpressionAttributeValues": encode({":pk": partition, ":first": first, ":last": last}),
                "ConsistentRead": True,
                "ScanIndexForward": False,
            }
        )

    def query_index(self, index: str, condition: str, values: Mapping[str, Any], limit: int) -> Iterator[Item]:
        """Yield at most ``limit`` items of an index in its order; an index is read eventually consistently."""
        request = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
            "Limit": limit,
        }
        for count, item in enumerate(self._pages(request)):
            if count == limit:
                return
            yield item

    def _pages(self, request: dict[str, Any]) -> Iterator[Item]:
        while True:
            with _translated(self.region, "Query"):
                answer = self._client.query(**request)
            for item in answer["Items"]:
                yield decode(item)
            if "LastEvaluatedKey" not in answer:
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def put(
        self,
        item: Mapping[str, Any],
        condition: str = "",
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Put one item, under a condition if one is given; ``names`` are the placeholders of reserved words."""
        request = {"TableName": self.name, "Item": encode(item), **_condition(condition, values, names)}
        with _translated(self.region, "PutItem"):
            _unless_busy(self._client.put_item, request)

    def update(
        self,
        partition: str,
        sort: str,
        expression: str,
        values: Mapping[str, Any],
        condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Update one item by an expression; return the attributes that it changes as they were.

        ``names`` are the placeholders of reserved words.
        """
        request = {
            "TableName": self.name,
            "Key": encode({"pk": partition, "sk": sort}),
            "UpdateExpression": expression,
            "ReturnValues": "UPDATED_OLD",
            **_condition(condition, values, names),
        }
        if condition:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        with _translated(self.region, "UpdateItem"):
            answer = _unless_busy(self._client.update_item, request)
        return decode(answer.get("Attributes", {}))

    def transact(self, operations: Sequence[dict[str, Any]]) -> None:
        """Write all or nothing: ``operations`` as `put_in`, `update_in` and `delete_in` return them (at most 100)."""
        addressed = [
            {kind: {"TableName": self.name, **request} for kind, request in operation.items()}
            for operation in operations
        ]
        with _translated(self.region, "TransactWriteItems"):
            self._client.transact_write_items(TransactItems=addressed)  # type: ignore[arg-type]


def put_in(
    item: Mapping[str, Any],
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a put for a transaction."""
    return {"Put": {"Item": encode(item), **_condition(condition, values, names)}}


def update_in(
    partition: str,
    sort: str,
    expression: str,
    values: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    condition: str = "",
) -> dict[str, Any]:
    """Return an update for a transaction."""
    key = encode({"pk": partition, "sk": sort})
    return {"Update": {"Key": key, "UpdateExpression": expression, **_condition(condition, values, names)}}


def delete_in(partition: str, sort: str) -> dict[str, Any]:
    """Return a delete for a transaction."""
    return {"Delete": {"Key": encode({"pk": partition, "sk": sort})}}


def _condition(
    condition: str, values: Mapping[str, Any] | None, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if condition:
        request["ConditionExpression"] = condition
    if values:
        request["ExpressionAttributeValues"] = encode(values)
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    return request
