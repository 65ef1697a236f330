"""`nswatch check` against real name servers (knot) on loopback."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.integration.small_internet import DOMAIN, FORGED, GENUINE, PLAIN, Internet

from nswatch_cli.check import check_command

WATCHLIST = f"""
version: 1
domains:
  {DOMAIN}:
    delegation: {{provider: route53, ns: [{", ".join(GENUINE)}]}}
"""
ALERTS = """
alerts: {page: ["sms:+819000000000", "email:oncall@mail.example"], notice: ["email:team@mail.example"]}
"""


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    file = tmp_path / "watchlist.yaml"
    file.write_text(WATCHLIST + ALERTS)
    return file


def check(internet: Internet, *arguments: str | Path) -> Result:
    fixed = ["--root-hints", str(internet.hints), "--port", str(internet.port)]
    return CliRunner().invoke(check_command, [*map(str, arguments), *fixed])


def told(internet: Internet, *arguments: str | Path) -> dict[str, Any]:
    """Return the one JSON object of a check, whose code must be the exit status."""
    result = check(internet, "--json", *arguments)
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    assert found["code"] == result.exit_code
    return found


def by(watchlist: Path, watched: bool) -> list[str]:
    return ["--watchlist", str(watchlist)] if watched else []


def codes(found: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in found["findings"]]


def test_check_is_ok_when_the_parent_gives_what_the_watchlist_approves(internet: Internet, watchlist: Path) -> None:
    result = check(internet, DOMAIN, "--watchlist", watchlist)
    assert result.exit_code == 0
    first, _, data = result.stdout.splitlines()[0].partition(" | ")
    assert first == f"OK {DOMAIN}: com gives the 2 approved name servers at 2 of 2 servers"
    assert [item.partition("=")[0] for item in data.split()] == ["time", "servers"]
    assert data.endswith("servers=2")
    found = told(internet, DOMAIN, "--watchlist", watchlist)
    assert (found["status"], found["findings"], found["interception"]) == ("ok", [], None)
    assert found["approved"] == [sorted(GENUINE)]
    assert found["parent"]["zone"] == "com"
    assert [
        (row["host"], row["address"], row["transport"], row["result"], row["ns"], row["ttl"], row["ds"])
        for row in found["parent"]["servers"]
    ] == [
        (f"{name[-1]}.gtld.com", internet.addresses[name], "udp", "referral", sorted(GENUINE), 172800, [])
        for name in ("com-a", "com-b")
    ]
    assert all(0 < row["ms"] < 5000 for row in (*found["parent"]["servers"], *found["child"]))
    assert [(row["host"], row["result"], row["ns"]) for row in found["child"]] == [
        (host, "answer", sorted(GENUINE)) for host in GENUINE
    ]


def test_check_takes_all_domains_of_the_watchlist_when_none_is_named(internet: Internet, watchlist: Path) -> None:
    watchlist.write_text(WATCHLIST + WATCHLIST.partition("domains:")[2].replace(DOMAIN, PLAIN) + ALERTS)
    result = check(internet, "--watchlist", watchlist)
    assert result.exit_code == 0
    assert result.stdout.startswith("OK 2 domains: 2 ok | time=")
    assert [json.loads(line)["domain"] for line in check(internet, "--json", "--watchlist", watchlist).stdout.splitlines()] == [PLAIN, DOMAIN]  # fmt: skip  # noqa: E501


def test_check_is_ok_without_a_watchlist_when_the_parent_and_the_zone_agree(internet: Internet) -> None:
    result = check(internet, DOMAIN)
    assert result.exit_code == 0
    expected = f"OK {DOMAIN}: com gives the same 2 name servers at 2 of 2 servers, and the zone agrees | "
    assert result.stdout.startswith(expected)


def test_check_is_critical_when_the_registry_gives_lookalikes(internet: Internet, watchlist: Path) -> None:
    internet.delegate(*FORGED)
    result = check(internet, DOMAIN, "--watchlist", watchlist)
    assert result.exit_code == 2
    assert result.stdout.startswith(
        f"CRITICAL {DOMAIN}: com gives 2 name servers that are not approved at 2 of 2 servers: "
        f"{', '.join(FORGED)} (2 look-alikes of approved ones)"
    )
    found = told(internet, DOMAIN, "--watchlist", watchlist)
    assert codes(found) == ["delegation_changed", "nameserver_lookalike", "route53_mismatch"]
    assert {finding["status"] for finding in found["findings"]} == {"critical"}
    changed, alike, _ = found["findings"]
    assert (changed["expected"], changed["seen"]) == (sorted(GENUINE), sorted(FORGED))
    assert alike["detail"]["pairs"][0]["aligned"][2].strip() == "^"
    assert {row["transport"] for row in found["parent"]["servers"]} == {"tcp"}, "unexpected answers are confirmed"
    assert {(row["host"], row["delegated"], row["approved"]) for row in found["child"]} == {
        *((host, True, False) for host in FORGED),
        *((host, False, True) for host in GENUINE),
    }


def test_check_is_critical_when_one_server_of_the_parent_gives_an_unapproved_set(
    internet: Internet, watchlist: Path
) -> None:
    internet.delegate(*FORGED, at=("com-b",))
    found = told(internet, DOMAIN, "--watchlist", watchlist)
    assert found["status"] == "critical"
    assert "at 1 of 2 servers" in found["summary"]
    assert [row["address"] for row in found["findings"][0]["servers"]] == [internet.addresses["com-b"]]


def test_check_warns_without_a_watchlist_when_one_server_of_the_parent_lags(internet: Internet) -> None:
    internet.delegate(GENUINE[0], at=("com-b",))
    result = check(internet, DOMAIN)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"WARNING {DOMAIN}: the servers of com disagree: ")
    assert codes(told(internet, DOMAIN)) == ["parent_servers_disagree"]


def test_check_is_critical_without_a_watchlist_when_the_delegated_names_cannot_be_route_53s(
    internet: Internet,
) -> None:
    internet.delegate(*FORGED)
    found = told(internet, DOMAIN)
    assert (found["status"], codes(found)) == ("critical", ["route53_mismatch"])
    (finding,) = found["findings"]
    assert finding["explanation"]
    assert finding["severity"] is None, "the product has no such finding without a watchlist"


def test_check_warns_with_the_difference_when_the_zone_names_other_servers(internet: Internet) -> None:
    for name in ("dns-1", "dns-2"):
        internet.servers[name].set_ns(f"{DOMAIN}.", f"{DOMAIN}.", [*GENUINE, "ns.extra.org"], ttl=300)
    result = check(internet, DOMAIN)
    assert result.exit_code == 1
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"WARNING {DOMAIN}: com and the zone itself differ: only the zone names ns.extra.org | ")
    assert ["+", "ns.extra.org", "0/2", "2/2", "-"] in [line.split() for line in result.stdout.splitlines()]
    found = told(internet, DOMAIN)
    assert codes(found) == ["parent_child_mismatch"]
    assert {row["transport"] for row in found["child"]} == {"tcp"}


def test_check_warns_by_the_watchlist_when_only_the_zone_names_an_unapproved_server(
    internet: Internet, watchlist: Path
) -> None:
    internet.servers["dns-2"].set_ns(f"{DOMAIN}.", f"{DOMAIN}.", [GENUINE[0], "ns.extra.org"], ttl=300)
    found = told(internet, DOMAIN, "--watchlist", watchlist)
    assert (found["status"], codes(found)) == ("warning", ["parent_child_mismatch"])
    assert "ns.extra.org" in found["summary"]


@pytest.mark.parametrize("watched", [True, False])
def test_check_is_critical_when_the_delegation_is_gone(internet: Internet, watchlist: Path, watched: bool) -> None:
    internet.delegate()
    found = told(internet, DOMAIN, *by(watchlist, watched))
    assert (found["status"], codes(found)) == ("critical", ["delegation_changed" if watched else "delegation_gone"])
    assert "(NXDOMAIN) at 2 of 2 servers" in found["summary"] or "2 servers (NXDOMAIN)" in found["summary"]


@pytest.fixture
def paused(internet: Internet) -> Iterator[list[str]]:
    """Stop the servers whose names are put here; they go on afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        process = internet.servers[name].process
        assert process is not None
        process.send_signal(signal.SIGCONT)


