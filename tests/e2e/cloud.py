"""The emulator of AWS: started, looked into and listened to; what looks does not go through the proxy."""

import hashlib
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from tests.e2e import tools
from tests.e2e.proxy import OUTSIDE
from tests.e2e.seen import HUBS, NAME, REGIONS, TRAIL, Message, Seen

ACCOUNT = "123456789012"
PORT = 4566
PORTS = {PORT + 1 + place: caller for place, caller in enumerate([OUTSIDE, *REGIONS])}
"""Of the proxy, by who calls there."""

KEPT = {"watchlist": "watchlist", "event#": "incident", "obs#": "history", "expectation": "expectation"}
"""What no upgrade may touch: how a partition or a sort key begins, and what is kept so."""
TIMERS = ("due_bucket", "due_at")
"""What stands in an item only while something is to be done with it."""

Item = dict[str, Any]


def endpoint(caller: str) -> str:
    """Return where a caller finds AWS."""
    return next(f"http://127.0.0.1:{port}" for port, each in PORTS.items() if each == caller)


@cache
def client(service: str, region: str) -> Any:
    """Return the client of one service of the emulator."""
    return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{PORT}")  # type: ignore[call-overload]


def wait_for(what: str, done: Callable[[], bool], patience: float, every: float = 0.2) -> None:
    """Return when ``done`` is true; raise TimeoutError after ``patience`` seconds."""
    until = time.monotonic() + patience
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {patience:.0f} s")
        time.sleep(every)


def start(home: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the emulator, which checks the functions' permissions (AUTH); return when it answers."""
    scratch = home / "emulator-tmp"
    scratch.mkdir()
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(PORT),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "TMPDIR": str(scratch),
        "FUNCTIONS_PYTHON": tools.runtime()[0],
        "ENDPOINTS": json.dumps({region: endpoint(region) for region in REGIONS}),
    }
    with (home / "emulator.log").open("wb") as log:
        command = [str(tools.BUILD / "emulator" / "bin" / "python"), str(tools.HERE / "emulator.py")]
        own = {**environment, **settings}
        process = subprocess.Popen(command, env=own, cwd=scratch, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_ministack/health", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    wait_for("emulator", up, 30)
    return process


class Watcher:
    """Subscribes a queue to each topic of both hubs, and takes down what arrives and which passes are recorded."""

    def __init__(self, seen: Seen, say: Callable[[str], None]) -> None:
        self._seen = seen
        self._say = say
        self._inboxes: dict[tuple[str, str], str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin; the stacks must be there."""
        for hub in HUBS:
            for topic in ("page", "notice"):
                self._inboxes[hub, topic] = _inbox(hub, topic)
        self._thread.start()

    def stop(self) -> None:
        """End, with all that came until now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.wait(0.3):
            for (hub, topic), queue in self._inboxes.items():
                for message in _take(hub, topic, queue):
                    self._seen.messages.append(message)
                    self._say(f"{topic} from {hub}: {message.text[:80]!r}")
            for hub in HUBS:
                for region in REGIONS:
                    self._note_pass(hub, region)

    def _note_pass(self, hub: str, region: str) -> None:
        key = {"pk": {"S": f"probe#{region}"}, "sk": {"S": "shard#0000"}}
        item = client("dynamodb", hub).get_item(TableName=NAME, Key=key).get("Item")
        passes = self._seen.passes.setdefault(hub, {}).setdefault(region, {})
        if item and item["pass_time"]["S"] not in passes:
            release = json.loads(item["fingerprint"]["S"]).get("release", "")
            passes[item["pass_time"]["S"]] = release
            self._say(f"{region} made its pass of {item['pass_time']['S']} ({release or 'earlier'}), says {hub}")


def _inbox(hub: str, topic: str) -> str:
    queue: str = client("sqs", hub).create_queue(QueueName=f"inbox-{topic}")["QueueUrl"]
    arn = f"arn:aws:sqs:{hub}:{ACCOUNT}:inbox-{topic}"
    may = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**may, "Resource": arn}]}
    client("sqs", hub).set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    topic_arn = f"arn:aws:sns:{hub}:{ACCOUNT}:{NAME}-{topic}"
    client("sns", hub).subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return queue


def _take(hub: str, topic: str, queue: str) -> Iterator[Message]:
    got = client("sqs", hub).receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0, AttributeNames=["SentTimestamp"]
    )
    for message in got.get("Messages", []):
        client("sqs", hub).delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        body = json.loads(message["Body"])
        at = int(message["Attributes"]["SentTimestamp"]) / 1000
        kind = body.get("MessageAttributes", {}).get("kind", {}).get("Value", "")
        yield Message(hub, topic, kind, at, body.get("Subject") or "", body["Message"])


def items(hub: str) -> dict[str, Item]:
    """Return all items of a hub's table, by "partition sort-key"."""
    pages = client("dynamodb", hub).get_paginator("scan").paginate(TableName=NAME, ConsistentRead=True)
    return {f"{item['pk']['S']} {item['sk']['S']}": item for page in pages for item in page["Items"]}


def content(item: Item | None) -> Item:
    """Return an item without its timer."""
    return {name: value for name, value in (item or {}).items() if name not in TIMERS}


def kind_of(key: str) -> str | None:
    """Return what an item is that no upgrade may touch, None for any other; ``key`` is that of `items`."""
    return next((kind for start, kind in KEPT.items() if any(part.startswith(start) for part in key.split(" "))), None)


