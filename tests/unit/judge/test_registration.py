"""`registration_*` and `registrar_changed`: what two sources say, against the watchlist and before."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.judge.record import CHANGED, DOMAIN, ENTRY, HOSTS, HOUR, NOW, T0, Record, in_order, referral

from nswatch.expect.registration import missing_locks, same_registrar
from nswatch.expect.watchlist import Delegation, DomainEntry, PlannedChange, Registration, Superseded
from nswatch.judge.judgement import Judgement
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View
from nswatch.moments import iso

DAY = timedelta(days=1)
LOCK, OTHER = "clientTransferProhibited", "serverTransferProhibited"
APPROVED = Registration("Registrar A", (LOCK,))
HOLD, DELETE = "clientHold", "pendingDelete"
PROVIDER = "dnshost.example"
TOUCHED, STATUS = "registration_touched", "registration_status_changed"
REGISTRAR, EXPIRING = "registrar_changed", "registration_expiring"


def registered(registration: Registration | None = APPROVED, **parts: Any) -> Record:
    """A record in which all is in order, at the registry too."""
    record = in_order(replace(ENTRY, registration=registration, **parts))
    for name in (DOMAIN, PROVIDER):
        say(record, "registrar", "Registrar A", name=name)
        say(record, "registrar-id", "9999", name=name)
        say(record, "last-changed", "2020-01-10T00:00:00.000Z", name=name, note="2020-01-10T09:00:00+09:00")
        say(record, "expiration", "2035-01-10T00:00:00.000Z", name=name)
        say(record, "status", LOCK, name=name)
        say(record, "status-before", name=name)
        say(record, "nameservers", *HOSTS, name=name)
        say(record, "transfer", name=name, result=Result.NODATA)
    return record


def say(
    record: Record,
    attribute: str,
    *values: str,
    name: str = DOMAIN,
    region: str = "us-1",
    source: Source = Source.RDAP,
    was: tuple[str, ...] | None = None,
    first: datetime = T0,
    result: Result = Result.ANSWER,
    note: str = "",
) -> Record:
    key = Key(region, source, "rdap.example", name, attribute)
    facts = Facts(result, tuple(sorted(values)), note=note)
    record.views[key] = View(key, "", facts, Transport.TCP, first, first, NOW, result, first, was)
    return record


def touch(record: Record, value: str = "2026-01-01T00:55:00.000Z", **how: Any) -> Record:
    return say(record, "last-changed", value, was=("2020-01-10T00:00:00.000Z",), **{"first": CHANGED, **how})


def found(record: Record, now: datetime = NOW) -> dict[str, Finding]:
    ours = (TOUCHED, STATUS, REGISTRAR, EXPIRING)
    return {code: finding for code, finding in record.findings(now).items() if code in ours}


def judged(record: Record, now: datetime = NOW) -> Judgement:
    return record.judge(now)


def planned(starts: datetime, ends: datetime, **parts: Any) -> PlannedChange:
    return PlannedChange("CHG-1", starts, ends, ("alice", "bob"), **parts)


def test_nothing_is_found_when_the_registry_says_what_is_approved() -> None:
    assert found(registered()) == {}


def test_nothing_is_found_when_no_registry_says_anything() -> None:
    assert found(in_order(replace(ENTRY, registration=APPROVED))) == {}


def test_refusal_finds_nothing_and_hides_nothing() -> None:
    record = registered()
    say(record, "status", HOLD, was=(LOCK,), first=CHANGED)
    for key, view in list(record.views.items()):
        if key.source is Source.RDAP:
            record.views[key] = replace(view, result=Result.REFUSED, result_since=NOW)
    assert set(found(record)) == {STATUS}
    unknown = in_order(replace(ENTRY, registration=APPROVED))
    key = Key("us-1", Source.RDAP, "rdap.example", DOMAIN, "domain")
    unknown.views[key] = View(key, "", None, Transport.TCP, T0, T0, NOW, Result.REFUSED, T0)
    assert found(unknown) == {}


# registration_touched


def test_touch_is_a_notice_that_says_what_was_and_what_is() -> None:
    finding = found(touch(registered(), note="2026-01-01T09:55:00+09:00"))[TOUCHED]
    assert (finding.severity, finding.since, finding.subject) == (Severity.NOTICE, CHANGED, DOMAIN)
    assert finding.seen == ("last changed 2026-01-01T00:55:00Z",)
    assert finding.expected == ("last changed 2020-01-10T00:00:00Z",)
    assert finding.sightings[0].source is Source.RDAP
    assert finding.detail["registrar"] == "Registrar A"
    assert finding.detail["iana_id"] == "9999"
    assert finding.detail["last_changed"] == "2026-01-01T09:55:00+09:00"
    assert finding.detail["source"] == "rdap.example"
    assert finding.detail["names"] == [DOMAIN]


def test_touch_is_active_for_48_hours_and_looked_at_then() -> None:
    record = touch(registered())
    end = CHANGED + timedelta(hours=48)
    assert set(found(record, end - HOUR)) == {TOUCHED}
    assert judged(record, end - HOUR).look_again == end
    assert found(record, end) == {}


def test_first_reading_is_no_touch() -> None:
    record = say(registered(), "last-changed", "2026-01-01T00:55:00.000Z", first=CHANGED)
    assert found(record) == {}


def test_touch_is_told_once_when_the_second_collector_comes_late() -> None:
    record = touch(registered(), first=NOW - 3 * DAY)
    touch(record, region="eu-1", first=CHANGED)
    assert found(record) == {}
    say(record, "last-changed", "2026-01-01T00:55:00.000Z", region="ap-1", first=NOW)
    assert found(record, NOW - 2 * DAY) == {TOUCHED: found(record, NOW - 2 * DAY)[TOUCHED]}


def test_touch_of_what_a_name_server_depends_on_names_it() -> None:
    finding = found(touch(registered(), name=PROVIDER))[TOUCHED]
    assert finding.seen == (f"{PROVIDER}: last changed 2026-01-01T00:55:00Z",)
    assert finding.detail["names"] == [PROVIDER]


def test_domain_that_nobody_depends_on_is_not_judged() -> None:
    assert found(touch(registered(), name="stranger.example")) == {}


DELEGATION = Delegation(ns=frozenset({"ns1.new.example"}))


@pytest.mark.parametrize(
    ("seen", "was", "told"),
    [
        (("ns1.evil.example",), HOSTS, True),
        (HOSTS, ("ns1.evil.example",), True),
        (HOSTS, HOSTS, False),
        (("ns1.evil.example",), (), False),
    ],
    ids=["replaced", "put-back", "approved", "not-said-before"],
)
def test_name_servers_at_the_registry_are_a_touch_when_a_set_is_not_approved(
    seen: tuple[str, ...], was: tuple[str, ...], told: bool
) -> None:
    record = say(registered(), "nameservers", *seen, was=was, first=CHANGED)
    assert set(found(record)) == set(), "a source that tells when it was last changed speaks for itself"
    say(record, "last-changed", result=Result.NODATA)
    assert set(found(record)) == ({TOUCHED} if told else set())


@pytest.mark.parametrize(("days", "told"), [(6, False), (8, True)])
def test_name_servers_put_back_to_a_replaced_set_are_a_touch_after_seven_days(days: int, told: bool) -> None:
    before = Superseded(NOW - days * DAY, delegation=DELEGATION)
    record = say(registered(superseded=(before,)), "nameservers", *DELEGATION.ns, was=HOSTS, first=CHANGED)
    say(record, "last-changed", result=Result.NODATA)
    assert set(found(record)) == ({TOUCHED} if told else set())


def test_name_servers_of_the_provider_are_its_own_matter() -> None:
    record = say(registered(), "nameservers", "ns9.dnshost.example", was=HOSTS, first=CHANGED, name=PROVIDER)
    assert found(record) == {}


@pytest.mark.parametrize(
    ("days", "was", "told"), [(1, (), True), (400, (), False), (400, ("2019-01-01T00:00:00.000Z",), True)]
)
def test_transfer_is_a_touch_when_it_is_new(days: int, was: tuple[str, ...], told: bool) -> None:
    record = say(registered(), "transfer", iso(CHANGED - days * DAY), was=was, first=CHANGED)
    assert set(found(record)) == ({TOUCHED} if told else set())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (planned(NOW - HOUR, NOW + HOUR, delegation=DELEGATION), False),
        (planned(NOW - HOUR, NOW + HOUR, registration=Registration("Registrar B")), False),
        (planned(CHANGED - HOUR, CHANGED + HOUR / 60, registration=APPROVED), False),
        (planned(CHANGED - HOUR, CHANGED - HOUR / 60, registration=APPROVED), False),
        (planned(NOW - HOUR, NOW + HOUR), True),
        (planned(NOW - 9 * HOUR, NOW - 8 * HOUR, delegation=DELEGATION), True),
    ],
    ids=["delegation", "registration", "window-over", "changed-within", "answers-only", "other-time"],
)
def test_touch_is_quiet_when_a_planned_change_explains_it(change: PlannedChange, told: bool) -> None:
    record = touch(registered(planned_changes=(change,)), iso(CHANGED - 10 * HOUR / 60))
    assert (TOUCHED in found(record)) is told


def test_touch_is_quiet_when_the_delegation_was_applied_afterwards() -> None:
    before = Superseded(NOW - HOUR / 60, delegation=DELEGATION)
    assert TOUCHED not in found(touch(registered(superseded=(before,))))
    assert TOUCHED in found(touch(registered(superseded=(replace(before, at=NOW - 3 * HOUR),))))
    assert TOUCHED in found(touch(registered(superseded=(replace(before, delegation=None),))))


# registration_status_changed


def test_lock_that_is_gone_is_a_notice() -> None:
    finding = found(say(registered(), "status", "ok", was=(LOCK,), first=CHANGED))[STATUS]
    assert (finding.severity, finding.seen, finding.expected) == (Severity.NOTICE, (f"{LOCK} is gone",), (LOCK,))


@pytest.mark.parametrize(
    ("status", "told"),
    [((), True), (("ok",), True), ((LOCK.upper(),), False), (("transferProhibited",), False), ((OTHER,), True)],
    ids=["empty", "ok", "other-case", "of-no-side", "other-side"],
)
def test_lock_is_found_in_what_the_registry_says(status: tuple[str, ...], told: bool) -> None:
    assert (STATUS in found(say(registered(), "status", *status))) is told


def test_status_that_the_registry_does_not_say_is_no_lock_gone() -> None:
    assert found(say(registered(), "status", result=Result.NODATA)) == {}


def test_lock_is_not_missed_when_the_watchlist_names_none() -> None:
    assert found(say(registered(None), "status", "ok")) == {}


@pytest.mark.parametrize(
    "state",
    [HOLD, "serverHold", DELETE, "pendingTransfer", "pendingUpdate", "redemptionPeriod", "pendingRestore"],
)
@pytest.mark.parametrize("registration", [APPROVED, None], ids=["approved", "unlisted"])
def test_state_that_has_come_pages(state: str, registration: Registration | None) -> None:
    finding = found(say(registered(registration), "status", LOCK, state, was=(LOCK,), first=CHANGED))[STATUS]
    assert (finding.severity, finding.seen) == (Severity.PAGE, (f"{state} has come",))


@pytest.mark.parametrize("state", ["ok", "inactive", "autoRenewPeriod", "addPeriod", "serverUpdateProhibited"])
def test_state_that_harms_nobody_is_quiet(state: str) -> None:
    assert found(say(registered(), "status", LOCK, state, was=(LOCK,), first=CHANGED)) == {}


def test_state_of_the_first_reading_is_quiet_until_it_goes_and_comes_back() -> None:
    record = say(registered(), "status", LOCK, HOLD, was=(LOCK,), first=CHANGED)
    say(record, "status-before", HOLD)
    assert found(record) == {}
    say(record, "status-before", region="eu-1")
    assert set(found(record)) == {STATUS}


def test_state_is_told_together_with_the_lock_that_went() -> None:
    finding = found(say(registered(), "status", HOLD, was=(LOCK,), first=CHANGED))[STATUS]
    assert finding.severity is Severity.PAGE
    assert finding.seen == (f"{HOLD} has come", f"{LOCK} is gone")


def test_state_of_a_name_servers_domain_pages() -> None:
    finding = found(say(registered(), "status", "serverHold", was=(LOCK,), first=CHANGED, name=PROVIDER))[STATUS]
    assert (finding.severity, finding.seen) == (Severity.PAGE, (f"{PROVIDER}: serverHold has come",))


def test_planned_transfer_is_quiet_on_its_way_and_a_hold_is_not() -> None:
    change = planned(NOW - HOUR, NOW + HOUR, registration=Registration("Registrar B"))
    record = say(registered(planned_changes=(change,)), "status", "pendingTransfer", was=(LOCK,), first=CHANGED)
    assert found(record) == {}
    assert set(found(say(record, "status", HOLD, was=(LOCK,), first=CHANGED))) == {STATUS}
    assert set(found(say(record, "status", "pendingTransfer"), NOW + HOUR)) == {STATUS}


# registrar_changed


@pytest.mark.parametrize(
    "name", ["Registrar A", "REGISTRAR A", "registrar-a", "Registrar, A.", "\uff32egistrar\u3000A"]
)
def test_registrar_is_compared_by_its_letters(name: str) -> None:
    assert found(say(registered(), "registrar", name)) == {}


def test_other_registrar_pages() -> None:
    finding = found(say(registered(), "registrar", "Registrar B", was=("Registrar A",), first=CHANGED))[REGISTRAR]
    assert (finding.severity, finding.seen, finding.expected) == (Severity.PAGE, ("Registrar B",), ("Registrar A",))
    assert finding.detail["registrar"] == "Registrar B"


@pytest.mark.parametrize("registration", [None, Registration(locks=(LOCK,))], ids=["nothing", "locks-only"])
def test_registrar_is_not_judged_when_the_watchlist_names_none(registration: Registration | None) -> None:
    assert found(say(registered(registration), "registrar", "Registrar B")) == {}


def test_old_and_new_registrar_are_right_in_the_window() -> None:
    change = planned(NOW - HOUR, NOW + HOUR, registration=Registration("Registrar B"))
    record = registered(planned_changes=(change,))
    assert found(record) == {}
    say(record, "registrar", "Registrar B", was=("Registrar A",), first=CHANGED)
    assert found(record) == {}
    assert set(found(record, NOW + HOUR)) == {REGISTRAR}
    assert set(found(say(record, "registrar", "Registrar C"))) == {REGISTRAR}


def test_registrar_of_a_name_servers_domain_is_not_judged() -> None:
    assert found(say(registered(), "registrar", "Registrar B", name=PROVIDER)) == {}


def test_conflict_between_sources_is_shown_and_not_resolved() -> None:
    record = registered()
    say(record, "registrar", "Registrar B", source=Source.REGISTRAR, was=("Registrar A",), first=CHANGED)
    finding = found(record)[REGISTRAR]
    assert finding.seen == ("Registrar B",)
    assert [(row["source"], row["registrar"]) for row in finding.detail["sources"]] == [
        ("rdap", "Registrar A"),
        ("registrar", "Registrar B"),
    ]


def test_registrar_is_right_when_only_its_own_interface_has_always_spelt_it_otherwise() -> None:
    record = say(registered(), "registrar", "A t/a Registrar A", source=Source.REGISTRAR)
    assert found(record) == {}
    say(record, "registrar", result=Result.REFUSED)
    assert set(found(record)) == {REGISTRAR}, "nobody names the approved one"


# registration_expiring


def expiring(at: datetime, **how: Any) -> Record:
    return say(registered(how.pop("registration", APPROVED)), "expiration", iso(at), **how)


@pytest.mark.parametrize(
    ("left", "severity"),
    [
        (31 * DAY, None),
        (30 * DAY, Severity.NOTICE),
        (3 * DAY + HOUR, Severity.NOTICE),
        (3 * DAY, Severity.PAGE),
        (-DAY, Severity.PAGE),
    ],
)
@pytest.mark.parametrize("registration", [APPROVED, None], ids=["approved", "unlisted"])
def test_expiry_is_told_by_how_near_it_is(
    left: timedelta, severity: Severity | None, registration: Registration | None
) -> None:
    told = found(expiring(NOW + left, registration=registration)).get(EXPIRING)
    assert (told.severity if told else None) is severity


@pytest.mark.parametrize(
    ("left", "again"), [(31 * DAY, DAY), (30 * DAY, 27 * DAY), (10 * DAY, 7 * DAY), (2 * DAY, None)]
)
def test_expiry_is_looked_at_again_when_time_alone_changes_it(left: timedelta, again: timedelta | None) -> None:
    record = expiring(NOW + left)
    say(record, "expiration", "2035-01-10T00:00:00.000Z", name=PROVIDER)
    far = judged(registered()).look_again
    expected = NOW + again if again is not None else far and datetime(2035, 1, 7, tzinfo=NOW.tzinfo)
    assert judged(record).look_again == expected


def test_expiry_is_told_since_it_came_near() -> None:
    assert found(expiring(NOW + 20 * DAY, first=T0))[EXPIRING].since == T0
    assert found(expiring(T0 + 30 * DAY + HOUR / 2, first=T0))[EXPIRING].since == T0 + HOUR / 2


@pytest.mark.parametrize(("left", "severity"), [(20 * DAY, None), (2 * DAY, Severity.NOTICE), (-HOUR, Severity.PAGE)])
def test_expiry_of_a_name_servers_domain_is_told_late(left: timedelta, severity: Severity | None) -> None:
    told = found(expiring(NOW + left, name=PROVIDER)).get(EXPIRING)
    assert (told.severity if told else None) is severity


def test_expiry_stands_when_one_of_two_sources_says_so() -> None:
    assert set(found(expiring(NOW + DAY, source=Source.REGISTRAR))) == {EXPIRING}


def test_renewal_ends_it() -> None:
    record = expiring(NOW + DAY, first=T0)
    say(record, "expiration", iso(NOW + 366 * DAY), was=(iso(NOW + DAY),), first=CHANGED, region="eu-1")
    assert found(record) == {}


def test_severity_of_the_entry_overrides() -> None:
    entry: dict[str, Any] = {"severity": {TOUCHED: Severity.PAGE}}
    assert found(touch(registered(**entry)))[TOUCHED].severity is Severity.PAGE


def test_subdomain_is_judged_by_the_registration_that_it_is_part_of() -> None:
    entry = DomainEntry("sub.watched.example", Delegation(ns=frozenset(HOSTS)), registration=APPROVED)
    record = touch(Record(entry))
    assert found(record)[TOUCHED].subject == "sub.watched.example"


@pytest.mark.parametrize(("one", "other", "same"), [("A, Inc.", "a inc", True), ("A", "B", False), ("ß", "SS", True)])
def test_same_registrar_compares_letters(one: str, other: str, same: bool) -> None:
    assert same_registrar(one, other) is same


def test_missing_locks_are_sorted_and_told_as_they_are_written() -> None:
    assert missing_locks(["serverUpdateProhibited", "clientHold", LOCK], ["CLIENTHOLD"]) == (
        LOCK,
        "serverUpdateProhibited",
    )


# Two sources


def both(**parts: Any) -> Record:
    """Return a record in which Route 53 Domains says what the registry says."""
    record = registered(**parts)
    for attribute, value in (
        ("registrar", "registrar-a"),
        ("last-changed", "2020-01-10T00:00:00.000Z"),
        ("expiration", "2035-01-10T00:00:04.000Z"),
        ("status", LOCK),
    ):
        say(record, attribute, value, source=Source.REGISTRAR)
    say(record, "status-before", source=Source.REGISTRAR)
    return say(record, "operations", source=Source.REGISTRAR, result=Result.NODATA)


def operation(record: Record, kind: str, at: str = "2026-01-01T00:54:10.000Z", **how: Any) -> Record:
    how = {"was": (), "first": CHANGED, **how}
    return say(record, "operations", f"{kind} submitted {at}", source=Source.REGISTRAR, **how)


def test_nothing_is_found_when_both_sources_agree_but_for_spelling() -> None:
    assert found(both()) == {}


def test_operation_is_a_touch_before_the_registry_shows_it() -> None:
    finding = found(operation(both(), "UPDATE_NAMESERVER"))[TOUCHED]
    assert finding.seen == ("UPDATE_NAMESERVER submitted 2026-01-01T00:54:10Z",)
    assert finding.detail["operations"] == ["UPDATE_NAMESERVER submitted 2026-01-01T00:54:10.000Z"]


@pytest.mark.parametrize("kind", ["RENEW_DOMAIN", "ENABLE_AUTORENEW"])
def test_operation_that_takes_nothing_is_no_touch(kind: str) -> None:
    assert found(operation(both(), kind)) == {}


def test_operation_that_was_there_at_the_first_look_is_no_touch() -> None:
    assert found(operation(both(), "UPDATE_NAMESERVER", was=None)) == {}


def test_operation_of_a_planned_change_is_quiet() -> None:
    change = planned(CHANGED - HOUR, CHANGED + HOUR, delegation=Delegation(ns=frozenset(HOSTS)))
    assert found(operation(both(planned_changes=(change,)), "UPDATE_NAMESERVER")) == {}


@pytest.mark.parametrize(
    ("moment", "texts"),
    [
        pytest.param("2026-01-01T00:55:00.000Z", 1, id="some-seconds-later"),
        pytest.param("2026-01-01T00:00:00.000Z", 1, id="the-day-alone"),
        pytest.param("2026-01-01T02:30:00.000Z", 2, id="another-act"),
    ],
)
def test_registry_that_follows_tells_the_same_act_once(moment: str, texts: int) -> None:
    record = touch(operation(both(), "UPDATE_NAMESERVER"), moment, first=CHANGED + timedelta(minutes=1))
    assert len(found(record)[TOUCHED].seen) == texts


def test_lock_that_one_source_lacks_is_told_with_what_both_say() -> None:
    record = say(both(), "status", "ok", source=Source.REGISTRAR)
    finding = found(record)[STATUS]
    assert finding.seen == (f"{LOCK} is gone",)
    assert [(row["source"], row["status"]) for row in finding.detail["sources"]] == [
        ("rdap", LOCK),
        ("registrar", "ok"),
    ]


def test_expiry_that_two_sources_date_seconds_apart_is_told_once() -> None:
    end = NOW + 10 * DAY
    record = say(both(), "expiration", iso(end))
    say(record, "expiration", iso(end + timedelta(seconds=4)), source=Source.REGISTRAR)
    assert len(found(record)[EXPIRING].seen) == 1


def test_delegation_page_lists_what_was_asked_of_the_registrar() -> None:
    record = operation(both(), "UPDATE_NAMESERVER").parent(referral(("ns1.evil.example",), ()))
    (changed,) = [each for each in record.judge().findings if each.code == "delegation_changed"]
    assert changed.detail["operations"] == ["UPDATE_NAMESERVER submitted 2026-01-01T00:54:10.000Z"]
