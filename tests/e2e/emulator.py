"""Starts the emulator of AWS, with two things mended in which it differs from AWS.

Run by the emulator's own Python.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_region
from ministack.services.cloudformation import (
    changesets,
    engine,
    handlers,
    stacks,
)

Json = dict[str, Any]


def with_region(evaluate: Callable[[Json, Json], Json]) -> Callable[[Json, Json], Json]:
    """Have Conditions know AWS::Region, which they take for a word."""

    def evaluate_conditions(template: Json, params: Json) -> Json:
        return evaluate(template, {**params, "AWS::Region": {"Value": get_region()}})

    return evaluate_conditions


def with_leading_keys(context_of: Callable[[bytes], Json]) -> Callable[[bytes], Json]:
    """Have policies know dynamodb:LeadingKeys of a write: the partition keys, which this project calls ``pk``."""

    def service_context(body: bytes) -> Json:
        request = json.loads(body or b"{}")
        writes = [request, *(write for item in request.get("TransactItems", []) for write in item.values())]
        batches = request.get("RequestItems", {}).values()
        writes += [write for batch in batches if isinstance(batch, list) for item in batch for write in item.values()]
        items = [write.get("Item") or write.get("Key") or {} for write in writes]
        keys = [item["pk"]["S"] for item in items if "pk" in item]
        return context_of(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})

    return service_context


if __name__ == "__main__":
    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = with_region(module._evaluate_conditions)
    iam_actions.dynamodb_service_context = with_leading_keys(iam_actions.dynamodb_service_context)
    app.main()
