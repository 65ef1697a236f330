"""Two hubs' tables in moto."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from nswatch.record.dynamodb import Table
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.table import create


@pytest.fixture
def hubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DynamoHubStore]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        stores = []
        for region in ("ap-northeast-1", "eu-west-1"):
            client = boto3.client("dynamodb", region_name=region)
            create(client, "nswatch")
            stores.append(DynamoHubStore(Table(client, "nswatch")))
        yield stores
