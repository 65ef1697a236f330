"""One hijack, played through from within the private Internet; writes what was seen as JSON.

Started by conftest.py in a network, mount and process namespace of its own, so that nothing of it outlives it. The
deployed code gets no hint that it is tested: it asks 198.41.0.4 on port 53, and calls AWS where its SDK points.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tests.e2e import tools
from tests.e2e.internet import DOMAIN, Internet

REGIONS = ["ap-northeast-1", "eu-west-1", "us-west-2"]
HUBS = REGIONS[:2]
NAME = "nswatch"
ENDPOINT = "http://127.0.0.1:4566"
ACCOUNT = "123456789012"

FIRST_PASSES = 240.0
"""Seconds within which every region must have made a pass: a schedule waits a minute, a turn up to two more."""
UNTIL_PAGE = 90.0
AFTER_PAGE = 75.0
"""Seconds in which nothing more may come: longer than a round of turns, and than the standby's patience of 45 s."""


@dataclass
class Message:
    """A message as it arrived in a queue that is subscribed to a topic."""

    hub: str
    topic: str
    at: float
    subject: str
    text: str


@dataclass
class Seen:
    """What the run showed. Times are seconds since the epoch."""

    deployed_in: float = 0.0
    first_passes_in: float = 0.0
    changed_at: float = 0.0
    messages: list[Message] = field(default_factory=list)
    passes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    written_as_probe: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@cache
def client(service: str, region: str) -> Any:
    """Return the client of one service of the emulator."""
    return boto3.client(service, region_name=region, endpoint_url=ENDPOINT)  # type: ignore[call-overload]


def wait_for(what: str, done: Callable[[], bool], patience: float, every: float = 0.2) -> None:
    """Return when ``done`` is true; raise TimeoutError after ``patience`` seconds."""
    until = time.monotonic() + patience
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {patience:.0f} s")
        time.sleep(every)


