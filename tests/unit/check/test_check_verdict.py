"""The verdict of a check, from values alone."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import Answer, DomainEntry, read_entry
from nswatch.model import Facts, Result, Transport
from nswatch.observe.servers import Addresses, Interception, Lookup
from nswatch_cli.check import words
from nswatch_cli.check.page import open_page
from nswatch_cli.check.record import record as as_json
from nswatch_cli.check.table import performance
from nswatch_cli.check.values import Look, Record, ServerAnswer, Status, worst
from nswatch_cli.check.verdict import verdict_on

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = ("ns1.host.example", "ns2.host.example")
ENTRY = read_entry("victim.com", {"delegation": {"ns": list(GOOD)}})


def gives(
    number: int, *hosts: str, result: Result = Result.REFERRAL, over: Transport = Transport.UDP, note: str = ""
) -> ServerAnswer:
    facts = Facts(result, values=tuple(sorted(hosts)), ttl=172800 if hosts else None, ds=(), note=note)
    return ServerAnswer(f"{chr(97 + number)}.gtld.example", f"192.0.2.{number + 1}", facts, over, 10.0 + number, note)


def says(host: str, *hosts: str, result: Result = Result.ANSWER) -> ServerAnswer:
    return ServerAnswer(host, "198.51.100.1", Facts(result, tuple(sorted(hosts)), ttl=300), Transport.UDP, 5.0)


def look(*parents: ServerAnswer, children: tuple[ServerAnswer, ...] | None = None, **more: object) -> Look:
    own = tuple(says(host, *GOOD) for host in GOOD) if children is None else children
    return Look("victim.com", NOW, "com", parents, own, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), 0),
        ((0, 3), 3),
        ((3, 1), 1),
        ((3, 1, 2), 2),
        ((0, 0), 0),
    ],
)
def test_worst_ranks_critical_then_warning_then_unknown(statuses: tuple[int, ...], expected: int) -> None:
    for order in permutations(statuses):
        assert worst(map(Status, order)) is Status(expected)


@pytest.mark.parametrize("parents", [2, 13])
def test_verdict_is_ok_when_all_give_the_approved_set(parents: int) -> None:
    verdict = verdict_on(look(*(gives(n, *GOOD) for n in range(parents))), ENTRY, NOW)
    assert (verdict.status, verdict.summary) == (
        Status.OK,
        f"com gives the 2 approved name servers at {parents} of {parents} servers",
    )


def test_verdict_is_critical_when_one_server_departs_over_tcp() -> None:
    verdict = verdict_on(look(gives(0, *GOOD), gives(1, "ns.evil.example", over=Transport.TCP)), ENTRY, NOW)
    assert verdict.status is Status.CRITICAL


def test_verdict_is_a_warning_when_one_server_departs_and_tcp_did_not_confirm_it() -> None:
    verdict = verdict_on(look(gives(0, *GOOD), gives(1, "ns.evil.example")), ENTRY, NOW)
    assert [(each.code, each.status) for each in verdict.remarks] == [("delegation_changed", Status.WARNING)]
    assert "TCP did not confirm it" in verdict.summary


def answers(*values: str, over: Transport, host: str = "") -> ServerAnswer:
    facts = Facts(Result.ANSWER, tuple(sorted(values)), ttl=300)
    return ServerAnswer(host, "198.51.100.9" if host else "9.9.9.9", facts, over, 1.0)


@pytest.mark.parametrize(
    ("over", "expected"), [(Transport.TCP, Status.CRITICAL), (Transport.UDP, Status.WARNING)], ids=str
)
@pytest.mark.parametrize("resolver", [True, False], ids=["resolver", "server"])
def test_verdict_waits_for_a_second_look_when_only_one_udp_answer_departs(
    over: Transport, expected: Status, resolver: bool
) -> None:
    entry = replace(ENTRY, answers=(Answer("victim.com", "MX", ("10 good",)),), resolvers=("9.9.9.9",))
    right = answers("10 good", over=Transport.UDP, host=GOOD[0])
    wrong = answers("10 evil", over=over, host="" if resolver else GOOD[1])
    record = Record("victim.com", "MX", (right,) if resolver else (right, wrong), (wrong,) if resolver else ())
    children = (says(GOOD[0], *GOOD), replace(says(GOOD[1], *GOOD), address="198.51.100.9"))
    hosts = (Addresses(GOOD[0], ("198.51.100.9",), Lookup.FOUND), Addresses(GOOD[1], ("198.51.100.9",), Lookup.FOUND))
    seen = look(gives(0, *GOOD), gives(1, *GOOD), children=children, records=(record,), hosts=hosts)
    verdict = verdict_on(seen, entry, NOW)
    assert (verdict.status, len(verdict.remarks)) == (expected, 1), verdict.summary


def test_verdict_is_critical_when_two_servers_depart_over_udp() -> None:
    verdict = verdict_on(look(gives(0, "ns.evil.example"), gives(1, "ns.evil.example")), ENTRY, NOW)
    assert verdict.status is Status.CRITICAL


def test_verdict_takes_the_less_widely_given_name_for_the_imitation() -> None:
    genuine, forged = "ns1.mail-dns.example", "ns1.rnail-dns.example"
    parents = (gives(0, genuine), gives(1, genuine), gives(2, forged, over=Transport.TCP))
    verdict = verdict_on(look(*parents, children=(says(genuine, genuine),)), None, NOW)
    (alike,) = [remark for remark in verdict.remarks if remark.code == "nameserver_lookalike"]
    assert (alike.status, alike.seen, alike.expected) == (Status.CRITICAL, (forged,), (genuine,))


def test_verdict_is_critical_when_an_approved_server_is_left_out() -> None:
    verdict = verdict_on(look(*(gives(n, GOOD[0]) for n in range(2))), ENTRY, NOW)
    assert verdict.status is Status.CRITICAL
    assert (
        verdict.summary == f"com leaves out 1 approved name server at 2 of 2 servers: {GOOD[1]} (and 1 other finding)"
    )
    assert [each.code for each in verdict.remarks] == ["delegation_changed", "parent_child_mismatch"]


@pytest.mark.parametrize(
    "result", [Result.TIMEOUT, Result.REFUSED, Result.SERVFAIL, Result.MALFORMED, Result.UNREACHABLE]
)
@pytest.mark.parametrize("entry", [ENTRY, None], ids=["watched", "alone"])
def test_verdict_is_unknown_when_no_server_says_anything(result: Result, entry: object) -> None:
    verdict = verdict_on(look(gives(0, result=result), gives(1, result=result)), entry, NOW)  # type: ignore[arg-type]
    assert [each.code for each in verdict.remarks] == ["delegation_unknown"]
    assert verdict.status is Status.UNKNOWN


def test_verdict_is_unknown_when_the_delegation_cannot_be_seen() -> None:
    verdict = verdict_on(look(gives(0, result=Result.NOT_VISIBLE)), ENTRY, NOW)
    assert verdict.status is Status.UNKNOWN
    assert "can't be seen" in verdict.summary


def test_verdict_is_never_ok_when_an_answer_is_too_large_to_read() -> None:
    large = ServerAnswer("a.gtld.example", "192.0.2.1", Facts(Result.OVER_CAP, digest="sha256:00"), Transport.TCP, 1.0)
    assert verdict_on(look(large), None, NOW).status is Status.WARNING
    assert verdict_on(look(large), ENTRY, NOW).status is Status.CRITICAL


@pytest.mark.parametrize("entry", [ENTRY, None], ids=["watched", "alone"])
def test_verdict_is_unknown_with_its_findings_when_dns_is_intercepted(entry: object) -> None:
    seen = look(gives(0, result=Result.NXDOMAIN, over=Transport.TCP), interception=Interception("198.41.0.4", "RA=1"))
    verdict = verdict_on(seen, entry, NOW)  # type: ignore[arg-type]
    assert verdict.status is Status.UNKNOWN
    assert verdict.remarks[0].status is Status.CRITICAL
    assert as_json(seen, verdict)["interception"] == {"server": "198.41.0.4", "reason": "RA=1"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"{letter}.gtld-servers.net" for letter in "abcdefghijklm"], "a..m.gtld-servers.net (13)"),
        (["c.gtld-servers.net", "a.gtld-servers.net"], "a,c.gtld-servers.net (2)"),
        (["a.gtld-servers.net"] * 2, "a.gtld-servers.net"),
        (["a0.org.nic.org", "b2.org.nic.net"], "a0.org.nic.org ... (2)"),
        (["net", "org"], "net ... (2)"),
        ([], ""),
    ],
)
def test_servers_are_told_in_short(names: list[str], expected: str) -> None:
    assert words.servers(names) == expected


def test_performance_counts_the_servers_that_gave_a_definite_answer() -> None:
    seen = look(gives(0, *GOOD), gives(1, result=Result.TIMEOUT), seconds=0.21349)
    assert performance(seen) == "time=0.213s servers=1"


def page(capsys: pytest.CaptureFixture[str], seen: Look, entry: object = None) -> list[str]:
    verdict = verdict_on(seen, entry, NOW)  # type: ignore[arg-type]
    shown = open_page()
    shown.first_line(verdict.status, f"{seen.domain}: {verdict.summary} | {performance(seen)}")
    shown.details(seen, verdict)
    return capsys.readouterr().out.splitlines()


def test_a_page_fits_one_screen_when_13_servers_give_four_lookalikes(capsys: pytest.CaptureFixture[str]) -> None:
    genuine = ("ns-1515.awsdns-61.org", "ns-1985.awsdns-56.co.uk", "ns-650.awsdns-17.net", "ns-405.awsdns-50.com")
    forged = tuple(host.replace("awsdns-", "awsdns-0") for host in genuine)
    entry = read_entry("victim.com", {"delegation": {"ns": list(genuine), "provider": "route53"}})
    children = (*(says(host, *forged) for host in forged), *(says(host, *genuine) for host in genuine))
    seen = look(*(gives(n, *forged, over=Transport.TCP) for n in range(13)), children=children)
    lines = page(capsys, seen, entry)
    assert len(lines) <= 40
    assert max(map(len, lines[1:])) <= 100
    assert lines[0].startswith(
        "CRITICAL victim.com: com gives 4 name servers that are not approved at 13 of 13 servers"
    )
    rows = [line.split() for line in lines]
    assert ["-", "ns-1985.awsdns-56.co.uk", "0/13", "4/8", "-"] in rows
    assert ["+", "ns-1515.awsdns-061.org", "13/13", "4/8", "-"] in rows


def test_a_page_is_harmless_when_names_and_notes_are_hostile(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\\027[31m|pwn." + ".".join(["x" * 60] * 3) + ".example"
    raw = "ns\x1b[2J\u202e\n.evil.example"
    seen = look(
        gives(0, evil, raw),
        gives(1, result=Result.NOT_AUTHORITATIVE, note="speaks for \x1b]0;x\x07 \u202e" + "y" * 500),
        children=(says(evil, raw), says(raw, *(f"{'z' * 60}{n}.example" for n in range(100)))),
    )
    for entry in (None, ENTRY):
        lines = page(capsys, seen, entry)
        assert all(char.isprintable() and char.isascii() for line in lines for char in line)
        assert lines[0].count("|") == 1, "what is behind the first bar is performance data"
        assert len(lines[0]) < 800
        assert max(map(len, lines[1:])) <= 100
        assert len(lines) < 130


def test_a_page_has_no_colour_when_standard_output_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in "".join(page(capsys, look(gives(0, "ns.evil.example")), ENTRY))


@pytest.mark.parametrize("no_color", [True, False])
def test_a_page_has_colour_on_a_terminal_unless_no_color_is_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    assert ("\x1b" in "".join(page(capsys, look(gives(0, "ns.evil.example")), ENTRY))) is not no_color


R53 = ("ns-1515.awsdns-61.org", "ns-650.awsdns-17.net")
AWS = AwsRanges({"ROUTE53": ("205.251.192.0/21",)})
FORGED = "45.77.24.189"


def at_route53(address: str, glue: str) -> Look:
    """Return a look at a delegation to two of Route 53's servers, the first of which is there."""
    found = (Addresses(R53[0], (address,), Lookup.FOUND), Addresses(R53[1], ("205.251.194.138",), Lookup.FOUND))
    parents = tuple(gives(n, *R53, over=Transport.TCP) for n in range(2))
    own = tuple(says(host, *R53) for host in R53)
    return look(*parents, children=own, hosts=found, glue={R53[0]: (glue,)} if glue else {})


