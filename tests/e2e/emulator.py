"""Starts the emulator of AWS, with what differs from AWS and matters here mended, and a network between regions.

Run by the emulator's own Python. ``ENDPOINTS`` (JSON) holds by region where the functions of that region call AWS;
those of regions that it does not name call the emulator directly. ``FUNCTIONS_PYTHON`` is the Python that runs the
functions (unset: the emulator's own).
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import get_region
from ministack.services.cloudformation import (
    changesets,
    engine,
    handlers,
    stacks,
)

Json = dict[str, Any]

LONGEST = 60.0
"""Seconds for which what a function does is waited for."""


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


def without_batches(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """Have a batch need the right to its single action, as SQS knows no others (Service Authorization Reference)."""

    def extract_iam_action(*args: Any, **kwargs: Any) -> str | None:
        action = action_of(*args, **kwargs)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    return extract_iam_action


def with_endpoint(init: Callable[..., None], endpoints: Mapping[str, str]) -> Callable[..., None]:
    """Have each region's functions call AWS at an endpoint of their own, so that a region can be cut off."""

    def start(self: Any, func_name: str, config: Json, code_zip: bytes) -> None:
        _, region = lambda_runtime._account_region_from_function_config(config)
        if region in endpoints:
            variables = {**config.get("Environment", {}).get("Variables", {}), "AWS_ENDPOINT_URL": endpoints[region]}
            config = {**config, "Environment": {"Variables": variables}}
        init(self, func_name, config, code_zip)

    return start


def with_python(choose: Callable[[str], tuple[str, str]], python: str) -> Callable[[str], tuple[str, str]]:
    """Have functions in Python run by ``python``."""

    def choose_binary(runtime: str) -> tuple[str, str]:
        binary, script = choose(runtime)
        return (python if runtime.startswith("python") else binary), script

    return choose_binary


def when_done(kill: Callable[[Iterable[Any]], None]) -> Callable[[Iterable[Any]], None]:
    """Have a function that is updated finish what it does; only then its old environment ends.

    And have nobody wait for that: the emulator removes files in its only loop, and all of AWS stands still meanwhile,
    for longer than clients wait.
    """

    def kill_workers(workers: Iterable[Any]) -> None:
        threading.Thread(target=finish, args=(list(workers),), daemon=True).start()

    def finish(workers: list[Any]) -> None:
        until = time.monotonic() + LONGEST
        busy = [worker for worker in workers if worker.in_use]
        kill([worker for worker in workers if worker not in busy])
        while any(worker.in_use for worker in busy) and time.monotonic() < until:
            time.sleep(0.1)
        kill(busy)

    return kill_workers


if __name__ == "__main__":
    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = with_region(module._evaluate_conditions)
    iam_actions.dynamodb_service_context = with_leading_keys(iam_actions.dynamodb_service_context)
    iam_actions.extract_iam_action = without_batches(iam_actions.extract_iam_action)
    endpoints = json.loads(os.environ.get("ENDPOINTS", "{}"))
    lambda_runtime.Worker.__init__ = with_endpoint(lambda_runtime.Worker.__init__, endpoints)
    python = os.environ.get("FUNCTIONS_PYTHON", sys.executable)
    lambda_runtime._detect_runtime_binary = with_python(lambda_runtime._detect_runtime_binary, python)
    lambda_runtime.kill_workers = when_done(lambda_runtime.kill_workers)
    app.main()
