"""Describe the dataclasses of answers as JSON Schema: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from opsmonitor.api.encode import json_keys
from opsmonitor.api.schemas.notes import Doc, Format

Schema = dict[str, Any]

_PLAIN: Final[dict[Any, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}


class SchemaBuilder:
    """Turn types into schemas; every dataclass becomes a component of its own."""

    def __init__(self) -> None:
        """Start without components."""
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type.

        Raises:
            TypeError: The type has no place in JSON.

        """
        if kind is Any:
            return {}
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if isinstance(kind, type) and is_dataclass(kind):
            return self._reference(kind)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"type": "string", "enum": [member.value for member in kind]}
        return self._of_generic(kind, get_origin(kind), get_args(kind))

    def _of_generic(self, kind: Any, origin: Any, arguments: tuple[Any, ...]) -> Schema:
        """Return the schema of a type that is made of others."""
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:])
        if origin in (Union, UnionType):
            return self._nullable(arguments)
        if origin is Literal:
            return {"type": "string", "enum": list(arguments)}
        if origin is tuple and arguments[1:] == (...,):
            return {"type": "array", "items": self.of(arguments[0])}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        raise TypeError(f"{kind} has no schema")

    def _annotated(self, kind: Any, notes: Sequence[object]) -> Schema:
        """Return the schema of a type with notes."""
        schema = self.of(kind)
        for note in notes:
            if isinstance(note, Doc):
                schema["description"] = note.text
            elif isinstance(note, Format):
                schema["format"] = note.name
        return schema

    def _nullable(self, members: tuple[Any, ...]) -> Schema:
        """Return the schema of `X | None`, the only union there is.

        Raises:
            TypeError: It is another union.

        """
        others = [member for member in members if member is not NoneType]
        if len(others) != 1:
            raise TypeError("only X | None has a schema")
        schema = self.of(others[0])
        if "type" not in schema:
            return {"anyOf": [schema, {"type": "null"}]}
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
        return schema

    def _reference(self, kind: type[Any]) -> Schema:
        """Return a reference to a dataclass, which is described once."""
        name = kind.__name__.removesuffix("Body")
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._component(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _component(self, kind: type[object]) -> Schema:
        """Return the schema of a dataclass: all keys are always there."""
        hints = get_type_hints(kind, include_extras=True)
        keys = json_keys(kind)
        schema: Schema = {
            "type": "object",
            "description": (kind.__doc__ or "").partition("\n")[0],
            "properties": {key: self.of(hints[name]) for name, key in keys},
            "required": [key for _, key in keys],
        }
        if getattr(kind, "MORE_KEYS", False):
            schema["additionalProperties"] = True
        return schema
