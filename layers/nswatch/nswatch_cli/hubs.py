"""How the command line finds the hubs: options, the variables that the functions have too, or samconfig.toml here."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import boto3
import click
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from nswatch.errors import InvalidDocument
from nswatch.record.dynamodb import NO_CREDENTIALS
from nswatch.record.hub_store import DynamoHubStore
from nswatch.wiring import build_hub
from nswatch_cli.deploy.config import Config, read_config

SAMCONFIG = Path("samconfig.toml")
_IMPATIENT = BotoConfig(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})

F = TypeVar("F", bound=Callable[..., Any])


def split(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Return what an option lists with commas between."""
    return tuple(hub.strip() for hub in (text or "").split(",") if hub.strip())


def hub_options(command: F) -> F:
    """Give a command ``--hubs`` and ``--name``; where no hubs are given, both are those of samconfig.toml."""

    @functools.wraps(command)
    def with_hubs(*arguments: Any, hubs: tuple[str, ...], name: str | None, **options: Any) -> Any:
        if not hubs:
            config = _samconfig()
            hubs, name = config.hubs, name or config.name
        return command(*arguments, hubs=hubs, name=name or Config(SAMCONFIG).name, **options)

    wrapped = click.option(
        "--hubs",
        envvar="NSWATCH_HUBS",
        callback=split,
        metavar="A,B",
        help="Regions of the hubs, the primary first. [env: NSWATCH_HUBS; those in samconfig.toml]",
    )(with_hubs)
    return click.option(
        "--name",
        envvar="NSWATCH_NAME",
        help="What the deployment is called: the template's Name. [env: NSWATCH_NAME; nswatch]",
    )(wrapped)  # type: ignore[return-value]  # it is called by click, as the command would be


def _samconfig() -> Config:
    try:
        return read_config(SAMCONFIG)
    except InvalidDocument as error:
        raise click.ClickException(str(error)) from error


def regions_of(hubs: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the regions of an installation where samconfig.toml is its own; nothing where it is not."""
    try:
        config = read_config(SAMCONFIG)
    except InvalidDocument:
        return ()  # it would have been refused already, were the hubs from there
    return config.regions if config.hubs == tuple(hubs) and config.name == name else ()


def hub_stores(name: str, hubs: Sequence[str]) -> list[DynamoHubStore]:
    """Return the hubs' records, the primary's first; a usage error where none is named."""
    if not hubs:
        raise click.UsageError(
            "name the hubs' regions, the primary first: --hubs ap-northeast-1,eu-west-1; or be where the samconfig.toml"
            " of the deployment is"
        )
    return [build_hub(name, hub) for hub in hubs]


def caller(hubs: Sequence[str]) -> str:
    """Return the ARN of the IAM identity that AWS sees, as the first region that answers says; a click error else.

    A region may be lost, the primary hub's too, when people acknowledge an incident or deploy.
    """
    failed = ""
    for hub in hubs:
        try:
            arn: str = boto3.client("sts", region_name=hub, config=_IMPATIENT).get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            failed = failed or (NO_CREDENTIALS if isinstance(error, NoCredentialsError) else str(error))
        else:
            return arn
    raise click.ClickException(f"AWS does not say who you are: {failed}")
