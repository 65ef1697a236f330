"""The template against what the code and the operators rely on."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from nswatch import wiring
from nswatch.collect.asking import SOURCE_SECONDS
from nswatch.collect.turns import ROUND
from nswatch.collector import TOO_LATE
from nswatch.record import keys as keys_of_table
from nswatch.record import table
from nswatch.trail import GAP, LATE

REPOSITORY = Path(__file__).parents[2]


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (``!Ref x``) as their long ones (``{"Ref": "x"}``)."""


def _long_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {key: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _long_form)

TEMPLATE: dict[str, Any] = yaml.load((REPOSITORY / "template.yaml").read_text(), Loader)
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"]
EVERY_MINUTE = [name for name in FUNCTIONS if "EveryMinute" in RESOURCES[name]["Properties"]["Events"]]
"""Those that watch."""


def statements(role: str) -> dict[str, dict[str, Any]]:
    (policy,) = RESOURCES[role]["Properties"]["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_parameter_is_constrained_and_described(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert parameter["Description"]
    assert {"AllowedPattern", "AllowedValues", "MaxValue"} & parameter.keys()
    assert "AllowedPattern" not in parameter or parameter["ConstraintDescription"]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PrimaryHub", "ap-northeast-1", True),
        ("PrimaryHub", "us-gov-west-1", True),
        ("PrimaryHub", "Tokyo", False),
        ("PrimaryHub", "ap-northeast-1a", False),
        ("Name", "nswatch", True),
        ("Name", "nswatch-2", True),
        ("Name", "2nswatch", False),
        ("Name", "NSWatch", False),
        ("Name", "nswatch-", False),
        ("Name", "a" * 32, False),
    ],
)
def test_parameter_pattern_tells_good_values_from_bad(name: str, value: str, allowed: bool) -> None:
    assert bool(re.search(TEMPLATE["Parameters"][name]["AllowedPattern"], value)) is allowed


def test_table_is_the_one_that_tests_and_replay_use() -> None:
    deployed = dict(RESOURCES["Table"]["Properties"])
    stream = table.DEFINITION["StreamSpecification"]["StreamViewType"]
    assert deployed["StreamSpecification"]["StreamViewType"] == stream
    for key in table.DEFINITION.keys() - {"StreamSpecification"}:
        assert deployed[key] == table.DEFINITION[key], key


def test_table_outlives_its_stack() -> None:
    assert RESOURCES["Table"]["DeletionPolicy"] == "Retain"
    assert RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(("role", "family"), [("ProbeRole", "probe"), ("CollectorRole", "collect")])
def test_function_may_write_only_its_own_partitions_when_it_observes(role: str, family: str) -> None:
    allowed = statements(role)
    writing = [
        statement
        for statement in allowed.values()
        if any(
            re.search(r"dynamodb:(Put|Update|Delete|BatchWrite|\*)", action) for action in _list(statement["Action"])
        )
    ]
    (statement,) = writing
    assert statement["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [
                {"Fn::Sub": f"{family}#${{AWS::Region}}"},
                {"Fn::Sub": f"{family}#${{AWS::Region}}#*"},
            ]
        }
    }


WITHOUT_RESOURCE = {
    "dynamodb:ListStreams",
    "route53:GetHostedZoneCount",
    "route53domains:GetDomainDetail",
    "route53domains:ListOperations",
}


@pytest.mark.parametrize("role", ["ProbeRole", "ComparatorRole", "CollectorRole", "TrailRole"])
def test_role_has_no_wildcard_but_where_an_action_knows_no_resource(role: str) -> None:
    for sid, statement in statements(role).items():
        assert not any("*" in action for action in _list(statement["Action"])), sid
        assert "*" not in _list(statement["Resource"]) or set(_list(statement["Action"])) <= WITHOUT_RESOURCE, sid


def test_comparator_may_write_no_observations_and_the_watchlist_only_in_its_own_hub() -> None:
    writing = {
        sid: statement
        for sid, statement in statements("ComparatorRole").items()
        if any(re.search(r"dynamodb:(Put|Update|Delete|BatchWrite)", action) for action in _list(statement["Action"]))
    }
    keys = {
        sid: statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for sid, statement in writing.items()
    }
    assert keys == {
        "RecordInBothHubs": ["group#*", "common#*", "followed", "hub"],
        "PutItIntoForceHere": ["watchlist", "watchlist#*", "group#*"],
    }
    assert writing["PutItIntoForceHere"]["Resource"] == {"Fn::GetAtt": "Table.Arn"}


