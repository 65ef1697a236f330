"""Which other domains make one doubt what happens to a sibling, and what is said of them."""

from datetime import UTC, datetime

from nswatch.model import Severity
from nswatch.record.port import OpenFinding
from nswatch.respond.siblings import paging_at

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def row(code: str, group: str = "a.example") -> OpenFinding:
    return OpenFinding(group, code, group, Severity.PAGE, T0, "")


def test_sibling_is_known_by_its_most_telling_code_whatever_the_index_gives_first() -> None:
    rows = [row("address_changed"), row("delegation_changed"), row("mx_changed"), row("mx_changed", "b.example")]
    assert paging_at(rows, "c.example") == {"a.example": "delegation_changed", "b.example": "mx_changed"}


def test_own_findings_and_what_says_nothing_of_the_account_are_left_out() -> None:
    rows = [row("delegation_changed"), row("nameserver_lame", "b.example"), row("vantage_silent", "vantage")]
    assert paging_at(rows, "a.example") == {}
