"""Two hubs' tables in the emulator."""

from collections.abc import Iterator

import boto3
import pytest

from nswatch.record.dynamodb import Table
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.table import create
from nswatch_cli.replay.emulator import Emulator


@pytest.fixture
def hubs() -> Iterator[list[DynamoHubStore]]:
    with Emulator():
        stores = []
        for region in ("ap-northeast-1", "eu-west-1"):
            client = boto3.client("dynamodb", region_name=region)
            create(client, "nswatch")
            stores.append(DynamoHubStore(Table(client, "nswatch")))
        yield stores