def pause(internet: Internet, paused: list[str], *names: str) -> None:
    for name in names:
        paused.append(name)
        process = internet.servers[name].process
        assert process is not None
        process.send_signal(signal.SIGSTOP)


def test_check_is_ok_and_says_so_when_one_server_of_the_parent_is_silent(
    internet: Internet, watchlist: Path, paused: list[str]
) -> None:
    pause(internet, paused, "com-b")
    result = check(internet, DOMAIN, "--watchlist", watchlist)
    assert result.exit_code == 0
    assert "at 1 of 2 servers (1 no answer) | " in result.stdout.splitlines()[0]


@pytest.mark.parametrize("watched", [True, False])
def test_check_is_unknown_within_its_timeout_when_no_server_of_the_parent_answers(
    internet: Internet, watchlist: Path, paused: list[str], watched: bool
) -> None:
    pause(internet, paused, "com-a", "com-b")
    found = told(internet, DOMAIN, "--timeout", "3", *by(watchlist, watched))
    assert (found["status"], codes(found)) == ("unknown", ["delegation_unknown"])
    assert found["summary"] == "no server of com says what the delegation is: 2 no answer"
    assert found["seconds"] < 3.5


def test_check_warns_when_no_server_of_the_zone_answers(internet: Internet, paused: list[str]) -> None:
    pause(internet, paused, "dns-1", "dns-2")
    found = told(internet, DOMAIN, "--timeout", "4")
    assert (found["status"], codes(found)) == ("warning", ["nameservers_unreachable"])


