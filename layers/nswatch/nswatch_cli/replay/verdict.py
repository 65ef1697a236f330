"""How a replay's steps are judged: what was seen at the look, against what the file expects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nswatch.codes import CODES
from nswatch.model import Severity
from nswatch.record.port import Head
from nswatch_cli.replay.schema import Scenario
from nswatch_cli.replay.shape import Expect


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step showed, as ``--json`` prints it."""

    at: str
    pages: int
    tickets: int
    findings: tuple[str, ...]
    incident: str
    detected_after_s: float | None
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the step's row of the JSON report."""
        return {
            "at": self.at,
            "ok": not self.problems,
            "pages": self.pages,
            "tickets": self.tickets,
            "findings": list(self.findings),
            "incident": self.incident,
            "detected_after_s": self.detected_after_s,
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared with a step's ``expect``."""

    pages: int
    tickets: int
    findings: frozenset[str]
    incident: str


def most_urgent(heads: Sequence[Head]) -> str:
    """Return the most urgent state of a page-worthy incident, or ``none``."""
    states = {head.state for head in heads if head.urgency == Severity.PAGE and head.state}
    return next((state for state in ("open", "recovering", "resolved") if state in states), "none")


def compare(expect: Expect, look: Look, codes: frozenset[str] | None) -> Iterator[str]:
    """Yield what does not hold. With ``codes`` only these codes, pages and incident states are judged."""
    yield from _counted("page", expect.page, look.pages)
    if codes is None:
        yield from _counted("notice", expect.ticket, look.tickets)
    if expect.pages_at_most is not None and look.pages > expect.pages_at_most:
        yield f"expected at most {expect.pages_at_most} pages, {look.pages} sent"
    judged = frozenset(CODES) if codes is None else codes
    for code in judged.intersection(expect.findings) - look.findings:
        yield f"expected finding {code}, not raised"
    for code in judged.intersection(expect.quiet) & look.findings:
        yield f"expected {code} to be quiet, it is raised"
    if expect.incident is not None and expect.incident != look.incident:
        yield f"expected incident {expect.incident}, it is {look.incident}"


def _counted(what: str, expected: bool | None, sent: int) -> Iterator[str]:
    if expected is True and not sent:
        yield f"expected a {what}, none was sent"
    if expected is False and sent:
        yield f"expected no {what}, {sent} sent"


def report_as_json(scenario: Scenario, reports: Sequence[StepReport], codes: frozenset[str] | None) -> dict[str, Any]:
    """Return the JSON report of one file; ``codes`` is there when it limited what was judged."""
    document: dict[str, Any] = {
        "name": scenario.name,
        "ok": all(not report.problems for report in reports),
        "steps": [report.as_json() for report in reports],
    }
    return document if codes is None else document | {"codes": sorted(codes)}
