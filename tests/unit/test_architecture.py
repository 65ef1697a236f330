"""Dependencies point one way, and judging needs no AWS, no socket and no clock."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LAYER = Path(__file__).parents[2] / "layers" / "nswatch"
BASE = frozenset({"codes", "errors", "model", "moments", "names"})
"""What every room may use; these may use one another."""

MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    "expect": BASE,
    "observe": BASE | {"expect"},
    "collect": BASE | {"expect", "observe"},
    "trail": BASE,
    "record": BASE | {"trail"},
    "judge": BASE | {"expect", "trail"},
    "respond": BASE | {"expect", "judge", "record"},
    "tell": BASE | {"expect", "judge", "respond", "record", "trail"},
    "schedule": BASE | {"observe", "record"},
    "probe": BASE | {"expect", "observe", "record", "schedule"},
    "sqs": BASE | {"schedule", "tell"},
    "ranges": BASE | {"expect", "record"},
    "refresh": BASE | {"collect", "expect", "ranges", "record"},
    "trailing": BASE | {"record", "trail"},
    "collector": BASE | {"collect", "expect", "record", "refresh", "schedule"},
    "wiring": BASE
    | {"expect", "observe", "record", "judge", "respond", "tell", "probe", "ranges", "schedule", "sqs"}
    | {"trail"},
    "wiring_collect": BASE
    | {"collect", "collector", "expect", "judge", "observe", "ranges", "record", "refresh", "schedule", "sqs", "tell"}
    | {"wiring"},
    "wiring_trail": BASE | {"record", "tell", "trailing", "wiring"},
    "handlers": BASE | {"sqs", "wiring", "wiring_collect", "wiring_trail"},
    "__init__": frozenset[str](),
}
"""Room or module of nswatch -> the others that it may import."""

WIRING = frozenset({"wiring", "wiring_collect", "wiring_trail"})

NOT_IN_JUDGE = frozenset(
    {"asyncio", "aws_lambda_powertools", "boto3", "botocore", "dns", "http", "logging", "os", "random", "requests"}
    | {"select", "socket", "ssl", "subprocess", "time", "urllib"}
)
NOT_IN_LAMBDA = frozenset({"click", "ministack", "nswatch_cli", "pydantic", "rich", "ruamel", "yaml"})

SOURCES = sorted((LAYER / "nswatch").rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(LAYER / "nswatch").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, at whatever depth of the code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its room"
            assert node.module is not None
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "nswatch"}
    return found


def rooms(modules: set[str]) -> set[str]:
    return {module.split(".")[1] for module in modules if module.startswith("nswatch.")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(LAYER)))
def test_module_imports_only_rooms_below_its_own(path: Path) -> None:
    room = room_of(path)
    assert rooms(imported(path)) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(LAYER)))
def test_module_needs_nothing_that_is_not_in_the_layer(path: Path) -> None:
    assert not {module.split(".")[0] for module in imported(path)} & NOT_IN_LAMBDA


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if room_of(path) in {"judge", "expect"}], ids=lambda path: path.stem
)
def test_judging_imports_no_aws_no_socket_and_no_clock(path: Path) -> None:
    assert not {module.split(".")[0] for module in imported(path)} & NOT_IN_JUDGE


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(LAYER)))
def test_only_wiring_reads_the_clock(path: Path) -> None:
    if room_of(path) in WIRING:
        return
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not calls & {"datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "date.today"}


@pytest.mark.parametrize("path", sorted(LAYER.parents[1].glob("functions/*/app.py")), ids=lambda path: path.parent.name)
def test_function_only_names_what_is_in_the_layer(path: Path) -> None:
    # A release that changes the layer alone is one change; with other code here an upgrade would run the one with the
    # old other.
    _, *code = ast.parse(path.read_text(encoding="utf-8")).body
    assert [ast.unparse(each) for each in code] == [
        f"from nswatch.handlers.{path.parent.name} import handler",
        "__all__ = ['handler']",
    ]


def test_judging_runs_where_sockets_and_aws_cannot_be_imported() -> None:
    program = (
        "import sys\n"
        f"for name in {sorted(NOT_IN_JUDGE - {'os', 'time', 'random', 'logging', 'urllib', 'select'})!r}:\n"
        "    sys.modules[name] = None\n"
        "from datetime import UTC, datetime\n"
        "from nswatch.expect.watchlist import Delegation, DomainEntry\n"
        "from nswatch.judge.judgement import judge_domain\n"
        "entry = DomainEntry('watched.example', Delegation(ns=frozenset({'ns1.dns.example'}), provider='route53'))\n"
        "assert judge_domain(entry, [], {}, datetime(2026, 1, 1, tzinfo=UTC)).findings == ()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_probe_starts_without_what_only_web_sites_need() -> None:
    program = "import sys, nswatch.wiring\nassert not {'h11', 'cryptography'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
