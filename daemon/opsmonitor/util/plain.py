"""Make measured data fit for JSON: what no JSON can hold becomes null, never an error."""

from __future__ import annotations

from collections.abc import Mapping
import math
from types import MappingProxyType
from typing import Any, Final

_LARGEST_EXACT: Final = 2**63
"""Beyond it programs disagree on what a number means; nothing that is measured is so large."""


def plain_data(data: Mapping[str, object]) -> Mapping[str, object]:
    """Return data in which every number is finite and every key is text."""
    return MappingProxyType({str(key): _plain(value) for key, value in data.items()})


def plain_values(
    values: Mapping[str, float | bool | str | None],
) -> Mapping[str, float | bool | str | None]:
    """Return values without the numbers that are none."""
    return MappingProxyType(
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }
    )


def _plain(value: Any) -> Any:
    """Return one value, however deep."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST_EXACT <= value < _LARGEST_EXACT else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return str(value)