def test_check_ends_with_the_worst_status_of_several_domains(internet: Internet) -> None:
    internet.delegate()
    result = check(internet, PLAIN, DOMAIN)
    assert result.exit_code == 2
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"CRITICAL 2 domains: 1 critical ({DOMAIN}), 1 ok | time=")
    assert first.endswith(" ok=1 warning=0 critical=1 unknown=0")
    assert f"\nOK {PLAIN}: " in result.stdout
    assert result.stdout.count("who gives what") == 1, "details only of what is not in order"
    assert check(internet, PLAIN, DOMAIN, "--verbose").stdout.count("who gives what") == 2


def test_check_says_the_same_as_a_program_of_its_own(internet: Internet) -> None:
    internet.delegate(*FORGED)
    command = [sys.executable, "-m", "nswatch_cli.main", "check", DOMAIN, "--port", str(internet.port)]
    done = subprocess.run(
        [*command, "--root-hints", str(internet.hints)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"FORCE_COLOR": "1", "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith(f"CRITICAL {DOMAIN}: ")
    assert "\x1b" not in done.stdout, "no colour but on a terminal"


def test_check_shows_every_server_when_it_is_verbose(internet: Internet) -> None:
    lines = check(internet, DOMAIN, "--verbose").stdout.splitlines()
    for host, address in {"a.gtld.com": "com-a", "b.gtld.com": "com-b", GENUINE[0]: "dns-1", GENUINE[1]: "dns-2"}.items():  # fmt: skip  # noqa: E501
        assert any(line.split()[:2] == [host, internet.addresses[address]] and "TTL" in line for line in lines)


def test_check_asks_a_resolver_that_is_named_and_says_so_when_it_serves_nobody(internet: Internet) -> None:
    # A name server offers no recursion: it answers for its own zone, and as no cache would.
    found = told(internet, DOMAIN, "--resolver", internet.addresses["org"])
    assert [(row["host"], row["address"], row["result"]) for row in found["resolvers"]] == [
        (None, internet.addresses["org"], "refused")
    ]
    assert found["status"] == "ok", "a resolver that does not answer is no finding of the domain"


def test_check_asks_no_public_resolver_when_it_starts_from_other_roots(internet: Internet) -> None:
    assert told(internet, DOMAIN)["resolvers"] == []


def test_check_compares_mx_and_serial_at_every_server(internet: Internet) -> None:
    found = told(internet, DOMAIN)
    soa = next(row for row in found["records"] if row["type"] == "SOA")
    assert {row["mark"] for row in soa["servers"]} == {"right"}
    assert [row["host"] for row in soa["servers"]] == sorted(GENUINE)
    mx = next(row for row in found["records"] if row["type"] == "MX")
    assert {row["result"] for row in mx["servers"]} == {"nodata"}


def has_a_socket(pid: int) -> bool:
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if str(each.readlink()).startswith("socket:"):
                return True
    return False


def wait_until_it_asks(pid: int, seconds: float = 30) -> None:
    """Wait until a process has had sockets for a moment: to start takes it long on a busy machine."""
    until = time.monotonic() + seconds
    while not has_a_socket(pid):
        assert time.monotonic() < until, "it never opened a socket"
        time.sleep(0.05)
    time.sleep(0.5)


def test_check_is_unknown_without_a_trace_when_it_is_interrupted(internet: Internet, paused: list[str]) -> None:
    pause(internet, paused, "com-a", "com-b")
    command = [sys.executable, "-m", "nswatch_cli.main", "check", DOMAIN, "--port", str(internet.port)]
    with subprocess.Popen(
        [*command, "--root-hints", str(internet.hints)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until_it_asks(process.pid)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=5)
    assert (process.returncode, printed) == (3, "")
    assert errors == "UNKNOWN: interrupted before the check was over\n"
