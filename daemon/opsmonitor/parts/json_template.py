"""Fill in values where a JSON document of the user's has `{names}`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
import re
from typing import Final, TypeAlias

import voluptuous as vol

from opsmonitor.util.secret import Secret

Json: TypeAlias = "bool | int | float | str | Secret | list[Json] | dict[str, Json] | None"

_NAME: Final = re.compile(r"\{([a-z_]+)\}", re.ASCII)
_DEEPEST: Final = 20


def check_template(value: object, known: Collection[str], depth: int = 0) -> Json:
    """Accept a JSON document whose names in braces are all known.

    Raises:
        vol.Invalid: One is not, or it cannot be written as JSON.

    """
    if depth > _DEEPEST:
        raise vol.Invalid("is nested too deeply")
    if isinstance(value, Mapping):
        return {str(key): check_template(item, known, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [check_template(item, known, depth + 1) for item in value]
    if isinstance(value, Secret) or value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        raise vol.Invalid("cannot be written as JSON")
    for name in _NAME.findall(value):
        if name not in known:
            raise vol.Invalid(f"knows no {{{name}}}; known are {', '.join(sorted(known))}")
    return value


def fill(template: Json, values: Mapping[str, object]) -> object:
    """Return the document with values in it; text that is one name alone becomes its value."""
    match template:
        case dict():
            return {key: fill(item, values) for key, item in template.items()}
        case list():
            return [fill(item, values) for item in template]
        case Secret():
            return template.reveal()
        case str():
            alone = _NAME.fullmatch(template)
            if alone is not None:
                return values[alone[1]]
            return _NAME.sub(lambda match: _text(values[match[1]]), template)
        case _:
            return template


def _text(value: object) -> str:
    """Return a value within a text."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