@pytest.mark.parametrize(
    ("role", "sid", "resources"),
    [
        pytest.param("ComparatorRole", "SeeWhoIsTold", [{"Ref": "PageTopic"}, {"Ref": "NoticeTopic"}], id="topics"),
        pytest.param("ComparatorRole", "CountFailures", {"Fn::GetAtt": "ComparatorDeadLetters.Arn"}, id="comparator"),
        pytest.param("ProbeRole", "CountFailures", {"Fn::GetAtt": "ProbeDeadLetters.Arn"}, id="probe"),
        pytest.param("CollectorRole", "CountFailures", {"Fn::GetAtt": "CollectorDeadLetters.Arn"}, id="collector"),
        pytest.param("TrailRole", "CountFailures", {"Fn::GetAtt": "TrailDeadLetters.Arn"}, id="trail"),
    ],
)
def test_role_may_ask_only_its_own_topics_and_dead_letters(role: str, sid: str, resources: Any) -> None:
    statement = statements(role)[sid]
    assert statement["Resource"] == resources
    assert all(re.match(r"(sns|sqs):(Get|List)", action) for action in _list(statement["Action"]))


@pytest.mark.parametrize("family", ["probe#", "collect#"])
def test_stream_brings_the_views_of_probes_and_collectors(family: str) -> None:
    observed = RESOURCES["ComparatorFunction"]["Properties"]["Events"]["Observed"]["Properties"]
    patterns = [json.loads(each["Pattern"]) for each in observed["FilterCriteria"]["Filters"]]
    keys = [pattern["dynamodb"]["Keys"] for pattern in patterns]
    assert {"pk": {"S": [{"prefix": family}]}, "sk": {"S": [{"prefix": "latest#"}]}} in keys


@pytest.mark.parametrize(
    ("url", "allowed"),
    [("", True), ("https://ping.example/x", True), ("http://ping.example", True), ("file:///x", False), ("x", False)],
)
def test_dead_man_url_is_http_or_nothing(url: str, allowed: bool) -> None:
    assert bool(re.search(TEMPLATE["Parameters"]["DeadManUrl"]["AllowedPattern"], url)) is allowed


