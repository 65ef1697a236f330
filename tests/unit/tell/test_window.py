from datetime import UTC, datetime, timedelta

from tests.unit.tell.stories import ENTRY

from nswatch.expect.watchlist import PlannedChange
from nswatch.tell.gsm7 import ONE_PART, septets
from nswatch.tell.texts import render_window

ENDS = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


def test_window_notice_says_what_ends_when_and_what_to_do() -> None:
    change = PlannedChange("CHG-1", ENDS - timedelta(hours=4), ENDS, ("alice", "bob"))
    text = render_window(change, ENTRY, ENDS - timedelta(hours=1))
    assert text.email.startswith("The planned change CHG-1 of coincheck.com is about to end")
    assert "2026-12-01 04:00:00 UTC = 2026-12-01 13:00:00 JST (in 1 h)" in text.email
    assert "alice, bob" in text.email
    assert "watchlist apply" in " ".join(text.email.split())
    assert text.subject == "nswatch notice: coincheck.com planned change CHG-1 ends, not applied"
    assert "coincheck.com" in text.sms


def test_window_notice_keeps_its_form_when_the_change_is_named_strangely() -> None:
    change = PlannedChange("C\nH\u202eG" * 80, ENDS, ENDS, ("a\nb",) * 9)
    text = render_window(change, ENTRY, ENDS)
    assert text.subject.isascii()
    assert len(text.subject) <= 99
    assert septets(text.sms) <= ONE_PART
    assert "\u202e" not in text.email
