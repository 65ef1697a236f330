"""The incidents that come with nswatch, replayed: what they expect holds, as far as this version has rules for it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nswatch.judge.judgement import JUDGED
from nswatch_cli.replaying import INCIDENTS, replay_command

CASES = Path(__file__).parent / "cases"
DRILLS = INCIDENTS.parent / "drills"
"""What docs/operations.md has people play."""


@pytest.mark.parametrize(
    "name",
    [
        "adv-blind",
        "adv-mx-only",
        "b01-cdn-geo",
        "b04-one-resolver-timeout",
        "b05-one-region-lambda-fails",
        "b06-planned-ns-migration",
        "b10-order-case",
        "b12-rdap-touch",
        "coincheck-2020",
        "cream-pancake-2021",
        "lame-dangling",
        "nyt-2013",
        "seaturtle-2018-19",
    ],
)
def test_incident_holds_entirely(name: str) -> None:
    result = CliRunner().invoke(replay_command, ["--json", str(INCIDENTS / f"{name}.yaml")])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["ok"] is True
    assert "codes" not in report
    replaced = [step for step in report["steps"] if step["pages"] and "delegation_changed" in step["findings"]]
    assert all(step["detected_after_s"] < 20 for step in replaced)


@pytest.mark.parametrize("case", sorted([*CASES.glob("*.yaml"), *DRILLS.glob("*.yaml")]), ids=lambda path: path.stem)
def test_case_that_once_went_wrong_and_drill_hold(case: Path) -> None:
    codes = ["--codes", ",".join(sorted(JUDGED))]
    result = CliRunner().invoke(replay_command, ["--json", *codes, str(case)])
    assert result.exit_code == 0, result.output


def test_replay_says_what_does_not_hold_and_exits_with_1(tmp_path: Path) -> None:
    text = (INCIDENTS / "b10-order-case.yaml").read_text(encoding="utf-8")
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace("page: false", "page: true").replace("incident: none", "incident: open"), "utf-8")
    result = CliRunner().invoke(replay_command, ["--json", str(file)])
    assert result.exit_code == 1
    (step,) = json.loads(result.output)["steps"]
    assert step["problems"] == ["expected a page, none was sent", "expected incident open, it is none"]
    assert step["ok"] is False


def test_replay_refuses_bad_files_before_it_replays_any(tmp_path: Path) -> None:
    text = (INCIDENTS / "b10-order-case.yaml").read_text(encoding="utf-8")
    file = tmp_path / "bad.yaml"
    file.write_text(text.replace("incident: none", "incidents: none"), "utf-8")
    result = CliRunner().invoke(replay_command, ["--json", str(INCIDENTS / "b10-order-case.yaml"), str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "steps[0].expect.incidents: is not a known key" in result.stderr


def test_replay_refuses_codes_that_it_does_not_know() -> None:
    result = CliRunner().invoke(
        replay_command, ["--codes", "delegation_change", str(INCIDENTS / "b10-order-case.yaml")]
    )
    assert result.exit_code == 2
    assert "delegation_change: not finding codes" in result.stderr
