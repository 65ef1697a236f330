"""The documents say what is so: examples validate, tables match the code, links lead somewhere."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from nswatch.codes import CODES
from nswatch.errors import InvalidDocument
from nswatch.judge.judgement import JUDGED
from nswatch.judge.policy import POLICY
from nswatch.model import Severity
from nswatch_cli.document import parse
from nswatch_cli.main import cli
from nswatch_cli.replay import shape
from nswatch_cli.replay.schema import read_scenario
from nswatch_cli.watchlist import schema
from nswatch_cli.watchlist.load import read_watchlist

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.glob("*.md"), *(REPOSITORY / "events").rglob("*.md")])


class Block(NamedTuple):
    """A fenced block of a page: its language, its text, and the line that it begins in."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in found]


def yaml_blocks(page: str, first_line: str) -> list[Block]:
    """The YAML blocks of a page with a line that matches ``first_line`` at its beginning."""
    return [b for b in blocks(DOCS / page) if b.language == "yaml" and re.match(first_line, b.text)]


def words(text: str) -> str:
    """A text without its line breaks: the documents wrap what a command prints in one line."""
    return " ".join(text.split())


def problems_of(text: str, file: str, read: Any) -> list[str]:
    try:
        read(parse(text, file))
    except InvalidDocument as error:
        return [str(problem) for problem in error.problems]
    return []


def table(page: str, header: str) -> list[list[str]]:
    """The cells of the rows of the table whose header line is ``header``."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(header) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- the watchlist

WHOLE = r"(# yaml-language-server: .*\n)?version: 1\n"
FRAGMENT = "# in a domain\n"
BAD = r"# (\w+\.yaml)\n"


def test_every_yaml_block_of_the_watchlist_page_is_tested() -> None:
    tested = [b for kind in (WHOLE, FRAGMENT, BAD) for b in yaml_blocks("watchlist.md", kind)]
    assert sorted(tested) == sorted(b for b in blocks(DOCS / "watchlist.md") if b.language == "yaml")
    assert len(yaml_blocks("watchlist.md", WHOLE)) >= 2


@pytest.mark.parametrize("block", yaml_blocks("watchlist.md", WHOLE), ids=lambda block: f"line-{block.line}")
def test_watchlist_example_validates(block: Block) -> None:
    assert problems_of(block.text, "watchlist.yaml", read_watchlist) == []


@pytest.mark.parametrize("block", yaml_blocks("watchlist.md", FRAGMENT), ids=lambda block: f"line-{block.line}")
def test_watchlist_fragment_validates_in_a_domain(block: Block) -> None:
    indented = "".join(f"    {line}\n" for line in block.text.splitlines())
    whole = f"version: 1\ndomains:\n  example.com:\n    delegation: {{ns: [ns1.example.net]}}\n{indented}"
    assert problems_of(whole, "watchlist.yaml", read_watchlist) == []


@pytest.mark.parametrize("block", yaml_blocks("watchlist.md", BAD), ids=lambda block: f"line-{block.line}")
def test_bad_watchlist_example_gives_exactly_the_errors_shown(block: Block) -> None:
    file = block.text.split()[1]
    command = f"$ nswatch watchlist validate {file}\n"
    (shown,) = [b.text.removeprefix(command) for b in blocks(DOCS / "watchlist.md") if b.text.startswith(command)]
    problems = problems_of(block.text, file, read_watchlist)
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    assert words(shown) == words("\n".join([*problems, f"{file}: refused, {count}"]))


def keys_of(module: Any) -> Iterator[tuple[str, str]]:
    for model in vars(module).values():
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__:
            yield from ((model.__name__, field.alias or name) for name, field in model.model_fields.items())


@pytest.mark.parametrize(
    ("page", "module"), [("watchlist.md", schema), ("scenarios.md", shape)], ids=["watchlist", "scenario"]
)
def test_page_names_every_key_of_its_format(page: str, module: Any) -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8")))))
    assert {f"{model}.{key}" for model, key in keys_of(module) if key not in named} == set()


# --- scenarios

SCENARIO = "scenario: 1\n"
STEP = "# a step\n"


def first_scenario() -> str:
    (block,) = yaml_blocks("scenarios.md", SCENARIO)
    return block.text


def test_scenario_example_is_read_when_it_stands_alone() -> None:
    scenario = read_scenario(parse(first_scenario(), "first.yaml"))
    assert [step.at for step in scenario.steps] == [60, 180, 4320]


def test_scenario_step_is_read_when_it_stands_in_the_example() -> None:
    (step,) = yaml_blocks("scenarios.md", STEP)
    whole = first_scenario().replace("- at: 180m\n", f"{step.text}- at: 180m\n")
    scenario = read_scenario(parse(whole, "first.yaml"))
    assert [step.watchlist_changed for step in scenario.steps] == [False, True, False, False]


def test_bad_scenario_gives_the_errors_shown() -> None:
    bad = first_scenario().replace("nameservers: {ns1.dns-h0st.net: forged}", "nameserver: {ns1.dns-h0st.net: forged}")
    problems = problems_of(bad.replace("at: 180m", "at: 3h"), "first.yaml", read_scenario)
    assert len(problems) == 2
    shown = "\n".join(["$ nswatch replay first.yaml", *problems, ""])
    assert shown in [block.text for block in blocks(DOCS / "scenarios.md")]


def test_incidents_page_lists_the_files_that_are_there() -> None:
    folder = REPOSITORY / "events" / "incidents"
    listed = re.findall(r"^\| `([^`]+\.yaml)` \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.yaml"))


# --- finding codes


def test_table_of_codes_lists_all_in_order() -> None:
    rows = table("scenarios.md", "| code | meaning | default |")
    assert [code for row in rows for code in names(row[0])] == list(CODES)


def test_table_of_codes_gives_the_severity_of_the_policy() -> None:
    for cells in table("scenarios.md", "| code | meaning | default |"):
        said = cells[1] if cells[2] == "by kind" else cells[2]
        severities = [Severity(word) for word in re.findall(r"\b(page|notice|log)\b", said)]
        most_urgent = max(severities, key=lambda severity: severity.rank)
        assert {code: POLICY[code].severity for code in names(cells[0])} == dict.fromkeys(names(cells[0]), most_urgent)


def test_table_of_causes_is_that_of_the_policy() -> None:
    rows = table("scenarios.md", "| cause | codes |")
    assert {code: cause for cause, codes in rows for code in names(codes)} == {
        code: str(policy.cause) for code, policy in POLICY.items()
    }


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("scenarios.md", r"version 0\.1 raises the codes of DNS([^.]+)\."),
    ],
    ids=["scenarios"],
)
def test_page_names_the_codes_that_are_judged(page: str, sentence: str) -> None:
    found = re.search(sentence, (DOCS / page).read_text(encoding="utf-8"))
    assert found is not None
    assert sorted(names(found[1])) == sorted(JUDGED)


def test_table_for_responders_explains_every_code_that_is_judged() -> None:
    rows = table("incidents.md", "| code | what it means, and what else to look at | it goes away when |")
    explained = {code for row in rows for code in names(row[0])}
    assert explained >= set(JUDGED)
    assert explained <= set(CODES)


# --- deploying


def test_table_of_parameters_is_that_of_the_template() -> None:
    template = YAML().load(REPOSITORY / "template.yaml")
    rows = table("deploy.md", "| parameter | default | meaning |")
    assert {names(row[0])[0]: (names(row[1]) or [row[1]])[0] for row in rows} == {
        name: "(empty)" if parameter["Default"] == "" else str(parameter["Default"])
        for name, parameter in template["Parameters"].items()
    }


def test_example_of_hubs_is_the_default_of_the_template() -> None:
    template = YAML().load(REPOSITORY / "template.yaml")["Parameters"]
    hubs = f"{template['PrimaryHub']['Default']},{template['StandbyHub']['Default']}"
    assert f"export NSWATCH_HUBS={hubs}\n" in (DOCS / "deploy.md").read_text(encoding="utf-8")


# --- commands


def commands() -> Iterator[tuple[str, str]]:
    """Each command of nswatch that a page shows, with the page's name."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "console":
                joined = block.text.replace("\\\n", " ")
                for line in re.findall(r"^\$ (?:\.venv/bin/)?nswatch (.*)$", joined, re.MULTILINE):
                    yield page.name, line


