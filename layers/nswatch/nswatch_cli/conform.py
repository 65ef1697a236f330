"""Data against a pydantic model: every problem at once, in our words, and whatever is right is kept.

What is kept lets the checks across fields run although something else is wrong: the model is *salvaged*, with None
where a value was refused (in lists too, so that indices stay those of the file).
"""

import difflib
import types
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from nswatch_cli.document import Document, KeyPath, Problem, kind

M = TypeVar("M", bound=BaseModel)

UNKNOWN_KEY = "is not a known key"


class Strict(BaseModel):
    """A mapping whose keys are all known and whose values are of the type written down, not of one that would do."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, validate_by_name=False
    )


def wrong(what: str, hint: str) -> PydanticCustomError:
    """Return the error for a validator to raise: what is wrong, and what would be right."""
    return PydanticCustomError("nswatch", "{what}; {hint}", {"what": what, "hint": hint})


def conform(document: Document, model: type[M], *, nulls: bool = False) -> tuple[M, list[Problem]]:
    """Return the document as a model, salvaged where it is not one, and every problem in the order of the keys.

    With ``nulls``, an empty value counts as an absent key; else it is refused, as a section that somebody forgot.
    """
    empty: dict[KeyPath, Problem] = {}
    for path in () if nulls else _empty_paths(document.data):
        hint = (
            f"give {_description(model, path)}" if _is_required(model, path) else "give it a value or leave the key out"
        )
        empty[path] = document.problem(path, "is empty", hint)
    data = _without_nulls(document.data) if nulls else document.data
    try:
        return model.model_validate(data), list(empty.values())
    except ValidationError as error:
        found = dict(empty)
        for detail in error.errors(include_url=False):
            path = tuple(step for step in detail["loc"] if step != "[key]")
            if path not in found or detail["type"] == "extra_forbidden":
                found[path] = document.problem(path, *_told(detail, path, model))
    return salvage(model, data), list(found.values())


def _empty_paths(data: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if data is None:
        yield path
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _empty_paths(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _empty_paths(value, (*path, index))


def _without_nulls(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    if isinstance(data, list):
        return [_without_nulls(item) for item in data]
    return data


# --- what is wrong, in words


_NOT_A = {
    "string_type": ("text", "write it as text"),
    "list_type": ("a list", "write it as a list, '[a, b]' or one '- a' a line"),
    "model_type": ("a mapping", "write its keys below it, 'key: value'"),
    "model_attributes_type": ("a mapping", "write its keys below it, 'key: value'"),
    "dict_type": ("a mapping", "write its keys below it, 'key: value'"),
    "int_type": ("a whole number", "write it without quotes"),
    "int_from_float": ("a whole number", "write it without a fraction"),
    "float_type": ("a number", "write it without quotes"),
    "bool_type": ("a truth value", "write true or false"),
}


def _told(detail: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> tuple[str, str]:
    """Return what is wrong and what would be right."""
    value, context, code = detail["input"], detail.get("ctx", {}), detail["type"]
    if code == "nswatch":
        return context["what"], context["hint"]
    if code == "extra_forbidden":
        return UNKNOWN_KEY, nearest_key(str(path[-1]), known_keys(model, path[:-1]))
    if code == "missing":
        return "is missing", f"give {_description(model, path)}"
    if code in _NOT_A:
        return _not_a(code, value)
    if code == "literal_error":
        choices = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"is {kind(value)}", _nearest(str(value), choices, "write")
    bounds = [f"at {word} {context[key]}" for key, word in (("ge", "least"), ("le", "most")) if key in context]
    return f"is {kind(value)}", f"write a number of {bounds[0]}" if bounds else detail["msg"]


def _not_a(code: str, value: object) -> tuple[str, str]:
    wanted, hint = _NOT_A[code]
    if code == "string_type" and isinstance(value, bool | int | float):
        hint = "put it in quotes"
    elif code in {"int_type", "float_type"} and not isinstance(value, str):
        hint = "write a number"
    return f"is {kind(value)}, not {wanted}", hint


def _nearest(word: str, known: list[str], otherwise: str) -> str:
    """Return which of the known words was meant, or after ``otherwise`` all of them."""
    close = difflib.get_close_matches(word.lower(), known, n=1) if len(known) > 1 else []
    if close:
        return f"did you mean {close[0]}?"
    return f"{otherwise} " + " or ".join(part for part in (", ".join(known[:-1]), *known[-1:]) if part)


def nearest_key(word: str, known: list[str]) -> str:
    """Return the hint for a key that is none of the ``known``."""
    return _nearest(word, known, "the keys here are")


def nearest(word: str, known: list[str]) -> str:
    """Return the hint for a word that is none of the ``known``: the closest one, or all of them."""
    return _nearest(word, known, "write")


def _is_required(model: type[BaseModel], path: KeyPath) -> bool:
    field = _field_at(model, path)
    return field is not None and field.is_required()


def _description(model: type[BaseModel], path: KeyPath) -> str:
    field = _field_at(model, path)
    if field is None or not field.description:
        return "a value"
    first = field.description.split(". ")[0].rstrip(".").replace("\n", " ")
    return first[:1].lower() + first[1:]


def _field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    parent = _annotation_at(model, path[:-1]) if path else None
    if not (isinstance(parent, type) and issubclass(parent, BaseModel)):
        return None
    return next((info for name, info in parent.model_fields.items() if (info.alias or name) == path[-1]), None)


def known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that the model knows at a path; empty where any key is allowed."""
    found = _annotation_at(model, path)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [info.alias or name for name, info in found.model_fields.items()]
    return []


def has_free_keys(model: type[BaseModel], path: KeyPath) -> bool:
    """Whether the value at a path is a mapping of any keys (names, say)."""
    return get_origin(_annotation_at(model, path)) is dict


def _annotation_at(annotation: Any, path: KeyPath) -> Any:
    annotation = _bare(annotation)
    if not path:
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if (info.alias or name) == path[0]:
                return _annotation_at(info.annotation, path[1:])
        return None
    if get_origin(annotation) in {dict, list}:
        return _annotation_at(get_args(annotation)[-1], path[1:])
    return None


def _bare(annotation: Any) -> Any:
    """Return an annotation without Annotated and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else annotation
    return annotation


# --- what is right, kept


def salvage(model: type[M], data: object) -> M:
    """Return a model of what is valid in the data. Any field, and any item of a list, may be None in it.

    Its ``model_fields_set`` still holds every known key that was given, so that refused and absent can be told apart.
    """
    values: dict[str, Any] = {}
    given = data if isinstance(data, Mapping) else {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in given:
            values[name] = _salvaged(_whole(info), given[key])
        else:
            values[name] = None if info.is_required() else info.get_default(call_default_factory=True)
    fields_set = {name for name, info in model.model_fields.items() if (info.alias or name) in given}
    return model.model_construct(fields_set, **values)


def _whole(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _salvaged(annotation: Any, value: object) -> Any:
    try:
        return _adapter(annotation).validate_python(value, strict=True)
    except ValidationError:
        pass
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return salvage(bare, value) if isinstance(value, Mapping) else None
    if get_origin(bare) is list and isinstance(value, list):
        return [_salvaged(get_args(bare)[0], item) for item in value]
    if get_origin(bare) is dict and isinstance(value, Mapping):
        return {key: _salvaged(get_args(bare)[1], item) for key, item in value.items()}
    return None


@lru_cache(maxsize=512)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)
