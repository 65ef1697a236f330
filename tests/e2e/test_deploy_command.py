"""`nswatch deploy` and `destroy` with the real SAM and an emulated CloudFormation, of a small template.

What the whole does when it is deployed is seen in test_deployed.py; here are the ways in which deploying goes wrong.
The tests are one story: each goes on where the one before it ended.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.e2e import tools

REGIONS = ("ap-northeast-1", "eu-west-1", "us-west-2")
HUBS = REGIONS[:2]
LOG = "/small/nswatch"
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  PrimaryHub: {Type: String, Default: ap-northeast-1}
  StandbyHub: {Type: String, Default: eu-west-1}
  Regions: {Type: CommaDelimitedList, Default: "ap-northeast-1,eu-west-1,us-west-2"}
  Name: {Type: String, Default: nswatch}
  Architecture: {Type: String, Default: arm64}
  Days: {Type: Number, Default: 7}
  Release: {Type: String, Default: ""}
Conditions:
  IsHub: !Or [!Equals [!Ref AWS::Region, !Ref PrimaryHub], !Equals [!Ref AWS::Region, !Ref StandbyHub]]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/small/${Name}", RetentionInDays: !Ref Days}
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: !Ref Name}
  Table:
    Type: AWS::DynamoDB::Table
    Condition: IsHub
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Ref Name
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
      - {AttributeName: pk, AttributeType: S}
      - {AttributeName: sk, AttributeType: S}
      KeySchema:
      - {AttributeName: pk, KeyType: HASH}
      - {AttributeName: sk, KeyType: RANGE}
      StreamSpecification: {StreamViewType: KEYS_ONLY}
  PageTopic:
    Type: AWS::SNS::Topic
    Condition: IsHub
    Properties: {TopicName: !Sub "${Name}-page"}
  NoticeTopic:
    Type: AWS::SNS::Topic
    Condition: IsHub
    Properties: {TopicName: !Sub "${Name}-notice"}
"""


