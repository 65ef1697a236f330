"""The emulated AWS of a replay, with hubs that can be made to take no calls.

Everything goes through boto3: the tables, their streams, the topics, and a queue at each topic in which a replay sees
what a subscriber would.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError

from nswatch.model import Severity
from nswatch.record import table
from nswatch.wiring import Clients, Settings
from nswatch_cli.replay.emulator import ACCOUNT, Emulator
from nswatch_cli.replay.wire import Call, Forward, Wire, straight

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

NAME = "nswatch"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a topic delivered it: ``kind`` is why it was sent, ``about`` the domain (or other group)."""

    hub: str
    channel: Severity
    kind: str
    about: str
    subject: str
    text: str
    sns_id: str


class Cloud(AbstractContextManager["Cloud"]):
    """Two hubs in an emulated AWS while entered.

    ``down`` holds the hubs that take no calls, ``topics_down`` those whose topics alone do not. What gets through goes
    over ``wire``, where other faults can be laid.
    """

    def __init__(self, hubs: Sequence[str]) -> None:
        self.hubs = tuple(hubs)
        self.down: set[str] = set()
        self.topics_down: set[str] = set()
        self.wire: Wire = straight
        self.clients = Clients(
            dynamodb=cache(self._dynamodb), sns=cache(self._sns), route53=_no_route53, route53domains=_no_route53
        )
        self._client = cache(_client)
        self._stack = ExitStack()
        self._iterators: dict[str, str] = {}
        self._published: set[str] = set()
        self._changed: set[str] = set()
        self._queues: dict[tuple[str, Severity], str] = {}

    def __enter__(self) -> "Cloud":
        """Make the tables, topics and queues."""
        with ExitStack() as stack:
            stack.enter_context(Emulator(self._carry))
            for hub in self.hubs:
                self._make(hub)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        """Forget it all."""
        self._stack.close()

    def topics(self, hub: str) -> dict[str, str]:
        """Return a hub's topics by channel."""
        return {str(channel): _topic(hub, channel) for channel in (Severity.PAGE, Severity.NOTICE)}

    def settings(self, region: str, regions: Sequence[str]) -> Settings:
        """Return what the template would tell a function in ``region``."""
        return Settings(
            name=NAME,
            region=region,
            hubs=self.hubs,
            regions=tuple(regions),
            page_topic=_topic(region, Severity.PAGE),
            notice_topic=_topic(region, Severity.NOTICE),
        )

    def records(self, hub: str, *, canaries: bool = False) -> list[Mapping[str, Any]]:
        """Return the table's stream records since the last call, in the shape that Lambda hands them over.

        Asked only after a batch of observations, or for the ``canaries``: a pass that changed nothing writes them and
        its fingerprint alone. They do not say when they were written: the emulator's clock is not the story's.
        """
        if hub not in self._changed and not canaries:
            return []
        self._changed.discard(hub)
        answer = self._client("dynamodbstreams", hub).get_records(ShardIterator=self._iterators[hub])
        self._iterators[hub] = answer["NextShardIterator"]
        for record in answer["Records"]:
            record["dynamodb"].pop("ApproximateCreationDateTime", None)
        return list(answer["Records"])

    def deliveries(self, hub: str) -> Iterator[Delivery]:
        """Yield what the hub's topics have delivered since the last call; a hub that published nothing is not asked."""
        if hub not in self._published:
            return
        self._published.discard(hub)
        sqs = self._client("sqs", hub)
        for (home, channel), url in self._queues.items():
            if home != hub:
                continue
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    yield _delivery(hub, channel, json.loads(message["Body"]))

    def _make(self, hub: str) -> None:
        stream = table.create(self._client("dynamodb", hub), NAME)
        streams = self._client("dynamodbstreams", hub)
        shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        self._iterators[hub] = streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        sns, sqs = self._client("sns", hub), self._client("sqs", hub)
        for channel in (Severity.PAGE, Severity.NOTICE):
            name = f"{NAME}-{channel}"
            topic = sns.create_topic(Name=name)["TopicArn"]
            self._queues[hub, channel] = sqs.create_queue(QueueName=name)["QueueUrl"]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{hub}:{ACCOUNT}:{name}")

    def _dynamodb(self, region: str) -> "DynamoDBClient":
        client = boto3.client("dynamodb", region_name=region)

        def note(params: Mapping[str, Any], **_: Any) -> None:
            if any(_is_observation(write) for writes in params["RequestItems"].values() for write in writes):
                self._changed.add(region)

        client.meta.events.register("before-parameter-build.dynamodb.BatchWriteItem", note)
        return client

    def _sns(self, region: str) -> "SNSClient":
        return boto3.client("sns", region_name=region)

    def _carry(self, call: Call, forward: Forward) -> AWSResponse:
        """Carry a call to a service, unless its hub is down; the replay's own reading of streams and queues is not."""
        down = {"dynamodb": self.down, "sns": self.down | self.topics_down}.get(call.service, set())
        if call.region in down:
            raise EndpointConnectionError(endpoint_url=call.url)
        if call.operation == "Publish":
            self._published.add(call.region)
        return self.wire(call, forward)


def _is_observation(write: Mapping[str, Any]) -> bool:
    return bool(write.get("PutRequest", {}).get("Item", {}).get("sk", {}).get("S", "").startswith("obs#"))


def _no_route53(_region: str, _session: Mapping[str, str]) -> NoReturn:
    """Refuse: a scenario says nothing of accounts at Route 53, so that what they hold is unknown."""
    raise EndpointConnectionError(endpoint_url="https://route53.amazonaws.com/")


def _client(service: Any, region: str) -> Any:
    return boto3.client(service, region_name=region)


def _topic(region: str, channel: Severity) -> str:
    return f"arn:aws:sns:{region}:{ACCOUNT}:{NAME}-{channel}"


def _delivery(hub: str, channel: Severity, envelope: Mapping[str, Any]) -> Delivery:
    attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
    return Delivery(
        hub=hub,
        channel=channel,
        kind=attributes["kind"],
        about=attributes["about"],
        subject=envelope["Subject"],
        text=envelope["Message"],
        sns_id=envelope["MessageId"],
    )
