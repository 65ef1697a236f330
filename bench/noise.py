"""Benign noise: random days of domains to which nothing bad happens, replayed: `python -m bench.noise --days 10000`.

Each scenario holds some domains for some weeks. To each of them happens, one after the other, what happens to domains:
answers that rotate or differ by place, caches that lag, an operator that fails, lost packets, renewals, key rolls,
moves that were planned, servers of the parent that lag, registries that refuse (`bench.happenings` has all of it).
Whatever it is, nobody may be paged.

Prints a line a scenario to stderr and one JSON object; exits with 1 when anybody was paged, and then leaves the
scenarios behind, as files for `nswatch replay`, in the folder that ``--keep`` names.
"""

import argparse
import gc
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.happenings import HAPPENINGS, HUBS, REGIONS, START, Domain, Patch, entry, world
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario
from nswatch_cli.replay.verdict import StepReport

SUFFIXES = ("example", "com", "net", "org", "co.uk", "jp", "io")
DOMAINS, DAYS = 10, 40
"""A scenario's: long enough for what is planned in several steps."""
STEPS_A_DAY = 0.25
"""What happens to all domains of a scenario begins and goes on so often."""
SETTLED = 6
"""In the last so many hours of a scenario nothing new begins."""

FAULTS: tuple[Patch, ...] = (
    {"udp_loss": 1},
    {"udp_loss": 3},
    {"ipv6": "unreachable"},
    {"silent_regions": ["us-east-1"]},
    {"hub_down": "ap-northeast-1"},
    {"hub_down": "eu-west-1"},
)
"""What happens to the monitor, now and then, for all domains."""
_NO_FAULTS: Patch = {"udp_loss": 0, "ipv6": "ok", "silent_regions": [], "hub_down": None}


# Scenarios


def scenario(
    seed: str, domains: int = DOMAINS, days: int = DAYS, steps_a_day: float = STEPS_A_DAY
) -> tuple[Patch, Counter[str]]:
    """Return a scenario document and how often what happens in it."""
    rng = random.Random(seed)  # noqa: S311 - it must be the same for the same seed
    watched = [_domain(seed, number, rng) for number in range(domains)]
    document: Patch = {
        "scenario": 1,
        "name": f"noise-{seed}",
        "start": f"{START:%Y-%m-%dT%H:%M:%SZ}",
        "regions": list(REGIONS),
        "hubs": list(HUBS),
        "watchlist": {"version": 1, "domains": {each.name: entry(each) for each in watched}},
        "world": {"faults": dict(_NO_FAULTS), "domains": {each.name: world(each) for each in watched}},
        "steps": [],
    }
    happened: Counter[str] = Counter()
    for at in _moments(rng, days, steps_a_day):
        late = at > START + timedelta(days=days, hours=-SETTLED)
        document["steps"].append(_step(at, watched, rng, happened, late=late))
    return document, happened


def _domain(seed: str, number: int, rng: random.Random) -> Domain:
    name = f"quiet{number}.{rng.choice(SUFFIXES)}"
    own = rng.random() < 0.3
    return Domain(
        name=name,
        signed=rng.random() < 0.3,
        operators=(name if own else f"dns-a{number}.example", f"dns-b{number}.net"),
        rng=random.Random(f"{seed} {number}"),  # noqa: S311
    )


def _moments(rng: random.Random, days: int, steps_a_day: float) -> Iterator[datetime]:
    part = int(24 * 60 / steps_a_day)
    for number in range(int(days * steps_a_day)):
        yield START + timedelta(minutes=number * part + rng.randrange(30, part - 10))


def _step(at: datetime, watched: Sequence[Domain], rng: random.Random, happened: Counter[str], *, late: bool) -> Patch:
    changes: Patch = {"faults": _NO_FAULTS | (rng.choice(FAULTS) if rng.random() < 0.2 and not late else {})}
    of_world, of_watchlist = dict[str, Any](), dict[str, Any]()
    for domain in watched:
        patch = _next(domain, at, rng, happened, late=late)
        if "world" in patch:
            of_world[domain.name] = patch["world"]
        if "watchlist" in patch:
            of_watchlist[domain.name] = patch["watchlist"]
        for key, what in patch.get("internet", {}).items():
            changes.setdefault(key, {}).update(what)
    changes |= {"domains": of_world} if of_world else {}
    changes |= {"watchlist": {"domains": of_watchlist}} if of_watchlist else {}
    minutes = int((at - START).total_seconds()) // 60
    return {"at": f"{minutes}m", "set": deepcopy(changes), "expect": {"page": False, "incident": "none"}}


