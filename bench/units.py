"""What DynamoDB would count for a request: read and write units, by its documented rules.

A strongly consistent read takes a unit for each 4 KiB begun, of each item (BatchGetItem, GetItem) or of all items
together (Query); what is not there takes one. A write takes a unit for each KiB begun of the item, the larger of before
and after; in a transaction two. A condition that fails takes what the write would. Sparse indexes are counted by the
items that have their key.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
_INDEX_KEYS = (("due_bucket", "due_at"), ("open_severity", "since"))


def item_size(item: Json) -> int:
    """Return the bytes of an item in DynamoDB's JSON."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Json) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(content) * 3 // 4
        case "L":
            return 3 + sum(1 + _value_size(each) for each in content)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _value_size(each) for name, each in content.items())
        case _:
            return 1


def _reads(size: int) -> int:
    return max(1, -(-size // 4096))


def _writes(size: int) -> int:
    return max(1, -(-size // 1024))


@dataclass(slots=True)
class Units:
    """Counts the units of one hub after another."""

    read: float = 0.0
    written: float = 0.0
    calls: int = 0
    _sizes: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, target: str, hub: str, request: Json, answer: Json) -> None:
        """Count one call: ``target`` is its name, ``request`` and ``answer`` their bodies."""
        self.calls += 1
        match target:
            case "GetItem":
                self.read += _reads(item_size(answer.get("Item", {}))) * _strength(request)
            case "BatchGetItem":
                ((table, wanted),) = request["RequestItems"].items()
                found = answer.get("Responses", {}).get(table, [])
                missing = len(wanted["Keys"]) - len(found)
                self.read += (missing + sum(_reads(item_size(item)) for item in found)) * _strength(wanted)
            case "Query":
                self.read += _reads(sum(map(item_size, answer.get("Items", [])))) * _strength(request)
            case "TransactWriteItems":
                for operation in request["TransactItems"]:
                    ((kind, inner),) = operation.items()
                    self.written += 2 * self._one(kind, hub, inner)
            case "BatchWriteItem":
                for kind, inner in _batched(request):
                    self.written += self._one(kind, hub, inner)
            case "PutItem" | "UpdateItem" | "DeleteItem":
                self.written += self._one(target.removesuffix("Item"), hub, request)

    def _one(self, kind: str, hub: str, request: Json) -> int:
        item = request.get("Item")
        key = item if item is not None else request["Key"]
        place = hub, f"{key['pk']['S']} {key['sk']['S']}"
        before = self._sizes.get(place, 0)
        after = before or 300
        if kind == "Put":
            after = item_size(request["Item"])
        elif kind == "Delete":
            after = 0
        self._sizes[place] = after
        indexed = sum(1 for keys in _INDEX_KEYS if item is not None and all(name in item for name in keys))
        return _writes(max(before, after)) + indexed


def _strength(request: Json) -> float:
    return 1.0 if request.get("ConsistentRead") else 0.5


def _batched(request: Json) -> Iterator[tuple[str, Json]]:
    for operations in request["RequestItems"].values():
        for operation in operations:
            ((kind, inner),) = operation.items()
            yield kind.removesuffix("Request"), inner
