"""samconfig.toml: what an installation is made of, read strictly with all problems at once.

The template's parameters stand where SAM itself looks for them, so that `sam deploy` by hand means the same. What only
nswatch reads, the routes that are told until a watchlist says so, stands in a table of its own that SAM ignores.
"""

import difflib
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from nswatch.errors import InvalidDocument
from nswatch_cli.deploy.source import Source
from nswatch_cli.watchlist.fields import check_route

OVERRIDES = "default.deploy.parameters.parameter_overrides"
OURS = "default.nswatch.parameters"
CHANNELS = ("page", "notice")
WHERE = ("Regions", "PrimaryHub", "StandbyHub")
"""The parameters that no installation can do without."""
REFUSED_AS_HUB = "us-east-1"
_FORM = 'write ["PrimaryHub=ap-northeast-1", …]'


@dataclass(frozen=True, slots=True)
class Config:
    """What samconfig.toml says. ``parameters`` are the template's; ``routes`` are by channel, absent where unsaid."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has_bucket: bool = False
    """Whether the file tells SAM where to put the code."""

    @property
    def name(self) -> str:
        """What the installation is called: the template's Name."""
        return self.parameters.get("Name", "nswatch")

    def stack(self, region: str) -> str:
        """Return the name of one region's stack: IAM is global, so that each has one of its own."""
        return f"{self.name}-{region}"

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions that probe, in the order of their turns."""
        return split(self.parameters.get("Regions", ""))

    @property
    def hubs(self) -> tuple[str, ...]:
        """The hubs, the primary first."""
        return tuple(self.parameters[key] for key in WHERE[1:] if self.parameters.get(key))

    @property
    def missing(self) -> tuple[str, ...]:
        """The parameters that say where it runs and are not there."""
        return tuple(key for key in WHERE if not self.parameters.get(key))


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a text with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read_config(path: Path) -> Config:
    """Return what a samconfig.toml says, nothing where there is none; raise InvalidDocument with every problem."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config(path)
    except OSError as error:
        raise InvalidDocument(f"{path}: cannot be read: {error.strerror or error}; name another by --config") from error
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidDocument(f"{path}: is not TOML: {error}; mend the syntax there") from error
    problems: list[str] = []
    deploy, overrides = _below(document, OVERRIDES.split("."), problems)
    _, ours = _below(document, [*OURS.split("."), ""], problems)
    parameters = _parameters(overrides, problems)
    routes = _routes(ours, problems)
    if problems:
        raise InvalidDocument(*(f"{path}: {problem}" for problem in problems))
    return Config(path, parameters, routes, bool(deploy.get("s3_bucket") or deploy.get("resolve_s3")))


def _below(document: Any, keys: list[str], problems: list[str]) -> tuple[dict[str, Any], Any]:
    """Return the table that a dotted key stands in, and what stands there (the table itself for an empty last key)."""
    at = document
    for depth, key in enumerate(keys):
        if not isinstance(at, dict):
            table = ".".join(keys[:-1])
            problems.append(f"{'.'.join(keys[:depth])}: is {_kind(at)}, not a table; write [{table}]")
            return {}, None
        if depth == len(keys) - 1:
            return at, at.get(key) if key else at
        at = at.get(key, {})
    return {}, None


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")


def _parameters(overrides: Any, problems: list[str]) -> dict[str, str]:
    """Return the parameters in whichever of SAM's forms: a list or a text of KEY=VALUE, or a table."""
    if overrides is None:
        return {}
    if isinstance(overrides, dict):
        return {
            key: ",".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in overrides.items()
        }
    if isinstance(overrides, str):
        overrides = shlex.split(overrides)
    if not isinstance(overrides, list):
        problems.append(f"{OVERRIDES}: is {_kind(overrides)}; {_FORM}")
        return {}
    found: dict[str, str] = {}
    for place, entry in enumerate(overrides):
        at = f"{OVERRIDES}[{place}]"
        key, equals, value = entry.partition("=") if isinstance(entry, str) else ("", "", "")
        if not key or not equals:
            problems.append(f"{at}: is {entry!r}, not KEY=VALUE; {_FORM}")
        elif key in found:
            problems.append(f"{at}: {key} stands there twice; leave one of them")
        else:
            found[key] = value.strip('"')
    return found


def _routes(ours: dict[str, Any] | None, problems: list[str]) -> dict[str, tuple[str, ...]]:
    if ours is None:
        return {}
    problems += [f"{OURS}.{key}: is no key; {_nearest(key, CHANNELS)}" for key in ours if key not in CHANNELS]
    found: dict[str, tuple[str, ...]] = {}
    for channel in CHANNELS:
        routes = ours.get(channel)
        if routes is None:
            continue
        if not isinstance(routes, list) or not all(isinstance(route, str) for route in routes):
            problems.append(f'{OURS}.{channel}: is {_kind(routes)}, not a list of routes; write ["email:…", "sms:+…"]')
            continue
        good, bad = check_routes(routes)
        problems += [f"{OURS}.{channel}: {problem}" for problem in bad]
        found[channel] = good
    return found


def check_routes(routes: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the routes in canonical form, and what is wrong with the others."""
    good, bad = [], []
    for route in routes:
        try:
            good.append(check_route(route))
        except PydanticCustomError as error:
            bad.append(error.message())
    return tuple(dict.fromkeys(good)), bad


def check_config(config: Config, source: Source) -> None:
    """Raise InvalidDocument with everything in a complete configuration that its template, or sense, refuses."""
    problems = [f"{config.path}: {OVERRIDES}: {problem}" for problem in _troubles(config, source)]
    if problems:
        raise InvalidDocument(*problems)


def _troubles(config: Config, source: Source) -> Iterator[str]:
    for key, value in config.parameters.items():
        yield from _value(key, value, source)
    for key in config.missing:
        yield f"{key}: is missing; write {key}={source.default(key)}, or run `nswatch deploy`, which asks"
    regions = config.regions
    for region in sorted({region for region in regions if regions.count(region) > 1}):
        yield f"Regions: names {region} twice; leave one of them"
    if not config.missing:
        primary, standby = config.hubs
        yield from _hubs(primary, standby, regions)


def _hubs(primary: str, standby: str, regions: tuple[str, ...]) -> Iterator[str]:
    free = [region for region in regions if region not in {primary, standby, REFUSED_AS_HUB}]
    other = free[0] if free else "another region"
    if primary == standby:
        yield (
            f"PrimaryHub and StandbyHub: are both {primary}, whose loss would be that of both hubs;"
            f" write StandbyHub={other}"
        )
    for key, hub in (("PrimaryHub", primary), ("StandbyHub", standby)):
        if hub == REFUSED_AS_HUB:
            yield (
                f"{key}: is {hub}, whose outages take control planes of other regions along;"
                f" write {key}={other} ({hub} may stay in Regions)"
            )
        elif hub not in regions:
            yield (
                f"{key}: is {hub}, which is not one of Regions;"
                f" write Regions={','.join([hub, *regions])}, or {key}={other}"
            )


def _value(key: str, value: str, source: Source) -> Iterator[str]:
    parameter = source.parameters.get(key)
    if parameter is None:
        known = _nearest(key, source.parameters)
        yield f"{key}: is no parameter of {source.folder / 'template.yaml'}; {known}"
        return
    for part in parameter.parts(value):
        if not parameter.accepts(part):
            yield f"{key}: is {'not good' if parameter.secret else repr(part)}; write {parameter.right()}"


def _nearest(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
