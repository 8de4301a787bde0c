"""The parsed configuration: plain values that still know where they were written."""

from __future__ import annotations

from collections.abc import Sequence as AnySequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from opsmonitor.util.secret import REDACTED, Secret

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; both numbers count from 1, None where there is no such place."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(slots=True, kw_only=True)
class Scalar:
    """A single value."""

    value: Value
    mark: Mark
    tag: str | None = None
    """Our own tag in front of it, such as `!secret`."""
    path: str = ""
    """Where it stands in the whole configuration, such as `checks[2].port`."""
    written: str | None = None
    """The text as written, where variables or tags were expanded."""
    shown: str | None = None
    """The expanded text without the secrets in it; None: the value itself can be shown."""
    is_secret: bool = False
    """There is a secret in it, which validators get as a `Secret` if they take one."""
    is_variable: bool = False
    """Wholly one variable: text that may stand for a number or a truth value."""
    is_broken: bool = False
    """Already reported: what else seems wrong with it only follows from that."""


@dataclass(slots=True, kw_only=True)
class Sequence:
    """A list."""

    mark: Mark
    items: list[Node] = field(default_factory=list)
    path: str = ""


@dataclass(slots=True, kw_only=True)
class Mapping:
    """Keys with values."""

    mark: Mark
    entries: dict[str, Node] = field(default_factory=dict)
    key_marks: dict[str, Mark] = field(default_factory=dict)
    path: str = ""


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: to a node, or to the last one before it breaks off."""

    node: Node
    mark: Mark
    """Of the value; of the key where the value has none of its own."""
    missing: str | None = None
    """The first step of the path that is not there."""
    keys: tuple[str, ...] = ()
    """The keys passed on the way."""


def plain(node: Node, *, wraps_secrets: bool = False) -> Any:
    """Return the values alone; on demand with secrets in their wrapping."""
    match node:
        case Mapping():
            return {
                key: plain(child, wraps_secrets=wraps_secrets)
                for key, child in node.entries.items()
            }
        case Sequence():
            return [plain(child, wraps_secrets=wraps_secrets) for child in node.items]
        case Scalar():
            if wraps_secrets and node.is_secret and isinstance(node.value, str):
                return Secret(node.value)
            return node.value


def locate(node: Node, steps: AnySequence[object]) -> Place:
    """Follow keys and positions as far as they lead.

    A single value may be written for a list of one: it stands for whatever lies in it.
    """
    keys: list[str] = []
    mark = node.mark
    for step in steps:
        if isinstance(node, Scalar) and isinstance(step, int):
            break
        child = _child(node, step)
        if child is None:
            return Place(node, mark, str(step), tuple(keys))
        if isinstance(node, Mapping):
            keys.append(str(step))
        node, mark = child, child.mark
    return Place(node, mark, None, tuple(keys))


def join_path(path: str, step: str | int) -> str:
    """Return the path one step further."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def texts(node: Mapping, key: str) -> tuple[str, ...]:
    """Return the texts that a key lists, whatever else is wrong there; none that hold secrets."""
    child = node.entries.get(key)
    return tuple(
        item.value
        for item in (child.items if isinstance(child, Sequence) else (child,))
        if isinstance(item, Scalar)
        and isinstance(item.value, str)
        and item.value.strip()
        and REDACTED not in (item.shown or "")
    )


def mapping_under(parent: Mapping | None, key: str) -> Mapping | None:
    """Return the mapping under a key, made if there is none; None if something else is there."""
    if parent is None:
        return None
    node = parent.entries.get(key)
    if node is None or (isinstance(node, Scalar) and node.value is None):
        node = parent.entries[key] = Mapping(mark=parent.mark, path=join_path(parent.path, key))
    return node if isinstance(node, Mapping) else None


def _child(node: Node, step: object) -> Node | None:
    """Return what lies one step further, if anything does."""
    match node:
        case Mapping():
            return node.entries.get(str(step))
        case Sequence():
            if isinstance(step, int) and 0 <= step < len(node.items):
                return node.items[step]
            return None
        case Scalar():
            return None
