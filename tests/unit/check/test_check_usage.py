"""What `nswatch check` refuses before it asks anything: always status 3, as a monitoring system must read it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nswatch_cli.check import check_command
from nswatch_cli.check.entries import read_entries

HINTS = ". 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n"


def refused(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(check_command, [*map(str, arguments)])
    assert (result.exit_code, result.stdout) == (3, ""), result.output
    assert "Traceback" not in result.stderr
    return result


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no domain"),
        ((".",), "the root has no parent"),
        (("exa mple.com", "bad-.com"), "bad-.com"),
        (("https://example.com/",), "is a URL; write its domain alone, like 'example.com'"),
        (("exa$mple.com",), "may hold only letters"),
        (("192.0.2.1",), "is an address"),
        (("2001:db8::1",), "is an address"),
        (("a..b",), "empty label"),
        (("x" * 64 + ".com",), "64 octets"),
        (("example.com", "--port", "0"), "--port"),
        (("example.com", "--port", "x"), "--port"),
        (("example.com", "--timeout", "nan"), "--timeout"),
        (("example.com", "--timeout", "inf"), "--timeout"),
        (("example.com", "--timeout", "0"), "--timeout"),
        (("example.com", "--seconds", "601"), "--seconds"),
        (("example.com", "--resolver", "dns.example"), "--resolver"),
        (("example.com", "--resolver", "192.0.2.1", "--no-resolvers"), "--no-resolvers"),
        (("example.com", "--wrong"), "--wrong"),
        (("example.com", "--watchlist", "/nonexistent/w.yaml"), "/nonexistent/w.yaml: cannot be read"),
        (("example.com", "--root-hints", "/nonexistent/hints"), "/nonexistent/hints: cannot be read"),
        (("example.com", "--root-hints", "/"), "cannot be read"),
    ],
)
def test_check_is_unknown_and_says_why_when_it_is_used_wrongly(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments).stderr


def test_check_names_every_bad_domain_at_once() -> None:
    result = refused("a..b", "192.0.2.1", "good.example")
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b". 1 NS a.root.\n", b"hello\n", b""])
def test_check_is_unknown_when_the_hints_are_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hints"
    file.write_bytes(content)
    assert str(file) in refused("example.com", "--root-hints", file).stderr


def test_check_is_unknown_with_every_problem_when_the_watchlist_is_bad(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("version: 1\ndomains: {example.com: {delegation: {ns: []}, wrong: 1}}\n")
    assert len(refused("example.com", "--watchlist", file).stderr.splitlines()) >= 2


def test_check_is_unknown_when_the_domain_is_not_in_the_watchlist(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(
        "version: 1\ndomains: {example.com: {delegation: {ns: [ns1.example.net, ns2.example.net]}}}\n"
        'alerts: {page: ["sms:+819000000000", "email:a@mail.example"], notice: ["email:b@mail.example"]}\n'
    )
    assert f"www.example.com is not in {file}, which has: example.com" in refused("www.example.com", "--watchlist", file).stderr  # fmt: skip  # noqa: E501


WATCHLIST = (
    "version: 1\ndomains: {example.com: {delegation: {ns: [ns1.example.net, ns2.example.net]}}}\n"
    'alerts: {page: ["sms:+819000000000", "email:a@mail.example"], notice: ["email:b@mail.example"]}\n'
)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"domains": []}', "\ud800"])
def test_check_is_unknown_when_the_lock_file_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WATCHLIST)
    lock = tmp_path / "w.lock.json"
    lock.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert str(lock) in refused("--watchlist", file).stderr


def test_entries_have_the_baseline_of_the_lock_file(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WATCHLIST)
    (plain,) = read_entries((), file).values()
    assert plain is not None
    assert dict(plain.baseline.glue) == {}
    baseline = {"glue": {"ns1.example.net": ["192.0.2.1"]}, "ttls": {"example.com MX": 300}}
    locked = {"taken_at": "2026-12-01T00:00:00Z", "taken_for": {}, "baseline": baseline}
    lock = {"version": 1, "domains": {"example.com": locked}}
    (tmp_path / "w.lock.json").write_text(json.dumps(lock))
    (entry,) = read_entries((), file).values()
    assert entry is not None
    assert dict(entry.baseline.glue) == {"ns1.example.net": ("192.0.2.1",)}
    assert dict(entry.baseline.ttls) == {("example.com", "MX"): 300}
