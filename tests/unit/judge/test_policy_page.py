"""The operator's page lists what raises a code just as the policy has it."""

from pathlib import Path

from nswatch.judge.policy import POLICY, RAISED, SIBLING_SIGNALS

PAGE = Path(__file__).parents[3] / "docs" / "incidents.md"


def listed(codes: frozenset[str]) -> str:
    return ", ".join(f"`{code}`" for code in POLICY if code in codes)


def test_page_lists_what_raises_each_code() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("### What raises a finding")[2].partition("\n###")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{code}` | {listed(rule.by)} | {listed(SIBLING_SIGNALS) if rule.by_siblings else ''} |"
        for code, rule in RAISED.items()
    ]
