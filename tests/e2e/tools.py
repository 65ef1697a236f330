"""What the deployed test needs before it enters its private Internet: tools, and the built template."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
BUILD = REPOSITORY / "build" / "e2e"

EARLIER = "e0e16130ac86fa113d8594fce42788d44ae62c37"
"""The commit of main that an installation is upgraded from."""

SYSTEM_TOOLS = {
    "knotd": "knot",
    "knotc": "knot",
    "keymgr": "knot",
    "ip": "iproute2",
    "unshare": "util-linux",
    "make": "make",
}


class NotThere(Exception):
    """What the upgrade begins with cannot be had."""


def missing_system_tools() -> list[str]:
    """Return the Debian packages to install before the deployed test can run."""
    return sorted({package for tool, package in SYSTEM_TOOLS.items() if shutil.which(tool, path=search_path()) is None})


def search_path() -> str:
    """Return PATH with the places where a user's PATH lacks name servers."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def venv(name: str, requirements: Path) -> Path:
    """Return the folder of programs of a virtual environment that holds ``requirements``; make it where it is stale."""
    home = BUILD / name
    stamp = home / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--requirement",
            str(requirements),
        ]
        subprocess.run([str(home / "bin" / "python"), *install], check=True)
        stamp.write_text(digest)
    return home / "bin"


def emulator() -> Path:
    """Return the folder with the emulator's Python."""
    return venv("emulator", HERE / "requirements.txt")


def sam() -> Path:
    """Return the folder with `sam` and `cfn-lint`."""
    return venv("sam", HERE / "requirements-sam.txt")


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which no account, proxy or telemetry of the user's is reached."""
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(("AWS_", "SAM_", "PYTHON"))}
    kept = {key: value for key, value in kept.items() if not key.lower().endswith("_proxy")}
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    home.mkdir(parents=True, exist_ok=True)
    return {**kept, **nowhere, **keys, "HOME": str(home), "SAM_CLI_TELEMETRY": "0", "PATH": search_path()}


def runtime() -> tuple[str, str]:
    """Return the Python that runs the functions in the emulator, and its version, for which their layer is built.

    That is the one of template.yaml where the machine has it, or else the one that runs the tests: a layer holds
    compiled parts (DNSSEC needs them), which no other version can load.
    """
    wanted = re.search(r"^    Runtime: python([0-9.]+)$", (REPOSITORY / "template.yaml").read_text(), re.MULTILINE)
    version = wanted[1] if wanted else ""
    # pyenv has more versions than it puts on PATH: there its shim is found, and ends with an error.
    places = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin"))
    for place in [None, *places]:
        found = shutil.which(f"python{version}", path=place)
        tried = found and subprocess.run([found, "-c", "import ctypes, ssl, sqlite3"], capture_output=True, check=False)
        if found and tried and tried.returncode == 0:
            return found, version
    return sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}"


def run(command: list[str], log: Path, environment: Mapping[str, str], patience: float = 240) -> None:
    """Run a command in the repository, its output into ``log``; raise RuntimeError with the end of it on failure."""
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=patience,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed; the end of {log}:\n{log.read_text()[-2000:]}")


def build(source: Path, target: Path) -> Path:
    """Build the template of a source tree for the emulator's processor, into ``target``; return the built one."""
    command = [str(sam() / "sam"), "build", "--template-file", str(source / "template.yaml")]
    command += ["--build-dir", str(target), "--no-cached"]
    command += ["--region", "ap-northeast-1", "--parameter-overrides", "Architecture=x86_64"]
    python, version = runtime()
    # The layer is built by a Python with pip, which that of the tests has, and compiled by the one that will run it.
    own = {**os.environ, "SAM_CLI_TELEMETRY": "0", "ARCHITECTURE": "x86_64", "PYTHON": sys.executable}
    own |= {"RUNTIME": version, "PATH": os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")])}
    run(command, target.parent / "sam-build.log", own)
    return target / "template.yaml"


def built(source: Path) -> Path:
    """Build this commit as `nswatch deploy --source` takes it, in a folder that is no part of the repository."""
    (source / ".aws-sam").mkdir(parents=True)
    for name in ("template.yaml", "functions", "layers"):
        (source / name).symlink_to(REPOSITORY / name)
    build(source, source / ".aws-sam" / "build")
    return source


def earlier() -> Path:
    """Return the built template of the commit that is upgraded from; built once.

    Raises NotThere when the repository's history does not go back so far (a shallow clone, or no git at all).
    """
    home = BUILD / f"earlier-{EARLIER[:7]}-{runtime()[1]}"
    template = home / "built" / "template.yaml"
    if template.exists():
        return template
    command = ["git", "-C", str(REPOSITORY), "archive", "--format=tar", EARLIER]
    try:
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotThere(f"commit {EARLIER[:7]} is not in this repository's history") from error
    shutil.rmtree(home, ignore_errors=True)
    (home / "source").mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(home / "source")], input=archive, check=True)
    try:
        return build(home / "source", home / "built")
    except RuntimeError:
        shutil.rmtree(home / "built", ignore_errors=True)
        raise


if __name__ == "__main__":
    emulator()
    sam()
