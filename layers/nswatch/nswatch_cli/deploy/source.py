"""The source tree that is deployed: its template's parameters, and what its release is called."""

import math
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nswatch.errors import InvalidDocument

DEPLOYED = ("template.yaml", "layers", "functions")
"""What of a source tree becomes part of a deployment; elsewhere a change does not make it another release."""

_NUMBER = re.compile(r"^[0-9]+(\.[0-9]+)?$")
_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A template's parameter: what it is when nothing is said, and what it may be.

    ``least`` and ``most`` bound a number. A ``secret`` is not shown: CloudFormation itself gives it as asterisks.
    """

    default: str
    pattern: str = ""
    allowed: tuple[str, ...] = ()
    hint: str = ""
    type: str = "String"
    least: float = -math.inf
    most: float = math.inf
    secret: bool = False

    def accepts(self, value: str) -> bool:
        """Say whether CloudFormation would take a value (one of a list's, where the parameter is a list)."""
        if self.allowed and value not in self.allowed:
            return False
        if self.type == "Number" and not (_NUMBER.search(value) and self.least <= float(value) <= self.most):
            return False
        return not self.pattern or re.search(self.pattern, value) is not None

    def parts(self, value: str) -> list[str]:
        """Return what is to be accepted: each value of a list, where the parameter is one."""
        if self.type != "CommaDelimitedList":
            return [value]
        return [part.strip() for part in value.split(",") if part.strip()]

    def right(self) -> str:
        """Return what would be right, for people."""
        bounds = f"a number from {self.least:g} to {self.most:g}" if self.type == "Number" else "something else"
        return self.hint or (f"one of {', '.join(self.allowed)}" if self.allowed else bounds)


@dataclass(frozen=True, slots=True)
class Source:
    """A source tree: its folder, the template's parameters by name, and its release."""

    folder: Path
    parameters: Mapping[str, Parameter]
    release: str

    def default(self, name: str) -> str:
        """Return what a parameter is when nobody says; empty where the template has none of that name."""
        parameter = self.parameters.get(name)
        return "" if parameter is None else parameter.default

    def is_secret(self, name: str) -> bool:
        """Say whether a parameter's value is for nobody's eyes (NoEcho)."""
        return name in self.parameters and self.parameters[name].secret


def read_source(folder: Path) -> Source:
    """Return the source tree in a folder; raise InvalidDocument where there is none."""
    path = folder / "template.yaml"
    try:
        template = YAML().load(path.read_text(encoding="utf-8"))
        parameters = {str(name): _parameter(body) for name, body in template["Parameters"].items()}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidDocument(
            f"{path}: cannot be read: {reason}; deploy from a clone of nswatch, or name one with --source DIR"
        ) from error
    except (YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InvalidDocument(
            f"{path}: is not nswatch's template; name a clone of nswatch with --source DIR"
        ) from error
    return Source(folder, parameters, release_of(folder))


def _parameter(body: Mapping[str, Any]) -> Parameter:
    return Parameter(
        default=str(body.get("Default", "")),
        pattern=str(body.get("AllowedPattern", "")),
        allowed=tuple(str(value) for value in body.get("AllowedValues", ())),
        hint=str(body.get("ConstraintDescription", "")),
        type=str(body.get("Type", "String")),
        least=float(body.get("MinValue", -math.inf)),
        most=float(body.get("MaxValue", math.inf)),
        secret=str(body.get("NoEcho", "")).lower() == "true",
    )


def release_of(folder: Path) -> str:
    """Return what a source tree is called: its version, and in a git checkout the commit and whether it is changed."""
    try:
        text = (folder / "layers" / "nswatch" / "nswatch" / "__init__.py").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = _VERSION.search(text)
    version = found[1] if found is not None else "unknown"
    # An export inside somebody else's checkout is not that checkout.
    commit = _git(folder, "describe", "--always") if (folder / ".git").exists() else ""
    if not commit:
        return version
    # Not `--dirty`, which would see what deploying itself writes: the answers in samconfig.toml.
    changed = _git(folder, "status", "--porcelain", "--", *DEPLOYED)
    return re.sub(r"[^A-Za-z0-9.+_-]", "-", f"{version}+{commit}{'-dirty' if changed else ''}")[:100]


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - git, without a shell
            command, capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
