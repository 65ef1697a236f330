"""What a query costs, ours beside others: `make bench-quick`. Prints one JSON object; notes go to stderr.

All figures are CPU microseconds a query of the client's process (user and system), the lowest of some runs that take
turns: what else a machine does only ever adds. The answering process is not counted.
"""

import gc
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from bench import answering, clients
from bench.clients import Cost
from nswatch.model import Transport

ROUNDS = 4
_OURS, _DNSPERF_TIMES, _PYCARES_TIMES, _DNSPYTHON, _TCP = 60_000, 60, 4, 2000, 1000
_WARM = 20_000
_WORKLOAD = (
    f"{answering.DOMAINS} domains, each with NS, A, MX and TXT, asked over and over of one authoritative server on"
    f" 127.0.0.1, at most {clients.IN_FLIGHT} in flight ({clients.THREADS} in threads), EDNS with DO where the client"
    " can. Every answer's records are rotated by one and its TTLs are a second lower than in the answer before; one"
    f" answer in {answering.CHANGED} has a record never seen before. Ours draws letter case, checks ID, source,"
    " question and cookie, and reads the facts of every answer; the others parse it, dnsperf its header. Lowest of"
    f" {ROUNDS} runs, ours after {_WARM} queries."
)


class Server:
    """The answering process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(self._line())

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout is not None else ""

    def asked(self) -> int:
        """Return how many queries it has had."""
        if self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return int(self._line())


@contextmanager
def _server() -> Iterator[Server]:
    arguments = [sys.executable, "-m", "bench.answering"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Server(process)


def main() -> int:
    """Measure and print."""
    questions = answering.questions()
    many, some = clients.repeated(questions, _OURS), clients.repeated(questions, _DNSPYTHON)
    program = shutil.which("dnsperf")
    if program is None:
        print("dnsperf is not installed (Debian and Ubuntu: apt-get install dnsperf); left out", file=sys.stderr)
    with _server() as server:
        port = server.port

        def pycares_run() -> Cost:
            before = server.asked()
            costs = [clients.with_pycares(port, questions) for _ in range(_PYCARES_TIMES)]
            whole = Cost(sum(each.queries for each in costs))
            whole.cpu, whole.wall = sum(each.cpu for each in costs), sum(each.wall for each in costs)
            if server.asked() - before < whole.queries:
                raise clients.Failed("pycares did not ask for every answer")
            return whole

        runs: dict[str, Callable[[], Cost]] = {
            "ours": lambda: clients.ours(port, many),
            "dnspython_async": lambda: clients.dnspython_async(port, some),
            "dnspython_threads": lambda: clients.dnspython_threads(port, some),
            "pycares": pycares_run,
            "tcp": lambda: clients.ours(port, questions[:_TCP], Transport.TCP),
        }
        if program is not None:
            runs["dnsperf"] = lambda: clients.dnsperf(program, port, questions, _DNSPERF_TIMES)
        clients.ours(port, clients.repeated(questions, _WARM))
        costs: dict[str, list[Cost]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                gc.collect()
                costs[name].append(run())
    print(json.dumps(_report(costs), indent=2))
    return 0


def _report(costs: dict[str, list[Cost]]) -> dict[str, object]:
    lowest = {name: min(cost.cpu_us for cost in runs) for name, runs in costs.items()}

    def ratio(name: str) -> float | None:
        return round(lowest["ours"] / lowest[name], 4) if name in lowest else None

    return {
        "cpu_us_per_query": round(lowest["ours"], 2),
        "ratio_vs_dnspython_async": ratio("dnspython_async"),
        "ratio_vs_dnspython_threads": ratio("dnspython_threads"),
        "ratio_vs_pycares": ratio("pycares"),
        "ratio_vs_dnsperf": ratio("dnsperf"),
        "tcp_confirmations": sum(cost.queries for cost in costs["tcp"]),
        "tcp_cpu_us_per_query": round(lowest["tcp"], 2),
        "others_cpu_us_per_query": {
            name: round(value, 2) for name, value in lowest.items() if name not in ("ours", "tcp")
        },
        "queries": {name: sum(cost.queries for cost in runs) for name, runs in costs.items()},
        "queries_per_second": {
            name: round(max(cost.queries / cost.wall for cost in runs)) for name, runs in costs.items()
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("dnspython", "pycares")},
        },
        "workload": _WORKLOAD,
    }


if __name__ == "__main__":
    sys.exit(main())
