"""Plays the deployed scenario once, and hands what was seen to the tests."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest
from tests.e2e import tools

PATIENCE = 600
"""Seconds for the whole run within the private Internet; it takes about 330."""


@pytest.fixture(scope="session")
def seen() -> dict[str, Any]:
    """What one hijack showed, as `inside.Seen` in JSON. Logs stay in build/e2e/run."""
    missing = tools.missing_system_tools()
    if missing:
        pytest.fail(f"the deployed test needs more programs: apt-get install {' '.join(missing)}")
    home = tools.BUILD / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    tools.emulator()
    template = tools.build(home)
    enter = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        enter += ["--user", "--map-root-user"]
    command = [*enter, sys.executable, "-m", "tests.e2e.inside", str(home), str(template)]
    with (home / "inside.log").open("wb") as log:
        done = subprocess.run(
            command,
            cwd=tools.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            timeout=PATIENCE,
            check=False,
        )
    (home / "seen.json").write_bytes(done.stdout)
    if done.returncode:
        pytest.fail(f"the run broke off; its end is:\n{(home / 'inside.log').read_text()[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
