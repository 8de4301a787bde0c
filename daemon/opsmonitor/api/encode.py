"""Turn the dataclasses of answers into JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
import json
from typing import Any, Final

from aiohttp import web

KEY: Final = "json_key"
"""Field metadata: the key in JSON, where it cannot be a name in Python."""
_KEYS: Final[dict[type[Any], tuple[tuple[str, str], ...]]] = {}


def to_json(value: object) -> bytes:
    """Return a value as compact JSON; text that is no valid Unicode is made so."""
    return _ENCODER.encode(value).encode("utf-8", "replace")


def json_answer(value: object, status: int = 200) -> web.Response:
    """Return a value as an answer."""
    return web.Response(body=to_json(value), status=status, content_type="application/json")


def json_keys(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    """Return the attribute and the JSON key of each field of a dataclass."""
    keys = _KEYS.get(kind)
    if keys is None:
        keys = tuple((field.name, field.metadata.get(KEY, field.name)) for field in fields(kind))
        _KEYS[kind] = keys
    return keys


def _plain(value: object) -> object:
    """Return what JSON can hold in place of a value that it does not know.

    Raises:
        TypeError: The value is none of ours.

    """
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {key: getattr(value, name) for name, key in json_keys(type(value))}
    raise TypeError(f"{type(value).__name__} has no place in JSON")


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False
)
