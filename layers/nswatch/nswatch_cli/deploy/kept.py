"""A table that an earlier installation left: whether this template's is the same, and the template that adopts it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import TaggedScalar

from nswatch.errors import InvalidDocument


def import_template(source: Path, name: str) -> dict[str, Any]:
    """Return a template (JSON) with the source's ``Table`` alone, called ``name``; an import needs it in plain text."""
    resource = YAML().load((source / "template.yaml").read_text(encoding="utf-8"))["Resources"]["Table"]
    table = {key: _plain(value, name) for key, value in resource.items() if key != "Condition"}
    return {"Resources": {"Table": table}}


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, TaggedScalar):
        if str(value.tag) == "!Ref" and str(value.value) == "Name":
            return name
        raise InvalidDocument(f"template.yaml: Table: {value.tag} {value.value} is unknown here")
    if isinstance(value, Mapping):
        return {str(key): _plain(each, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, name) for each in value]
    return value if isinstance(value, bool | int) else str(value)


def differences(template: Mapping[str, Any], table: Mapping[str, Any]) -> list[str]:
    """Return in what a table (as DescribeTable gives it) differs from the template's, where that cannot be mended.

    CloudFormation adopts a table as the template describes it, and would never mend what is not so.
    """
    wanted = template["Resources"]["Table"]["Properties"]
    pairs = {
        "key": (_keys(wanted["KeySchema"]), _keys(table.get("KeySchema", []))),
        "indexes": (_indexes(wanted), _indexes(table)),
        "stream": (
            wanted["StreamSpecification"]["StreamViewType"],
            table.get("StreamSpecification", {}).get("StreamViewType", "none"),
        ),
    }
    return [f"{what}: {found}, not {right}" for what, (right, found) in pairs.items() if right != found]


def _keys(schema: Any) -> str:
    return ", ".join(sorted(f"{each['AttributeName']} {each['KeyType']}" for each in schema)) or "none"


def _indexes(table: Mapping[str, Any]) -> str:
    indexes = table.get("GlobalSecondaryIndexes", [])
    return ", ".join(sorted(f"{each['IndexName']} ({_keys(each['KeySchema'])})" for each in indexes)) or "none"


def template_text(template: Mapping[str, Any]) -> str:
    """Return a template as CloudFormation takes it."""
    return json.dumps(template)
