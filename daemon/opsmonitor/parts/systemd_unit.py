"""What systemd says of a unit, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.body import excerpt
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.process import Completed

_UNIT: Final = re.compile(r"[A-Za-z0-9_@.:\\][A-Za-z0-9_@.:\\-]{0,254}", re.ASCII)
_NOT_THERE: Final = ("not been booted with systemd", "connect to bus", "connect to system bus")

PROPERTIES: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "ExecMainStatus",
)
_LOAD_TROUBLE: Final = {
    "not-found": ("unit_missing", "does not exist"),
    "masked": ("unit_masked", "is masked: it cannot be started"),
    "bad-setting": ("unit_broken", "has a mistake in its file"),
    "error": ("unit_broken", "could not be loaded"),
}
_RESULTS: Final = {
    "exit-code": "it ended with exit code {}",
    "signal": "it was killed by signal {}",
    "core-dump": "it crashed with signal {}",
    "timeout": "it took too long",
    "watchdog": "it gave no sign of life",
    "oom-kill": "it ran out of memory",
    "start-limit-hit": "it was started too often in a row",
    "resources": "the system lacked what it needs",
}
_ON_ITS_WAY: Final = {
    "activating": "is starting",
    "deactivating": "is stopping",
}
_UP: Final = frozenset({"active", "reloading", "refreshing"})
_RESTARTING: Final = "auto-restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The state of one unit."""

    load: str
    active: str
    sub: str
    result: str
    restarts: int | None
    """None for units that are no services."""
    status: str
    """The exit code, or the number of the signal, of the main process."""


def unit_name(value: Any) -> str:
    """Accept the name of a unit."""
    name = cv.text(value).strip()
    if not _UNIT.fullmatch(name):
        raise vol.Invalid("expected the name of a unit, such as nginx.service")
    return name


def parse_unit(output: str) -> Unit | None:
    """Return what `systemctl show` prints, None if it tells no state."""
    pairs = (line.partition("=") for line in output.splitlines())
    values = {name: value.strip() for name, _, value in pairs}
    if not values.get("ActiveState"):
        return None
    restarts = values.get("NRestarts", "")
    return Unit(
        load=values.get("LoadState", ""),
        active=values["ActiveState"],
        sub=values.get("SubState", ""),
        result=values.get("Result", ""),
        restarts=int(restarts) if restarts.isascii() and restarts.isdecimal() else None,
        status=values.get("ExecMainStatus", ""),
    )


def judge_unit(name: str, unit: Unit, *, may_be_inactive: bool) -> Finding:
    """Return what the state of a unit means."""
    trouble = _trouble(name, unit, may_be_inactive=may_be_inactive)
    actual = f"{unit.active} ({unit.sub})" if unit.sub else unit.active
    return Finding(Assertion(name=f"state of {name}", ok=trouble is None, actual=actual), trouble)


def _trouble(name: str, unit: Unit, *, may_be_inactive: bool) -> Trouble | None:
    """Return what is wrong with a unit, None if nothing is."""
    if unit.active in _UP:
        return None
    if unit.load in _LOAD_TROUBLE:
        code, words = _LOAD_TROUBLE[unit.load]
        return Trouble(Verdict.FAIL, code, f"the unit {name} {words}")
    if unit.active in _ON_ITS_WAY:
        words = _ON_ITS_WAY[unit.active]
        if unit.sub == _RESTARTING:
            words = f"is being restarted{_reason(unit)}"
        return Trouble(Verdict.DEGRADED, "unit_changing", f"the unit {name} {words}")
    if unit.active == "inactive":
        if may_be_inactive:
            return None
        return Trouble(Verdict.FAIL, "unit_inactive", f"the unit {name} is not running")
    message = f"the unit {name} is in the state {unit.active}{_reason(unit)}"
    if unit.active == "failed":
        message = f"the unit {name} has failed{_reason(unit)}"
    return Trouble(Verdict.FAIL, "unit_failed", message)


def _reason(unit: Unit) -> str:
    """Return how a unit ended the last time, with a colon, as far as it is known."""
    if unit.result in ("", "success"):
        return ""
    return ": " + _RESULTS.get(unit.result, unit.result).format(unit.status)


def refused(done: Completed) -> TransportError:
    """Say why systemctl did not do what it was asked for."""
    if any(words in done.errors.lower() for words in _NOT_THERE):
        message = "systemd does not run on this machine, or not where this container can reach it"
        return TransportError("unsupported", message)
    said = excerpt(done.errors or done.output)
    return TransportError("systemctl_failed", f"systemctl ended with {done.exit_code}, said {said}")
