"""The page of two hubs' comparators says whether the change was made in the account, as CloudTrail's events told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from click.testing import CliRunner
from tests.functional.respond.test_comparator import DOMAIN, ENTRY, FORGED, GENUINE, HUBS, MINUTE, Hubs, kinds

from nswatch import wiring
from nswatch.moments import iso
from nswatch.wiring_trail import build_trailing
from nswatch_cli import incidents
from nswatch_cli.replay.cloud import Cloud
from nswatch_cli.replay.wire import Call, Forward, answer

EVENTS = Path(__file__).parents[3] / "events"


@pytest.fixture
def hubs() -> Iterator[Hubs]:
    with Cloud(HUBS) as cloud:
        hubs = Hubs(cloud)
        delegation = ENTRY["delegation"] | {"provider": "route53", "hosted_zone": "Z1PA6795UKMFR9"}
        hubs.apply(ENTRY | {"delegation": delegation}, 2)
        yield hubs


BY_DOMAIN = ("GetItem", "Query")
"""How a domain's message asks what CloudTrail told. (A round reads among other things when it was heard.)"""


def tell(hubs: Hubs, name: str, **detail: Any) -> None:
    """Have the function that hears CloudTrail get an event now."""
    event = json.loads((EVENTS / f"trail-{name}.json").read_text())
    trailing = build_trailing(hubs.cloud.settings("us-east-1", HUBS), hubs.cloud.clients)
    trailing.on_event(event["detail"] | {"eventTime": iso(hubs.now)} | detail)


def text(hubs: Hubs) -> str:
    body: str = json.loads(hubs.delivered[-1].text)["email"] if hubs.delivered[-1].text[:1] == "{" else ""
    return " ".join((body or hubs.delivered[-1].text).split())


def hear(hubs: Hubs) -> None:
    """Let CloudTrail be heard for two hours, as it is every ten minutes."""
    for _ in range(12):
        tell(hubs, "own-call")
        tell(hubs, "own-call-domains")
        hubs.now += 10 * MINUTE


def test_page_names_who_changed_the_name_servers_in_the_account(hubs: Hubs) -> None:
    hear(hubs)
    tell(hubs, "nameservers", requestParameters={"domainName": DOMAIN})
    hubs.now += MINUTE
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [("ap-northeast-1", "page")]
    assert "Made in your account by arn:aws:iam::111122223333:user/smithj at 2026-01-01 02:00:00 UTC" in text(hubs)
    assert "(UpdateDomainNameservers watched.example)" in text(hubs)


def test_page_says_so_far_and_the_reminder_not_made_when_the_account_did_nothing(hubs: Hubs) -> None:
    hear(hubs)
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [("ap-northeast-1", "page")]
    assert "No change through your account is recorded so far" in text(hubs)
    for _ in range(8):
        hubs.now += 30 * MINUTE
        tell(hubs, "own-call")
        hubs.see(FORGED)
        hubs.schedule()
        hubs.stream()
    assert "reminder" in [delivery.kind for delivery in hubs.delivered]
    assert "Not made through your account: since 2026-01-01 00:00:00 UTC CloudTrail tells of no call" in text(hubs)


def test_incident_shows_who_made_it_when_cloudtrail_told_after_the_page(
    hubs: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(hubs)
    hubs.see(FORGED)
    hubs.stream()
    assert "ask again then with nswatch incidents show watched.example-1" in text(hubs)
    tell(hubs, "nameservers", requestParameters={"domainName": DOMAIN}, eventTime=iso(hubs.now - 2 * MINUTE))
    monkeypatch.setattr(wiring, "now", lambda: hubs.now + 5 * MINUTE)
    monkeypatch.setattr(incidents, "hub_stores", lambda *_: list(hubs.stores.values()))
    shown = CliRunner().invoke(
        incidents.incidents_commands, ["--hubs", ",".join(HUBS), "show", "watched.example-1"], catch_exceptions=False
    )
    assert "Made in your account by arn:aws:iam::111122223333:user/smithj" in " ".join(shown.output.split())


def test_page_says_that_it_is_not_known_when_cloudtrail_was_never_heard(hubs: Hubs) -> None:
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [("ap-northeast-1", "page")]
    assert "Whether it was made through your account is not known: nswatch hears no CloudTrail." in text(hubs)


def test_page_goes_out_when_what_cloudtrail_told_cannot_be_read(hubs: Hubs) -> None:
    hear(hubs)
    refused = []

    def refuse(call: Call, forward: Forward) -> AWSResponse:
        if call.service == "dynamodb" and call.operation in BY_DOMAIN and b'"trail' in call.body:
            refused.append(call.operation)
            body = b'{"__type": "com.amazon.coral.service#AccessDeniedException", "message": "not authorized"}'
            return answer(call.url, 400, {"x-amzn-requestid": "1"}, body)
        return forward(call.body)

    hubs.cloud.wire = refuse
    hubs.see(FORGED)
    assert kinds(hubs.stream()) == [("ap-northeast-1", "page")]
    assert refused[0] == "Query"
    assert "Whether it was made through your account is not known" in text(hubs)
    assert "Not made" not in text(hubs)


def test_quiet_look_asks_nothing_of_cloudtrail(hubs: Hubs) -> None:
    asked = []

    def note(call: Call, forward: Forward) -> AWSResponse:
        asked.append(call.operation) if call.operation in BY_DOMAIN and b'"trail' in call.body else None
        return forward(call.body)

    hear(hubs)
    hubs.cloud.wire = note
    hubs.see(GENUINE)
    hubs.stream()
    hubs.schedule()
    assert (hubs.delivered, asked) == ([], [])
    hubs.see(FORGED)
    hubs.stream("ap-northeast-1")
    assert asked == ["Query"] * 4
