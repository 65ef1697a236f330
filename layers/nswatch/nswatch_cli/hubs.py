"""How the command line finds the hubs: options, or the variables that the functions have too."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.record.hub_store import DynamoHubStore
from nswatch.wiring import build_hub

F = TypeVar("F", bound=Callable[..., Any])


def _split(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(hub.strip() for hub in (text or "").split(",") if hub.strip())


def hub_options(command: F) -> F:
    """Give a command ``--hubs`` and ``--name``."""
    command = click.option(
        "--hubs",
        envvar="NSWATCH_HUBS",
        callback=_split,
        metavar="A,B",
        help="Regions of the hubs, the primary first. [env: NSWATCH_HUBS]",
    )(command)
    return click.option(
        "--name",
        envvar="NSWATCH_NAME",
        default="nswatch",
        show_default=True,
        help="What the deployment is called: the template's Name. [env: NSWATCH_NAME]",
    )(command)


def hub_stores(name: str, hubs: Sequence[str]) -> list[DynamoHubStore]:
    """Return the hubs' records, the primary's first; a usage error where none is named."""
    if not hubs:
        raise click.UsageError("name the hubs' regions, the primary first: --hubs ap-northeast-1,eu-west-1")
    return [build_hub(name, hub) for hub in hubs]


def caller(hubs: Sequence[str]) -> str:
    """Return the ARN of the IAM identity that AWS sees; a click error where there is none."""
    try:
        arn: str = boto3.client("sts", region_name=hubs[0]).get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"AWS does not say who you are: {error}") from error
    return arn
