"""Benign noise: random days of domains to which nothing bad happens, replayed: `python -m bench.noise --days 10000`.

Each scenario holds some domains for some weeks. To each of them happens, one after the other, what happens to domains:
answers that rotate or differ by place, caches that lag, an operator that fails, lost packets, renewals, key rolls,
moves that were planned, servers of the parent that lag, registries that refuse. Whatever it is, nobody may be paged.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario
from nswatch_cli.replay.verdict import StepReport

START = datetime(2026, 1, 5, tzinfo=UTC)
REGIONS = ("ap-northeast-1", "us-east-1", "eu-west-1")
HUBS = ("ap-northeast-1", "eu-west-1")
RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
SUFFIXES = ("example", "com", "net", "org", "co.uk", "jp", "io")
DOMAINS, DAYS = 10, 20
"""A scenario's."""
STEPS_A_DAY = 0.5
"""What happens to all domains of a scenario begins and goes on so often."""
SETTLED = 6
"""In the last so many hours of a scenario nothing new begins."""

Patch = dict[str, Any]
"""What a step sets: ``{"world": {...} of the domain, "watchlist": {...} of its entry}``."""
Turn = tuple[float, Patch]
"""Hours after the one before (or the beginning), and what happens then."""


@dataclass
class Domain:
    """One domain: its names, what is happening to it, and when that goes on."""

    name: str
    signed: bool
    operators: tuple[str, str]
    rng: random.Random
    happening: Iterator[Turn] = field(default_factory=lambda: iter(()))
    following: Turn | None = None
    at: datetime = START
    generation: int = 0
    key: int = 0

    @property
    def hosts(self) -> list[str]:
        """Its four name servers: two of each operator."""
        return [f"ns{number}.{operator}" for operator in self.operators for number in (1, 2)]


# The world in order


def zone(domain: Domain, *, address: int = 10, ttl: int = 300, hosts: Sequence[str] = (), key: str = "") -> Patch:
    """Return a version of a domain's zone."""
    names = list(hosts or domain.hosts)
    lines = [f"@ 172800 IN NS {host}." for host in names]
    lines += [f"@ 900 IN SOA {names[0]}. hostmaster.{names[0]}. {address} 7200 900 1209600 86400"]
    lines += [f"{owner} {ttl} IN A 198.51.100.{address}" for owner in ("@", "www")]
    lines += [f"@ {ttl} IN MX 10 mx1.mail.example.", f'@ {ttl} IN TXT "v=spf1 include:spf.mail.example -all"']
    return {"records": "\n".join(["$TTL 300", *lines, ""]), **({"signed_with": key} if key else {})}


def entry(domain: Domain) -> Patch:
    """Return the domain's entry of the watchlist."""
    return {
        "delegation": {
            "ns": domain.hosts,
            "soa_mname": domain.hosts[0],
            "dnssec": "signed" if domain.signed else "unsigned",
        },
        "answers": [
            {"name": "@", "type": "MX", "values": ["10 mx1.mail.example."]},
            {"name": "www", "type": "A", "within": ["198.51.100.0/24"]},
            {"name": "@", "type": "TXT", "contains": ["v=spf1 include:spf.mail.example -all"]},
        ],
        "registration": {"registrar": "Registrar A", "locks": ["clientTransferProhibited"]},
        "web": {"url": f"https://www.{domain.name}/", "issuers": ["Amazon"]},
    }


def world(domain: Domain) -> Patch:
    """Return the domain's world at the start."""
    key = "key-0" if domain.signed else ""
    versions = {f"v{number}": zone(domain, address=10 + number, key=key) for number in range(4)}
    return {
        "zones": versions,
        "registry": {"ns": domain.hosts, "ns_ttl": 172800, "ds": [key] if key else [], "lagging_servers": 0},
        "nameservers": dict.fromkeys(domain.hosts, "v0"),
        "registration": {
            "registrar": "Registrar A",
            "last_changed": "2020-01-10T00:00:00Z",
            "expires": "2035-01-10T00:00:00Z",
            "status": ["clientTransferProhibited"],
            "ns": domain.hosts,
        },
        "web": {region: {"status": 200, "latency_ms": 40} for region in REGIONS},
    }


# What happens


def rotation(domain: Domain) -> Iterator[Turn]:
    """Yield answers that rotate: another version of the zone, then that of the beginning."""
    for version in (f"v{domain.rng.randrange(1, 4)}", "v0"):
        yield domain.rng.uniform(1, 12), {"world": {"nameservers": dict.fromkeys(domain.hosts, version)}}


def geography(domain: Domain) -> Iterator[Turn]:
    """Yield answers that differ by region, from the name servers and from caches (ECS)."""
    seen = {region: {"*": f"v{domain.rng.randrange(4)}"} for region in REGIONS}
    cached = {region: dict.fromkeys(RESOLVERS, f"v{domain.rng.randrange(4)}") for region in REGIONS}
    yield 1, {"world": {"nameservers_from": seen, "resolvers": cached}}
    yield domain.rng.uniform(6, 48), {"world": {"nameservers_from": None, "resolvers": None}}


def caches_lag(domain: Domain) -> Iterator[Turn]:
    """Yield resolvers that answer with an older version, fail, or do not reply."""
    region, resolver = domain.rng.choice(REGIONS), domain.rng.choice(RESOLVERS)
    yield 1, {"world": {"resolvers": {region: {resolver: domain.rng.choice(["v1", "servfail", "timeout"])}}}}
    yield domain.rng.uniform(1, 24), {"world": {"resolvers": None}}


