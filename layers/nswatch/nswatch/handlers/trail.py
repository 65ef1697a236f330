"""The entry of what hears CloudTrail, in us-east-1: a rule brings the calls that change Route 53 and registrations."""

from typing import Any

from aws_lambda_powertools import Logger

from nswatch import wiring_trail
from nswatch.handlers.events import neither

logger = Logger(service="trail")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Keep the call that an event of EventBridge tells of, or (``source: schedule``) make one that comes back.

    Raises InvalidEvent for an event of neither kind, and StoreUnavailable where a hub did not take the call: Lambda
    brings it again.
    """
    if event.get("source") == "schedule":
        wiring_trail.trailing().schedule()
        return {}
    if "detail" in event:
        wiring_trail.trailing().on_event(event["detail"])
        return {}
    raise neither("detail", event)