def is_report(key: str) -> bool:
    """Whether an item is what a region or a hub says of itself, or a mark that a region's canary was found."""
    return key.startswith(("hub hub#", "hub canary#")) or key.endswith(" region")


def log_of(hub: str) -> list[str]:
    """Return which events of incidents of watched domains a hub's table holds."""
    return sorted(key for key in items(hub) if " event#" in key and not key.startswith(("group#vantage", "group#hub/")))


def write_as(region: str, function: str, hub: str, partition: str) -> str:
    """Write to a partition of a hub with the rights of a function; return the error's code, "" when it is allowed."""
    found = client("lambda", region).get_function_configuration(FunctionName=f"{NAME}-{function}")
    # The emulator derives a function's credentials so; on AWS nobody but the function has them.
    digest = hashlib.sha256(f"{found['FunctionArn']}:{found['Role']}".encode()).hexdigest()
    table = boto3.client(
        "dynamodb",
        region_name=hub,
        endpoint_url=f"http://127.0.0.1:{PORT}",
        aws_access_key_id=f"ASIA{digest[:16].upper()}",
        aws_secret_access_key=hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
        aws_session_token=hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
    )
    try:
        table.put_item(TableName=NAME, Item={"pk": {"S": partition}, "sk": {"S": "trial"}})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def functions() -> Iterator[tuple[str, str]]:
    """Yield (region, function) of all that is deployed."""
    for region in REGIONS:
        yield region, "probe"
        if region in HUBS:
            yield region, "comparator"
            yield region, "collector"
    yield TRAIL, "trail"


def chains(hub: str) -> dict[str, list[str]]:
    """Return what each collector last found of domains' DNSSEC chains, as a hub has it: by "collector domain"."""
    found = {}
    for key, item in items(hub).items():
        partition, _, sort_key = key.partition(" ")
        if partition.startswith("collect#") and sort_key.startswith("latest#chain#") and sort_key.endswith("#chain"):
            view = json.loads(item["view"]["S"])
            _, region, domain = partition.split("#")
            found[f"{region} {domain}"] = (view["facts"] or {}).get("values", [view["result"]])
    return found


def has_collected(region: str) -> bool:
    """Whether a collector says that it has been through all domains."""
    key = {"pk": {"S": f"collect#{region}"}, "sk": {"S": "collector"}}
    item = client("dynamodb", region).get_item(TableName=NAME, Key=key).get("Item")
    return bool(item and json.loads(item["report"]["S"])["done"])


def knows_of_page(hub: str, domain: str) -> bool:
    """Whether a hub knows that a page was sent about a domain, for others that the same change hits."""
    shared = [item for key, item in items(hub).items() if key.startswith("common#")]
    return any(item["group"].get("S") == domain and "S" in item.get("sent_at", {}) for item in shared)


def start_turn(region: str) -> None:
    """Do once what the probe's schedule does every minute."""
    event = json.dumps({"source": "schedule"}).encode()
    client("lambda", region).invoke(FunctionName=f"{NAME}-probe", InvocationType="Event", Payload=event)


def tell_of_call(event: Item) -> list[str]:
    """Bring an event of CloudTrail to the targets of the deployed rules that match it; return the rules' names.

    Nobody can send events of AWS's services, on AWS neither; the emulator's CloudTrail sends none. A rule that is just
    enabled gets no calls that only read.
    """
    rules = client("events", TRAIL)
    event = {**event, "account": ACCOUNT, "region": TRAIL}
    matching = [
        rule["Name"]
        for rule in rules.list_rules(NamePrefix=f"{NAME}-trail")["Rules"]
        if not (rule["State"] == "ENABLED" and event["detail"].get("readOnly"))
        and rules.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
    ]
    for rule in matching:
        for target in rules.list_targets_by_rule(Rule=rule)["Targets"]:
            client("lambda", TRAIL).invoke(
                FunctionName=target["Arn"], InvocationType="Event", Payload=json.dumps(event).encode()
            )
    return matching


def role_of(region: str, function: str) -> str:
    """Return the ARN of a function's role."""
    role: str = client("lambda", region).get_function_configuration(FunctionName=f"{NAME}-{function}")["Role"]
    return role


def _letters(region: str, function: str) -> str:
    queue: str = client("sqs", region).get_queue_url(QueueName=f"{NAME}-{function}-dead-letters")["QueueUrl"]
    return queue


def dead_letters(region: str, function: str) -> list[str]:
    """Return the messages that a function gave up."""
    found: list[str] = []
    while letters := client("sqs", region).receive_message(QueueUrl=_letters(region, function)).get("Messages", []):
        found += [letter["Body"] for letter in letters]
    return found


def leave_letter(region: str, function: str) -> None:
    """Have a function have given up a message."""
    body = json.dumps({"shard": 0, "turn": "2026-12-01T01:00:00.000Z"})
    client("sqs", region).send_message(QueueUrl=_letters(region, function), MessageBody=body)


def take_letters(region: str, function: str) -> None:
    """Delete a function's dead letters, as docs/operations.md says."""
    client("sqs", region).purge_queue(QueueUrl=_letters(region, function))


def log_lines(region: str, function: str) -> list[str]:
    """Return what a function logged."""
    pages = client("logs", region).get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=f"/aws/lambda/{NAME}-{function}")
    return [event["message"].rstrip() for page in found for event in page["events"]]
