"""Documented environment variables that take the place of what the file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mapping, Mark, Node, Scalar, join_path
from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import REDACTED

if TYPE_CHECKING:
    from opsmonitor.config.environment import Environment

OVERRIDES: Final = {
    "MONITOR_INTERVAL": ("defaults", "interval_s"),
    "OPSMONITOR_HOST": ("server", "host"),
    "OPSMONITOR_PORT": ("server", "port"),
    "OPSMONITOR_TOKEN": ("server", "token"),
    "OPSMONITOR_READ_TOKEN": ("server", "read_token"),
    "OPSMONITOR_DB_PATH": ("store", "path"),
    "OPSMONITOR_PUBLIC_URL": ("server", "public_url"),
    "ALERT_DEDUPE_SECONDS": ("alerts", "dedupe_s"),
}
CORE_IDS: Final = "OPS_CORE_CHECK_IDS"


def apply_overrides(root: Mapping, environment: Environment) -> None:
    """Put the variables that are set, and not empty, into their places."""
    for name, (section, key) in OVERRIDES.items():
        value = environment.get(name)
        if not value:
            continue
        mark = variable_mark(name)
        parent = root.entries.get(section)
        if parent is None or (isinstance(parent, Scalar) and parent.value is None):
            parent = root.entries[section] = Mapping(mark=mark, path=section)
        if isinstance(parent, Mapping):
            parent.entries[key] = variable_node(name, value, join_path(section, key))
            parent.key_marks[key] = mark


def core_ids(environment: Environment) -> tuple[str, ...]:
    """Return the ids of the checks that count as core by the environment."""
    value = environment.get(CORE_IDS) or ""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def variable_mark(name: str) -> Mark:
    """Return the place of a problem that an environment variable causes."""
    return Mark(f"environment variable {name}")


def variable_node(name: str, value: str, path: str) -> Node:
    """Return a variable's value as if it stood in the file."""
    is_secret = is_secret_name(name)
    return Scalar(
        value=value,
        mark=variable_mark(name),
        path=path,
        written=f"${{{name}}}",
        shown=REDACTED if is_secret else value,
        is_secret=is_secret,
        is_variable=True,
    )
