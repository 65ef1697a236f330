"""`nswatch watchlist`: check the file, see the difference and the baseline, put them into force."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from nswatch import wiring
from nswatch.collect.bootstrap import shipped
from nswatch.errors import InvalidDocument, InvalidName
from nswatch.expect.data import aws_ranges
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Observation
from nswatch.names import normalise
from nswatch.observe.servers import Server
from nswatch_cli.hints import read_hints
from nswatch_cli.hubs import caller, hub_options, hub_stores
from nswatch_cli.watchlist.applying import Plan, carry_out, plan_apply
from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.completing import completing
from nswatch_cli.watchlist.drafting import import_command, learn_command
from nswatch_cli.watchlist.jsonschema import watchlist_schema
from nswatch_cli.watchlist.load import load_watchlist
from nswatch_cli.watchlist.lock import Lock, lock_path, read_lock, write_lock
from nswatch_cli.watchlist.looking import look_from_here
from nswatch_cli.watchlist.schema import Watchlist
from nswatch_cli.watchlist.strangers import beside_route53, unlike_route53
from nswatch_cli.watchlist.subscriptions import subscribe_hub
from nswatch_cli.watchlist.unjudged import not_heeded, without_rdap

BAD_FILE = 2


@click.group()
def watchlist_commands() -> None:
    """Keep what must be true of your domains."""


watchlist_commands.add_command(import_command, "import")
watchlist_commands.add_command(learn_command, "learn")


def _load(file: Path) -> tuple[Watchlist, Lock]:
    """Return a watchlist and its lock, or say everything that is wrong with the two and exit."""
    try:
        return _both(file)
    except InvalidDocument as error:
        _refuse(file, error)
        sys.exit(BAD_FILE)


def _both(file: Path) -> tuple[Watchlist, Lock]:
    problems = list[object]()
    try:
        watchlist = load_watchlist(file)
    except InvalidDocument as error:
        problems += error.problems
    try:
        lock = read_lock(lock_path(file))
    except InvalidDocument as error:
        problems += error.problems
    if problems:
        raise InvalidDocument(*problems)
    return watchlist, lock


def _refuse(file: Path, error: InvalidDocument) -> None:
    problems = [str(problem) for problem in error.problems]
    click.echo("\n".join(problems), err=True)
    click.echo(f"{file}: refused, {len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)


@watchlist_commands.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
def validate(files: Sequence[Path]) -> None:
    """Check files, and the lock beside each, and say everything that is wrong. Exit status 2 if one is bad.

    A good file may still approve a name that imitates Route 53's, a good lock an address of a Route 53 name server that
    is not Route 53's, and a registry may have no RDAP to judge a registration by: that is said, and no error.
    """
    bad = False
    for file in files:
        try:
            watchlist, lock = _both(file)
        except InvalidDocument as error:
            _refuse(file, error)
            bad = True
        else:
            count = len(watchlist.domains)
            click.echo(f"{file}: good, {count} domain{'s' if count != 1 else ''}")
            watched = canonical(watchlist)
            known = {domain: each.baseline for domain, each in lock.items() if domain in watched}
            told = (*unlike_route53(watched), *beside_route53(known, aws_ranges()), *without_rdap(watched, shipped()))
            for line in (*told, *not_heeded(watched)):
                click.echo(line, err=True)
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
@click.option(
    "--baseline-again",
    "again",
    multiple=True,
    metavar="DOMAIN",
    help="Take the baseline of this domain anew (its owner moved a name server); repeatable.",
)
@click.option("--no-baseline", is_flag=True, help="Ask no DNS: what is new gets no baseline.")
@click.option("--root-hints", type=click.Path(path_type=Path), metavar="FILE", help="Start from these root servers.")
@click.option("--port", type=click.IntRange(1, 65535), default=53, metavar="N", help="Ask all servers at this port.")
def apply(  # noqa: PLR0913, PLR0917 - a name for each option
    file: Path,
    hubs: Sequence[str],
    name: str,
    yes: bool,
    dry_run: bool,
    again: Sequence[str],
    no_baseline: bool,
    root_hints: Path | None,
    port: int,
) -> None:
    """Show the difference to the watchlist in force, and put FILE into force in every hub.

    Of what is new, the name servers' addresses, glue, DS and TTLs are looked up from here, shown with the difference,
    and kept in the lock file beside FILE (FILE.lock.json), which belongs into version control.

    Subscribes the routes of `alerts` to the topics of each hub. Exit status 1 when a hub could not take it: apply
    again when it is back.
    """
    watchlist, lock = _load(file)
    domains = _again(again, watchlist, no_baseline=no_baseline)
    hints = _hints(root_hints)
    aws = aws_ranges()
    ask = look_from_here(wiring.now, aws, hints=hints, route=lambda address: (address, port))

    def look(entries: Sequence[DomainEntry]) -> Mapping[str, Sequence[Observation]]:
        click.echo(
            f"asking DNS about {len(entries)} domain{'s' if len(entries) > 1 else ''} for the baseline", err=True
        )
        return ask(entries)

    stores, now = hub_stores(name, hubs), wiring.now()
    plan = plan_apply(stores, watchlist, now, completing(lock, None if no_baseline else look, now, aws, domains))
    _show(plan)
    if dry_run:
        return
    failed, done = False, plan.changes_nothing
    if not plan.changes_nothing:
        if not yes:
            click.confirm(f"Put version {plan.version} into force?", abort=True)
        for result in carry_out(plan, caller(hubs), wiring.now()):
            click.echo(f"{result.hub}: {result.error or f'version {result.version} is in force'}")
            failed, done = failed or bool(result.error), done or not result.error
    kept = not done or _keep(plan, lock_path(file))
    subscribed = [subscribe_hub(name, hub, plan.alerts) for hub in hubs]
    sys.exit(1 if failed or not kept or not all(subscribed) else 0)


def _again(names: Sequence[str], watchlist: Watchlist, *, no_baseline: bool) -> frozenset[str]:
    if names and no_baseline:
        raise click.UsageError("--baseline-again asks DNS, and --no-baseline does not; give one of them")
    known, found = canonical(watchlist), set[str]()
    for text in names:
        try:
            domain = normalise(text)
        except InvalidName as error:
            raise click.BadParameter(str(error), param_hint="--baseline-again") from error
        if domain not in known:
            listed = ", ".join(list(known)[:5]) + (", ..." if len(known) > 5 else "")
            raise click.BadParameter(
                f"{text} is not in the watchlist, which has: {listed}", param_hint="--baseline-again"
            )
        found.add(domain)
    return frozenset(found)


def _hints(file: Path | None) -> tuple[Server, ...]:
    try:
        return read_hints(file)
    except InvalidDocument as error:
        raise click.BadParameter(str(error), param_hint="--root-hints") from error


def _keep(plan: Plan, path: Path) -> bool:
    """Write the lock where it says something new; False when that fails: the hubs hold it, and nobody else."""
    try:
        if (plan.lock or path.exists()) and write_lock(path, plan.lock):
            click.echo(f"{path}: written; commit it with the watchlist")
    except OSError as error:
        click.echo(f"{path}: cannot be written: {error.strerror or error}; mend that and apply again", err=True)
        return False
    return True


def _show(plan: Plan) -> None:
    for hub in plan.hubs:
        if hub.error is not None:
            click.echo(f"{hub.store.hub}: cannot be asked: {hub.error}", err=True)
    for hub_name in plan.behind:
        click.echo(f"{hub_name}: holds an older version")
    for note in plan.notes:
        click.echo(note, err=True)
    click.echo("\n".join(plan.lines) if plan.lines else "The watchlist in force says the same.")
