"""The JSON Schema of the watchlist, from the same definitions, so that editors complete and check."""

from typing import Any

from nswatch_cli.watchlist.schema import Watchlist

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def watchlist_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12). What only holds between values is checked by `validate` alone."""
    schema = Watchlist.model_json_schema(by_alias=True)
    _drop_nulls(schema)
    domains = schema["properties"]["domains"]
    domains["propertyNames"] = {"pattern": r"^[^.\s]+(\.[^.\s]+)+\.?$"}
    domains["minProperties"] = 1
    return {"$schema": DIALECT, "title": "nswatch watchlist", **{k: v for k, v in schema.items() if k != "title"}}


def _drop_nulls(node: Any) -> None:
    """Say of an optional key what it holds, not that it may be null: the loader refuses null."""
    if isinstance(node, dict):
        choices = node.get("anyOf")
        if isinstance(choices, list) and {"type": "null"} in choices:
            rest = [choice for choice in choices if choice != {"type": "null"}]
            del node["anyOf"]
            node.pop("default", None)
            node |= (
                rest[0] | {key: node[key] for key in ("description",) if key in node}
                if len(rest) == 1
                else {"anyOf": rest}
            )
        if "properties" in node and isinstance(node["properties"], dict):
            for key in node["properties"].values():
                key.pop("title", None)
        for inner in node.values():
            _drop_nulls(inner)
    elif isinstance(node, list):
        for inner in node:
            _drop_nulls(inner)
