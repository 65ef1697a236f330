"""What a family of rules returns that tells its own story, whatever the rules over answers say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nswatch.judge.evidence import Evidence
from nswatch.model import Finding, Key, View


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings, the doubts for the next judgement, and when time alone may change something."""

    findings: tuple[Finding, ...] = ()
    doubts: Mapping[Key, datetime] = field(default_factory=dict)
    ends: tuple[datetime, ...] = ()


Family = Callable[[Evidence, Sequence[View], Mapping[Key, datetime]], Judged]
"""Judges one domain: what DNS says (`Evidence`), every view of the record, and the last judgement's doubts."""


def joined(parts: Iterable[Judged]) -> Judged:
    """Return several families' judgements as one."""
    given = tuple(parts)
    return Judged(
        tuple(finding for each in given for finding in each.findings),
        {key: since for each in given for key, since in each.doubts.items()},
        tuple(end for each in given for end in each.ends),
    )
