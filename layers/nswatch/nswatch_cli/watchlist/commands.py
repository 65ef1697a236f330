"""`nswatch watchlist`: check the file, see the difference, put it into force."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
import click

from nswatch import wiring
from nswatch.errors import InvalidDocument, StoreUnavailable
from nswatch.model import Severity
from nswatch_cli.hubs import caller, hub_options, hub_stores
from nswatch_cli.watchlist.applying import Plan, carry_out, plan_apply
from nswatch_cli.watchlist.jsonschema import watchlist_schema
from nswatch_cli.watchlist.load import load_watchlist
from nswatch_cli.watchlist.schema import Watchlist
from nswatch_cli.watchlist.subscriptions import subscribe

BAD_FILE = 2


@click.group()
def watchlist_commands() -> None:
    """Keep what must be true of your domains."""


def _load(file: Path) -> Watchlist:
    try:
        return load_watchlist(file)
    except InvalidDocument as error:
        _refuse(file, error)
        sys.exit(BAD_FILE)


def _refuse(file: Path, error: InvalidDocument) -> None:
    problems = [str(problem) for problem in error.problems]
    click.echo("\n".join(problems), err=True)
    click.echo(f"{file}: refused, {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)


@watchlist_commands.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
def validate(files: Sequence[Path]) -> None:
    """Check files, and say everything that is wrong with each. Exit status 2 if one is bad."""
    bad = False
    for file in files:
        try:
            count = len(load_watchlist(file).domains)
        except InvalidDocument as error:
            _refuse(file, error)
            bad = True
        else:
            click.echo(f"{file}: good, {count} domain{'s' if count != 1 else ''}")
    sys.exit(BAD_FILE if bad else 0)


@watchlist_commands.command()
def schema() -> None:
    """Print the JSON Schema of the file, for an editor to complete and check by."""
    click.echo(json.dumps(watchlist_schema(), indent=2))


@watchlist_commands.command()
@click.argument("file", type=click.Path(path_type=Path))
@hub_options
@click.option("--yes", is_flag=True, help="Put it into force without asking.")
@click.option("--dry-run", is_flag=True, help="Show the difference and stop.")
def apply(file: Path, hubs: Sequence[str], name: str, yes: bool, dry_run: bool) -> None:
    """Show the difference to the watchlist in force, and put FILE into force in every hub.

    Subscribes the routes of `alerts` to the topics of each hub. Exit status 1 when a hub could not take it: apply
    again when it is back.
    """
    watchlist = _load(file)
    plan = plan_apply(hub_stores(name, hubs), watchlist, wiring.now())
    _show(plan)
    if dry_run:
        return
    failed = False
    if not plan.changes_nothing:
        if not yes:
            click.confirm(f"Put version {plan.version} into force?", abort=True)
        for result in carry_out(plan, caller(hubs), wiring.now()):
            click.echo(f"{result.hub}: {result.error or f'version {result.version} is in force'}")
            failed = failed or bool(result.error)
    subscribed = [_subscribe(name, hub, plan) for hub in hubs]
    sys.exit(1 if failed or not all(subscribed) else 0)


def _show(plan: Plan) -> None:
    for hub in plan.hubs:
        if hub.error is not None:
            click.echo(f"{hub.store.hub}: cannot be asked: {hub.error}", err=True)
    for hub_name in plan.behind:
        click.echo(f"{hub_name}: holds an older version")
    click.echo("\n".join(plan.lines) if plan.lines else "The watchlist in force says the same.")


def _subscribe(name: str, hub: str, plan: Plan) -> bool:
    """Bring one hub's subscriptions up to the watchlist, and say what is open; False when SNS takes no call."""
    account = caller([hub]).split(":")[4]
    topics = {
        channel.value: f"arn:{_partition(hub)}:sns:{hub}:{account}:{name}-{channel}"
        for channel in (Severity.PAGE, Severity.NOTICE)
    }
    try:
        done = subscribe(boto3.client("sns", region_name=hub), topics, plan.alerts)
    except StoreUnavailable as error:
        click.echo(f"{hub}: {error}", err=True)
        return False
    for word, routes in (("subscribed", done.made), ("ended", done.ended), ("not confirmed yet", done.unconfirmed)):
        for route in routes:
            click.echo(f"{hub}: {word}: {route}")
    return True


def _partition(region: str) -> str:
    return boto3.session.Session().get_partition_for_region(region)
