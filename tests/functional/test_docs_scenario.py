"""The scenario that docs/scenarios.md shows first, replayed: it ends as the page says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nswatch_cli.replaying import replay_command

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def shown(start: str) -> str:
    """The first fenced block of the page that begins so."""
    found = re.search(rf"^```\w+\n({re.escape(start)}.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def lines(text: str) -> list[str]:
    """Lines as they compare: without the time that it took, and without spaces at the end."""
    return [re.sub(r"\d+\.\d s\)", "… s)", line).rstrip() for line in text.splitlines()]


def test_first_scenario_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    file = tmp_path / "first.yaml"
    file.write_text(shown("scenario: 1\n"), encoding="utf-8")
    result = CliRunner().invoke(replay_command, [str(file)])
    assert result.exit_code == 0, result.output
    assert lines(result.output) == lines(shown("$ nswatch replay first.yaml\n"))[1:]
