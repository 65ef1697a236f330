import json
from pathlib import Path

import pytest
from tests.unit.cli_watchlist.looks import BASELINE, DOMAIN, HOSTS, MX

from nswatch.errors import InvalidDocument
from nswatch_cli.watchlist.lock import Locked, dump_lock, lock_path, parse_lock, read_lock, write_lock

LOCK = {DOMAIN: Locked("2027-01-12T00:00:00Z", BASELINE, {"ns": sorted(HOSTS)}, (MX,))}


def problems(document: object) -> list[str]:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(InvalidDocument) as refused:
        parse_lock(text, "w.lock.json")
    return [str(problem) for problem in refused.value.problems]


def whole(**baseline: object) -> dict[str, object]:
    domain = {"taken_at": "2027-01-12T00:00:00Z", "taken_for": {}, "baseline": baseline}
    return {"version": 1, "domains": {DOMAIN: domain}}


def test_lock_is_the_same_when_it_is_read_again() -> None:
    assert parse_lock(dump_lock(LOCK).encode(), "w.lock.json") == LOCK


def test_lock_is_one_text_whatever_the_order() -> None:
    two = {"b.example": LOCK[DOMAIN], "a.example": LOCK[DOMAIN]}
    assert dump_lock(two) == dump_lock(dict(reversed(two.items())))
    assert dump_lock(two).endswith("}\n")


def test_lock_stands_beside_the_watchlist() -> None:
    assert lock_path(Path("some/where/our.list.yaml")) == Path("some/where/our.list.lock.json")


def test_lock_is_empty_when_there_is_no_file(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "w.lock.json") == {}


def test_lock_is_written_only_when_it_says_something_new(tmp_path: Path) -> None:
    path = tmp_path / "w.lock.json"
    assert write_lock(path, LOCK)
    assert not write_lock(path, LOCK)
    assert read_lock(path) == LOCK
    assert [each.name for each in tmp_path.iterdir()] == ["w.lock.json"]


def test_lock_brings_addresses_and_names_to_their_canonical_form() -> None:
    read = parse_lock(json.dumps(whole(addresses={"NS1.Example.": ["2001:DB8:0::1", "192.0.2.1"]})).encode(), "w")
    assert read[DOMAIN].baseline == {"addresses": {"ns1.example": ["192.0.2.1", "2001:db8::1"]}}


@pytest.mark.parametrize(
    ("baseline", "path", "words"),
    [
        pytest.param(
            {"addresses": {HOSTS[0]: ["192.0.2.256"]}}, 'addresses["ns1.dns.example"][0]', "not an IP", id="a"
        ),
        pytest.param({"glue": {"192.0.2.1": []}}, "glue", "not a host's name", id="glue-of-an-address"),
        pytest.param({"ttls": {"example.com": 300}}, "ttls", "'example.com MX'", id="ttl-without-type"),
        pytest.param({"ttls": {"example.com MX": -1}}, "ttls", "at least 0", id="ttl-below-zero"),
        pytest.param({"ttls": {"example.com MX": "300"}}, "ttls", "not a whole number", id="ttl-as-text"),
        pytest.param({"ds": ["2371 13 2"]}, "ds[0]", "no DS data", id="ds-without-digest"),
        pytest.param({"ds": ["2371 13 2 xyz0"]}, "ds[0]", "no DS data", id="ds-of-no-digits"),
        pytest.param({"adresses": {}}, "adresses", "did you mean addresses?", id="unknown-key"),
    ],
)
def test_lock_is_refused_with_the_path_when_a_value_is_wrong(baseline, path: str, words: str) -> None:
    (problem,) = problems(whole(**baseline))
    assert problem.startswith(f'w.lock.json: domains["{DOMAIN}"].baseline.{path}')
    assert words in problem


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(b'{\n"version": 1,\n}', "w.lock.json:3: is not JSON", id="syntax"),
        pytest.param(b"[]", "is no JSON object", id="list"),
        pytest.param(b"\xff\xfe", "is not JSON text in UTF-8", id="no-text"),
        pytest.param(b"[" * 100_000, "is not JSON", id="deep"),
        pytest.param(b'{"version": 1, "version": 1, "domains": {}}', "gives 'version' twice", id="twice"),
        pytest.param(b'{"version": 1}', "domains: is missing", id="no-domains"),
        pytest.param(b'{"version": 2, "domains": {}}', "version: ", id="version"),
    ],
)
def test_lock_is_refused_when_it_is_no_lock(octets: bytes, words: str) -> None:
    assert any(words in problem for problem in problems(octets))
