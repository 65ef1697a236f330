"""The emulated AWS: empty anew, apart by region, and without a trace in the process that it runs in."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from nswatch.record import table
from nswatch.record.dynamodb import Table
from nswatch_cli.replay import emulator
from nswatch_cli.replay.cloud import Cloud
from nswatch_cli.replay.emulator import Emulator

HOME, OTHER = "eu-west-1", "us-west-2"


def made(region: str) -> Table:
    client = boto3.client("dynamodb", region_name=region)
    table.create(client, "nswatch")
    return Table(client, "nswatch")


def test_emulator_is_empty_when_entered_again() -> None:
    with Emulator():
        made(HOME).put({"pk": "a", "sk": "b"})
    with Emulator():
        client = boto3.client("dynamodb", region_name=HOME)
        assert client.list_tables()["TableNames"] == []
        assert made(HOME).get("a", "b") is None


def test_emulator_keeps_regions_apart() -> None:
    with Emulator():
        home, other = made(HOME), made(OTHER)
        home.put({"pk": "a", "sk": "b", "of": "home"})
        assert other.get("a", "b") is None
        assert home.get("a", "b") == {"pk": "a", "sk": "b", "of": "home"}
        for region in (HOME, OTHER):
            topic = boto3.client("sns", region_name=region).create_topic(Name="t")["TopicArn"]
            assert topic == f"arn:aws:sns:{region}:123456789012:t"


def test_emulator_raises_botocores_errors_when_a_call_is_refused() -> None:
    with Emulator(), pytest.raises(ClientError, match="ResourceNotFoundException"):
        boto3.client("dynamodb", region_name=HOME).get_item(TableName="none", Key={"pk": {"S": "a"}})


def test_emulator_takes_no_call_when_left() -> None:
    with Emulator():
        client = boto3.client("sqs", region_name=HOME)
    with pytest.raises(RuntimeError, match="no longer there"):
        client.list_queues()


def test_emulator_gives_the_session_back_when_left(monkeypatch: pytest.MonkeyPatch) -> None:
    session = boto3.Session(region_name=OTHER)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    with Emulator():
        assert boto3.DEFAULT_SESSION is not session
    assert boto3.DEFAULT_SESSION is session


def test_emulator_gives_the_session_back_when_a_replay_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(KeyError), Cloud([HOME]):
        raise KeyError
    assert boto3.DEFAULT_SESSION is None


def test_emulator_works_when_the_user_has_another_profile_and_endpoint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile broken]\nregion = nowhere\nretry_mode = never\n")
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "http://192.0.2.1:1/elsewhere",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://192.0.2.1:1/elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    emulator._session.cache_clear()  # it may have been made under other variables
    with Emulator():
        client = boto3.client("dynamodb", region_name=HOME)
        assert client.list_tables()["TableNames"] == []
        assert client.meta.endpoint_url == f"https://dynamodb.{HOME}.amazonaws.com"


def test_emulator_leaves_no_thread_log_handler_or_file(tmp_path: Path) -> None:
    """In a process of its own, with the variables that make a ministack keep state, refuse calls and log."""
    script = (
        "import logging, threading, boto3\n"
        "from nswatch_cli.replay.cloud import Cloud\n"
        "for _ in range(2):\n"
        "    with Cloud(['eu-west-1', 'us-west-2']) as cloud:\n"
        "        boto3.client('sqs', region_name='eu-west-1').list_queues()\n"
        "assert threading.enumerate() == [threading.main_thread()], threading.enumerate()\n"
        "assert logging.getLogger().handlers == [], logging.getLogger().handlers\n"
        "assert logging.getLogger().level == logging.WARNING\n"
        "threading.Thread(target=print, args=('threads start',)).start()\n"
    )
    state = tmp_path / "state"
    state.mkdir()
    (state / "dynamodb.json").write_text("{}")
    switches = {"AUTH": "true", "SERVICES": "s3", "PERSIST_STATE": "1", "STATE_DIR": str(state), "LOG_LEVEL": "DEBUG"}
    environment = {**os.environ, **switches, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "threads start\n", "")
    assert [path.name for path in state.iterdir()] == ["dynamodb.json"]
    assert list(tmp_path.iterdir()) == [state]


def test_emulator_says_nothing_when_the_caller_logs_everything(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), Cloud([HOME]):
        said = {record.name for record in caplog.records}
    assert not said & {"ministack", "dynamodb", "sns", "sqs"}