def _next(domain: Domain, at: datetime, rng: random.Random, happened: Counter[str], *, late: bool) -> Patch:
    """Return what happens to a domain at a step: its story goes on, or another one begins."""
    if domain.following is None:
        if late or rng.random() < 0.4:
            return {}
        story = rng.choice(HAPPENINGS)
        domain.at = at
        domain.happening = story(domain)
        domain.following = next(domain.happening, None)
        if domain.following is None:
            return {}
        happened[story.__name__] += 1
        domain.following = (0.0, domain.following[1])
    hours, patch = domain.following
    if at < domain.at + timedelta(hours=hours):
        return {}
    domain.at = at
    domain.following = next(domain.happening, None)
    return patch


# Running


@dataclass(frozen=True, slots=True)
class Quiet:
    """How one scenario went."""

    seed: str
    domain_days: int
    notices: int
    problems: tuple[str, ...]
    seconds: float
    happened: Mapping[str, int]


def run(
    seed: str,
    domains: int = DOMAINS,
    days: int = DAYS,
    steps_a_day: float = STEPS_A_DAY,
    keep: Path | None = None,
) -> Quiet:
    """Replay one scenario; a page is a problem, and an incident too."""
    document, happened = scenario(seed, domains, days, steps_a_day)
    began = time.perf_counter()
    reports = replayed(document)
    problems = tuple(f"{seed} at {report.at}: {problem}" for report in reports for problem in _problems(report))
    if problems and keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{document['name']}.yaml").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return Quiet(
        seed=seed,
        domain_days=domains * days,
        notices=sum(report.tickets for report in reports),
        problems=problems,
        seconds=round(time.perf_counter() - began, 1),
        happened=happened,
    )


def replayed(document: Patch) -> list[StepReport]:
    """Replay a scenario document."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "noise.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
        with Replay(load_scenario(path)) as replay:
            return list(replay.run())


def _problems(report: StepReport) -> Iterator[str]:
    for problem in report.problems:
        yield f"{problem} (findings: {', '.join(report.findings)})"


def main() -> int:
    """Run as many scenarios as make up the days."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--days", type=int, default=DOMAINS * DAYS, help="simulated days of one domain, in all")
    parser.add_argument("--seed", default="1", help="a seed makes the same days each time")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the scenarios in which somebody was paged")
    parser.add_argument("--steps-a-day", type=float, default=STEPS_A_DAY, help="how often something happens to each")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)  # hubs that are lost on purpose are no news
    seeds = [f"{arguments.seed}-{number}" for number in range(-(-arguments.days // (DOMAINS * DAYS)))]
    results = list[Quiet]()
    # Replays make hardly a garbage cycle: looking for these as often as by default costs a tenth of the time.
    with ProcessPoolExecutor(arguments.processes, initializer=gc.set_threshold, initargs=(100_000, 20, 50)) as pool:
        for quiet in pool.map(
            run, seeds, *([each] * len(seeds) for each in (DOMAINS, DAYS, arguments.steps_a_day, arguments.keep))
        ):
            results.append(quiet)
            print(
                f"{quiet.seed}: {quiet.domain_days} days, {quiet.notices} notices, {len(quiet.problems)} problems,"
                f" {quiet.seconds} s",
                file=sys.stderr,
            )
            for problem in quiet.problems:
                print(f"  {problem}", file=sys.stderr)
    happened: Counter[str] = Counter()
    for quiet in results:
        happened.update(quiet.happened)
    problems = [problem for quiet in results for problem in quiet.problems]
    print(
        json.dumps(
            {
                "seed": arguments.seed,
                "domain_days": sum(quiet.domain_days for quiet in results),
                "notices": sum(quiet.notices for quiet in results),
                "problems": problems,
                "happened": dict(sorted(happened.items())),
                "seconds": round(sum(quiet.seconds for quiet in results), 1),
            }
        )
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
