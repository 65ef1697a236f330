"""How soon a domain whose parent is asked every 15 s shows a change, with and without that."""

from pathlib import Path

import pytest

from nswatch.judge.judgement import JUDGED
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario

CASE = Path(__file__).parent / "cases" / "delegation-every-15s.yaml"


@pytest.mark.parametrize(
    ("every", "seconds"),
    [pytest.param("15s", 3, id="15s"), pytest.param("20s", 4, id="20s"), pytest.param("60s", 12, id="60s")],
)
def test_hijack_is_paged_within_the_interval_divided_by_the_regions(every: str, seconds: int, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(CASE.read_text("utf-8").replace("delegation_every: 15s", f"delegation_every: {every}"), "utf-8")
    with Replay(load_scenario(file), codes=JUDGED) as replay:
        reports = list(replay.run())
    assert [report.problems for report in reports] == [(), (), ()]
    assert reports[1].detected_after_s == pytest.approx(seconds, abs=0.5)
