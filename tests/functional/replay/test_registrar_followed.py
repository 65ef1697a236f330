"""Route 53 Domains, all the way: a local server that speaks its protocol, both hubs' collectors, the comparators."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from ruamel.yaml import YAML
from tests.support.https import answer, server

from nswatch.model import Severity
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario
from nswatch_cli.replay.verdict import StepReport

CASE = Path(__file__).parent / "cases" / "win-mx.yaml"
DOMAIN = "victim.example"
LOCK = "clientTransferProhibited"
CODES = frozenset({"registration_touched", "registration_status_changed", "registrar_changed", "registration_expiring"})


@dataclass
class Domains:
    """What the account at Route 53 Domains holds: ``detail`` of the domain (empty: not its), and ``operations``."""

    url: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, connection: socket.socket, head: str) -> None:
        listing = "listoperations" in head.lower()
        body = {"Operations": self.operations} if listing else self.detail or {"__type": "InvalidInput"}
        status = 200 if listing or self.detail else 400
        answer(status, json.dumps(body).encode(), content_type="application/x-amz-json-1.1")(connection, head)

    def client(self, _region: str, _session: Mapping[str, str]) -> Any:
        return botocore.session.get_session().create_client(
            "route53domains",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="own",
            aws_secret_access_key="own",
        )


@pytest.fixture
def domains() -> Iterator[Domains]:
    with server(tls=False) as http:
        there = Domains(http.url)
        http.answers["/"] = there.answer
        yield there


def seconds(moment: datetime) -> float:
    return moment.timestamp()


def replay_of(domains: Domains, folder: Path, *minutes: int, registration: Mapping[str, Any] | None = None) -> Replay:
    """Return a replay in which DNS stays in order, with a look at each of these minutes."""
    document = YAML(typ="safe").load(CASE)
    document["watchlist"]["domains"][DOMAIN]["registration"] = {"locks": [LOCK], "provider": "route53"}
    document["steps"] = [{"at": f"{minute}m", "set": {}, "expect": {}} for minute in minutes]
    if registration is not None:
        document["world"]["domains"][DOMAIN]["registration"] = registration
    document["regions"] = document["hubs"]
    del document["world"]["domains"][DOMAIN]["resolvers"]["us-east-1"]
    (folder / "case.yaml").write_text(json.dumps(document, default=str))
    replay = Replay(load_scenario(folder / "case.yaml"), codes=CODES)
    start = replay.scenario.start
    domains.detail = {
        "DomainName": DOMAIN,
        "RegistrarName": "Registrar A",
        "StatusList": [LOCK],
        "Nameservers": [{"Name": "ns-405.awsdns-50.com"}],
        "CreationDate": seconds(start - timedelta(days=3000)),
        "UpdatedDate": seconds(start - timedelta(days=300)),
        "ExpirationDate": seconds(start + timedelta(days=300)),
    }
    replay.cloud.clients = replace(replay.cloud.clients, route53domains=domains.client)
    return replay


def told(replay: Replay) -> list[tuple[Severity, str]]:
    return [(each.delivery.channel, each.delivery.text) for each in replay.arrivals]


def test_lock_that_is_gone_at_route_53_domains_is_one_notice_with_what_both_sources_say(
    domains: Domains, tmp_path: Path
) -> None:
    registration = {
        "registrar": "Registrar A",
        "last_changed": "2020-01-10T00:00:00Z",
        "expires": "2035-01-10T00:00:00Z",
        "status": [LOCK],
    }
    with replay_of(domains, tmp_path, 10, 40, registration=registration) as replay:
        steps = replay.run()
        quiet: StepReport = next(steps)
        assert (quiet.findings, told(replay)) == ((), [])
        domains.detail["StatusList"] = ["ok"]
        gone = next(steps)
        ((channel, text),) = told(replay)
    assert gone.findings == ("registration_status_changed",)
    assert channel is Severity.NOTICE
    flat = " ".join(text.split())
    assert "Of the status the sources differ: RDAP (" in flat
    assert f") says {LOCK}; Route 53 Domains says ok." in flat


def test_operation_and_what_follows_from_it_are_one_notice(domains: Domains, tmp_path: Path) -> None:
    with replay_of(domains, tmp_path, 10, 40, 70) as replay:
        steps = replay.run()
        next(steps)
        submitted = replay.scenario.start.astimezone(UTC) + timedelta(minutes=35)
        operation = {"OperationId": "1", "Status": "IN_PROGRESS", "Type": "UPDATE_NAMESERVER", "DomainName": DOMAIN}
        domains.operations = [operation | {"SubmittedDate": seconds(submitted)}]
        first = next(steps)
        domains.detail["Nameservers"] = [{"Name": "ns1.evil.example"}]
        domains.detail["UpdatedDate"] = seconds(submitted + timedelta(minutes=20))
        second = next(steps)
        ((channel, text),) = told(replay)
    assert first.findings == second.findings == ("registration_touched",)
    assert channel is Severity.NOTICE
    assert "UPDATE_NAMESERVER submitted" in text


def test_domain_that_was_moved_to_another_account_is_told_though_its_details_are_refused(
    domains: Domains, tmp_path: Path
) -> None:
    with replay_of(domains, tmp_path, 10, 40) as replay:
        steps = replay.run()
        next(steps)
        submitted = replay.scenario.start.astimezone(UTC) + timedelta(minutes=35)
        kind = {"OperationId": "1", "Status": "SUCCESSFUL", "Type": "INTERNAL_TRANSFER_OUT_DOMAIN"}
        domains.operations = [kind | {"DomainName": DOMAIN, "SubmittedDate": seconds(submitted)}]
        domains.detail = {}
        moved = next(steps)
        ((channel, text),) = told(replay)
    assert moved.findings == ("registration_touched",)
    assert channel is Severity.NOTICE
    assert "INTERNAL_TRANSFER_OUT_DOMAIN submitted" in text


def test_expiry_that_is_near_at_route_53_domains_pages_once(domains: Domains, tmp_path: Path) -> None:
    with replay_of(domains, tmp_path, 10, 40) as replay:
        steps = replay.run()
        next(steps)
        domains.detail["ExpirationDate"] = seconds(replay.scenario.start + timedelta(days=2))
        near = next(steps)
        assert [channel for channel, _ in told(replay)] == [Severity.PAGE]
    assert near.findings == ("registration_expiring",)
