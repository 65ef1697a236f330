from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.errors import InvalidDocument
from nswatch_cli.document import in_memory, load, parse
from nswatch_cli.replay.schema import deep_merge, load_scenario, read_scenario
from nswatch_cli.watchlist.load import read_watchlist

INCIDENTS = sorted((Path(__file__).parents[3] / "events" / "incidents").glob("*.yaml"))

BASE = """\
scenario: 1
name: a-case
start: 2026-12-01T00:00:00Z
regions: [ap-northeast-1, us-east-1]
hubs: [ap-northeast-1, eu-west-1]
watchlist:
  version: 1
  domains:
    victim.example: {delegation: {ns: [ns1.host.example, ns2.host.example]}}
world:
  networks:
    198.51.100.0/24: {asn: 64500, country: US}
  faults: {udp_loss: 0}
  domains:
    victim.example:
      zones:
        genuine:
          records: |
            $TTL 300
            @ IN SOA ns1.host.example. hostmaster.host.example. 1 2 3 4 5
            @ IN NS ns1.host.example.
            www IN A 198.51.100.1
        other: {records: "@ 60 IN A 198.51.100.2"}
      registry: {ns: [NS1.Host.Example., ns2.host.example], glue: {ns1.host.example: [192.0.2.1]}}
      nameservers: {ns1.host.example: genuine, ns2.host.example: genuine}
      resolvers:
        us-east-1: {1.1.1.1: genuine}
      registration: {registrar: R, status: [ok]}
steps:
"""
LAST = BASE.count("\n")


def scenario(steps="- {at: 30m, expect: {page: false}}\n", *swaps):
    text = BASE
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    return text + steps


def problems(text):
    try:
        read_scenario(parse(text, "s.yaml"))
    except InvalidDocument as error:
        return [str(problem) for problem in error.problems]
    return []


def stepped(patch):
    return scenario(f"- at: 30m\n  set: {patch}\n")


VICTIM = 'world.domains["victim.example"]'
SET = 'steps[0].set.domains["victim.example"]'
STEP = f"s.yaml:{LAST + 2}: {SET}"

