"""`nswatch deploy`: put an installation into every region, or bring it up to date."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from nswatch import wiring
from nswatch.errors import InvalidDocument, StoreUnavailable
from nswatch.record.port import WatchlistHead
from nswatch_cli.deploy import answers
from nswatch_cli.deploy.config import Config, check_config, read_config
from nswatch_cli.deploy.deploying import AT_ONCE, Deployer, Outcome, Standing, kind, look_at_all, parameters_of
from nswatch_cli.deploy.progress import Board, columns
from nswatch_cli.deploy.sam import BuildFailed, SamMissing, build, find_sam
from nswatch_cli.deploy.source import Source, read_source
from nswatch_cli.hubs import caller
from nswatch_cli.watchlist.subscriptions import subscribe_hub

BAD_FILE = 2
_FEW_REGIONS = 3


@click.command(short_help="Deploy to every region, or bring it up to date.")
@click.option(
    "--source", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="A clone of nswatch. [.]"
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="[samconfig.toml of the source]")
@click.option("--only", multiple=True, metavar="REGION", help="Deploy this region and no other; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what would change in each region, and change nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing: what samconfig.toml does not say is taken from the template.")
@click.option("--no-build", is_flag=True, help="Deploy what was built before.")
@click.option("--build-dir", type=click.Path(path_type=Path), metavar="DIR", help="[.aws-sam/build of the source]")
def deploy_command(
    source: Path,
    config: Path | None,
    only: Sequence[str],
    dry_run: bool,
    yes: bool,
    no_build: bool,
    build_dir: Path | None,
) -> None:
    """Deploy nswatch to every region that samconfig.toml names, or bring it up to date.

    Asks what samconfig.toml does not say, and writes the answers there. Shows what it will do, and asks; then builds
    once and deploys the hubs, and after them all other regions at once. A region that fails does not stop the others.
    Repeat it as often as you like.

    Exit status 1 when a region failed, 2 when samconfig.toml is wrong.
    """
    path = config or source / "samconfig.toml"
    try:
        with _somebody_answers(path):
            tree, wanted = _configured(source, path, yes=yes or dry_run, keep=not dry_run)
        sam = find_sam(source)
    except InvalidDocument as error:
        _refuse(error)
    except SamMissing as error:
        raise click.ClickException(str(error)) from error
    regions = _chosen(wanted, only)
    before = look_at_all(wanted, regions)
    _show_plan(wanted, tree, regions, before)
    if not yes and not dry_run:
        with _somebody_answers(path):
            agreed = click.confirm("\nDeploy?")
        if not agreed:
            raise click.Abort
    template = _built(wanted, tree, sam, build_dir or source / ".aws-sam" / "build", no_build=no_build)
    if dry_run:
        sys.exit(_preview(Deployer(wanted, tree, sam, template, template.parent, Board({})), regions, before))
    with Board({region: kind(region, wanted) for region in regions}) as board:
        outcomes = Deployer(wanted, tree, sam, template, template.parent, board).deploy_all(regions, before)
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in failed:
        click.echo(f"{outcome.region}: failed: {outcome.error}", err=True)
    told = _after(wanted, outcomes)
    if failed:
        names = " ".join(f"--only {outcome.region}" for outcome in failed)
        click.echo(f"{len(failed)} of {len(outcomes)} regions failed; then repeat: nswatch deploy {names}", err=True)
    sys.exit(1 if failed or not told else 0)


def _refuse(error: InvalidDocument) -> None:
    click.echo("\n".join(str(problem) for problem in error.problems), err=True)
    sys.exit(BAD_FILE)


@contextmanager
def _somebody_answers(path: Path) -> Iterator[None]:
    """Say what to do where a question finds nobody: in CI, or in a shell without a terminal."""
    try:
        yield
    except click.Abort:
        if not sys.stdin.isatty():
            click.echo(
                f"\nNobody answers here. Repeat it with --yes, which asks nothing: what {path} does not say is taken"
                " from the template, and routes that stand in neither it nor a watchlist are left out.",
                err=True,
            )
        raise


def _configured(folder: Path, path: Path, *, yes: bool, keep: bool) -> tuple[Source, Config]:
    """Return the source tree and the complete configuration; write into the file what is new, when ``keep``."""
    tree = read_source(folder)
    before = read_config(path)
    if before.missing and before.parameters:
        check_config(answers.by_default(before, tree), tree)  # what is wrong already, before any question
    after = answers.by_default(before, tree) if yes else answers.ask(before, tree)
    check_config(after, tree)
    if keep and answers.write_back(before, after):
        click.echo(f"{path}: written; commit it, so that everybody deploys the same")
    return tree, after


def _chosen(config: Config, only: Sequence[str]) -> list[str]:
    for region in only:
        if region not in config.regions:
            raise click.BadParameter(f"{region} is not one of {', '.join(config.regions)}", param_hint="--only")
    return [region for region in config.regions if not only or region in only]


def _show_plan(config: Config, source: Source, regions: Sequence[str], before: Mapping[str, Standing]) -> None:
    click.echo(f"{config.name}, release {source.release}, account {caller(config.regions).split(':')[4]}")
    rows = [[region, kind(region, config), intention(config, source, before[region])] for region in regions]
    click.echo("\n".join(columns(rows)))
    if len(config.regions) < _FEW_REGIONS:
        click.echo("Three regions are better: with two, one that is silent is half of them.")
    if answers.DEAD_MAN in source.parameters and not config.parameters.get(answers.DEAD_MAN):
        click.echo(
            f"No {answers.DEAD_MAN}: if both hubs are lost, nobody is told. Strongly advised: get a URL from a dead-man"
            f' service, and put "{answers.DEAD_MAN}=https://…" into parameter_overrides of {config.path}.'
        )


def intention(config: Config, source: Source, standing: Standing) -> str:
    """Return what will be done in a region, for people."""
    stack = standing.stack
    if standing.unavailable:
        return f"cannot be asked: {standing.unavailable}"
    if obstacle := stack.obstacle():
        return f"{stack.name} {obstacle}"
    if stack.never_completed:
        return f"{stack.name} was never completed ({stack.status}): it is removed, and made anew"
    if not stack.exists:
        adopts = f", with the table {config.name} that is there already" if standing.kept_table else ""
        return f"{stack.name} is made{adopts}"
    changes = [
        f"{key} {stack.parameters.get(key) or '(none)'} -> {value or '(none)'}"
        for key, value in parameters_of(config, source).items()
        if not source.is_secret(key) and stack.parameters.get(key, source.default(key)) != value
    ]
    secret = [key for key in config.parameters if source.is_secret(key)]
    changes += [f"{key} as in {config.path.name}" for key in secret]
    return f"{stack.name} is updated: {'; '.join(changes) or 'no other parameter, perhaps other code'}"


def _built(config: Config, source: Source, sam: str, target: Path, *, no_build: bool) -> Path:
    """Return the built template, built now unless that is not wanted."""
    template = target / "template.yaml"
    if no_build:
        if not template.is_file():
            raise click.UsageError(f"nothing was built: there is no {template}; leave --no-build out")
        return template
    architecture = config.parameters.get("Architecture") or source.default("Architecture")
    click.echo(f"building for {architecture}")
    try:
        build(sam, source.folder, target, architecture, config.hubs[0])
    except BuildFailed as error:
        raise click.ClickException(str(error)) from error
    return template


def _preview(deployer: Deployer, regions: Sequence[str], before: Mapping[str, Standing]) -> int:
    """Show what would change in each region; return the exit status."""
    status = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        previews = list(pool.map(lambda region: deployer.preview(region, before[region]), regions))
    for region, (lines, problem) in zip(regions, previews, strict=True):
        click.echo(f"\n{region}:{'' if lines or problem else ' nothing would change'}")
        for line in lines:
            click.echo(f"  {line}")
        if problem:
            click.echo(f"  {problem}", err=True)
            status = 1
    click.echo("\nNothing was changed. (SAM has put the code into its bucket.)")
    return status


def _after(config: Config, outcomes: Sequence[Outcome]) -> bool:
    """Subscribe who is to be told, in each hub that was deployed, and say what comes next; False where that failed."""
    good, head = True, None
    for outcome in outcomes:
        if outcome.region not in config.hubs or outcome.error:
            continue
        try:
            head = wiring.build_hub(config.name, outcome.region).watchlist_head()
        except StoreUnavailable as error:
            click.echo(f"{outcome.region}: {error}", err=True)
            good = False
            continue
        good &= _subscribe(config, outcome.region, head)
    if any(not outcome.error for outcome in outcomes):
        hubs = ",".join(config.hubs)
        next_step = f"nswatch status --hubs {hubs}" if head else f"nswatch watchlist apply watchlist.yaml --hubs {hubs}"
        click.echo(f"next: {next_step}{'' if config.name == 'nswatch' else f' --name {config.name}'}")
    return good


def _subscribe(config: Config, hub: str, head: WatchlistHead | None) -> bool:
    """Subscribe the watchlist's routes, or before there is one those of samconfig.toml. Nobody's is ended here."""
    routes = head.alerts if head is not None and head.alerts else config.routes
    if not any(routes.values()):
        click.echo(f"{hub}: nobody is told yet: name routes under `alerts` in the watchlist, and apply it")
        return True
    return subscribe_hub(config.name, hub, routes, ending=False)