def operator_fails(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which one of the two operators fails, in one of the ways to fail."""
    theirs = domain.hosts[:2] if domain.rng.random() < 0.5 else domain.hosts[2:]
    how = domain.rng.choice(["timeout", "servfail", "refused"])
    yield 1, {"world": {"nameservers": dict.fromkeys(theirs, how)}}
    yield domain.rng.uniform(1, 8), {"world": {"nameservers": dict.fromkeys(theirs, "v0")}}


def seen_from_one_region(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which one region reaches none of the name servers."""
    yield 1, {"world": {"nameservers_from": {domain.rng.choice(REGIONS): {"*": "timeout"}}}}
    yield domain.rng.uniform(1, 4), {"world": {"nameservers_from": None}}


def renewal(domain: Domain) -> Iterator[Turn]:
    """Yield a renewal of the registration: RDAP's last-changed moves, as it does in an attack."""
    domain.generation += 1
    changed = START + timedelta(days=domain.generation)
    expires = datetime(2036 + domain.generation % 60, 1, 10, tzinfo=UTC)
    says = {"last_changed": f"{changed:%Y-%m-%dT%H:%M:%SZ}", "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    yield 1, {"world": {"registration": says}}
    yield 60, {}


def rdap_refuses(domain: Domain) -> Iterator[Turn]:
    """Yield a time in which the registry refuses."""
    yield 1, {"world": {"registration": {"http_status": domain.rng.choice([403, 422, 429, 500, 503])}}}
    yield domain.rng.uniform(6, 48), {"world": {"registration": {"http_status": None}}}


def certificate_renewed(domain: Domain) -> Iterator[Turn]:
    """Yield another certificate of a listed issuer: in CT logs first, then region by region."""
    domain.generation += 1
    issuer = f"Amazon RSA 2048 M{domain.generation:02d}"
    served = {"issuer": issuer, "fingerprint": f"{domain.generation:064x}", "trusted": True}
    yield 1, {"world": {"certificates": [{"issuer": issuer, "names": [f"www.{domain.name}", domain.name]}]}}
    for region in REGIONS:
        yield domain.rng.uniform(0, 6), {"world": {"web": {region: {"certificate": served}}}}


def slow_site(domain: Domain) -> Iterator[Turn]:
    """Yield a site that is slow or errs in one region for a while."""
    region = domain.rng.choice(REGIONS)
    slow = {"latency_ms": domain.rng.choice([150, 400, 2500]), "status": domain.rng.choice([200, 200, 500, 503])}
    yield 1, {"world": {"web": {region: slow}}}
    yield domain.rng.uniform(1, 24), {"world": {"web": {region: {"latency_ms": 40, "status": 200}}}}


def spelling(domain: Domain) -> Iterator[Turn]:
    """Yield the same delegation in another order and in capitals."""
    names = [host.upper() for host in domain.hosts]
    domain.rng.shuffle(names)
    yield 1, {"world": {"registry": {"ns": names}}}
    yield domain.rng.uniform(2, 24), {"world": {"registry": {"ns": domain.hosts}}}


def key_roll(domain: Domain) -> Iterator[Turn]:
    """Yield a roll-over done right (RFC 6781 section 4.1.2): both DS, the other key signs, the old DS goes."""
    if not domain.signed:
        return
    old = f"key-{domain.key}"
    domain.key += 1
    new = f"key-{domain.key}"
    rolled = {f"v{number}": zone(domain, address=10 + number, key=new) for number in range(4)}
    yield 1, {"world": {"registry": {"ds": [old, new]}}}
    yield 49, {"world": {"zones": rolled}}
    yield 49, {"world": {"registry": {"ds": [new]}}}


def move(domain: Domain) -> Iterator[Turn]:
    """Yield a planned move to another operator: approved, rolled out region by region, lagging, and applied."""
    if domain.signed:
        return
    domain.generation += 1
    operators = (f"dns{domain.generation}-{domain.name.partition('.')[0]}.example", domain.operators[1])
    hosts = [f"ns{number}.{operator}" for operator in operators for number in (1, 2)]
    begins = domain.at + timedelta(hours=1)
    window = {
        "id": f"CHG-{domain.generation}",
        "from": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{begins + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
        "by": ["alice", "bob"],
        "delegation": {"ns": hosts, "soa_mname": hosts[0]},
    }
    old = domain.hosts
    yield 0, {"watchlist": {"planned_changes": [window]}}
    versions = {f"v{number}": zone(domain, address=10 + number, hosts=hosts) for number in range(4)}
    domain.operators = operators
    yield (
        13,
        {
            "world": {
                "zones": versions,
                "nameservers": dict.fromkeys([*old, *hosts], "v0"),
                "registry": {"ns": hosts, "lagging_servers": domain.rng.randrange(3)},
                "registration": {"ns": hosts},
            }
        },
    )
    yield 24, {"world": {"registry": {"lagging_servers": 0}}}
    approved = {"delegation": {"ns": hosts, "soa_mname": hosts[0]}, "planned_changes": []}
    yield 1, {"watchlist": approved}
    gone = [host for host in old if host not in hosts]
    yield 60, {"world": {"nameservers": dict.fromkeys(gone)}}


HAPPENINGS: tuple[Callable[[Domain], Iterator[Turn]], ...] = (
    rotation,
    geography,
    caches_lag,
    operator_fails,
    seen_from_one_region,
    renewal,
    rdap_refuses,
    certificate_renewed,
    slow_site,
    spelling,
    key_roll,
    move,
)

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
    watched = [
        Domain(
            name=f"quiet{number}.{rng.choice(SUFFIXES)}",
            signed=rng.random() < 0.3,
            operators=(f"dns-a{number}.example", f"dns-b{number}.net"),
            rng=random.Random(f"{seed} {number}"),  # noqa: S311
        )
        for number in range(domains)
    ]
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
