"""What is told when the cause is gone and caches are not."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.unit.tell.kinds import DOMAIN, ENTRY, KINDS, RESOLVERS, disagreement, hijack
from tests.unit.tell.stories import START, opened, told

from nswatch.judge.policy import POLICY, Cause
from nswatch.model import Finding
from nswatch.respond import events
from nswatch.respond.incident import MessageKind
from nswatch.tell.texts import Text

CLEARED = START + timedelta(hours=2)


def flat(text: str) -> str:
    return " ".join(text.split())


def recovering(residual: Sequence[Finding]) -> Text:
    raised = opened(hijack(), DOMAIN)
    cleared = events.cleared(DOMAIN, 1, Cause.DELEGATION, 1, CLEARED, residual)
    return told(MessageKind.RECOVERING, raised, cleared, entry=ENTRY)


def test_recovering_says_where_forged_values_are_still_cached() -> None:
    text = recovering([disagreement("resolvers_disagree", cause="delegation", residual=True)])
    said = flat(text.email)
    assert (
        "STILL CACHED - MX of example.com is 10 mx.evil.example at 2 of 4 resolvers (8.8.8.8, 1.1.1.1), first" in said
    )
    assert "Still cached at 2 resolvers" in text.sms
    assert text.sms.startswith("nswatch: example.com is recovering, caches may lie until 1 Jun 17:05 UTC")


@pytest.mark.parametrize(
    ("name", "first", "loud"),
    [
        pytest.param("glue_changed", "The .com registry gives the approved addresses (glue)", True, id="glue"),
        pytest.param("mx_changed", "The servers of example.com give the approved values", True, id="mx"),
        pytest.param("ttl_changed", "The TTLs of example.com are as before again.", False, id="ttl"),
        pytest.param("nameserver_lame", "Every name server of example.com answers for it again.", False, id="lame"),
    ],
)
def test_recovering_says_what_is_right_again(name: str, first: str, loud: bool) -> None:
    raised = opened([KINDS[name]], DOMAIN)
    cleared = events.cleared(DOMAIN, 1, POLICY[KINDS[name].code].cause, 1, CLEARED)
    email = told(MessageKind.RECOVERING, raised, cleared, entry=ENTRY).email
    assert email.startswith(first)
    assert ("treat passwords reset" in flat(email)) is loud


def test_resolved_does_not_say_that_caches_still_hold_it() -> None:
    held = disagreement("resolvers_disagree", cause="delegation", residual=True)
    cleared = events.cleared(DOMAIN, 1, Cause.DELEGATION, 1, CLEARED, [held])
    end = events.expired(DOMAIN, 1, CLEARED + timedelta(days=7))
    text = told(MessageKind.RESOLVED, opened(hijack(), DOMAIN), cleared, end, entry=ENTRY)
    assert "CACHED" not in text.email


def test_recovering_says_nothing_of_caches_when_none_was_seen_to_hold_it() -> None:
    text = recovering([])
    assert "STILL CACHED" not in text.email
    assert "cached" not in text.sms


def test_update_leads_with_what_stands_when_caches_hold_more() -> None:
    held = disagreement("resolvers_disagree", cause="zone content", resolvers=RESOLVERS[:1], residual=True)
    now = [held, KINDS["txt_changed"]]
    first = opened([KINDS["mx_changed"]], DOMAIN)
    change = events.changed(DOMAIN, 1, (Cause.ZONE_CONTENT, 1, 0), now, CLEARED)
    email = told(MessageKind.UPDATE, first, change, entry=ENTRY).email
    assert email.startswith("TXT of example.com no longer says")
    assert "STILL CACHED - MX of example.com is 10 mx.evil.example at 1 of 4 resolvers (8.8.8.8)" in flat(email)


def test_cached_answer_is_told_once_when_resolvers_and_regions_disagree_about_it() -> None:
    both = [
        disagreement(code, cause="delegation", residual=True) for code in ("resolvers_disagree", "regions_disagree")
    ]
    assert flat(recovering(both).email).count("MX of example.com is 10 mx.evil.example at") == 1
