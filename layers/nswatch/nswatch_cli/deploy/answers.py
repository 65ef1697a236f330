"""What samconfig.toml does not say yet: asked, or taken from the template's defaults, and written back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click
import tomlkit
from tomlkit.items import AbstractTable, Array

from nswatch.errors import InvalidDocument
from nswatch_cli.deploy.config import CHANNELS, OURS, OVERRIDES, REFUSED_AS_HUB, WHERE, Config, check_routes, split
from nswatch_cli.deploy.source import Source

DEAD_MAN = "DeadManUrl"
_ASKED = {
    "page": "Routes that wake a person, until a watchlist is applied (email:a@b.example,sms:+81…; Enter for none)",
    "notice": "Routes for what can wait until the morning, until a watchlist is applied (Enter for none)",
}


def by_default(config: Config, source: Source) -> Config:
    """Return the configuration with what says where it runs, taken from the template where the file says nothing."""
    parameters = dict(config.parameters)
    parameters.setdefault("Regions", source.default("Regions"))
    for key in WHERE[1:]:
        if not parameters.get(key):
            parameters[key] = _hub_default(key, parameters, source)
    return replace(config, parameters=parameters)


def _hub_default(key: str, parameters: Mapping[str, str], source: Source) -> str:
    """Return the hub to propose: the template's where it probes, else the first region that may be one."""
    regions = split(parameters["Regions"])
    taken = {parameters.get(other) for other in WHERE[1:] if other != key} | {REFUSED_AS_HUB}
    free = [region for region in regions if region not in taken]
    proposed = source.default(key)
    return proposed if proposed in free else (free or [proposed])[0]


def ask(config: Config, source: Source) -> Config:
    """Return the configuration with everything that it lacks, as a person answers."""
    parameters, routes = dict(config.parameters), dict(config.routes)
    if config.missing or not config.routes:
        click.echo(f"{config.path} does not say everything yet. Enter takes what stands in brackets.\n")
    if not parameters.get("Regions"):
        parameters["Regions"] = click.prompt(
            "Regions that probe, the two hubs included, with commas between them",
            default=source.default("Regions"),
            value_proc=_checked("Regions", source, lambda text: ",".join(split(text))),
        )
    for key, words in zip(WHERE[1:], ("Primary hub: keeps the record, judges and sends", "Standby hub"), strict=True):
        if not parameters.get(key):
            parameters[key] = click.prompt(
                words,
                default=_hub_default(key, parameters, source),
                value_proc=_checked(key, source, str.strip, lambda hub: _hub_trouble(hub, parameters)),
            )
    first_time = not routes
    for channel in CHANNELS:
        if channel not in routes:
            routes[channel] = click.prompt(_ASKED[channel], default="", show_default=False, value_proc=_routes)
    if first_time and DEAD_MAN in source.parameters and not parameters.get(DEAD_MAN):
        url = click.prompt(
            "URL of a dead-man service: it tells you when both hubs are lost, and nothing else does (Enter for none)",
            default="",
            show_default=False,
            value_proc=_checked(DEAD_MAN, source, str.strip),
        )
        if url:
            parameters[DEAD_MAN] = url
    return replace(config, parameters=parameters, routes=routes)


def _checked(
    key: str, source: Source, tidy: Callable[[str], str], trouble: Callable[[str], str] = lambda _: ""
) -> Callable[[str], str]:
    """Return a check of an answer by the template's own constraint and by ``trouble``; click asks again on an error."""
    parameter = source.parameters[key]

    def check(text: str) -> str:
        value = tidy(text)
        parts = parameter.parts(value)
        bad = next((part for part in parts if not parameter.accepts(part)), None)
        if bad is not None:
            raise click.BadParameter(f"{bad!r} is none; write {parameter.right()}")
        if key == "Regions" and len(set(parts)) < 2:
            raise click.BadParameter("two regions at least, for the two hubs; three make sense")
        if problem := trouble(value):
            raise click.BadParameter(problem)
        return value

    return check


def _hub_trouble(hub: str, parameters: Mapping[str, str]) -> str:
    if hub == REFUSED_AS_HUB:
        return f"{hub} must not be a hub: its outages take control planes of other regions along"
    if hub in {parameters.get(key) for key in WHERE[1:]}:
        return f"{hub} is the other hub already: the loss of one region would be that of both"
    if hub not in split(parameters["Regions"]):
        return f"{hub} is not one of {parameters['Regions']}"
    return ""


def _routes(text: str) -> tuple[str, ...]:
    good, bad = check_routes(split(text))
    if bad:
        raise click.BadParameter("; ".join(bad))
    return good


def write_back(before: Config, after: Config) -> bool:
    """Write what is new into samconfig.toml, its comments kept; return whether anything was. Raises InvalidDocument."""
    parameters = {key: value for key, value in after.parameters.items() if before.parameters.get(key) != value}
    routes = {channel: after.routes[channel] for channel in after.routes.keys() - before.routes.keys()}
    if not parameters and not routes:
        return False
    path = after.path
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
        document.setdefault("version", 0.1)
        if parameters:
            _write_parameters(_table(document, OVERRIDES.split(".")[:-1]), parameters)
        if routes:
            table = _table(document, OURS.split("."))
            for channel in CHANNELS:
                if channel in routes:
                    table[channel] = list(routes[channel])
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise InvalidDocument(f"{path}: cannot be written: {error.strerror or error}; mend that first") from error
    return True


def _table(document: Any, keys: Sequence[str]) -> Any:
    """Return the table under a dotted key, made where it is not there."""
    at = document
    for depth, key in enumerate(keys):
        if key not in at:
            at[key] = tomlkit.table(is_super_table=depth < len(keys) - 1)
        at = at[key]
    return at


def _write_parameters(table: Any, parameters: Mapping[str, str]) -> None:
    """Put parameters into whichever of SAM's forms is there: a list or a text of KEY=VALUE, or a table."""
    there = table.get("parameter_overrides")
    if isinstance(there, AbstractTable | dict):
        there.update(parameters)
        return
    if isinstance(there, str):
        table["parameter_overrides"] = " ".join([there, *(f"{key}={value}" for key, value in parameters.items())])
        return
    entries = there if isinstance(there, Array) else tomlkit.array().multiline(multiline=True)
    for key, value in parameters.items():
        at = next((place for place, entry in enumerate(entries) if entry.partition("=")[0] == key), None)
        if at is None:
            entries.append(f"{key}={value}")
        else:
            entries[at] = f"{key}={value}"
    table["parameter_overrides"] = entries
