"""`nswatch watchlist learn` over a small Internet, and what it says of what looks odd."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.functional.check.test_check_simulated import one
from tests.functional.cli.internet import DOMAIN, HOSTS, NS2, Internet, in_order, registry, zone
from tests.unit.replay.worlds import watching

from nswatch.collect.rdap import RdapAnswer
from nswatch.collect.rdap_document import Registration
from nswatch.errors import InvalidDocument
from nswatch.expect.networks import AwsRanges
from nswatch.model import Result
from nswatch_cli.check.values import Look, Verdict
from nswatch_cli.main import cli
from nswatch_cli.watchlist.learning import learned, registered_names
from nswatch_cli.watchlist.load import load_watchlist
from nswatch_cli.watchlist.writing import Draft

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NO_AWS = AwsRanges({})


def test_learn_prints_what_the_registry_and_the_zone_say(tmp_path: Path) -> None:
    with Internet(tmp_path) as internet:
        result = CliRunner().invoke(cli, ["watchlist", "learn", DOMAIN, *internet.options])
    assert result.exit_code == 0, result.output
    (tmp_path / "w.yaml").write_text(result.output)
    entry = load_watchlist(tmp_path / "w.yaml").domains[DOMAIN]
    assert entry.delegation.ns == list(HOSTS)
    assert entry.delegation.soa_mname == HOSTS[0]
    assert [(each.name, each.type, each.values) for each in entry.answers or ()] == [
        ("@", "MX", [f"10 mail.{DOMAIN}."])
    ]
    assert "ns:  # seen at 1 of 1 servers of example" in result.output
    assert 'values: ["10 mail.watched.example."]}  # seen at 2 of 2 name servers\' addresses' in result.output
    assert "may be forged already" in result.output


def test_learn_warns_when_servers_disagree_and_adds_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.yaml"
    with Internet(tmp_path, in_order() | {NS2: zone("10 mx.evil.example.")}) as internet:
        result = CliRunner().invoke(cli, ["watchlist", "learn", DOMAIN, "--into", str(file), *internet.options])
    assert result.exit_code == 0, result.output
    assert f"{DOMAIN} was added" in result.output
    assert "# LOOK AT THIS: " in file.read_text()


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        pytest.param("192.0.2.1", "DOMAIN: is the address 192.0.2.1", id="an address"),
        pytest.param(DOMAIN, f"{DOMAIN}: no server of the parent said", id="not delegated"),
    ],
)
def test_learn_refuses_what_is_no_delegated_domain(tmp_path: Path, domain: str, told: str) -> None:
    with Internet(tmp_path, in_order() | {"127.0.53.2": registry(())}) as internet:
        result = CliRunner().invoke(cli, ["watchlist", "learn", domain, *internet.options])
    assert result.exit_code == 2
    assert result.output.startswith(told)


def looked() -> tuple[Look, Verdict]:
    look, verdict = one(watching())
    return look, verdict


def answered(name: str, result: Result = Result.ANSWER, *status: str) -> RdapAnswer:
    said = Registration(registrar="Registrar A", status=status) if result is Result.ANSWER else None
    return RdapAnswer(name, "rdap.example", result, NOW, NOW, "as told", said)


def test_draft_has_the_registration_and_warns_of_what_the_registries_say() -> None:
    look, verdict = looked()
    own, theirs = registered_names(look)
    locked = answered(own, Result.ANSWER, "clientTransferProhibited", "clientHold")
    draft: Draft = learned(look, verdict, {own: locked, theirs: answered(theirs, Result.NXDOMAIN)}, NO_AWS)
    assert draft.registration == {"registrar": "Registrar A", "locks": ["clientTransferProhibited"]}
    said = "\n".join(draft.remarks)
    assert f"the registry knows no {theirs}" in said
    assert "no registry lock" in said
    with_lock = answered(own, Result.ANSWER, "serverUpdateProhibited")
    refused = learned(look, verdict, {own: with_lock, theirs: answered(theirs, Result.REFUSED)}, NO_AWS)
    assert "no registry lock" not in "\n".join(refused.remarks)
    assert f"does not say who holds {theirs}: as told" in "\n".join(refused.remarks)


def test_nothing_is_learned_when_nobody_answers() -> None:
    look, verdict = looked()
    silent = Look(look.domain, look.at, look.zone, ())
    with pytest.raises(InvalidDocument, match="no server of the parent said"):
        learned(silent, verdict, {}, NO_AWS)