def say(text: str) -> None:
    """Tell a watching person how far it is."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()


class Run:
    """The world and what happens in it. ``home`` takes logs and state."""

    def __init__(self, home: Path, template: Path) -> None:
        self.home = home
        self.template = template
        self.seen = Seen()
        self.environment = tools.environment(home / "home") | {"AWS_ENDPOINT_URL": ENDPOINT}
        self._inboxes: dict[tuple[str, str], str] = {}
        self._stop = threading.Event()

    def start_emulator(self) -> "subprocess.Popen[bytes]":
        """Start the emulator of AWS, which checks the functions' permissions (AUTH)."""
        scratch = self.home / "emulator-tmp"
        scratch.mkdir()
        settings = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": "4566",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "TMPDIR": str(scratch),
        }
        own = {key: value for key, value in self.environment.items() if key != "AWS_ENDPOINT_URL"} | settings
        with (self.home / "emulator.log").open("wb") as log:
            command = [str(tools.BUILD / "emulator" / "bin" / "python"), str(tools.HERE / "emulator.py")]
            process = subprocess.Popen(command, env=own, cwd=scratch, stdout=log, stderr=log)

        def up() -> bool:
            try:
                with urllib.request.urlopen(f"{ENDPOINT}/_ministack/health", timeout=1):
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False

        wait_for("emulator", up, 30)
        return process

    def deploy(self, region: str) -> None:
        """Deploy one region's stack, as an operator does."""
        overrides = {
            "PrimaryHub": HUBS[0],
            "StandbyHub": HUBS[1],
            "Regions": ",".join(REGIONS),
            "Name": NAME,
            "Architecture": "x86_64",
        }
        command = [str(tools.BUILD / "sam" / "bin" / "sam"), "deploy", "--template-file", str(self.template)]
        command += ["--stack-name", f"nswatch-{region}", "--region", region, "--resolve-s3", "--no-confirm-changeset"]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-progressbar"]
        command += ["--parameter-overrides", *(f"{key}={value}" for key, value in overrides.items())]
        tools.run(command, self.home / f"sam-deploy-{region}.log", self.environment)

    def apply_watchlist(self) -> None:
        """Apply the watchlist to both hubs, as an operator does."""
        # Beside the file `apply` writes the approved baseline.
        watchlist = Path(shutil.copy(tools.HERE / "watchlist.yaml", self.home))
        command = [str(Path(sys.executable).parent / "nswatch"), "watchlist", "apply"]
        command += [str(watchlist), "--hubs", ",".join(HUBS), "--name", NAME, "--yes"]
        tools.run(command, self.home / "apply.log", self.environment, patience=60)

    def subscribe(self) -> None:
        """Subscribe a queue to each topic of both hubs."""
        for hub in HUBS:
            for topic in ("page", "notice"):
                queue = client("sqs", hub).create_queue(QueueName=f"inbox-{topic}")["QueueUrl"]
                arn = f"arn:aws:sqs:{hub}:{ACCOUNT}:inbox-{topic}"
                policy = {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sns.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": arn,
                        }
                    ],
                }
                client("sqs", hub).set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
                topic_arn = f"arn:aws:sns:{hub}:{ACCOUNT}:{NAME}-{topic}"
                client("sns", hub).subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
                self._inboxes[hub, topic] = queue

    def watch(self) -> None:
        """Take what arrives, until told to stop."""
        while not self._stop.wait(0.1):
            for (hub, topic), queue in self._inboxes.items():
                got = client("sqs", hub).receive_message(
                    QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0, AttributeNames=["SentTimestamp"]
                )
                for message in got.get("Messages", []):
                    client("sqs", hub).delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    body = json.loads(message["Body"])
                    at = int(message["Attributes"]["SentTimestamp"]) / 1000
                    self.seen.messages.append(Message(hub, topic, at, body.get("Subject") or "", body["Message"]))
                    say(f"{topic} from {hub}: {body['Message'][:80]!r}")
            self._note_passes()

    def _note_passes(self) -> None:
        for hub in HUBS:
            for region in REGIONS:
                key = {"pk": {"S": f"probe#{region}"}, "sk": {"S": "shard#0000"}}
                item = client("dynamodb", hub).get_item(TableName=NAME, Key=key).get("Item")
                passes = self.seen.passes.setdefault(hub, {}).setdefault(region, [])
                if item and item["pass_time"]["S"] not in passes:
                    passes.append(item["pass_time"]["S"])
                    say(f"{region} made its pass of {passes[-1]}, says {hub}")

    def pages(self) -> int:
        """Return how many pages have come."""
        return sum(message.topic == "page" for message in self.seen.messages)

    def completed(self, region: str) -> int:
        """Return how many passes of a region the primary hub has recorded."""
        return len(self.seen.passes.get(HUBS[0], {}).get(region, []))

    def play(self, internet: Internet) -> None:
        """Deploy, wait until all is quiet and watched, change the delegation, and see what comes."""
        began = time.time()
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.deploy, REGIONS))
        self.seen.deployed_in = time.time() - began
        say(f"deployed in {self.seen.deployed_in:.0f} s")
        self.subscribe()
        self.apply_watchlist()
        watcher = threading.Thread(target=self.watch, daemon=True)
        watcher.start()
        applied = time.time()
        wait_for(
            "a pass of every region, recorded in both hubs",
            lambda: all(self.seen.passes.get(hub, {}).get(region) for hub in HUBS for region in REGIONS),
            FIRST_PASSES,
        )
        self.seen.first_passes_in = time.time() - applied
        # Right after a pass is the worst moment for being found: the whole of the next turn lies ahead.
        before = self.completed(REGIONS[0])
        wait_for("the next pass of the first region", lambda: self.completed(REGIONS[0]) > before, UNTIL_PAGE)
        self.seen.changed_at = time.time()
        internet.hijack()
        say(f"{DOMAIN} is delegated to the forged servers")
        try:
            wait_for("a page", lambda: self.pages() > 0, UNTIL_PAGE)
            time.sleep(AFTER_PAGE)
        except TimeoutError as error:
            self.seen.errors.append(str(error))
        self._stop.set()
        watcher.join(10)
        for partition in ("probe#us-west-2#trial", "probe#us-west-1", "probe#eu-west-1#trial", "watchlist", "group#x"):
            self.seen.written_as_probe[partition] = self.try_as_probe("us-west-2", partition)

    def try_as_probe(self, region: str, partition: str) -> str:
        """Write to ``partition`` of the primary hub with the rights of a region's probe; return the error's code."""
        function = client("lambda", region).get_function_configuration(FunctionName=f"{NAME}-probe")
        # The emulator derives a function's credentials so; on AWS nobody but the function has them.
        digest = hashlib.sha256(f"{function['FunctionArn']}:{function['Role']}".encode()).hexdigest()
        table = boto3.client(
            "dynamodb",
            region_name=HUBS[0],
            endpoint_url=ENDPOINT,
            aws_access_key_id=f"ASIA{digest[:16].upper()}",
            aws_secret_access_key=hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
            aws_session_token=hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
        )
        try:
            table.put_item(TableName=NAME, Item={"pk": {"S": partition}, "sk": {"S": "trial"}})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def look_back(self) -> None:
        """Note what failed silently, and keep the functions' logs."""
        for region in REGIONS:
            queues = [f"{NAME}-probe-dead-letters"] + ([f"{NAME}-comparator-dead-letters"] if region in HUBS else [])
            for name in queues:
                queue = client("sqs", region).get_queue_url(QueueName=name)["QueueUrl"]
                wanted = ["ApproximateNumberOfMessages"]
                attributes = client("sqs", region).get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)
                self.seen.dead_letters[f"{region} {name}"] = int(attributes["Attributes"][wanted[0]])
            for function in ["probe"] + (["comparator"] if region in HUBS else []):
                pages = client("logs", region).get_paginator("filter_log_events")
                lines = [
                    event["message"].rstrip()
                    for page in pages.paginate(logGroupName=f"/aws/lambda/{NAME}-{function}")
                    for event in page["events"]
                ]
                (self.home / f"{region}-{function}.log").write_text("\n".join(lines) + "\n")


def main(home: Path, template: Path) -> None:
    """Bring up the network, the name servers and the emulator; play; write what was seen."""
    os.environ.update(tools.environment(home / "home"))
    for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    internet = Internet(home / "internet")
    run = Run(home, template)
    emulator = None
    try:
        internet.start()
        emulator = run.start_emulator()
        say("name servers and emulator are up")
        try:
            run.play(internet)
        finally:
            run.look_back()
    except (TimeoutError, RuntimeError, OSError, subprocess.SubprocessError, BotoCoreError, ClientError) as error:
        run.seen.errors.append(f"{type(error).__name__}: {error}")
    finally:
        internet.stop()
        if emulator is not None:
            emulator.terminate()
        json.dump(asdict(run.seen), sys.stdout, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
