import json

from nswatch.codes import CODES
from nswatch_cli.watchlist.jsonschema import watchlist_schema

SCHEMA = watchlist_schema()


def objects(node):
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for inner in node.values():
            yield from objects(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from objects(inner)


def test_schema_is_of_draft_2020_12_and_plain_json():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_schema_describes_every_key_and_allows_no_other():
    found = list(objects(SCHEMA))
    assert len(found) >= 10
    for node in found:
        assert node["additionalProperties"] is False
        for key, value in node["properties"].items():
            assert value.get("description") or "$ref" in value, key
            assert "anyOf" not in value, key


def test_schema_names_keys_as_the_file_does():
    change = SCHEMA["$defs"]["PlannedChange"]
    assert {"from", "until"} <= set(change["properties"])
    assert set(change["required"]) == {"id", "from", "until", "by"}
    assert SCHEMA["required"] == ["version", "domains"]
    assert SCHEMA["properties"]["version"]["const"] == 1


def test_schema_takes_the_texts_of_a_file_where_the_model_holds_other_types():
    domain = SCHEMA["$defs"]["Domain"]["properties"]
    assert domain["every"]["type"] == domain["delegation_every"]["type"] == "string"
    assert domain["severity"]["propertyNames"]["enum"] == list(CODES)
    assert "null" not in json.dumps(SCHEMA)
