"""`soa_changed`, `mx_changed`, `cname_changed`, `address_changed`, `txt_changed` and `answer_missing`.

What the authoritative servers answer, against the watchlist; one of them is enough (decision 5). Where no name server
says anything, and every resolver that does gives what nobody approved, the resolvers are all the evidence there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from nswatch.expect.matching import Verdict
from nswatch.judge.belief import CONFIRMED_WITHIN, seen_twice
from nswatch.judge.delegation import delegated
from nswatch.judge.drafts import Draft, draft
from nswatch.judge.evidence import Evidence, QuestionOf, Statement
from nswatch.model import Severity

CHANGED: Mapping[str, str] = {
    "SOA": "soa_changed",
    "MX": "mx_changed",
    "CNAME": "cname_changed",
    "A": "address_changed",
    "AAAA": "address_changed",
    "TXT": "txt_changed",
}
"""Type -> the code of a changed answer. An NS RRset is compared with the parent's instead."""


def changed(evidence: Evidence) -> list[Draft]:
    """Return the drafts of the changed answers: one a code, however many RRsets."""
    by_code: dict[str, dict[QuestionOf, list[Statement]]] = {}
    for question in evidence.expectations.asked():
        code = CHANGED.get(question[1])
        found = _departing(evidence, question)
        if code is not None and found:
            by_code.setdefault(code, {})[question] = found
    return [draft(code, evidence, by_code[code]) for code in sorted(by_code)]


def _departing(evidence: Evidence, question: QuestionOf) -> list[Statement]:
    said = evidence.about(question)
    found = [each for each in said if each.odd and each.authoritative]
    if not any(each.verdict is Verdict.EXPECTED for each in said):
        found += [each for each in said if each.odd and not each.authoritative]
    return found


def missing(evidence: Evidence) -> tuple[list[Draft], list[datetime]]:
    """Return `answer_missing`, and when to look again. Never from resolvers.

    It is a page when from some region nobody who answers has it, in two passes; what the next pass may make a page is
    told then, once.
    """
    parent = evidence.parent
    if parent.confirmed and any(delegated(view.facts) == frozenset() for view in parent.views):
        return [], []  # the delegation is gone, and that is told
    found: dict[QuestionOf, list[Statement]] = {}
    for question in evidence.expectations.asked():
        empty = [each for each in evidence.about(question)
                 if each.authoritative and each.verdict is Verdict.MISSING and each.believed]  # fmt: skip
        if empty:
            found[question] = empty
    gone = [group for question, empty in found.items() for group in _gone(evidence, question, empty)]
    sure = any(all(_twice(evidence, each) for each in group) for group in gone)
    if not found or (gone and not sure):
        return [], [evidence.now + CONFIRMED_WITHIN] if gone else []
    return [draft("answer_missing", evidence, found, Severity.PAGE if sure else Severity.NOTICE)], []


def _gone(evidence: Evidence, question: QuestionOf, empty: Sequence[Statement]) -> Iterator[list[Statement]]:
    """Yield what the delegated servers that answer say to each region, where all of them have nothing."""
    said = [each for each in evidence.about(question)
            if each.authoritative and each.fresh and evidence.hosts.delegated & set(each.hosts)]  # fmt: skip
    for region in sorted({each.view.key.region for each in empty}):
        here = [each for each in said if each.view.key.region == region]
        if here and all(each.verdict is Verdict.MISSING for each in here):
            yield here


def _twice(evidence: Evidence, statement: Statement) -> bool:
    view = statement.view
    return seen_twice(view, evidence.doubts.get(view.key, view.first_pass))