CASES = {
    # the outline
    "unknown-top-key": (
        scenario("- {at: 1m}\nwolrd: {}\n"),
        f"s.yaml:{LAST + 2}: wolrd: is not a known key; did you mean world?",
    ),
    "no-name": (
        scenario("- {at: 1m}\n", ("name: a-case\n", "")),
        "s.yaml:1: name: is missing; give what the scenario is called",
    ),
    "other-format": (
        scenario("- {at: 1m}\n", ("scenario: 1", "scenario: 2")),
        "s.yaml:1: scenario: is the number 2; write 1",
    ),
    "start-without-zone": (
        scenario("- {at: 1m}\n", ("00:00:00Z", "00:00:00")),
        "s.yaml:3: start: is '2026-12-01T00:00:00', a time without a zone; write 2026-12-01T00:00:00Z if it is UTC",
    ),
    "one-hub": (
        scenario("- {at: 1m}\n", ("hubs: [ap-northeast-1, eu-west-1]", "hubs: [ap-northeast-1]")),
        "s.yaml:5: hubs: lists 1; list two regions, the primary first",
    ),
    "same-hub-twice": (
        scenario("- {at: 1m}\n", ("hubs: [ap-northeast-1, eu-west-1]", "hubs: [eu-west-1, eu-west-1]")),
        "s.yaml:5: hubs[1]: is eu-west-1 again; keep one of them",
    ),
    "no-steps": (
        scenario("  []\n"),
        f"s.yaml:{LAST}: steps: is an empty list; write at least one step, with what it expects",
    ),
    "at-number": (
        scenario("- {at: 30}\n"),
        f"s.yaml:{LAST + 1}: steps[0].at: is the number 30; write whole minutes from the start, like 30m",
    ),
    "at-half-minute": (
        scenario("- {at: 1.5m}\n"),
        f"s.yaml:{LAST + 1}: steps[0].at: is the text '1.5m'; write whole minutes from the start, like 30m",
    ),
    "not-ascending": (
        scenario("- {at: 30m}\n- {at: 30m}\n"),
        f"s.yaml:{LAST + 2}: steps[1].at: is 30m, not after 30m; write the steps in order of time",
    ),
    "unknown-step-key": (
        scenario("- {at: 1m, sets: {}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].sets: is not a known key; did you mean set?",
    ),
    # expectations
    "unknown-expectation": (
        scenario("- {at: 1m, expect: {pages: 1}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.pages: is not a known key; did you mean page?",
    ),
    "page-as-number": (
        scenario("- {at: 1m, expect: {page: 1}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.page: is the number 1, not a truth value; write true or false",
    ),
    "negative-pages": (
        scenario("- {at: 1m, expect: {pages_at_most: -1}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.pages_at_most: is the number -1; write a number of at least 0",
    ),
    "unknown-finding": (
        scenario("- {at: 1m, expect: {findings: [delegation_change]}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.findings[0]: is 'delegation_change', not a finding code; "
        "did you mean delegation_changed?",
    ),
    "found-and-quiet": (
        scenario("- {at: 1m, expect: {findings: [mx_changed], quiet: [mx_changed]}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.quiet[0]: is mx_changed, which is expected in findings; keep one of them",
    ),
    "page-of-none": (
        scenario("- {at: 1m, expect: {page: true, pages_at_most: 0}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.pages_at_most: is 0, and a page is expected; write 1 or more",
    ),
    "unknown-incident-state": (
        scenario("- {at: 1m, expect: {incident: closed}}\n"),
        f"s.yaml:{LAST + 1}: steps[0].expect.incident: is the text 'closed'; write none, open, recovering or resolved",
    ),
    # the world at the start
    "unknown-fault": (
        scenario("- {at: 1m}\n", ("udp_loss", "udp_los")),
        "s.yaml:13: world.faults.udp_los: is not a known key; did you mean udp_loss?",
    ),
    "network-without-country": (
        scenario("- {at: 1m}\n", (", country: US", "")),
        's.yaml:12: world.networks["198.51.100.0/24"].country: is missing; give where it is',
    ),
    "bad-network": (
        scenario("- {at: 1m}\n", ("198.51.100.0/24", "198.51.100.0/33")),
        "s.yaml:12: world.networks[\"198.51.100.0/33\"]: is '198.51.100.0/33', not a network; "
        "write it like 198.51.100.0/24",
    ),
    "bad-record": (
        scenario("- {at: 1m}\n", ("www IN A 198.51.100.1\n", "www IN A 198.51.100.999\n")),
        f"s.yaml:18: {VICTIM}.zones.genuine.records: cannot be parsed: in or before its line 5: "
        "Text input is malformed; "
        "write master-file text (RFC 1035 section 5.1)",
    ),
    "record-outside": (
        scenario("- {at: 1m}\n", ("www IN A 198", "www.example.net. IN A 198")),
        f"s.yaml:18: {VICTIM}.zones.genuine.records: holds www.example.net., outside victim.example; "
        "write master-file text (RFC 1035 section 5.1)",
    ),
    "include": (
        scenario("- {at: 1m}\n", ("$TTL 300", "$INCLUDE /etc/passwd")),
        f"s.yaml:18: {VICTIM}.zones.genuine.records: uses $INCLUDE, which a scenario may not; "
        "write master-file text (RFC 1035 section 5.1)",
    ),
    "generate": (
        scenario("- {at: 1m}\n", ("$TTL 300", "$GENERATE 1-99999999 a$ A 1.2.3.4")),
        f"s.yaml:18: {VICTIM}.zones.genuine.records: uses $GENERATE, which a scenario may not; "
        "write master-file text (RFC 1035 section 5.1)",
    ),
    "cname-beside-data": (
        scenario(
            "- {at: 1m}\n", ("www IN A 198.51.100.1\n", "www IN A 198.51.100.1\n            www IN CNAME a.example.\n")
        ),
        f"s.yaml:18: {VICTIM}.zones.genuine.records: cannot be parsed: CNAME rdataset is not compatible "
        "with a regular data node; write master-file text (RFC 1035 section 5.1)",
    ),
    "unknown-zone": (
        scenario("- {at: 1m}\n", ("ns2.host.example: genuine", "ns2.host.example: genuin")),
        f"s.yaml:25: {VICTIM}.nameservers[\"ns2.host.example\"]: is 'genuin', which is no version of the zone; "
        "did you mean genuine?",
    ),
    "bogus-name-server": (
        scenario("- {at: 1m}\n", ("ns2.host.example: genuine", "ns2.host.example: bogus")),
        f"s.yaml:25: {VICTIM}.nameservers[\"ns2.host.example\"]: is 'bogus', which is no version of the zone; "
        "write genuine, other, refused, servfail or timeout",
    ),
    "reserved-zone-name": (
        scenario("- {at: 1m}\n", ("other: {records", "timeout: {records")),
        f"s.yaml:23: {VICTIM}.zones.timeout: is named timeout, which says what a server does; "
        "give the version another name",
    ),
    "region-without-probe": (
        scenario("- {at: 1m}\n", ("us-east-1: {1.1.1.1", "us-west-2: {1.1.1.1")),
        f's.yaml:27: {VICTIM}.resolvers["us-west-2"]: is us-west-2, where nothing probes; '
        "write ap-northeast-1 or eu-west-1 or us-east-1",
    ),
    "resolver-by-name": (
        scenario("- {at: 1m}\n", ("{1.1.1.1: genuine}", "{dns.google: genuine}")),
        f's.yaml:27: {VICTIM}.resolvers["us-east-1"]["dns.google"]: is \'dns.google\', not an IP address; '
        "write it like 192.0.2.1 or 2001:db8::1",
    ),
    "hub-down-no-hub": (
        scenario("- {at: 1m}\n", ("udp_loss: 0", "hub_down: us-east-1")),
        "s.yaml:13: world.faults.hub_down: is us-east-1, which is no hub; write ap-northeast-1 or eu-west-1",
    ),
    "too-many-lagging": (
        scenario("- {at: 1m}\n", ("registry: {", "registry: {lagging_servers: 5, ")),
        f"s.yaml:24: {VICTIM}.registry.lagging_servers: is the number 5; write a number of at most 4",
    ),
    "bad-registry-ns": (
        scenario("- {at: 1m}\n", ("ns: [NS1.Host.Example., ", "ns: [NS1..Example., ")),
        f"s.yaml:24: {VICTIM}.registry.ns[0]: is no domain name: 'NS1..Example.' has an empty label; write it like "
        "'example.com', with one dot between labels; "
        "write letters, digits and hyphens in labels, as in www.example.com",
    ),
    "bad-glue": (
        scenario("- {at: 1m}\n", ("[192.0.2.1]", "192.0.2.1")),
        f"s.yaml:24: {VICTIM}.registry.glue[\"ns1.host.example\"]: is the text '192.0.2.1', not a list; "
        "write it as a list, '[a, b]' or one '- a' a line",
    ),
    "host-twice": (
        scenario("- {at: 1m}\n", ("nameservers: {", "nameservers: {NS2.host.example.: other, ")),
        f's.yaml:25: {VICTIM}.nameservers["ns2.host.example"]: is ns2.host.example again; keep one of them',
    ),
    "rdap-spelling": (
        scenario("- {at: 1m}\n", ("status: [ok]", "status: [serverHolds]")),
        f"s.yaml:28: {VICTIM}.registration.status[0]: is the text 'serverHolds'; did you mean serverHold?",
    ),
    "not-registrable": (
        scenario("- {at: 1m}\n", ("  faults:", "  free_domains: [www.host.example]\n  faults:")),
        "s.yaml:13: world.free_domains[0]: is www.host.example, which is not what is registered; write host.example",
    ),
    "zone-as-text": (
        scenario("- {at: 1m}\n", ('other: {records: "@ 60 IN A 198.51.100.2"}', "other: x")),
        f"s.yaml:23: {VICTIM}.zones.other: is the text 'x', not a mapping; write its keys below it, 'key: value'",
    ),
    # the watchlist within
    "watchlist-fault": (
        scenario("- {at: 1m}\n", ("ns: [ns1.host.example, ns2.host.example]", "ns: []")),
        's.yaml:9: watchlist.domains["victim.example"].delegation.ns: is an empty list; '
        "list the name servers that the registry must hold",
    ),
    "watchlist-empty-section": (
        scenario("- {at: 1m}\n", ("victim.example: {delegation", "victim.example: {web: , delegation")),
        's.yaml:9: watchlist.domains["victim.example"].web: is empty; give it a value or leave the key out',
    ),
    # steps
    "unknown-key-in-set": (
        stepped("{fautls: {}}"),
        f"s.yaml:{LAST + 2}: steps[0].set.fautls: is not a known key; did you mean faults?",
    ),
    "misspelt-watchlist-in-set": (
        stepped("{watchlst: {domains: {}}}"),
        f"s.yaml:{LAST + 2}: steps[0].set.watchlst: is not a known key; did you mean watchlist?",
    ),
    "unknown-key-removed": (
        stepped("{domains: {victim.example: {registry: {glu: null}}}}"),
        f"{STEP}.registry.glu: is not a known key; did you mean glue?",
    ),
    "unknown-zone-in-set": (
        stepped("{domains: {victim.example: {nameservers: {NS1.host.example: forged}}}}"),
        f"{STEP}.nameservers[\"NS1.host.example\"]: is 'forged', which is no version of the zone; "
        "write genuine, other, refused, servfail or timeout",
    ),
    "wrong-type-in-set": (
        stepped("{domains: {victim.example: {registry: {ns: ns1.host.example}}}}"),
        f"{STEP}.registry.ns: is the text 'ns1.host.example', not a list; "
        "write it as a list, '[a, b]' or one '- a' a line",
    ),
    "scalar-for-a-mapping": (
        stepped("{domains: 5}"),
        f"s.yaml:{LAST + 2}: steps[0].set.domains: is the number 5, not a mapping; "
        "write its keys below it, 'key: value'",
    ),
    "zone-removed-under-a-server": (
        stepped(
            "{domains: {victim.example: {zones: {genuine: null}, nameservers: {ns1.host.example: other, "
            "ns2.host.example: null}}}}"
        ),
        f's.yaml:{LAST + 2}: steps[0].set: leaves {VICTIM}.resolvers["us-east-1"]["1.1.1.1"] wrong, '
        "which is 'genuine', which is no version of the zone; write other, servfail, timeout or bogus",
    ),
    "plan-with-one-approver": (
        stepped(
            "{watchlist: {domains: {victim.example: {planned_changes: [{id: C, from: 2026-12-01T00:00:00Z, "
            "until: 2026-12-02T00:00:00Z, by: [alice], delegation: {ns: [a.example]}}]}}}}"
        ),
        f's.yaml:{LAST + 2}: steps[0].set.watchlist.domains["victim.example"].planned_changes[0].by: '
        "names fewer than two different people; let one propose and another approve: [alice, bob]",
    ),
    "delegation-removed-from-watchlist": (
        stepped("{watchlist: {domains: {victim.example: {delegation: null}}}}"),
        f's.yaml:{LAST + 2}: steps[0].set.watchlist.domains["victim.example"].delegation: is missing; '
        "give what the parent zone must say about the domain, the name servers at least: {ns: [ns1.example.net, …]}",
    ),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES.keys())
def test_read_scenario_gives_this_message_alone_when_one_thing_is_wrong(text, message):
    assert problems(text) == [message]


def test_read_scenario_tells_a_fault_once_when_it_stands_through_every_step():
    text = scenario("- {at: 1m}\n- {at: 2m, set: {faults: {udp_loss: 1}}}\n", ("country: US", "country: usa"))
    assert problems(text) == [
        "s.yaml:12: world.networks[\"198.51.100.0/24\"].country: is 'usa', not a country code; "
        "write two capital letters (ISO 3166), like JP"
    ]


def test_read_scenario_tells_every_problem_when_each_part_has_one():
    text = scenario(
        "- {at: 30, expect: {quiet: [x]}, set: {faults: {ipv6: broken}}}\n",
        ("name: a-case", "nam: a-case"),
        ("ns: [ns1.host.example, ns2.host.example]", "ns: []"),
        ("udp_loss: 0", "udp_loss: many"),
    )
    assert [message.split(": ")[1] for message in problems(text)] == [
        "name",
        "nam",
        'watchlist.domains["victim.example"].delegation.ns',
        "world.faults.udp_loss",
        "steps[0].at",
        "steps[0].expect.quiet[0]",
        "steps[0].set.faults.ipv6",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "scenario: 1\nworld: 5\nsteps: x\nwatchlist: [a]\n", "world: is the number 5, not a mapping", id="types"
        ),
        pytest.param("a: 1\n", "watchlist: is missing", id="nothing-of-it"),
    ],
)
def test_read_scenario_refuses_without_stumbling_when_hardly_anything_is_there(text, message):
    assert any(message in problem for problem in problems(text))
    assert not any("watchlist." in problem for problem in problems(text))


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.stem)
def test_load_scenario_loads_every_case_of_the_product(path):
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.steps
    for watchlist in (scenario.watchlist, *(step.watchlist for step in scenario.steps)):
        read_watchlist(watchlist)


def test_read_scenario_gives_the_state_after_each_step_when_steps_build_on_one_another():
    found = read_scenario(
        parse(
            scenario(
                "- at: 10m\n  note: first\n  set:\n    domains:\n      VICTIM.example.:\n"
                "        nameservers: {NS1.HOST.example.: refused, ns3.host.example: other}\n"
                "        registry: {ns: [ns3.host.example]}\n"
                "- at: 20m\n  set: {domains: {victim.example: {nameservers: {ns3.host.example: null}}}, "
                "watchlist: {domains: {victim.example: {severity: {mx_changed: log}}}}}\n"
                "  expect: {page: true, findings: [mx_changed]}\n"
                "- at: 30m\n"
            ),
            "s.yaml",
        )
    )
    assert found.start == datetime(2026, 12, 1, tzinfo=UTC)
    assert (found.regions, found.hubs) == (("ap-northeast-1", "us-east-1"), ("ap-northeast-1", "eu-west-1"))
    before, first, second, third = (
        world["domains"]["victim.example"] for world in (found.world, *(step.world for step in found.steps))
    )
    assert before["nameservers"] == {"ns1.host.example": "genuine", "ns2.host.example": "genuine"}
    assert before["registry"] == {
        "ns": ["NS1.Host.Example.", "ns2.host.example"],
        "glue": {"ns1.host.example": ["192.0.2.1"]},
    }
    assert first["nameservers"] == {
        "ns1.host.example": "refused",
        "ns2.host.example": "genuine",
        "ns3.host.example": "other",
    }
    assert first["registry"]["ns"] == ["ns3.host.example"]
    assert second["nameservers"] == {"ns1.host.example": "refused", "ns2.host.example": "genuine"}
    assert third == second
    assert [step.watchlist_changed for step in found.steps] == [False, True, False]
    assert found.steps[0].watchlist == found.watchlist
    assert found.steps[2].watchlist["domains"]["victim.example"]["severity"] == {"mx_changed": "log"}
    assert found.steps[1].moment == datetime(2026, 12, 1, 0, 20, tzinfo=UTC)
    assert (found.steps[0].note, found.steps[1].expect.page, found.steps[2].expect.page) == ("first", True, None)
    assert found.steps[1].expect.findings == ["mx_changed"]


GOOD = {
    "every-key-of-the-format": stepped(
        "{networks: {192.0.2.0/24: {asn: 1, country: JP, aws: ROUTE53}}, registered_domains: "
        "{a.example: '2020-01-01T00:00:00Z'}, free_domains: [b.example], faults: {silent_regions: [us-east-1], "
        "hub_down: eu-west-1, ipv6: unreachable, udp_loss: 2}, domains: {victim.example: {zones: {genuine: "
        "{signed_with: k}}, registry: {ns_ttl: 60, ds: [k], rcode: NXDOMAIN, lagging_servers: 2}, nameservers_from: "
        "{us-east-1: {'*': timeout, ns1.host.example: other}}, addresses: {ns1.host.example: ['2001:db8::1']}, "
        "resolvers: {ap-northeast-1: {8.8.8.8: bogus}}, registration: {http_status: 403, registrar: null}, web: "
        "{us-east-1: {status: 200, latency_ms: 1.5, certificate: {issuer: X, fingerprint: 12e45, trusted: false}}}, "
        "certificates: [{issuer: X, names: ['*.victim.example']}]}}}"
    ),
    "empty-registry-ns": stepped("{domains: {victim.example: {registry: {ns: []}}}}"),
    "null-name-server-at-the-start": scenario("- {at: 1m}\n", ("ns2.host.example: genuine", "ns2.host.example: null")),
    "null-set": scenario("- {at: 1m, set: }\n"),
    "minute-0": scenario("- {at: 0m}\n"),
    "removed-twice": scenario(
        "- {at: 1m, set: {faults: null}}\n- {at: 2m, set: {faults: null, domains: {victim.example: {web: null}}}}\n"
    ),
    "world-of-nothing": "scenario: 1\nname: n\nstart: 2026-12-01T00:00:00Z\nregions: [a]\nhubs: [b, c]\nworld: {}\n"
    "watchlist: {version: 1, domains: {a.example: {delegation: {ns: [b.example]}}}}\nsteps: [{at: 1m}]\n",
    "sources-as-one-text": scenario("- {at: 1m}\nsources: a talk\n"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_read_scenario_accepts_a_file_when_nothing_is_wrong(text):
    assert problems(text) == []


STATE = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
STATES = st.dictionaries(st.sampled_from("abcd"), STATE, max_size=4)


@given(STATES)
def test_deep_merge_changes_nothing_when_the_patch_is_empty_or_the_state_itself(state):
    assert deep_merge(state, {}) == state
    assert deep_merge(state, state) == state


@given(STATES, STATES)
def test_deep_merge_is_idempotent_and_leaves_its_arguments_alone(state, patch):
    before = repr((state, patch))
    once = deep_merge(state, patch)
    assert deep_merge(once, patch) == once
    assert repr((state, patch)) == before


@given(STATES, STATES)
def test_deep_merge_removes_all_when_every_key_is_null(state, patch):
    merged = deep_merge(state, patch)
    assert deep_merge(merged, dict.fromkeys(merged)) == {}


@pytest.mark.parametrize(
    ("state", "patch", "result"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="mappings-merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="a-list-replaces"),
        pytest.param({"a": {"b": 1}}, {"a": 5}, {"a": 5}, id="a-scalar-replaces-a-mapping"),
        pytest.param({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="a-mapping-replaces-a-scalar"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": None}}, {"a": {}}, id="null-removes"),
        pytest.param({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}, id="null-of-nothing"),
        pytest.param({"a": 0}, {"a": False}, {"a": False}, id="falsy-replaces"),
    ],
)
def test_deep_merge_follows_the_format_when_keys_meet(state, patch, result):
    assert deep_merge(state, patch) == result


JUNK: list[object] = [
    None,
    5,
    -1,
    1.5,
    True,
    "",
    "x",
    "a..b",
    "@",
    "*",
    [],
    [None],
    ["x", 5],
    {},
    {"x": None},
    {"": {}},
    {"x": [1]},
    "9" * 400,
]


def places(node, path=()):
    yield path
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(inner, (*path, key))


def replaced(node, path, junk):
    if not path:
        return junk
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(node[path[0]], path[1:], junk)
    return copy


CASES_DATA = [load(path).data for path in INCIDENTS if path.stem in {"coincheck-2020", "b06-planned-ns-migration"}]


@given(st.data())
def test_read_scenario_loads_or_gives_reasons_when_any_value_is_replaced_by_anything(data):
    case = data.draw(st.sampled_from(CASES_DATA))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in places(case) if path]))
        case = replaced(case, path, data.draw(st.sampled_from(JUNK)))
    try:
        read_scenario(in_memory(case, "s.yaml"))
    except InvalidDocument as error:
        assert error.problems  # noqa: PT017 - either way out is right
        assert len(set(map(str, error.problems))) == len(error.problems)  # noqa: PT017
