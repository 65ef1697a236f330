"""Whatever name servers say, a text keeps its form."""

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.tell.stories import START, folded, forged_seen, opened, page, silent

from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.judge.policy import POLICY, Cause
from nswatch.model import Finding, Severity, Sighting, Source, Transport
from nswatch.respond import events
from nswatch.respond.events import EventType
from nswatch.tell.gsm7 import ONE_PART, septets
from nswatch.tell.routes import LIMIT, sns_message
from nswatch.tell.texts import Text, render

HOSTILE = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "a\r\nSubject: all is well\r\n\r\n.example", "\\010\\013.example", "xn--\u202e", "x" * 4000, "[]{}|~" * 30,
            "xn--wgv71a.example", "$domain ${x} $", "%s {0}", "", " ", "\ud800", "\u2028", "https://evil.example/",
        ]
    ),
)  # fmt: skip
VALUES = st.lists(HOSTILE, max_size=15).map(tuple)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), HOSTILE),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(HOSTILE, inner, max_size=3)),
    max_leaves=6,
)
PAIR = st.fixed_dictionaries(
    {}, optional={"candidate": HOSTILE, "genuine": HOSTILE, "aligned": st.lists(HOSTILE, max_size=4), "sentence": JSON}
)
GIVEN = st.fixed_dictionaries(
    {},
    optional={"seen": VALUES.map(list), "hosts": JSON, "resolvers": VALUES.map(list), "regions": JSON, "result": JSON},
)
TYPE = st.one_of(st.sampled_from(["A", "AAAA", "MX", "TXT", "NS"]), JSON)
RRSET = st.fixed_dictionaries(
    {},
    optional={
        "name": st.one_of(HOSTILE, JSON),
        "type": TYPE,
        "answers": st.one_of(JSON, st.lists(GIVEN, max_size=4)),
        "expected": st.one_of(JSON, st.integers(), VALUES.map(list)),
        "seen": st.one_of(JSON, st.integers()),
    },
)
SERVER = st.fixed_dictionaries({}, optional={"host": JSON, "address": JSON, "result": JSON, "regions": JSON})
MOVED = st.fixed_dictionaries({"host": HOSTILE}, optional={"expected": VALUES.map(list), "seen": VALUES.map(list)})
DETAIL = st.fixed_dictionaries(
    {},
    optional={
        "name": JSON,
        "type": TYPE,
        "rrsets": st.one_of(JSON, st.lists(RRSET, max_size=10)),
        "servers": st.one_of(JSON, st.lists(SERVER, max_size=10)),
        "all": JSON,
        "forged": JSON,
        "kind": JSON,
        "parent": st.one_of(HOSTILE, st.none()),
        "pairs": st.one_of(JSON, st.lists(PAIR, max_size=6)),
        "hosts": st.one_of(
            JSON,
            st.lists(MOVED, max_size=3),
            st.lists(st.fixed_dictionaries({"host": HOSTILE, "explanation": JSON}), max_size=9),
        ),
        "answers": st.one_of(
            JSON,
            st.lists(
                st.fixed_dictionaries({"seen": JSON, "result": HOSTILE, "servers": JSON, "regions": JSON}), max_size=8
            ),
        ),
        "reporting": JSON,
        "regions": JSON,
    },
)
SIGHTING = st.builds(
    Sighting, HOSTILE, st.sampled_from(Source), HOSTILE, HOSTILE, st.sampled_from(Transport), st.just(START)
)
FINDING = st.builds(
    Finding,
    code=st.sampled_from(sorted(POLICY)),
    subject=HOSTILE,
    severity=st.sampled_from(Severity),
    expected=VALUES,
    seen=VALUES,
    since=st.just(START),
    sightings=st.lists(SIGHTING, max_size=12).map(tuple),
    detail=DETAIL,
    cause=st.sampled_from(["", *Cause]),
    residual=st.booleans(),
)
ENTRY = st.one_of(
    st.none(),
    st.builds(
        DomainEntry,
        domain=HOSTILE,
        delegation=st.just(Delegation()),
        contacts=st.dictionaries(
            st.one_of(HOSTILE, st.sampled_from(["registrar_support", "cert"])), HOSTILE, max_size=5
        ),
        fallback_domain=st.one_of(st.none(), HOSTILE),
        reply_to=st.one_of(st.none(), HOSTILE),
        language=HOSTILE,
        resolvers=VALUES,
    ),
)
ANY_DETAIL = st.dictionaries(
    st.sampled_from(
        ["name", "type", "answers", "rrsets", "servers", "hosts", "all", "forged", "kind", "parent", "regions"]
    ),
    JSON,
    max_size=6,
)


