"""Values that checks read beside what they judge, as `export` of the daemon's checks.yml says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import float_info

from .fields import Fields

type Exported = float | str | bool | None
"""A value; None while it is unknown."""


@dataclass(frozen=True, slots=True)
class Export:
    """What one value is called, and how it is to be shown."""

    key: str
    name: str
    unit: str | None
    device_class: str | None
    state_class: str | None
    precision: int | None


_export = lru_cache(maxsize=4096)(Export)
"""Make one; the same few are told a thousand times a second."""


def read_exports(fields: Fields) -> tuple[tuple[Export, ...], Mapping[str, Exported]]:
    """Read what there is to show, and the values by key; a daemon of before has none."""
    items = fields.items("exports")
    if not items:
        return (), {}
    exports: list[Export] = []
    values: dict[str, Exported] = {}
    for item in items:
        each = Fields.of(item, f"{fields.what}: one of exports")
        key = each.required_text("key")
        exports.append(
            _export(
                key,
                each.text("name") or key,
                each.text("unit"),
                each.text("device_class"),
                each.text("state_class"),
                each.integer("precision"),
            )
        )
        values[key] = _value(each.values.get("value"))
    return tuple(exports), values


def _value(value: object) -> Exported:
    """Return a value; None for what is none, and for a number that no float can hold."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= float_info.max else None
    return None
