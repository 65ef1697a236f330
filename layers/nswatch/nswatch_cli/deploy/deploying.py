"""Deploying region by region: in which order, what stands in the way, and what became of each."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nswatch.errors import NswatchError
from nswatch_cli.deploy.config import Config
from nswatch_cli.deploy.kept import differences, import_template, template_text
from nswatch_cli.deploy.progress import FAILED, Board
from nswatch_cli.deploy.sam import Deployment, run
from nswatch_cli.deploy.source import Source
from nswatch_cli.deploy.stacks import Region, RegionUnavailable, Stack

AT_ONCE = 3
"""How many regions are deployed at once: SAM uploads and waits, so that more would save little."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_NOTHING_NEW = "No changes to deploy"
_CHANGE_SET = re.compile(r"arn:[\w-]+:cloudformation:[\w:/-]+:changeSet/[\w/-]+")
"""How SAM names the change set that it made."""


class Failed(NswatchError):
    """One region was not deployed; the text says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one region. ``error`` is empty where all went well."""

    region: str
    done: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One region as it is before: its stack, a table that an earlier installation left, or why neither is known."""

    stack: Stack
    kept_table: bool = False
    unavailable: str = ""


def kind(region: str, config: Config) -> str:
    """Return what a region is in the installation."""
    hubs = dict(zip(config.hubs, ("primary hub", "standby hub"), strict=False))
    return hubs.get(region, "probes")


def parameters_of(config: Config, source: Source) -> dict[str, str]:
    """Return the parameters that every stack gets: those of the file, and what the release is called."""
    named = {"Release": source.release} if "Release" in source.parameters else {}
    return {**named, **config.parameters}


def look(config: Config, region: str) -> Standing:
    """Return how a region stands; what cannot be asked is said, not raised."""
    try:
        at = Region(region)
        stack = at.stack(config.stack(region))
        kept = not stack.exists and region in config.hubs and at.table(config.name) is not None
    except RegionUnavailable as error:
        return Standing(Stack(config.stack(region), region), unavailable=str(error))
    return Standing(stack, kept)


def look_at_all(config: Config, regions: Sequence[str]) -> dict[str, Standing]:
    """Return how each region stands."""
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(regions, pool.map(lambda region: look(config, region), regions), strict=True))


def stages(config: Config, regions: Sequence[str], before: Mapping[str, Standing]) -> list[list[str]]:
    """Return which regions are deployed together, one stage after the other.

    Hubs come first: they judge what the others will write, and hold the table that these write into. A hub that runs is
    never changed together with the other one, so that always one is there that nobody touches; and the standby goes
    first, because while it is new (and perhaps bad) the primary sends as ever.
    """
    hubs = [hub for hub in reversed(config.hubs) if hub in regions]
    runs = any(hub in before and before[hub].stack.exists for hub in hubs)
    first = [[hub] for hub in hubs] if runs else [hubs]
    return [stage for stage in (*first, [region for region in regions if region not in hubs]) if stage]


@dataclass(frozen=True, slots=True)
class Deployer:
    """Deploys regions from a built template. ``logs`` is the folder for what SAM says."""

    config: Config
    source: Source
    sam: str
    template: Path
    logs: Path
    board: Board

    def deploy_all(self, regions: Sequence[str], before: Mapping[str, Standing]) -> list[Outcome]:
        """Deploy the regions, each whatever became of the others; return what became of each."""
        outcomes: list[Outcome] = []
        for stage in stages(self.config, regions, before):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                outcomes += pool.map(lambda region: self._one(region, before[region]), stage)
        return outcomes

    def _one(self, region: str, standing: Standing) -> Outcome:
        self.board.begins(region, "starting")
        try:
            done = self._deploy(region, standing)
        except (NswatchError, OSError) as error:
            self.board.ends(region, FAILED, str(error))
            return Outcome(region, error=str(error))
        self.board.ends(region, done)
        return Outcome(region, done)

    def _deploy(self, region: str, standing: Standing) -> str:
        if standing.unavailable:
            raise Failed(standing.unavailable)
        at, stack = Region(region), standing.stack
        if obstacle := stack.obstacle():
            raise Failed(f"{stack.name} {obstacle}")
        if stack.never_completed:
            self.board.begins(region, "removing what was never completed")
            gone = at.delete(stack, lambda: self._watch(at, stack.name))
            if gone.status != "DELETE_COMPLETE":
                raise Failed(f"{stack.name} could not be removed ({gone.status}): {gone.reason}")
        created = not stack.exists or stack.never_completed
        if created and region in self.config.hubs:
            self._adopt(at, stack.name)
        self.board.begins(region, "creating" if created else "updating")
        began = datetime.now(UTC) - _CLOCKS_DIFFER
        ended = run(
            self._deployment(region).command(self.sam),
            self.source.folder,
            tick=lambda: self._watch(at, stack.name),
        )
        log = self._log(region, ended.output)
        if ended.status:
            raise Failed(f"{at.first_failure(stack.name, began) or ended.error()} (all that SAM said: {log})")
        return "unchanged" if _NOTHING_NEW in ended.output else "created" if created else "updated"

    def _adopt(self, at: Region, stack: str) -> None:
        """Put a table that an earlier installation left into the stack, so that its creation does not collide."""
        name = self.config.name
        table = at.table(name)
        if table is None:
            return
        self.board.begins(at.region, f"adopting the table {name}")
        template = import_template(self.source.folder, name)
        if other := differences(template, table):
            raise Failed(
                f"a table {name} is there and cannot be adopted ({'; '.join(other)}): choose another Name, or delete it"
                f" with all that it holds: aws dynamodb delete-table --table-name {name} --region {at.region}"
            )
        adopted = at.adopt_table(stack, template_text(template), name)
        if adopted.status != "IMPORT_COMPLETE":
            raise Failed(f"the table {name} could not be adopted ({adopted.status}): {adopted.reason}")

    def preview(self, region: str, standing: Standing) -> tuple[list[str], str]:
        """Return what deploying a region would change, a line each, and what failed, if anything did.

        A change set is made and deleted again, the stack too where there was none.
        """
        if standing.unavailable:
            return [], standing.unavailable
        try:
            return self._preview(region, standing)
        except (NswatchError, OSError) as error:
            return [], str(error)

    def _preview(self, region: str, standing: Standing) -> tuple[list[str], str]:
        at, stack = Region(region), standing.stack
        if stack.never_completed or (problem := stack.obstacle()):
            return [], f"{stack.name} {problem or 'was never completed: it would be removed and made anew'}"
        if standing.kept_table:
            adopted = f"= Table (AWS::DynamoDB::Table): {self.config.name} is there and would be adopted"
            return [adopted, "+ everything else"], ""
        ended = run(self._deployment(region).command(self.sam, execute=False), self.source.folder)
        self._log(region, ended.output)
        found = _CHANGE_SET.search(ended.output)
        try:
            lines = at.changes(found[0]) if found is not None else []
        finally:
            if not stack.exists:
                at.drop_unborn(stack.name)
        return lines, ended.error() if ended.status else ""

    def _deployment(self, region: str) -> Deployment:
        return Deployment(
            template=self.template,
            stack=self.config.stack(region),
            region=region,
            parameters=parameters_of(self.config, self.source),
            config_file=self.config.path if self.config.path.exists() else None,
            has_bucket=self.config.has_bucket,
        )

    def _watch(self, at: Region, stack: str) -> None:
        try:
            self.board.detail(at.region, at.last_event(stack))
        except RegionUnavailable as error:
            self.board.detail(at.region, str(error))

    def _log(self, region: str, output: str) -> Path:
        log = self.logs / f"nswatch-deploy-{region}.log"
        log.write_text(output, encoding="utf-8")
        return log
