"""What the load test counts as read and write units, by DynamoDB's rules."""

from typing import Any

import pytest
from bench.units import Units, item_size

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def item(size: int) -> dict[str, Any]:
    """Return an item of so many bytes."""
    return {**KEY, "v": {"S": "x" * (size - item_size(KEY) - 1)}}


def test_item_size_counts_names_and_values() -> None:
    assert item_size(item(700)) == 700
    assert item_size({"ab": {"S": "é"}, "n": {"N": "123"}, "b": {"B": "AAAA"}}) == 2 + 2 + 1 + 3 + 1 + 3


@pytest.mark.parametrize(
    ("target", "request_", "answer", "read", "written"),
    [
        pytest.param("GetItem", {"ConsistentRead": True}, {"Item": item(4097)}, 2, 0, id="get"),
        pytest.param("GetItem", {}, {}, 0.5, 0, id="eventual-get-of-nothing"),
        pytest.param(
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [KEY, KEY, KEY], "ConsistentRead": True}}},
            {"Responses": {"t": [item(100), item(5000)]}},
            4,
            0,
            id="batch-get-with-one-missing",
        ),
        pytest.param(
            "Query", {"ConsistentRead": True}, {"Items": [item(2000), item(2000), item(200)]}, 2, 0, id="query"
        ),
        pytest.param("PutItem", {"Item": item(1025)}, {}, 0, 2, id="put"),
        pytest.param("UpdateItem", {"Key": KEY}, {}, 0, 1, id="update"),
        pytest.param(
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": item(1024)}}, {"DeleteRequest": {"Key": KEY}}]}},
            {},
            0,
            2,
            id="batch-write",
        ),
        pytest.param(
            "TransactWriteItems", {"TransactItems": [{"Put": {"Item": item(1500)}}]}, {}, 0, 4, id="transaction"
        ),
        pytest.param(
            "PutItem", {"Item": item(200) | {"due_bucket": {"S": "b"}, "due_at": {"S": "t"}}}, {}, 0, 2, id="index"
        ),
    ],
)
def test_units_are_counted(
    target: str, request_: dict[str, Any], answer: dict[str, Any], read: float, written: float
) -> None:
    units = Units()
    units.count(target, "eu-west-1", request_, answer)
    assert (units.read, units.written, units.calls) == (read, written, 1)


def test_write_counts_the_larger_of_before_and_after() -> None:
    units = Units()
    units.count("PutItem", "eu-west-1", {"Item": item(3000)}, {})
    units.count("PutItem", "eu-west-1", {"Item": item(100)}, {})
    units.count("PutItem", "us-west-2", {"Item": item(100)}, {})
    assert units.written == 3 + 3 + 1
