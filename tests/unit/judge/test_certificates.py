"""`certificate_unordered` and `certificate_changed`, and what CAA says of an issuer."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.judge.record import CHANGED, DOMAIN, HOUR, LAST, MINUTE, NOW, REGIONS, T0, A, Record, answer, in_order

from nswatch.expect.certificates import Logged
from nswatch.expect.watchlist import PlannedChange, Web
from nswatch.judge.caa import Permission, caa_of
from nswatch.judge.certificates import DEPARTED
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View

WEB = Web(f"https://{DOMAIN}/", ("Amazon", "Let's Encrypt"))
DAY = timedelta(days=1)
ISSUER = "C=US, O=Evil CA, CN=E1"
HUBS = ("ap-1", "eu-1")


def watching(*changes: PlannedChange, web: Web | None = WEB) -> Record:
    given = in_order()
    given.entry = replace(given.entry, web=web, planned_changes=changes)
    return given


def change(first: datetime, last: datetime, *issuers: str) -> PlannedChange:
    return PlannedChange("CHG-1", first, last, ("alice", "bob"), web=Web(None, issuers))


def logged(key: str = "k1", found: datetime = CHANGED, issuer: str = ISSUER, **more: object) -> Logged:
    usual = {"ca": "Evil CA", "names": (DOMAIN,), "not_before": found - MINUTE}
    return Logged(key, found, issuer, **{**usual, **more})  # type: ignore[arg-type]


def put(given: Record, region: str, qtype: str, values: Iterable[str], *, server: str = "search.example") -> Record:
    key = Key(region, Source.CT, server, DOMAIN, qtype)
    facts = Facts(Result.ANSWER, tuple(values)) if values else Facts(Result.NODATA)
    given.views[key] = View(key, "", facts, Transport.TCP, T0, T0, T0, facts.result, T0)
    return given


def log(
    given: Record, *certificates: Logged, regions: Iterable[str] = HUBS[:1], server: str = "search.example"
) -> Record:
    for region in regions:
        values = (
            "position 9",
            "since 2025-01-01T00:00:00.000Z",
            *(f"certificate {each.text()}" for each in certificates),
        )
        put(given, region, "log", values, server=server)
    return given


def unordered(given: Record, now: datetime = NOW) -> Finding | None:
    return given.findings(now).get("certificate_unordered")


def test_unlisted_certificate_is_a_notice_for_48_hours() -> None:
    given = log(watching(), logged())
    found = unordered(given)
    assert found is not None
    assert (found.severity, found.since, found.cause) == (Severity.NOTICE, CHANGED, "")
    assert found.expected == ("Amazon", "Let's Encrypt")
    assert found.seen == (f"Evil CA (E1) for {DOMAIN}, valid from 2026-01-01 00:57 UTC",)
    assert [each.at for each in found.sightings] == [CHANGED]
    assert found.detail["certificates"][0]["issuer"] == ISSUER
    over = CHANGED + 2 * DAY
    assert given.judge(over - MINUTE).look_again is not None
    assert unordered(given, over - MINUTE) == found
    assert unordered(given, over) is None


def test_certificate_is_one_finding_when_collectors_and_searches_tell_of_it_at_other_times() -> None:
    given = log(watching(), logged(found=CHANGED), regions=HUBS[:1])
    log(given, logged(found=CHANGED + 30 * MINUTE, sha256="ab", url="https://crt.sh/?sha256=ab"), regions=HUBS[1:])
    log(given, logged(found=CHANGED + HOUR), regions=HUBS[1:], server="crt.sh")
    found = unordered(given, CHANGED + 40 * HOUR)
    assert found is not None
    assert (found.since, len(found.seen), len(found.sightings)) == (CHANGED, 1, 3)
    assert [row["sha256"] for row in found.detail["certificates"]] == ["ab"]
    assert unordered(given, CHANGED + 2 * DAY) is None


def test_certificates_leave_together_when_they_came_within_48_hours() -> None:
    second = logged("k2", CHANGED + DAY, names=("mail.watched.example",))
    given = log(watching(), logged("k0", CHANGED - 3 * DAY, names=("old.watched.example",)), logged(), second)
    for now in (CHANGED + DAY, CHANGED + 3 * DAY - MINUTE):
        found = unordered(given, now)
        assert found is not None
        assert (found.since, len(found.seen)) == (CHANGED, 2)
    assert unordered(given, CHANGED + 3 * DAY) is None


@pytest.mark.parametrize(
    ("web", "changes", "told"),
    [
        pytest.param(WEB, (), True, id="nothing planned"),
        pytest.param(None, (), False, id="nothing said of the web"),
        pytest.param(Web(WEB.url), (), False, id="nobody listed"),
        pytest.param(Web(None, ("evil ca",)), (), False, id="listed by now"),
        pytest.param(WEB, (change(NOW - DAY, NOW + DAY, "Evil CA"),), False, id="a window is open"),
        pytest.param(WEB, (change(NOW - DAY, CHANGED, "Evil CA"),), False, id="it was when it was issued"),
        pytest.param(WEB, (change(NOW - DAY, CHANGED - MINUTE, "Evil CA"),), True, id="the window was over"),
        pytest.param(WEB, (change(NOW + MINUTE, NOW + DAY, "Evil CA"),), True, id="the window is to come"),
        pytest.param(WEB, (change(NOW - DAY, NOW + DAY, "Other CA"),), True, id="another is planned"),
        pytest.param(Web(WEB.url), (change(NOW + MINUTE, NOW + DAY, "Other"),), False, id="only planned ones"),
    ],
)
def test_certificate_is_told_when_its_issuer_was_not_approved(
    web: Web | None, changes: tuple[PlannedChange, ...], told: bool
) -> None:
    assert (unordered(log(watching(*changes, web=web), logged())) is not None) is told


def test_certificate_pages_as_part_of_the_story_when_addresses_moved() -> None:
    given = log(watching(), logged())
    moved = answer("203.0.113.9")
    found = given.server(A, moved).resolver(A, moved).findings()["certificate_unordered"]
    assert (found.severity, found.cause) == (Severity.PAGE, "zone content")
    assert found.detail["raised_by"] == {"code": "address_changed", "subject": DOMAIN}


def test_what_a_search_says_that_is_not_understood_is_left_out() -> None:
    for values in ((), ("certificate {}",), ("certificate",), ("position 1", "else")):
        assert unordered(put(watching(), "ap-1", "log", values)) is None


# CAA


@pytest.mark.parametrize(
    ("records", "issuer", "names", "permission"),
    [
        pytest.param(None, ("evil.example",), ("a",), None, id="nobody knows"),
        pytest.param((), ("evil.example",), ("a",), Permission.OPEN, id="none"),
        pytest.param(('0 issue "evil.example"',), ("evil.example",), ("a",), Permission.ALLOWED, id="allowed"),
        pytest.param(('0 issue "EVIL.example; x=1"',), ("evil.example",), ("a",), Permission.ALLOWED, id="parameters"),
        pytest.param(('0 issue "good.example"',), ("evil.example",), ("a",), Permission.FORBIDDEN, id="forbidden"),
        pytest.param(('0 issue "good.example"',), None, ("a",), Permission.UNKNOWN, id="issuer unknown to CAA"),
        pytest.param(('0 issue ";"',), None, ("a",), Permission.FORBIDDEN, id="nobody may"),
        pytest.param(('0 issuewild "good.example"',), ("evil.example",), ("a",), Permission.OPEN, id="wild only"),
        pytest.param(
            ('0 issuewild "good.example"',), ("evil.example",), ("a", "*.a"), Permission.FORBIDDEN, id="wild only, wild"
        ),
        pytest.param(
            ('0 issue "good.example"', '0 issuewild "evil.example"'), ("evil.example",), ("*.a",), Permission.ALLOWED,
            id="wild goes before",
        ),
        pytest.param(('0 iodef "mailto:a@b.example"',), ("evil.example",), ("a",), Permission.OPEN, id="iodef alone"),
        pytest.param(('128 tbs "x"',), ("evil.example",), ("a",), Permission.FORBIDDEN, id="critical and unknown"),
        pytest.param(('0 tbs "x"', "odd", ""), ("evil.example",), ("a",), Permission.OPEN, id="odd"),
    ],
)  # fmt: skip
def test_caa_says_whether_an_issuer_may_issue(
    records: tuple[str, ...] | None,
    issuer: tuple[str, ...] | None,
    names: tuple[str, ...],
    permission: Permission | None,
) -> None:
    given = watching()
    if records is not None:
        put(given, "ap-1", "caa", (f"at {DOMAIN}", *records) if records else (), server="")
    caa = caa_of(given.views.values(), DOMAIN)
    assert (caa.permits(issuer, names) if caa else None) is permission


def test_caa_is_in_the_detail_of_both_findings() -> None:
    given = put(
        log(watching(), logged(caa=("evil.example",))), "ap-1", "caa", (f"at {DOMAIN}", '0 issue "good.example"')
    )
    served(given, EVIL)
    for code in ("certificate_unordered", "certificate_changed"):
        assert given.findings()[code].detail["caa"] == {"at": DOMAIN, "allowed": ["good.example"]}
    assert given.findings()["certificate_unordered"].detail["certificates"][0]["caa"] == "forbidden"


@pytest.mark.parametrize(
    ("records", "said"),
    [
        pytest.param(('0 iodef "mailto:a@b.example"',), {"at": "", "allowed": []}, id="iodef alone limits nobody"),
        pytest.param(('0 issue ";"',), {"at": DOMAIN, "allowed": []}, id="nobody may"),
        pytest.param(('0 issue "good.example"', '128 tbs "x"'), {"at": DOMAIN, "allowed": []}, id="critical, unknown"),
    ],
)
def test_caa_in_the_detail_says_whom_it_limits(records: tuple[str, ...], said: dict[str, object]) -> None:
    given = put(log(watching(), logged(caa=("evil.example",))), "ap-1", "caa", (f"at {DOMAIN}", *records), server="")
    assert given.findings()["certificate_unordered"].detail["caa"] == said


# certificate_changed

GOOD = ("issuer=CN=Amazon RSA 2048 M02,O=Amazon,C=US", "fingerprint=sha256:aa", "trusted=yes", "names=", "not_after=")
EVIL = ("issuer=CN=E1,O=Evil CA,C=US", "fingerprint=sha256:bb", "trusted=yes", "names=a,b", "not_after=2027-01-01")
UNTRUSTED = ("issuer=CN=Amazon,O=Amazon", "fingerprint=sha256:cc", "trusted=no", "why=self-signed certificate")


def served(
    given: Record,
    values: tuple[str, ...],
    regions: Iterable[str] = REGIONS,
    *,
    first: datetime = CHANGED,
    last: datetime = LAST,
    result: Result = Result.ANSWER,
    since: datetime = CHANGED,
) -> Record:
    for region in regions:
        key = Key(region, Source.WEB, DOMAIN, DOMAIN, "certificate")
        facts = Facts(Result.ANSWER, values)
        given.views[key] = View(key, "198.51.100.10", facts, Transport.TCP, first, first, last, result, since)
    return given


def changed(given: Record, now: datetime = NOW, **how: object) -> Finding | None:
    return given.findings(now, **how).get("certificate_changed")


@pytest.mark.parametrize(
    ("values", "web", "seen"),
    [
        pytest.param(GOOD, WEB, None, id="right"),
        pytest.param(EVIL, WEB, "Evil CA (E1)", id="issuer not listed"),
        pytest.param(EVIL, Web(WEB.url), None, id="nobody listed"),
        pytest.param(UNTRUSTED, WEB, "Amazon (not trusted: self-signed certificate)", id="not trusted"),
        pytest.param(UNTRUSTED, Web(WEB.url), "Amazon (not trusted: self-signed certificate)", id="nor listed"),
        pytest.param(("issuer=CN=E1", "odd"), WEB, None, id="not understood"),
    ],
)
def test_served_certificate_is_told_when_it_is_not_right(values: tuple[str, ...], web: Web, seen: str | None) -> None:
    found = changed(served(watching(web=web), values))
    assert (found.seen if found else None) == ((seen,) if seen else None)
    if found:
        assert (found.severity, found.since) == (Severity.PAGE, CHANGED)


def test_served_certificate_is_told_when_one_region_alone_is_shown_it() -> None:
    found = changed(served(served(watching(), GOOD), EVIL, ["eu-1"]))
    assert found is not None
    assert (found.detail["regions"], found.detail["right"]) == (["eu-1"], ["ap-1", "us-1"])
    assert found.detail["answers"] == [
        {
            "seen": ["Evil CA (E1)"],
            "issuer": "CN=E1,O=Evil CA,C=US",
            "fingerprint": "sha256:bb",
            "trusted": True,
            "why": "",
            "names": ["a", "b"],
            "not_after": "2027-01-01",
            "regions": ["eu-1"],
        }
    ]


def test_served_certificate_waits_for_a_second_pass() -> None:
    given = served(watching(), EVIL, ["eu-1"], first=LAST)
    first = given.judge()
    assert "certificate_changed" not in {finding.code for finding in first.findings}
    assert first.look_again is not None
    # In each pass it is another one: the doubt remembers since when it is not right.
    other = served(given, UNTRUSTED, ["eu-1"], first=LAST + MINUTE, last=LAST + MINUTE)
    assert changed(other, NOW + MINUTE) is None
    assert changed(other, NOW + MINUTE, doubts=first.doubts) is not None
    assert {key.qtype for key in first.doubts} >= {DEPARTED}


@pytest.mark.parametrize(
    ("since", "others", "told"),
    [
        pytest.param(LAST, GOOD, True, id="for a moment"),
        pytest.param(NOW - 2 * HOUR, GOOD, False, id="for hours, right elsewhere"),
        pytest.param(NOW - 2 * HOUR, None, True, id="for hours, and nobody knows"),
    ],
)
def test_served_certificate_stands_when_the_site_does_not_answer(
    since: datetime, others: tuple[str, ...] | None, told: bool
) -> None:
    given = watching()
    if others:
        served(given, others, first=T0 - DAY)
    served(given, EVIL, ["eu-1"], first=T0 - 3 * HOUR, result=Result.TIMEOUT, since=since)
    assert (changed(given) is not None) is told


def test_served_certificate_of_a_planned_issuer_is_right_within_the_window_and_told_after_it() -> None:
    given = served(watching(change(NOW - DAY, NOW, "Evil CA")), EVIL, first=NOW - HOUR)
    assert changed(given, NOW - MINUTE) is None
    found = changed(given, NOW + MINUTE)
    assert found is not None
    assert found.since == NOW


def test_served_certificate_joins_the_story_when_addresses_moved() -> None:
    moved = answer("203.0.113.9")
    found = served(watching(), EVIL).server(A, moved).resolver(A, moved).findings()["certificate_changed"]
    assert (found.severity, found.cause) == (Severity.PAGE, "zone content")
