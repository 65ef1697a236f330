"""The protocol between the hubs, every interleaving of it: spin's model (hubs.pml) holds, and its mutants do not."""

import shutil
import subprocess
from pathlib import Path

import pytest

MODEL = Path(__file__).with_name("hubs.pml")

pytestmark = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None,
    reason="the model is checked with spin and gcc (Debian: apt-get install spin gcc libc6-dev)",
)

DEPTH = "-m100000"


def check(folder: Path, defines: list[str], *, cycles: bool = False) -> str:
    """Search all states of the model, and return what the checker prints."""
    flags = [f"-D{define}" for define in defines]
    # -n: unreached code is no news here. -NP: look for runs that never end and get nowhere.
    search, options = ("-DNP", ["-l"]) if cycles else ("-DSAFETY", [])
    for command in (
        ["spin", *flags, "-a", str(MODEL)],
        ["gcc", "-w", "-O2", search, "-DCOLLAPSE", "-DMEMLIM=3000", "-o", "pan", "pan.c"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    command = ["./pan", *options, DEPTH, "-n"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=400).stdout


def assert_holds(printed: str) -> None:
    """No error, and nothing was left out of the search."""
    assert "errors: 0" in printed, printed
    for incomplete in ("Search not completed", "max search depth too small", "out of memory"):
        assert incomplete not in printed, printed


@pytest.mark.parametrize(
    "defines",
    [
        pytest.param(["FAULTS=2"], id="any-two-faults"),
        pytest.param(["FAULTS=2", "REMEMBERS"], id="any-two-faults-and-the-primary-knows-that-it-was-away"),
        pytest.param(["FAULTS=1", "MOST=2"], id="any-one-fault-makes-at-most-two-pages"),
        pytest.param(["FAULTS=0", "MOST=1"], id="no-fault-makes-one-page-however-slow-the-primary"),
        pytest.param(["FAULTS=0", "INVOCATIONS=2", "MOST=1"], id="invocations-of-one-hub-overlap"),
    ],
)
def test_protocol_holds_when_faults_are(tmp_path: Path, defines: list[str]) -> None:
    assert_holds(check(tmp_path, defines))


def test_protocol_comes_to_rest_when_one_fault_strikes(tmp_path: Path) -> None:
    assert_holds(check(tmp_path, ["FAULTS=1"], cycles=True))


TOO_MANY = "assertion violated (pages<="
NO_PAGE = "assertion violated (pages>0)"
LOGS_DIFFER = "hub[0].log==hub[1].log"
WAITS = "hub[h].stream"


@pytest.mark.parametrize(
    ("mutation", "faults", "found"),
    [
        pytest.param(["NO_MARK"], 0, TOO_MANY, id="nobody-tells-the-other-hub"),
        pytest.param(["NO_TELL_TIMER"], 1, WAITS, id="killed-before-it-tells"),
        pytest.param(["NO_DEADLINE"], 1, NO_PAGE, id="the-standby-never-sends"),
        pytest.param(["NO_ASK"], 0, TOO_MANY, id="the-standby-asks-nobody"),
        pytest.param(["NO_ASK", "MOST=2"], 1, TOO_MANY, id="the-standby-asks-nobody-and-one-worker-is-killed"),
        pytest.param(["NO_LATE_ASK", "MOST=2"], 1, TOO_MANY, id="a-primary-that-is-back-asks-nobody"),
        pytest.param(["REMEMBERS", "NO_AWAY"], 1, TOO_MANY, id="a-primary-that-is-back-sends-at-once"),
        pytest.param(["NO_CLAIM"], 0, TOO_MANY, id="no-claim"),
        pytest.param(["MARK_FIRST"], 0, NO_PAGE, id="noted-as-sent-before-it-is"),
        pytest.param(["NO_COPY_TIMER"], 1, LOGS_DIFFER, id="killed-before-it-copies"),
        pytest.param(["FORGET_FIRST"], 2, NO_PAGE, id="killed-before-it-folds-what-came"),
    ],
)
def test_mutant_is_found_wrong_when_a_rule_is_broken(
    tmp_path: Path, mutation: list[str], faults: int, found: str
) -> None:
    printed = check(tmp_path, [f"FAULTS={faults}", *mutation])
    assert "errors: 1" in printed, printed
    assert found in printed, printed
