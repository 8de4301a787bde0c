"""The `export` key: values of what a target says that are shown beside the check."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
import math
import re
from typing import Any, Final, Protocol, TypeVar

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.export import EXPORTED, Export
from opsmonitor.parts.fields import optional
from opsmonitor.parts.json_rules import json_path
from opsmonitor.util.json_path import MISSING, JsonPath
from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED
from opsmonitor.util.slug import slug

EntryT = TypeVar("EntryT", bound="Entry")

MOST: Final = 20
"""So many values a check may show."""
LONGEST: Final = 255
"""Characters of a text; Home Assistant keeps no longer one."""
_MAX_NAME: Final = 100
_MAX_UNIT: Final = 20
_MAX_PRECISION: Final = 10
_DEVICE_CLASS: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_STATE_CLASSES: Final = ("measurement", "measurement_angle", "total", "total_increasing")
_NUMBER: Final = re.compile(r"[-+]?\d{1,30}(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?", re.ASCII)


class Entry(Protocol):
    """One entry of the `export` key."""

    @property
    def export(self) -> Export:
        """How the value is shown."""
        ...

    @property
    def source(self) -> str:
        """Where it comes from, in the words of the target."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonExport:
    """A value of JSON."""

    export: Export
    path: JsonPath

    @property
    def source(self) -> str:
        """Return the path."""
        return self.path.text


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureExport:
    """A value of the performance data of a monitoring plug-in."""

    export: Export
    source: str
    """Its label."""


def _short(longest: int) -> Any:
    """Accept text of limited length."""

    def validate(value: Any) -> str:
        """Return the text without spaces around it."""
        text = cv.text(value).strip()
        if len(text) > longest:
            raise vol.Invalid(f"expected at most {longest} characters")
        return text

    return validate


def _device_class(value: Any) -> str:
    """Accept a word such as Home Assistant has them; which ones depends on its release."""
    word = cv.text(value).strip()
    if not _DEVICE_CLASS.fullmatch(word):
        raise vol.Invalid("expected a device class of Home Assistant, such as temperature")
    return word


_LOOKS: Final[dict[Any, Any]] = {
    vol.Required("name"): _short(_MAX_NAME),
    vol.Optional("unit"): optional(_short(_MAX_UNIT)),
    vol.Optional("device_class"): optional(_device_class),
    vol.Optional("state_class"): optional(cv.one_of(*_STATE_CLASSES)),
    vol.Optional("precision"): optional(cv.whole_number(at_least=0, at_most=_MAX_PRECISION)),
}
_JSON_ENTRY: Final = vol.Schema({**_LOOKS, vol.Required("path"): json_path})
_FIGURE_ENTRY: Final = vol.Schema({**_LOOKS, vol.Optional("label"): optional(cv.text)})


def _json_entry(value: Any) -> JsonExport:
    """Accept a name, a path, and how the value is to be shown."""
    keys: dict[str, Any] = _JSON_ENTRY(value)
    path = keys.pop("path")
    return JsonExport(export=_export(keys), path=path)


def _figure_entry(value: Any) -> FigureExport:
    """Accept a name, a label where that is another one, and how the value is to be shown."""
    keys: dict[str, Any] = _FIGURE_ENTRY(value)
    label = keys.pop("label", None) or keys["name"]
    return FigureExport(export=_export(keys), source=label)


def _export(keys: Mapping[str, Any]) -> Export:
    """Return how a value is shown."""
    key = slug(keys["name"], _MAX_NAME)
    if not key:
        raise vol.Invalid("expected a name with letters or digits", path=["name"])
    return Export(key=key, **keys)


def json_exports(value: Any) -> tuple[JsonExport, ...]:
    """Accept a list of values of JSON."""
    return _different(cv.list_of(_json_entry)(value))


def figure_exports(value: Any) -> tuple[FigureExport, ...]:
    """Accept a list of values of performance data."""
    return _different(cv.list_of(_figure_entry)(value))


def _different(entries: tuple[EntryT, ...]) -> tuple[EntryT, ...]:
    """Return entries, which must not be too many and have different names."""
    if len(entries) > MOST:
        raise vol.Invalid(f"expected at most {MOST} values")
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        if entry.export.key in seen:
            message = f"another value is called so, too: its id would be {entry.export.key} as well"
            raise vol.Invalid(message, path=[position, "name"])
        seen.add(entry.export.key)
    return entries


def exports_of(options: Exporting) -> tuple[Export, ...]:
    """Return how the values of a check's options are shown."""
    return tuple(entry.export for entry in options.export)


class Exporting(Protocol):
    """The options of a check that shows values."""

    @property
    def export(self) -> Sequence[Entry]:
        """What is shown."""
        ...


class Exporter:
    """Makes what is shown of the values that were found, for one check."""

    __slots__ = ("_entries", "_secrets")

    def __init__(self, entries: Sequence[Entry], secrets: Collection[str] = ()) -> None:
        """Take what is wanted, and what must not be shown."""
        self._entries = tuple(entries)
        self._secrets = secrets

    def __call__(self, values: Sequence[Any]) -> Mapping[str, object]:
        """Return the further values of an outcome; without any, all that is wanted is unknown."""
        if not self._entries:
            return {}
        found = values or (MISSING,) * len(self._entries)
        shown = {
            entry.export.key: self._shown(entry, value)
            for entry, value in zip(self._entries, found, strict=True)
        }
        return {EXPORTED: shown}

    def _shown(self, entry: Entry, value: Any) -> float | str | bool | None:
        """Return a value as it is shown; None: there is none that could be."""
        if isinstance(value, bool):
            return None if entry.export.is_number else value
        if isinstance(value, int | float):
            return _finite(value)
        if not isinstance(value, str):
            return None
        if entry.export.is_number:
            return _finite(float(value)) if _NUMBER.fullmatch(value := value.strip()) else None
        if is_secret_name(entry.source):
            return REDACTED
        # What is cut off first cannot hold up anybody; what is hidden may be longer than that.
        text = redact_text(value[: 4 * LONGEST], self._secrets)
        plain = "".join(each if each.isprintable() else " " for each in text)
        return " ".join(plain.split())[:LONGEST]


def _finite(value: float) -> float | None:
    """Return a number that programs everywhere can hold."""
    try:
        return value if math.isfinite(float(value)) else None
    except OverflowError:
        return None
