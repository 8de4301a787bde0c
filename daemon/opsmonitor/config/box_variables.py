"""Variables that describe FRITZ!Boxes, as predecessors knew them."""

from __future__ import annotations

from collections.abc import Iterator
import re
from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mapping, Scalar, join_path, mapping_under
from opsmonitor.config.overrides import variable_mark, variable_node

if TYPE_CHECKING:
    from opsmonitor.config.environment import Environment

_MOST_BOXES: Final = 10
_HOSTS: Final = "FRITZBOX_HOSTS"


def add_boxes(root: Mapping, environment: Environment) -> None:
    """Put the boxes that variables describe beside those of the file, which win."""
    for name, keys in _boxes(environment):
        boxes = mapping_under(mapping_under(root, "fritz"), "boxes")
        if boxes is None or name in boxes.entries or _has_host(boxes, keys["host"][1]):
            continue
        path = join_path(boxes.path, name)
        box = Mapping(mark=variable_mark(keys["host"][0]), path=path)
        for key, (variable, value) in keys.items():
            box.entries[key] = variable_node(variable, value, join_path(path, key))
        boxes.entries[name] = box


def _boxes(environment: Environment) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Yield the name of each box, and by key the variable and its value."""
    login = {"username": "FRITZBOX_USERNAME", "password": "FRITZBOX_PASSWORD"}
    for each in _parts(environment.get(_HOSTS)):
        yield _name(each), {"host": (_HOSTS, each), **_given(environment, login)}
    for number in range(1, _MOST_BOXES + 1):
        prefix = f"FRITZBOX_{number}"
        host = environment.get(f"{prefix}_HOST")
        if host:
            own = {"username": f"{prefix}_USERNAME", "password": f"{prefix}_PASSWORD"}
            found = {**_given(environment, login), **_given(environment, own)}
            name = environment.get(f"{prefix}_NAME") or host
            yield _name(name), {"host": (f"{prefix}_HOST", host), **found}


def _given(environment: Environment, names: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return by key the variables that are set and not empty."""
    found = ((key, name, environment.get(name)) for key, name in names.items())
    return {key: (name, value) for key, name, value in found if value}


def _name(text: str) -> str:
    """Return a name that can stand in `fritz.name.wan_up`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "box"


def _has_host(boxes: Mapping, host: str) -> bool:
    """Tell whether there is a box at this address already."""
    hosts = [
        each.entries.get("host") for each in boxes.entries.values() if isinstance(each, Mapping)
    ]
    return any(isinstance(each, Scalar) and each.value == host for each in hosts)


def _parts(value: str | None) -> list[str]:
    """Return the parts of a list with commas."""
    return [each.strip() for each in (value or "").split(",") if each.strip()]
