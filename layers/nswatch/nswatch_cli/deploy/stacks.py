"""One region's stack in CloudFormation: what state it is in, why it failed, removing it, and adopting a kept table."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from nswatch.errors import NswatchError

_EVERY = 2.0
"""Seconds between two looks at a stack that changes."""
_PATIENCE = 3600.0
_CALLS = BotoConfig(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
_NOT_THE_CAUSE = "Resource creation cancelled"
_MAX_EVENT_PAGES = 5


class RegionUnavailable(NswatchError):
    """CloudFormation of a region takes no call, or refuses it."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is. ``status`` is CloudFormation's, empty when there is none."""

    name: str
    region: str
    id: str = ""
    status: str = ""
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether anything has been made: a stack that only a change set was prepared for is none yet."""
        return self.status not in {"", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}

    @property
    def never_completed(self) -> bool:
        """Whether its first creation failed: nothing can be done with it but to delete it."""
        return self.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}

    def obstacle(self) -> str:
        """Return why it cannot be deployed to and what to do, or nothing."""
        if self.status == "REVIEW_IN_PROGRESS":
            return ""
        if self.status.endswith("_IN_PROGRESS"):
            return f"is being changed by somebody ({self.status}): wait until that is done, and repeat this"
        where = f"--stack-name {self.name} --region {self.region}"
        if self.status == "DELETE_FAILED":
            why = f": {self.reason}" if self.reason else ""
            return f"could not be deleted (DELETE_FAILED{why}): aws cloudformation delete-stack {where}"
        if self.status == "UPDATE_ROLLBACK_FAILED":
            return f"could not be rolled back ({self.status}): aws cloudformation continue-update-rollback {where}"
        return ""


@contextmanager
def _said_by(region: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:
        raise RegionUnavailable(f"{region}: {error}") from error


class Region:
    """CloudFormation and DynamoDB of one region. Every method raises RegionUnavailable."""

    def __init__(self, region: str) -> None:
        self.region = region
        with _said_by(region):
            self._cloudformation: Any = boto3.client("cloudformation", region_name=region, config=_CALLS)
            self._dynamodb: Any = boto3.client("dynamodb", region_name=region, config=_CALLS)

    def stack(self, name: str) -> Stack:
        """Return a stack by name or id."""
        with _said_by(self.region):
            try:
                row = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if _is_absent(error):
                    return Stack(name, self.region)
                raise
        return Stack(
            name=row["StackName"],
            region=self.region,
            id=row["StackId"],
            status=row["StackStatus"],
            reason=row.get("StackStatusReason", ""),
            parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in row.get("Parameters", [])},
        )

    def last_event(self, stack: str) -> str:
        """Return what CloudFormation did last, for people; nothing where there is no such stack."""
        with _said_by(self.region):
            try:
                events = self._cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            except ClientError as error:
                if _is_absent(error):
                    return ""
                raise
        return f"{events[0]['LogicalResourceId']} {events[0]['ResourceStatus']}" if events else ""

    def first_failure(self, stack: str, since: datetime) -> str:
        """Return which resource failed first since a moment, and why; nothing where no event says."""
        failures = []
        with _said_by(self.region):
            pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
            try:
                for count, page in enumerate(pages, 1):
                    events = [event for event in page["StackEvents"] if event["Timestamp"] >= since]
                    failures += [event for event in events if _is_cause(event)]
                    if len(events) < len(page["StackEvents"]) or count == _MAX_EVENT_PAGES:
                        break
            except ClientError as error:
                if not _is_absent(error):
                    raise
        if not failures:
            return ""
        first = failures[-1]  # events come newest first
        return (
            f"{first['LogicalResourceId']} ({first.get('ResourceType', '')}): {first.get('ResourceStatusReason', '')}"
        )

    def delete(self, stack: Stack, tick: Callable[[], None] | None = None) -> Stack:
        """Delete a stack and return it as it is then: with status DELETE_COMPLETE, or what stopped it."""
        with _said_by(self.region):
            self._cloudformation.delete_stack(StackName=stack.id or stack.name)
        return self._settled(stack, tick)

    def _settled(self, stack: Stack, tick: Callable[[], None] | None = None) -> Stack:
        until = time.monotonic() + _PATIENCE
        while True:
            now = self.stack(stack.id or stack.name)
            if not now.status:
                return Stack(stack.name, self.region, stack.id, "DELETE_COMPLETE")
            if not now.status.endswith("_IN_PROGRESS") or time.monotonic() > until:
                return now
            if tick is not None:
                tick()
            time.sleep(_EVERY)

    def table(self, name: str) -> Mapping[str, Any] | None:
        """Return DynamoDB's description of a table, None where there is none."""
        with _said_by(self.region):
            try:
                found: Mapping[str, Any] = self._dynamodb.describe_table(TableName=name)["Table"]
            except self._dynamodb.exceptions.ResourceNotFoundException:
                return None
        return found

    def delete_table(self, name: str) -> None:
        """Delete a table and all that is in it."""
        with _said_by(self.region):
            self._dynamodb.delete_table(TableName=name)

    def adopt_table(self, stack: str, template: str, table: str) -> Stack:
        """Make a stack of nothing but a table that is there already; SAM adds the rest to it afterwards.

        ``template`` is JSON with the resource ``Table`` alone. CloudFormation imports a resource only by a change set
        of its own, which SAM cannot make.
        """
        wanted = {
            "ResourceType": "AWS::DynamoDB::Table",
            "LogicalResourceId": "Table",
            "ResourceIdentifier": {"TableName": table},
        }
        with _said_by(self.region):
            made = self._cloudformation.create_change_set(
                StackName=stack,
                ChangeSetName="nswatch-adopt-table",
                ChangeSetType="IMPORT",
                TemplateBody=template,
                ResourcesToImport=[wanted],
            )
            problem = self._prepared(made["Id"])
            if problem:
                self._cloudformation.delete_change_set(ChangeSetName=made["Id"])
                self.drop_unborn(stack)
                return Stack(stack, self.region, made["StackId"], "IMPORT_FAILED", problem)
            self._cloudformation.execute_change_set(ChangeSetName=made["Id"])
        return self._settled(Stack(stack, self.region, made["StackId"]))

    def _prepared(self, change_set: str) -> str:
        """Wait until a change set is ready; return why it cannot be, or nothing."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            found = self._cloudformation.describe_change_set(ChangeSetName=change_set)
            if found["Status"] == "CREATE_COMPLETE":
                return ""
            if found["Status"] == "FAILED":
                return str(found.get("StatusReason", "no reason was given"))
            time.sleep(_EVERY)
        return "it was not ready within an hour"

    def changes(self, change_set: str) -> list[str]:
        """Return what a change set would change, a line each, and delete it."""
        lines = []
        with _said_by(self.region):
            token: dict[str, str] = {}
            while True:
                found = self._cloudformation.describe_change_set(ChangeSetName=change_set, **token)
                lines += [_change(each["ResourceChange"]) for each in found["Changes"] if "ResourceChange" in each]
                if "NextToken" not in found:
                    break
                token = {"NextToken": found["NextToken"]}
            self._cloudformation.delete_change_set(ChangeSetName=change_set)
        return lines

    def drop_unborn(self, name: str) -> None:
        """Delete a stack that only a change set was prepared for."""
        stack = self.stack(name)
        if stack.status == "REVIEW_IN_PROGRESS":
            with _said_by(self.region):
                self._cloudformation.delete_stack(StackName=stack.id)


def _is_absent(error: ClientError) -> bool:
    told = error.response["Error"]
    # The code is that of every bad parameter: only the text tells.
    return told["Code"] == "ValidationError" and "does not exist" in told["Message"]


def _is_cause(event: Mapping[str, Any]) -> bool:
    reason = event.get("ResourceStatusReason", "")
    return event["ResourceStatus"].endswith("_FAILED") and not reason.startswith(_NOT_THE_CAUSE)


def _change(change: Mapping[str, Any]) -> str:
    sign = {"Add": "+", "Remove": "-", "Modify": "~"}.get(change["Action"], "?")
    anew = " (made anew)" if change.get("Replacement") == "True" else ""
    return f"{sign} {change['LogicalResourceId']} ({change['ResourceType']}){anew}"