def assert_well_formed(text: Text) -> None:
    assert 0 < len(text.subject) <= 99
    assert all(" " <= character <= "~" for character in text.subject)
    assert text.sms
    assert septets(text.sms) <= ONE_PART
    assert "\n" not in text.sms
    controls = {c for c in text.email if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert controls <= {"\n"}
    assert len(text.email) < 40_000
    assert len(sns_message(text).encode()) < LIMIT


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FINDING, min_size=1, max_size=5), ENTRY, HOSTILE, HOSTILE)
def test_render_keeps_every_form_when_strings_are_hostile(
    findings: list[Finding], entry: DomainEntry | None, group: str, person: str
) -> None:
    # Not through JSON: an event that holds a lone surrogate cannot be stored, but must not matter here.
    later = START + timedelta(hours=1)
    causes = {Cause(finding.cause or POLICY[finding.code].cause) for finding in findings[:1]}
    said: list[Any] = [
        opened(findings, group),
        events.reminded(group, 1, 1, 1, later),
        *(events.changed(group, 1, (cause, 1, 0), findings[::-1], later) for cause in causes),
        events.said(EventType.ACKNOWLEDGED, group, 1, person.encode(errors="replace").decode(), "", later),
    ]
    left = [replace(finding, residual=True) for finding in findings]
    said += [events.cleared(group, 1, cause, 1, later, left) for cause in causes]
    said += [events.expired(group, 1, later + timedelta(days=9)), forged_seen(person, group, 60)]
    incident = folded(*said)
    for message in incident.messages:
        assert_well_formed(render(message, incident, entry, later))


@pytest.mark.parametrize("code", sorted(POLICY))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(detail=ANY_DETAIL, expected=VALUES, seen=VALUES, residual=st.booleans())
def test_render_keeps_every_form_when_a_detail_is_any_json(
    code: str, detail: dict[str, Any], expected: tuple[str, ...], seen: tuple[str, ...], residual: bool
) -> None:
    assert_well_formed(
        page([Finding(code, "example.com", Severity.PAGE, expected, seen, START, (), detail, residual=residual)])
    )


def test_no_line_begins_with_what_a_host_wrote() -> None:
    line = "WHERE TO CALL"
    hosts = [f"x\n{line}\n  +1-900-{n}.example" for n in range(3)]
    email = page(
        [Finding("delegation_changed", "example.com", Severity.PAGE, ("a.example",), tuple(hosts), START)]
    ).email
    assert email.splitlines().count(line) == 1


def test_sns_message_holds_the_routes_texts() -> None:
    text = page(silent("eu-west-1", of=3))
    message = json.loads(sns_message(text))
    assert message == {"default": text.email, "email": text.email, "sms": text.sms}


def test_sns_message_cuts_at_a_line_when_the_text_is_too_long() -> None:
    text = Text("s", "日本語の行\n" * 60_000, "sms")
    whole = sns_message(text)
    assert len(whole.encode()) < LIMIT
    assert json.loads(whole)["email"].endswith("日本語の行\n")
    assert len(json.loads(whole)["email"]) > 10_000
