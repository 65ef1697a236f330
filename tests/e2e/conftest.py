"""Plays the deployed story once, and hands what was seen to the tests."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.e2e import tools

PATIENCE = 1200
"""Seconds for the whole story within the private Internet; it takes 450 to 600."""


@pytest.fixture(scope="session")
def seen() -> dict[str, Any]:
    """What the story showed, as `seen.Seen` in JSON. Logs stay in build/e2e/run."""
    missing = tools.missing_system_tools()
    if missing:
        pytest.fail(f"the deployed test needs more programs: apt-get install {' '.join(missing)}")
    home = tools.BUILD / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    tools.emulator()
    tools.sam()
    with ThreadPoolExecutor() as pool:
        earlier, source = pool.submit(tools.earlier), pool.submit(tools.built, home / "source")
        try:
            begin_with = str(earlier.result())
        except tools.NotThere as reason:
            begin_with = f"not upgraded: {reason}"
    enter = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        enter += ["--user", "--map-root-user"]
    command = [*enter, sys.executable, "-m", "tests.e2e.inside", str(home), str(source.result()), begin_with]
    with (home / "inside.log").open("wb") as log, (home / "seen.json").open("wb") as result:
        # It ends, and all within, when the pipe is closed: by its end here, or by the end of this process.
        process = subprocess.Popen(command, cwd=tools.REPOSITORY, stdin=subprocess.PIPE, stdout=result, stderr=log)
        with process:
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    if status:
        pytest.fail(f"the run broke off; its end is:\n{(home / 'inside.log').read_text()[-3000:]}")
    shown: dict[str, Any] = json.loads((home / "seen.json").read_text())
    return shown
