"""The SAM command line, which builds and deploys: found, and run as a program of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nswatch.errors import NswatchError

HOW_TO_GET = (
    "SAM CLI is not there, which builds and deploys. In a clone of nswatch `make tools` installs it (into"
    " build/e2e/sam); otherwise see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/"
    "install-sam-cli.html"
)
_IN_CLONE = Path("build", "e2e", "sam", "bin", "sam")
_LAST_LINES = 12


class SamMissing(NswatchError):
    """There is no SAM command line."""


class BuildFailed(NswatchError):
    """`sam build` failed; the text has the end of what it said."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of SAM ended, and all that it said."""

    status: int
    output: str

    def last(self) -> str:
        """Return the end of what it said."""
        return "\n".join(self.output.strip().splitlines()[-_LAST_LINES:])

    def error(self) -> str:
        """Return the line in which SAM says what failed, or the last one."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
        return (errors or lines or ["SAM said nothing"])[-1]


def find_sam(source: Path) -> str:
    """Return the path of SAM: that which `make tools` installed, or the one on PATH. Raises SamMissing."""
    for folder in (source, Path()):
        own = folder.resolve() / _IN_CLONE
        if own.is_file():
            return str(own)
    found = shutil.which("sam")
    if found is None:
        raise SamMissing(HOW_TO_GET)
    return found


def build(sam: str, source: Path, target: Path, architecture: str, region: str) -> None:
    """Build the source tree into ``target``; raise BuildFailed."""
    command = [sam, "build", "--template-file", str(source.resolve() / "template.yaml")]
    command += ["--build-dir", str(target.resolve()), "--region", region]
    command += ["--parameter-overrides", f"Architecture={architecture}"]
    # The layer's Makefile chooses wheels for the target by any Python that has pip, and this one has.
    ended = run(command, source, {"ARCHITECTURE": architecture, "PYTHON": sys.executable})
    if ended.status:
        raise BuildFailed(f"`sam build` failed:\n{ended.last()}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is told to SAM of one region's stack."""

    template: Path
    stack: str
    region: str
    parameters: Mapping[str, str]
    config_file: Path | None
    has_bucket: bool

    def command(self, sam: str, *, execute: bool = True) -> list[str]:
        """Return the command that deploys it, or without ``execute`` only makes a change set."""
        command = [sam, "deploy", "--template-file", str(self.template.resolve())]
        command += ["--stack-name", self.stack, "--region", self.region]
        command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        if self.config_file is not None:
            command += ["--config-file", str(self.config_file.resolve())]
        if not self.has_bucket:
            command.append("--resolve-s3")
        if not execute:
            command.append("--no-execute-changeset")
        # SAM reads an empty value only in quotes; left out it would be the template's default, a URL for example.
        return [
            *command,
            "--parameter-overrides",
            *(f"{key}={value}" if value else f'{key}=""' for key, value in self.parameters.items()),
        ]


def run(
    command: list[str], folder: Path, more: Mapping[str, str] | None = None, tick: Callable[[], None] | None = None
) -> Ended:
    """Run SAM to its end in a folder. ``tick`` is called every two seconds while it runs."""
    environment = {"SAM_CLI_TELEMETRY": "0", **os.environ, **(more or {})}
    process = subprocess.Popen(  # noqa: S603 - what is run is SAM, without a shell
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    while True:
        try:
            output, _ = process.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            if tick is not None:
                tick()
        else:
            return Ended(process.returncode, output)