@dataclass
class Account:
    """An emulated account, a source tree to deploy into it, and a person's shell."""

    home: Path
    environment: dict[str, str]

    def client(self, service: str, region: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def nswatch(self, *arguments: str, answer: str = "") -> tuple[int, str]:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "nswatch"), *arguments],
            cwd=self.home,
            env=self.environment,
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return done.returncode, done.stdout

    def states(self) -> dict[str, str]:
        """The state of each region's stack, by region."""
        found = {}
        for region in REGIONS:
            for stack in self.client("cloudformation", region).describe_stacks()["Stacks"]:
                if stack["StackName"] == f"nswatch-{region}":
                    found[region] = stack["StackStatus"]
        return found

    def days(self, region: str) -> int:
        groups = self.client("logs", region).describe_log_groups(logGroupNamePrefix=LOG)["logGroups"]
        return int(groups[0]["retentionInDays"])

    def tables(self) -> list[str]:
        """The hubs that have a table."""
        return [hub for hub in HUBS if self.client("dynamodb", hub).list_tables()["TableNames"]]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    home = tmp_path_factory.mktemp("deploy")
    (home / "template.yaml").write_text(TEMPLATE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = tools.environment(home / "home")
    path = f"{tools.sam()}{os.pathsep}{environment['PATH']}"
    scratch = home / "emulator"
    scratch.mkdir()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "TMPDIR": str(scratch), "ENDPOINTS": "{}"}
    endpoint = f"http://127.0.0.1:{port}"
    with (home / "emulator.log").open("wb") as log:
        command = [str(tools.emulator() / "python"), str(tools.HERE / "emulator.py")]
        process = subprocess.Popen(command, env={**environment, **settings}, cwd=scratch, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not answers(endpoint):
            assert time.monotonic() < until, (home / "emulator.log").read_text()[-2000:]
            time.sleep(0.2)
        yield Account(home, {**environment, "PATH": path, "AWS_ENDPOINT_URL": endpoint})
    finally:
        process.terminate()
        process.wait(10)


def answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def test_deploy_goes_on_past_a_region_that_fails_and_says_why(account: Account) -> None:
    account.client("events", "us-west-2").create_event_bus(Name="nswatch")  # somebody else's, of the same name
    answer = "\n".join(["", "", "", "email:oncall@other.example", "", "y", ""])
    status, said = account.nswatch("deploy", answer=answer)
    assert status == 1, said
    assert "nswatch-us-west-2 is made" in said
    assert "account 000000000000" in said
    assert re.search(r"us-west-2: failed: Bus \(AWS::Events::EventBus\): .*already exists", said), said
    assert "then repeat: nswatch deploy --only us-west-2" in said
    assert "eu-west-1: subscribed: page email:oncall@other.example" in said
    states = account.states()
    assert (states["ap-northeast-1"], states["eu-west-1"]) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert states["us-west-2"] == "ROLLBACK_COMPLETE"
    assert '"Regions=ap-northeast-1,eu-west-1,us-west-2"' in (account.home / "samconfig.toml").read_text()


def test_deploy_removes_what_was_never_completed_and_makes_it_anew(account: Account) -> None:
    account.client("events", "us-west-2").delete_event_bus(Name="nswatch")
    status, said = account.nswatch("deploy", "--no-build", "--only", "us-west-2", answer="y\n")
    assert status == 0, said
    assert "nswatch-us-west-2 was never completed (ROLLBACK_COMPLETE): it is removed, and made anew" in said
    assert account.states()["us-west-2"] == "CREATE_COMPLETE"


def test_deploy_changes_nothing_when_nobody_agrees(account: Account) -> None:
    status, said = account.nswatch("deploy", "--no-build", answer="n\n")
    assert (status, said.splitlines()[-1]) == (1, "Deploy? [y/N]: Aborted!")


def test_deploy_says_that_nothing_is_new_when_it_is_repeated(account: Account) -> None:
    status, said = account.nswatch("deploy", "--no-build", "--yes")
    assert status == 0, said
    assert len(re.findall(r"^[a-z0-9-]+: unchanged after", said, re.MULTILINE)) == 3


def test_dry_run_shows_what_would_change_and_changes_nothing(account: Account) -> None:
    config = account.home / "samconfig.toml"
    config.write_text(config.read_text().replace('"Regions=', '"Days=14", "Regions='))
    status, said = account.nswatch("deploy", "--no-build", "--dry-run")
    assert status == 0, said
    assert "nswatch-eu-west-1 is updated: Days 7 -> 14" in said
    assert said.count("~ Log (AWS::Logs::LogGroup)") == 3
    assert [account.days(region) for region in REGIONS] == [7, 7, 7]
    status, said = account.nswatch("deploy", "--no-build", "--yes")
    assert status == 0, said
    assert [account.days(region) for region in REGIONS] == [14, 14, 14]
    # The standby is done before the primary is begun, and the primary before any other.
    order = re.findall(r"^([a-z0-9-]+): (starting|updated)", said, re.MULTILINE)
    assert [region for region, _ in order] == ["eu-west-1"] * 2 + ["ap-northeast-1"] * 2 + ["us-west-2"] * 2


def test_destroy_changes_nothing_when_the_name_is_mistyped(account: Account) -> None:
    status, said = account.nswatch("destroy", answer="nswach\n")
    assert (status, len(account.states())) == (1, 3)
    assert "That is something else; nothing was changed." in said


def test_destroy_leaves_the_record_and_deploy_takes_it_up_again(account: Account) -> None:
    item = {"pk": {"S": "group#watched.example"}, "sk": {"S": "event#1"}}
    account.client("dynamodb", "eu-west-1").put_item(TableName="nswatch", Item=item)
    status, said = account.nswatch("destroy", answer="nswatch\n")
    assert status == 0, said
    assert account.states() == {}
    assert account.tables() == list(HUBS)
    assert "aws dynamodb delete-table --table-name nswatch --region eu-west-1" in said
    order = re.findall(r"^([a-z0-9-]+): deleted", said, re.MULTILINE)
    assert order == ["us-west-2", "eu-west-1", "ap-northeast-1"]
    status, said = account.nswatch("deploy", "--no-build", "--yes")
    assert status == 0, said
    assert "nswatch-eu-west-1 is made, with the table nswatch that is there already" in said
    assert set(account.states()) == set(REGIONS)
    assert account.client("dynamodb", "eu-west-1").get_item(TableName="nswatch", Key=item)["Item"] == item
    assert "eu-west-1: subscribed: page email:oncall@other.example" in said


def test_deploy_explains_a_table_that_is_another(account: Account) -> None:
    assert account.nswatch("destroy", "--only", "eu-west-1", "--yes")[0] == 0
    dynamodb = account.client("dynamodb", "eu-west-1")
    dynamodb.delete_table(TableName="nswatch")
    dynamodb.create_table(
        TableName="nswatch",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    status, said = account.nswatch("deploy", "--no-build", "--yes", "--only", "eu-west-1")
    assert status == 1
    assert "a table nswatch is there and cannot be adopted (key: id HASH, not pk HASH, sk RANGE; stream: none" in said
    assert "choose another Name" in said


def test_destroy_deletes_the_record_when_that_is_typed(account: Account) -> None:
    status, said = account.nswatch("destroy", "--delete-record", answer="nswatch\nno\n")
    assert (status, account.tables()) == (1, list(HUBS)), said
    status, said = account.nswatch("destroy", "--delete-record", answer="nswatch\nrecord\n")
    assert status == 0, said
    assert (account.states(), account.tables()) == ({}, [])


def test_deploy_says_which_region_cannot_be_asked(account: Account) -> None:
    config = account.home / "samconfig.toml"
    text = config.read_text()
    config.write_text(text.replace("eu-west-1,us-west-2", "eu-west-1"))
    environment = {**account.environment, "AWS_ENDPOINT_URL_CLOUDFORMATION": "http://127.0.0.1:9"}
    status, said = Account(account.home, environment).nswatch("deploy", "--no-build", "--yes")
    assert status == 1
    assert said.count("cannot be asked: ") == 2
    assert json.dumps("Days=14") in text
