"""A hijack comes and goes while no comparator runs: it is told once they do, one time, and as what it is."""

import pytest
from tests.faults.replaying import MINUTE, Faults
from tests.faults.story import HIJACK, Story, coincheck, mx_only, run

IDLE_FROM = HIJACK - 0.5


@pytest.mark.parametrize(
    ("story", "until"),
    [
        pytest.param(coincheck(5, 10), 6.5, id="delegation-which-the-stream-brings-late"),
        pytest.param(mx_only(5, 14), 11.5, id="mail-which-the-stream-brings-no-more"),
    ],
)
def test_hijack_is_paged_once_when_it_was_over_before_anybody_looked(story: Story, until: float) -> None:
    result = run(story, Faults(idle=(story.at(IDLE_FROM), story.at(until))))
    result.check_kept()
    (page,) = result.pages
    assert story.at(until) <= page <= story.at(until) + 3 * MINUTE
    assert result.kinds(story.domain) == ["page", "recovering"]
    assert {incident.opened_at for incident in result.incidents.values() if incident} == {story.at(HIJACK)}
    subjects = [each.delivery.subject for each in result.arrivals if each.delivery.about == story.domain]
    assert subjects[0].startswith(f"nswatch PAGE: (over) {story.domain} ")