@pytest.mark.parametrize(
    "entry", [None, read_entry("victim.com", {"delegation": {"ns": list(R53)}})], ids=["", "entry"]
)
@pytest.mark.parametrize(
    ("address", "glue", "aws", "told"),
    [
        pytest.param(FORGED, "", AWS, True, id="resolved"),
        pytest.param("205.251.197.235", FORGED, AWS, True, id="glue"),
        pytest.param("205.251.197.235", "205.251.197.235", AWS, False, id="right"),
        pytest.param("198.51.100.53", "198.51.100.53", AWS, False, id="documentation"),
        pytest.param(FORGED, FORGED, AwsRanges({}), False, id="nothing-known"),
    ],
)
def test_verdict_warns_of_an_address_that_is_not_route53s(
    entry: DomainEntry | None, address: str, glue: str, aws: AwsRanges, told: bool
) -> None:
    verdict = verdict_on(at_route53(address, glue), entry, NOW, aws)
    said = [remark for remark in verdict.remarks if remark.code == "not_at_route53"]
    assert bool(said) is told
    for remark in said:
        assert (remark.status, remark.seen) == (Status.WARNING, (FORGED,))
        assert remark.sentence == f"{R53[0]} is at {FORGED}, outside of the networks that AWS publishes for Route 53"


def test_verdict_tells_once_of_a_name_server_that_left_its_baseline() -> None:
    entry = read_entry(
        "victim.com", {"delegation": {"ns": list(R53)}, "baseline": {"glue": {R53[0]: ["205.251.197.235"]}}}
    )
    asked = at_route53("205.251.197.235", FORGED)
    facts = [replace(answer.facts, glue=((R53[0], (FORGED,)),)) for answer in asked.parents if answer.facts is not None]
    parents = tuple(replace(answer, facts=each) for answer, each in zip(asked.parents, facts, strict=True))
    verdict = verdict_on(replace(asked, parents=parents), entry, NOW, AWS)
    codes = [remark.code for remark in verdict.remarks]
    assert "glue_changed" in codes
    assert "not_at_route53" not in codes
    assert "(approved is 205.251.197.235; it is outside of AWS's networks for Route 53)" in verdict.summary
