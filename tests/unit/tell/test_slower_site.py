"""A slower site in an incident: it is kept with the findings, told with the next message, and makes none of its own."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nswatch.model import Finding, Severity
from nswatch.respond.events import essence, shape
from nswatch.tell.details import Slower, slower

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROW = {"region": "us-east-1", "former_ms": 40, "median_ms": 210, "since": "2026-01-01T00:00:00.000Z", "address": "x"}
PAGE = Finding("delegation_changed", "a.example", Severity.PAGE, ("a",), ("b",), AT)


def test_what_is_told_is_the_same_and_what_is_kept_is_not_when_a_site_becomes_slower() -> None:
    slow = replace(PAGE, detail={"latency": [ROW]})
    slower_still = replace(PAGE, detail={"latency": [{**ROW, "median_ms": 900}]})
    assert shape([slow]) != shape([PAGE])
    assert shape([slow]) == shape([slower_still])
    assert essence([slow]) == essence([PAGE])


def test_rows_are_read_when_they_are_whole() -> None:
    assert slower(replace(PAGE, detail={"latency": [ROW]})) == (Slower("us-east-1", 40, 210, AT),)


@pytest.mark.parametrize(
    "latency",
    [None, "x", [1], [{**ROW, "since": "soon"}], [{**ROW, "former_ms": "40"}], [{"region": "us-east-1"}]],
    ids=["none", "text", "no row", "no moment", "no number", "little"],
)
def test_rows_are_left_out_when_they_lack_anything(latency: object) -> None:
    assert slower(replace(PAGE, detail={"latency": latency})) == ()
