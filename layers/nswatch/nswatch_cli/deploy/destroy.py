"""`nswatch destroy`: take an installation away, region by region, and leave the record unless that is asked for."""

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from nswatch.errors import InvalidDocument
from nswatch_cli.deploy.config import Config, read_config
from nswatch_cli.deploy.deploying import AT_ONCE, Outcome, Standing, kind, look_at_all
from nswatch_cli.deploy.progress import FAILED, Board, columns
from nswatch_cli.deploy.stacks import Region, RegionUnavailable
from nswatch_cli.hubs import caller

BAD_FILE = 2
_RECORD = "record"
"""What is typed to say that the record is meant."""


@click.command(short_help="Delete the stacks; the tables stay.")
@click.option("--config", type=click.Path(path_type=Path), default="samconfig.toml", metavar="FILE", show_default=True)
@click.option("--only", multiple=True, metavar="REGION", help="Destroy this region and no other; repeatable.")
@click.option("--delete-record", is_flag=True, help="Delete the tables of the hubs too, with all evidence in them.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def destroy_command(config: Path, only: Sequence[str], delete_record: bool, yes: bool) -> None:
    """Delete the stacks of every region that samconfig.toml names: those that only probe first, the primary hub last.

    The tables stay, because they hold evidence, unless --delete-record is given. A region that fails does not stop the
    others. Exit status 1 when one failed, 2 when samconfig.toml is wrong.
    """
    try:
        wanted = _installed(config)
    except InvalidDocument as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(BAD_FILE)
    # A region that was taken out of Regions can be named too.
    order = _order(wanted, only or wanted.regions)
    before = look_at_all(wanted, [region for stage in order for region in stage])
    tables = _tables(wanted, before)
    _show(wanted, before, tables, delete_record=delete_record)
    if not yes:
        _typed(wanted.name, f"This cannot be undone. Type the installation's name ({wanted.name})")
        if delete_record and tables:
            _typed(_RECORD, f"The evidence will be gone for good. Type {_RECORD!r}")
    with Board({region: kind(region, wanted) for region in before}) as board:
        outcomes = _each(order, lambda region: _destroyed(before[region], board))
        gone = {outcome.region for outcome in outcomes if not outcome.error}
        if delete_record:
            outcomes += _each([[hub for hub in tables if hub in gone]], lambda hub: _emptied(wanted, hub, board))
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in failed:
        click.echo(f"{outcome.region}: failed: {outcome.error}", err=True)
    _say_what_stays(wanted, [] if delete_record else [hub for hub in tables if hub in gone])
    sys.exit(1 if failed else 0)


def _installed(path: Path) -> Config:
    """Return what was deployed; raise InvalidDocument where the file does not say."""
    config = read_config(path)
    if config.missing:
        wrong = f"has no {config.missing[0]}" if path.exists() else "is not there"
        raise InvalidDocument(
            f"{path}: {wrong}, so that nobody knows what to destroy; give the file that was deployed by, with --config"
            " FILE"
        )
    return config


def _typed(word: str, text: str) -> None:
    if click.prompt(text, default="", show_default=False).strip() != word:
        click.echo("That is something else; nothing was changed.", err=True)
        raise click.Abort


def _order(config: Config, regions: Sequence[str]) -> list[list[str]]:
    """Return which regions go together, one stage after the other: as long as one probes, a hub judges."""
    hubs = [[hub] for hub in reversed(config.hubs) if hub in regions]
    return [stage for stage in ([region for region in regions if region not in config.hubs], *hubs) if stage]


def _tables(config: Config, before: Mapping[str, Standing]) -> list[str]:
    """Return the hubs that hold a table."""
    found = []
    for hub in config.hubs:
        if hub not in before or before[hub].unavailable:
            continue
        if Region(hub).table(config.name) is not None:
            found.append(hub)
    return found


def _show(config: Config, before: Mapping[str, Standing], tables: Sequence[str], *, delete_record: bool) -> None:
    click.echo(f"{config.name}, account {caller(list(before)).split(':')[4]}")
    rows = []
    for region, standing in before.items():
        what = f"{standing.stack.name} is deleted" if standing.stack.exists else "has no stack"
        if standing.unavailable:
            what = f"cannot be asked: {standing.unavailable}"
        elif region in tables:
            what += f", its table {config.name} {'too, with all evidence' if delete_record else 'stays'}"
        rows.append([region, kind(region, config), what])
    click.echo("\n".join(columns(rows)))
    click.echo("Nothing watches your domains afterwards; subscriptions end with the topics.")


def _each(order: Sequence[Sequence[str]], work: Callable[[str], Outcome]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for stage in order:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes += pool.map(work, stage)
    return outcomes


def _destroyed(standing: Standing, board: Board) -> Outcome:
    region = standing.stack.region
    board.begins(region, "deleting" if standing.stack.exists else "looking")
    try:
        done, error = _delete(standing, board)
    except RegionUnavailable as unavailable:
        done, error = "", str(unavailable)
    board.ends(region, FAILED if error else done, error)
    return Outcome(region, done, error)


def _delete(standing: Standing, board: Board) -> tuple[str, str]:
    """Return what was done, and why not."""
    stack = standing.stack
    if standing.unavailable:
        return "", standing.unavailable
    if not stack.exists:
        return "was not there", ""
    at = Region(stack.region)
    gone = at.delete(stack, lambda: board.detail(stack.region, at.last_event(stack.id)))
    if gone.status != "DELETE_COMPLETE":
        return "", f"{stack.name} is {gone.status}: {gone.reason or 'its events say why'}; repeat this"
    return "deleted", ""


def _emptied(config: Config, hub: str, board: Board) -> Outcome:
    try:
        Region(hub).delete_table(config.name)
    except RegionUnavailable as error:
        board.ends(hub, FAILED, str(error))
        return Outcome(hub, error=f"its table: {error}")
    board.ends(hub, "deleted, with its table")
    return Outcome(hub, "deleted")


def _say_what_stays(config: Config, tables: Sequence[str]) -> None:
    if tables:
        click.echo(f"The record stays in {' and '.join(tables)}; `nswatch deploy` takes it up again. To delete it:")
        for hub in tables:
            click.echo(f"  aws dynamodb delete-table --table-name {config.name} --region {hub}")
    click.echo("SAM's own bucket with the code stays in each region (stack aws-sam-cli-managed-default).")
