"""Pages of domains that one change hit, over an emulated table: who tells of it, who is part of it, who waits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.errors import Conflict
from nswatch.model import Severity
from nswatch.record.common_store import Shared
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Commit, Head, OutboxItem
from nswatch.respond.common import CLAIM_COUNTS, LEADS, OF_FAILURES, WINDOW, Place, place_of, told
from nswatch.respond.incident import State
from nswatch.wiring import build_hub
from nswatch_cli.replay.cloud import NAME, Cloud

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HUB = "eu-west-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud((HUB,)) as cloud:
        yield cloud


@pytest.fixture
def store(cloud: Cloud, request: pytest.FixtureRequest) -> DynamoHubStore:
    store = build_hub(NAME, HUB, cloud.clients)
    for domain in ("a", "b"):
        open_(store, domain + request.node.name)
    return store


def open_(store: DynamoHubStore, group: str, state: State = State.OPEN) -> None:
    before = store.head(group)
    store.commit(group, before, Commit(replace(before, episode=1, state=state)))


def page(name: str, *keys: str, of: str) -> OutboxItem:
    group = name + of
    return OutboxItem(
        group, 1, "page/delegation/1/raised/page", Severity.PAGE, "s", "{}", T0, common=tuple(key + of for key in keys)
    )


@pytest.fixture
def pages(request: pytest.FixtureRequest) -> tuple[OutboxItem, OutboxItem]:
    return page("a", "k", of=request.node.name), page("b", "k", of=request.node.name)


Pages = tuple[OutboxItem, OutboxItem]


def test_second_domain_is_part_when_the_page_of_the_first_was_sent(store: DynamoHubStore, pages: Pages) -> None:
    first, second = pages
    assert place_of(store, first, T0) == LEADS
    told(first, [store], T0)
    assert place_of(store, second, T0 + SECOND) == Place(part_of=f"{first.group}-1")
    assert place_of(store, first, T0 + SECOND) == LEADS


def test_second_domain_waits_and_then_pages_when_the_first_claimed_and_sent_nothing(
    store: DynamoHubStore, pages: Pages
) -> None:
    first, second = pages
    assert place_of(store, first, T0) == LEADS
    assert place_of(store, second, T0 + SECOND) == Place(until=T0 + CLAIM_COUNTS)
    assert place_of(store, second, T0 + CLAIM_COUNTS) == LEADS
    told(second, [store], T0 + CLAIM_COUNTS)
    assert place_of(store, first, T0 + CLAIM_COUNTS) == Place(part_of=f"{second.group}-1")


@pytest.mark.parametrize("state", [State.RECOVERING, State.RESOLVED])
def test_second_domain_pages_when_the_incident_of_the_first_is_over(
    store: DynamoHubStore, pages: Pages, state: State
) -> None:
    first, second = pages
    place_of(store, first, T0)
    told(first, [store], T0)
    open_(store, first.group, state)
    assert place_of(store, second, T0 + SECOND) == LEADS


@pytest.mark.parametrize(
    ("kind", "window"),
    [
        pytest.param("data: MX 10 mail.", WINDOW, id="what-somebody-changed"),
        pytest.param("dnssec ", OF_FAILURES, id="a-zone-above-that-fails"),
        pytest.param("nameserver_lame: ", OF_FAILURES, id="an-operator-that-fails"),
    ],
)
def test_second_domain_pages_when_the_page_of_the_first_is_old(
    store: DynamoHubStore, pages: Pages, kind: str, window: timedelta
) -> None:
    first, second = (replace(page, common=(kind + page.common[0],)) for page in pages)
    place_of(store, first, T0)
    told(first, [store], T0)
    assert place_of(store, second, T0 + window - SECOND).part_of
    assert place_of(store, second, T0 + window) == LEADS


def test_domain_pages_when_another_cause_hit_it(store: DynamoHubStore, pages: Pages) -> None:
    first, second = pages
    place_of(store, first, T0)
    told(first, [store], T0)
    assert place_of(store, replace(second, common=("other" + second.group,)), T0 + SECOND) == LEADS


def test_notice_claims_nothing_when_it_is_told_as_part(store: DynamoHubStore, pages: Pages) -> None:
    first, second = pages
    told(replace(first, channel=Severity.NOTICE, part_of="x-1"), [store], T0)
    assert place_of(store, second, T0) == LEADS


def test_claim_fails_when_somebody_else_was_quicker(store: DynamoHubStore, pages: Pages) -> None:
    (key,) = pages[0].common
    mine, theirs = Shared(pages[0].group, 1, T0), Shared(pages[1].group, 1, T0)
    store.claim_shared(key, None, theirs)
    for before in (None, mine):
        with pytest.raises(Conflict):
            store.claim_shared(key, before, mine)
    assert store.shared(key) == theirs


def test_other_hub_keeps_what_was_told_later_when_an_earlier_word_comes(store: DynamoHubStore, pages: Pages) -> None:
    first, second = pages
    told(second, [store], T0 + SECOND)
    told(first, [store], T0)
    assert store.shared(first.common[0]) == Shared(second.group, 1, T0 + SECOND, T0 + SECOND)


def test_outbox_keeps_the_keys_of_a_page(store: DynamoHubStore, pages: Pages) -> None:
    message = replace(pages[0], send_at=T0)
    before = store.head(message.group)
    store.commit(message.group, before, Commit(Head(episode=1, state=State.OPEN), messages=[message]))
    assert [each.common for each in store.outbox(message.group)] == [message.common]
    store.mark_sent(replace(message, part_of="x-1"), "id", HUB, T0)
    assert [each.part_of for each in store.outbox(message.group)] == ["x-1"]
