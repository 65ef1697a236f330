"""What holds for every name: each single edit is found and named, the alignment is true, the work is bounded."""

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nswatch.errors import InvalidName
from nswatch.judge.lookalike import closest, near_miss
from nswatch.judge.lookalike.alignment import align
from nswatch.judge.route53 import parse
from nswatch.names import normalise

# The first comparison reads the suffix list and the table of confusables: not inside a timed example.
near_miss(normalise("ns1.\u0430.example"), "ns1.a.example")
near_miss("ns1.sakura.ne.jp", "ns2.sakura.ne.jp")

PLAIN = "abefhjkpty"
"""Letters that are in no ASCII twin of one or two characters."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TWINS = {"o": "0", "l": "1", "i": "l", "s": "5", "m": "rn", "w": "vv", "d": "cl", "g": "q", "e": "3", "a": "4"}
CYRILLIC = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "p": "\u0440", "s": "\u0455", "x": "\u0445"}
ACCENTED = {"a": "\u00e1", "e": "\u00e8", "i": "\u00ef", "n": "\u00f1", "o": "\u00f6", "u": "\u016f", "c": "\u0107"}

labels = st.text(LETTERS, min_size=6, max_size=20)
spots = st.integers(min_value=0, max_value=19)


def inserted(label: str, at: int, char: str) -> str:
    assume(char not in label[max(0, at - 1) : at + 1])
    return label[:at] + char + label[at:]


def dropped(label: str, at: int, _: str) -> str:
    return label[:at] + label[at + 1 :]


def doubled(label: str, at: int, _: str) -> str:
    return label[: at + 1] + label[at:]


def swapped(label: str, at: int, _: str) -> str:
    assume(at + 1 < len(label) and label[at] != label[at + 1])
    return label[:at] + label[at + 1] + label[at] + label[at + 2 :]


def substituted(label: str, at: int, char: str) -> str:
    assume(char != label[at])
    return label[:at] + char + label[at + 1 :]


def hyphened(label: str, at: int, _: str) -> str:
    assume(at > 0)
    return f"{label[:at]}-{label[at:]}"


def replaced_by(table: dict[str, str]) -> Callable[[str, int, str], str]:
    def replace(label: str, at: int, _: str) -> str:
        assume(label[at] in table)
        return label[:at] + table[label[at]] + label[at + 1 :]

    return replace


EDITS = {
    "inserted": inserted,
    "dropped": dropped,
    "doubled": doubled,
    "swapped": swapped,
    "substituted": substituted,
    "hyphen": hyphened,
}
DISGUISES = {"ascii": ("homoglyph", TWINS), "cyrillic": ("homoglyph", CYRILLIC), "accent": ("diacritic", ACCENTED)}


@pytest.mark.parametrize("kind", EDITS)
@given(label=labels, at=spots, char=st.sampled_from(PLAIN))
def test_near_miss_names_every_single_edit(kind: str, label: str, at: int, char: str) -> None:
    candidate = EDITS[kind](label, at % len(label), char)
    found = near_miss(f"ns1.{candidate}.example", f"ns1.{label}.example")
    assert found is not None
    assert found.kinds == (kind,)


@pytest.mark.parametrize("name", DISGUISES)
@given(label=labels, at=spots)
def test_near_miss_names_every_disguise(name: str, label: str, at: int) -> None:
    kind, table = DISGUISES[name]
    candidate = replaced_by(table)(label, at % len(label), "")
    found = near_miss(normalise(f"ns1.{candidate}.example"), f"ns1.{label}.example")
    assert found is not None
    assert found.kinds == (kind,)


@given(st.text(LETTERS, min_size=5, max_size=12), st.integers(1, 9999), st.integers(1, 3), st.sampled_from(["", "-"]))
def test_near_miss_names_leading_zeros(word: str, number: int, zeros: int, joint: str) -> None:
    plain, padded = f"{word}{joint}{number}.example", f"{word}{joint}{'0' * zeros}{number}.example"
    for candidate, genuine in ((padded, plain), (plain, padded)):
        found = near_miss(candidate, genuine)
        assert found is not None
        assert found.kinds == ("leading zero",)


@given(labels, st.sampled_from(["com", "net", "org", "co.uk", "uk", "co", "cm", "jp", "co.jp", "example"]), st.data())
def test_near_miss_names_a_changed_tld(label: str, suffix: str, data: st.DataObject) -> None:
    assume(label not in {"domain", "server"})
    other = data.draw(st.sampled_from(["info", "biz", "co.nz", "de"]))
    found = near_miss(f"ns1.{label}.{other}", f"ns2.{label}.{suffix}")
    assert found is not None
    assert found.kinds == ("changed TLD",)
    assert f".{other} in place of .{suffix}" in found.sentence()


ldh = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", fullmatch=True)
close = st.from_regex(r"(xn--)?[01loirnmvwcdxs-]{1,20}", fullmatch=True)


@st.composite
def names(draw: st.DrawFn) -> str:
    label = st.one_of(ldh, close, st.text("\u0430\u043e\u0435\u00e9\u65e5ao\u200d", min_size=1, max_size=9))
    text = ".".join(draw(st.lists(label, min_size=1, max_size=4)) + draw(st.sampled_from([[], ["com"], ["co", "uk"]])))
    try:
        return normalise(text)
    except InvalidName:
        assume(False)
        raise


def check(candidate: str, genuine: str) -> None:
    found = near_miss(candidate, genuine)
    if candidate == genuine:
        assert found is None
    if found is None:
        return
    top, bottom, marks = found.aligned
    assert len(top) == len(bottom) == len(marks)
    assert "^" in marks or "\uff3e" in marks
    for above, below, mark in zip(top, bottom, marks, strict=True):
        assert (above != below) == (mark in "^\uff3e") or mark in "^\uff3e"
        assert above == below or mark in "^\uff3e"
    assert 0 <= found.score <= 1
    assert found.kinds
    assert found.sentence()
    if "xn--" not in candidate + genuine:
        there, here = top.replace(" ", ""), bottom.replace(" ", "")
        assert there in (candidate, found.compared_names[0])
        assert here in (genuine, found.compared_names[1])


@given(names(), names())
def test_near_miss_holds_its_promises_for_any_two_names(candidate: str, genuine: str) -> None:
    check(candidate, genuine)


@given(names(), st.data())
def test_near_miss_holds_its_promises_for_close_names(genuine: str, data: st.DataObject) -> None:
    text = list(genuine)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(text) - 1)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.text("a0o1l-.rnm", max_size=2))
    try:
        candidate = normalise("".join(text) or "x")
    except InvalidName:
        assume(False)
        raise
    check(candidate, genuine)
    assert closest(candidate, [genuine]) == near_miss(candidate, genuine)


@given(labels, labels, st.data())
def test_score_is_about_the_same_both_ways(one: str, word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(one)))
    other = one[:at] + data.draw(st.sampled_from([word[0], word[:2], "-x", "0"])) + one[at:]
    there, here = near_miss(f"{one}.example", f"{other}.example"), near_miss(f"{other}.example", f"{one}.example")
    if there is None or here is None:
        # Only what is inside another is a matter of direction.
        assert all(found is None or "embedded" in found.kinds for found in (there, here))
    elif "embedded" not in there.kinds + here.kinds:
        assert there.score == pytest.approx(here.score, abs=0.01)


@given(st.text("ab0o1l-rnm", max_size=12), st.text("ab0o1l-rnm", max_size=12))
def test_align_reproduces_the_candidate_when_edits_are_carried_out(candidate: str, genuine: str) -> None:
    edits = align(candidate, genuine)
    assert edits is not None
    rebuilt, at = "", 0
    for edit in edits:
        rebuilt += genuine[at : edit.of]
        assert len(rebuilt) == edit.at
        assert genuine[edit.of : edit.of + len(edit.here)] == edit.here
        rebuilt += edit.there
        at = edit.of + len(edit.here)
    assert rebuilt + genuine[at:] == candidate


@given(st.text("ab0o1l-rnm", max_size=12), st.text("ab0o1l-rnm", max_size=12), st.sampled_from([0.5, 1.0, 2.0, 2.5]))
def test_align_under_a_budget_finds_what_it_finds_without(candidate: str, genuine: str, budget: float) -> None:
    cheapest = align(candidate, genuine)
    assert cheapest is not None
    cost = sum(edit.cost for edit in cheapest)
    bounded = align(candidate, genuine, budget)
    assert (bounded is not None) == (cost <= budget + 1e-9)
    assert bounded is None or sum(edit.cost for edit in bounded) == pytest.approx(cost)


@given(st.integers(0, 2047), st.integers(0, 2047))
def test_near_miss_is_none_when_both_are_valid_route_53_names(one: int, other: int) -> None:
    hosts = [f"ns-{x}.awsdns-{x % 512 // 8:02}.{('com', 'net', 'org', 'co.uk')[x // 512]}" for x in (one, other)]
    assert all(map(parse, hosts))
    assert near_miss(*hosts) is None


WORST = {
    "twins": ("l1" * 31, "1l" * 31),
    "pairs": ("rn" * 31, "m" * 31),
    "random": ("q7fz0kx2vj9w1hb5nd3mt8yr6pc4sg" * 2, "q7fz0kx2vj9w1hb5nd3mt8yr6pc4gs" * 2),
    "zeros": ("0" * 62 + "1", "0" * 58 + "1"),
    "hyphens": ("a-" * 31 + "a", "aa-" * 20 + "a"),
    "far": ("abcdefghi" * 7, "ihgfedcba" * 7),
}


@pytest.mark.parametrize(("one", "other"), WORST.values(), ids=WORST.keys())
def test_near_miss_is_quick_when_labels_are_as_long_as_can_be(one: str, other: str) -> None:
    pairs = [(f"ns1.{one}.com", f"ns1.{other}.net"), (f"ns1.{one}.com", f"ns1.{other}.com")]
    for pair in pairs:
        near_miss(*pair)
        best = min(_seconds(*pair) for _ in range(10))
        # Measured: under 1 ms; the factor is for a busy machine.
        assert best < 0.004


def _seconds(candidate: str, genuine: str) -> float:
    started = time.process_time()
    near_miss(candidate, genuine)
    return time.process_time() - started