@pytest.mark.parametrize(("page", "line"), list(dict.fromkeys(commands())))
def test_command_shown_is_one_that_there_is(page: str, line: str) -> None:
    command: click.Command = cli
    known: set[str] = {"--help", "--version"}
    for word in shlex.split(line.partition(" > ")[0]):
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{page}: nswatch {line}"
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
            known |= {option for parameter in command.params for option in parameter.opts}
    assert command is not cli or line.startswith("--"), f"{page}: nswatch {line}"


# --- pages


def slug(heading: str) -> str:
    """The anchor that a heading gets where the repository is shown."""
    text = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return text.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)}


def links(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_page_has_no_long_line(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    # A row of a table cannot be wrapped.
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


# --- what no file may hold

HOSTS = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]
PLACES = re.compile(r"(?<![\w.~}-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot")) + r")(?![\w-])")


def tracked() -> list[Path]:
    """The files of the repository: those that git tracks, or in an export all but what is made."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("only in a clone: an export has no list of its files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return [REPOSITORY / name for name in listed.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


def holding(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(REPOSITORY)}: {match[0]}"
        for path in tracked()
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace"))) is not None
    ]


def test_no_file_names_a_package_registry() -> None:
    assert holding(re.compile("|".join(map(re.escape, HOSTS)), re.IGNORECASE)) == []


def test_no_file_names_a_place_on_a_machine() -> None:
    assert holding(PLACES) == []


@pytest.mark.parametrize("text", ["see /{}/x", "'/{}'", "cd /{}\n"], ids=["in-a-path", "quoted", "at-the-end"])
@pytest.mark.parametrize("place", ["wo" + "rk", "ro" + "ot"])
def test_place_on_a_machine_is_recognised(text: str, place: str) -> None:
    assert PLACES.search(text.format(place))
