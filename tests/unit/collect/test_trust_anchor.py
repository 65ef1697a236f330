"""The root's trust anchors: those that are shipped, and those that a parameter gives."""

import re
from pathlib import Path

import pytest

from nswatch.collect.trust_anchor import ROOT_ANCHORS, Ds, read_anchors, usable
from nswatch.errors import InvalidDocument

OWN = "4711:13:2:" + "ab" * 32


def test_shipped_anchors_are_those_of_both_root_keys() -> None:
    assert [(ds.tag, ds.algorithm, ds.digest_type, len(ds.digest)) for ds in ROOT_ANCHORS] == [
        (20326, 8, 2, 32),
        (38696, 8, 2, 32),
    ]
    assert read_anchors("") == ROOT_ANCHORS


def test_given_anchors_take_the_place_of_the_shipped_ones() -> None:
    (one,) = read_anchors(OWN.upper())
    assert str(one) == OWN.replace(":", " ")
    assert read_anchors(f"{OWN},20326:8:2:{ROOT_ANCHORS[0].digest.hex()}") == (one, ROOT_ANCHORS[0])


@pytest.mark.parametrize("text", ["4711:13:2", "x:13:2:abcd", "4711:13:2:zz", "."])
def test_anchors_are_refused_when_they_are_no_ds_records(text: str) -> None:
    with pytest.raises(InvalidDocument, match="no DS records"):
        read_anchors(text)


@pytest.mark.parametrize(
    ("text", "allowed"), [("", True), (OWN, True), (f"{OWN},{OWN}", True), ("4711 13 2 ab", False)]
)
def test_template_takes_what_can_be_read(text: str, allowed: bool) -> None:
    template = (Path(__file__).parents[3] / "template.yaml").read_text("utf-8")
    _, _, parameter = template.partition("RootAnchors:\n")
    pattern = re.search(r"AllowedPattern: (\S+)", parameter)
    assert pattern is not None
    assert bool(re.search(pattern[1], text)) is allowed


def test_sha1_digest_counts_only_where_there_is_no_better_one() -> None:
    weak, strong, strange = (Ds(1, 13, kind, b"x") for kind in (1, 2, 3))
    assert usable([weak, strong, strange]) == [strong]
    assert usable([weak, strange]) == [weak]
    assert usable([Ds(1, algorithm, 2, b"x") for algorithm in (1, 3, 5, 7, 12, 200)]) == []
