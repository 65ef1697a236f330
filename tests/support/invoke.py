"""Run a function's handler by hand: `make invoke FUNCTION=probe [EVENT=events/probe-shards.json]`.

No Docker and no AWS account: tables, queue and topics are emulated, in this process, and hold the watchlist of
WATCHLIST. The name servers are the Internet's. What the handler returns and leaves behind is printed.
"""

import argparse
import importlib.util
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3

from nswatch.record import table
from nswatch.record.apply import put_in_force
from nswatch.record.dynamodb import Table, client
from nswatch.record.hub_store import DynamoHubStore
from nswatch_cli.replay.emulator import Emulator
from nswatch_cli.watchlist.canonical import canonical, canonical_alerts
from nswatch_cli.watchlist.load import load_watchlist

REPOSITORY = Path(__file__).parents[2]
REGIONS = ("ap-northeast-1", "eu-west-1", "us-west-2")
HUBS = REGIONS[:2]
NAME = "nswatch"


def function(name: str) -> ModuleType:
    """Return the module ``functions/NAME/app.py``, loaded as Lambda loads it."""
    path = REPOSITORY / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"functions.{name}.app", path)
    if spec is None or spec.loader is None or not path.exists():
        raise FileNotFoundError(f"there is no function {name!r}: {path} does not exist")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def context(name: str) -> SimpleNamespace:
    """Return a Lambda context with what the logger reads of it."""
    return SimpleNamespace(
        function_name=f"{NAME}-{name}",
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:{REGIONS[0]}:123456789012:function:{NAME}-{name}",
        aws_request_id="00000000-0000-0000-0000-000000000000",
    )


def configure() -> None:
    """Set the environment that template.yaml gives the functions, for the first region."""
    own = {"NSWATCH_NAME": NAME, "NSWATCH_HUBS": ",".join(HUBS), "NSWATCH_REGIONS": ",".join(REGIONS)}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ.update(own | keys | {"AWS_REGION": REGIONS[0], "AWS_DEFAULT_REGION": REGIONS[0]})


def provide(watchlist: Path) -> None:
    """Make in the emulator what the functions use, and put a watchlist into force in both hubs."""
    queue = boto3.client("sqs", region_name=REGIONS[0]).create_queue(QueueName=f"{NAME}-shards")
    sns = boto3.client("sns", region_name=REGIONS[0])
    topics = {topic: sns.create_topic(Name=f"{NAME}-{topic}")["TopicArn"] for topic in ("page", "notice")}
    os.environ["NSWATCH_SHARD_QUEUE_URL"] = queue["QueueUrl"]
    os.environ |= {f"NSWATCH_{topic.upper()}_TOPIC": arn for topic, arn in topics.items()}
    wanted = load_watchlist(watchlist)
    for hub in HUBS:
        table.create(client(hub), NAME)
        store = DynamoHubStore(Table(client(hub), NAME))
        put_in_force(store, canonical(wanted), canonical_alerts(wanted), "by hand", datetime.now(UTC), 1)


def present(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with the turn of each shard message set to now: an old turn would be dropped."""
    for record in event.get("Records", []):
        if "body" in record:
            turn = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
            record["body"] = json.dumps(json.loads(record["body"]) | {"turn": turn})
    return event


def left_behind() -> dict[str, Any]:
    """Return what is in the queue and in each hub's table."""
    sqs = boto3.client("sqs", region_name=REGIONS[0])
    url = os.environ["NSWATCH_SHARD_QUEUE_URL"]
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    seen: dict[str, Any] = {"queue": sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]}  # type: ignore[arg-type]
    for hub in HUBS:
        items = boto3.client("dynamodb", region_name=hub).scan(TableName=NAME)["Items"]
        seen[hub] = sorted(f"{item['pk']['S']} {item['sk']['S']}" for item in items)
    return seen


def main() -> int:
    """Run one handler; return the exit status."""
    parser = argparse.ArgumentParser(description="Run a function's handler by hand.")
    parser.add_argument("function", choices=sorted(path.parent.name for path in REPOSITORY.glob("functions/*/app.py")))
    parser.add_argument("event", type=Path, nargs="?", help="a file of events/; the function's schedule without it")
    parser.add_argument("--watchlist", type=Path, default=REPOSITORY / "tests/e2e/watchlist.yaml")
    arguments = parser.parse_args()
    event = arguments.event or REPOSITORY / "events" / f"{arguments.function}-schedule.json"
    if not event.is_file():
        parser.error(f"{event} is not there; give a file like events/probe-shards.json")
    configure()
    with Emulator():
        provide(arguments.watchlist)
        handler = function(arguments.function).handler
        returned = handler(present(json.loads(event.read_text())), context(arguments.function))
        json.dump({"returned": returned, **left_behind()}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