@pytest.mark.parametrize("name", EVERY_MINUTE)
def test_function_is_not_repeated_when_a_scheduled_start_failed(name: str) -> None:
    schedule = RESOURCES[name]["Properties"]["Events"]["EveryMinute"]["Properties"]
    assert schedule["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert TEMPLATE["Globals"]["Function"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert json.loads(schedule["Input"]) == {"source": "schedule"}


def test_probe_has_time_to_record_when_asking_took_all_of_its_own() -> None:
    assert wiring.SHARD_SECONDS + 10 <= RESOURCES["ProbeFunction"]["Properties"]["Timeout"] < 60


def test_turn_of_a_collector_ends_before_its_shard_is_due_again() -> None:
    timeout = RESOURCES["CollectorFunction"]["Properties"]["Timeout"]
    assert timeout >= SOURCE_SECONDS + 60
    assert TOO_LATE + timedelta(seconds=timeout) < ROUND


@pytest.mark.parametrize(("name", "function"), [("ShardQueue", "Probe"), ("CollectorQueue", "Collector")])
def test_queue_gives_a_shard_no_second_try_within_its_turn(name: str, function: str) -> None:
    queue = RESOURCES[name]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * RESOURCES[f"{function}Function"]["Properties"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 1


@pytest.mark.parametrize(
    "name",
    [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"],
)
def test_alarm_is_told_in_the_notice_topic(name: str) -> None:
    alarm = RESOURCES[name]["Properties"]
    assert alarm["AlarmActions"] == [{"Ref": "NoticeTopic"}]
    assert alarm["TreatMissingData"] == ("breaching" if "Heartbeat" in name else "notBreaching")


@pytest.mark.parametrize("function", EVERY_MINUTE)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_function_has_an_alarm_for_what_it_cannot_tell_itself(function: str, metric: str) -> None:
    watched = [{"Name": "FunctionName", "Value": {"Ref": function}}]
    alarms = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert any(alarm["MetricName"] == metric and alarm["Dimensions"] == watched for alarm in alarms)


def test_dashboard_is_json_and_shows_every_alarm() -> None:
    body = json.loads(
        re.sub(r"\$\{[A-Za-z.:]+\}", "x", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    )
    places = [(each["x"], each["y"]) for each in body["widgets"]]
    assert len(set(places)) == len(places)
    shown = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    alarms = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert [name for name in alarms if f"${{{name}.Arn}}" not in shown] == []


def test_roles_allow_every_call_that_the_record_makes() -> None:
    code = (REPOSITORY / "layers/nswatch/nswatch/record/dynamodb.py").read_text()
    made = {"".join(word.title() for word in call.split("_")) for call in re.findall(r"\._client\.([a-z_]+)\(", code)}
    # A transaction is authorised as the single writes in it, among them a deletion.
    wanted = made - {"TransactWriteItems"} | {"DeleteItem"}
    roles = [*statements("ProbeRole").values(), *statements("ComparatorRole").values()]
    allowed = {action for statement in roles for action in _list(statement["Action"])}
    assert {f"dynamodb:{call}" for call in wanted} <= allowed


def test_trail_is_only_in_us_east_1_and_may_write_only_what_cloudtrail_told() -> None:
    assert TEMPLATE["Conditions"]["HearsCloudTrail"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    assert all(each["Condition"] == "HearsCloudTrail" for name, each in RESOURCES.items() if name.startswith("Trail"))
    keys = {
        sid: statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for sid, statement in statements("TrailRole").items()
        if any(action.startswith("dynamodb:") for action in _list(statement["Action"]))
    }
    assert keys == {"KeepCallsInBothHubs": [keys_of_table.TRAIL, keys_of_table.trail_pk("*")]}


def test_trail_rule_takes_every_changing_call_when_its_name_is_not_known() -> None:
    rule = RESOURCES["TrailChanges"]["Properties"]
    assert rule["EventPattern"]["source"] == ["aws.route53", "aws.route53domains"]
    assert rule["EventPattern"]["detail"].keys() == {"eventSource"}


def test_trail_hears_its_own_calls_when_they_only_read() -> None:
    rule = RESOURCES["TrailOwnCalls"]["Properties"]
    called = {action.partition(":")[2] for action in statements("TrailRole")["MakeItselfHeard"]["Action"]}
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    names = rule["EventPattern"]["detail"]["eventName"]
    assert {name[:1].upper() + name[1:] for name in names} == called
    assert "listOperations" in names, "CloudTrail writes operations of Route 53 Domains with a small letter"


def test_trail_is_heard_twice_at_least_before_it_counts_as_silent() -> None:
    schedule = RESOURCES["TrailFunction"]["Properties"]["Events"]["EveryTenMinutes"]["Properties"]
    every = timedelta(minutes=int(re.findall(r"\d+", schedule["ScheduleExpression"])[0]))
    assert 2 * every + LATE <= GAP


def test_queue_that_nobody_takes_from_any_more_rings() -> None:
    events = [event for name in FUNCTIONS for event in RESOURCES[name]["Properties"]["Events"].values()]
    polled = {event["Properties"]["Queue"]["Fn::GetAtt"].split(".")[0] for event in events if event["Type"] == "SQS"}
    alarms = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    # One that is emptied more slowly than it fills, or in which a minute's work is missing.
    telling = [
        each for each in alarms if each["MetricName"] in ("ApproximateAgeOfOldestMessage", "NumberOfMessagesDeleted")
    ]
    assert polled == {each["Dimensions"][0]["Value"]["Fn::GetAtt"].split(".")[0] for each in telling}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_knows_the_queue_of_what_it_gave_up_so_that_the_hubs_hear_of_it(name: str) -> None:
    function = RESOURCES[name]["Properties"]
    defaults = TEMPLATE["Globals"]["Function"]["EventInvokeConfig"]
    failures = {**defaults, **function["EventInvokeConfig"]}["DestinationConfig"]["OnFailure"]["Destination"]
    told = function["Environment"]["Variables"]["NSWATCH_DEAD_LETTERS_URL"]
    assert failures == {"Fn::GetAtt": f"{told['Ref']}.Arn"}
    assert RESOURCES[told["Ref"]]["Type"] == "AWS::SQS::Queue"


def test_functions_are_given_every_variable_that_the_code_reads() -> None:
    code = "".join(path.read_text() for path in (REPOSITORY / "layers/nswatch/nswatch").glob("wiring*.py"))
    read = set(re.findall(r"NSWATCH_[A-Z_0-9]+", code))
    given = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for name in FUNCTIONS:
        given |= RESOURCES[name]["Properties"]["Environment"]["Variables"].keys()
    assert read == {name for name in given if name.startswith("NSWATCH_")}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
