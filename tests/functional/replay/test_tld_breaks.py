"""A top-level domain whose DNSSEC breaks, which no scenario can write: one page for all domains below it."""

import copy
from pathlib import Path

import pytest
import yaml

from nswatch_cli.replay import reply
from nswatch_cli.replay.contents import suffix_key
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario

CASE = Path(__file__).parent / "cases" / "key-rolled-wrong.yaml"
NAMES = ("held.example", "other.example")


def scenario_of(folder: Path) -> Path:
    """Write a scenario of two domains to which nothing happens but time."""
    said = yaml.safe_load(CASE.read_text("utf-8"))
    for name in NAMES[1:]:
        for domains in (said["watchlist"]["domains"], said["world"]["domains"]):
            domains[name] = copy.deepcopy(domains[NAMES[0]])
    said["steps"] = [{"at": f"{minute}m", "set": {}, "expect": {}} for minute in (30, 60, 90)]
    file = folder / "scenario.yaml"
    file.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    return file


def test_broken_tld_is_one_page_that_names_it_and_no_fault_of_the_domains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Replay(load_scenario(scenario_of(tmp_path))) as replay:
        steps = replay.run()
        assert next(steps).findings == ()
        # From the next step on the root has the DS of another key.
        monkeypatch.setattr(reply, "suffix_key", lambda zone: f"{suffix_key(zone)}, another")
        broken = next(steps)
        monkeypatch.undo()
        repaired = next(steps)
        pages = [arrival.delivery for arrival in replay.arrivals if str(arrival.delivery.channel) == "page"]
    assert (broken.findings, broken.incident) == (("dnssec_bogus",), "open")
    assert (repaired.findings, repaired.incident) == ((), "recovering")
    (page,) = pages
    assert page.text.startswith("The DNSSEC data of the .example registry itself does not validate")
