"""Systemd check: is a unit of this machine active?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome
from opsmonitor.parts.restarts import Restarts, RestartWatch, restarts
from opsmonitor.parts.rules import conclude, failed
from opsmonitor.parts.systemd_unit import (
    PROPERTIES,
    Unit,
    judge_unit,
    parse_unit,
    refused,
    unit_name,
)
from opsmonitor.util.process import run_program
from opsmonitor.util.want import want_at_start

_EXPECTED: Final = ("active", "not_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdOptions:
    """Which unit, and in which state it should be."""

    unit: str
    expect: str = "active"
    restarts: Restarts = field(default_factory=Restarts)


class _Asker:
    """Asks systemd for one unit."""

    __slots__ = ("_arguments", "_options", "_timeout_s", "_watch")

    def __init__(self, options: SystemdOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._options = options
        shown = f"--property={','.join(PROPERTIES)}"
        self._arguments = ("systemctl", "show", shown, "--", options.unit)
        self._timeout_s = context.timeout_s
        self._watch = RestartWatch(options.restarts, context.clock)

    async def probe(self) -> Outcome:
        """Ask once and judge."""
        try:
            return self._judge(await self._ask())
        except TransportError as err:
            return failed(err)

    async def _ask(self) -> Unit:
        """Return the state of the unit.

        Raises:
            TransportError: Systemd does not tell it.

        """
        try:
            done = await run_program(self._arguments, timeout_s=self._timeout_s)
        except TimeoutError:
            message = f"systemd did not answer within {self._timeout_s:g} s"
            raise TransportError("timeout", message) from None
        except FileNotFoundError:
            raise TransportError("unsupported", "there is no systemctl on this machine") from None
        except OSError as err:
            want = want_at_start(err, "systemctl")
            if want is not None:
                raise want from err
            message = f"systemctl cannot be run: {(err.strerror or str(err)).lower()}"
            raise TransportError("systemctl_failed", message) from err
        unit = parse_unit(done.output)
        if done.exit_code != 0 or unit is None:
            raise refused(done)
        return unit

    def _judge(self, unit: Unit) -> Outcome:
        """Return what the state means."""
        name = self._options.unit
        may_be_inactive = self._options.expect != "active"
        findings = [judge_unit(name, unit, may_be_inactive=may_be_inactive)]
        if unit.restarts is not None:
            findings.append(self._watch.judge(name, unit.restarts))
        data = {
            "load_state": unit.load,
            "active_state": unit.active,
            "sub_state": unit.sub,
            "result": unit.result,
            "restarts": unit.restarts,
        }
        return conclude(findings, latency_ms=None, data=data)


def compile_systemd(options: SystemdOptions, context: CheckContext) -> Probe:
    """Put the command together once; a run asks and compares."""
    return _Asker(options, context).probe


CHECK: Final = CheckType(
    name="systemd",
    options=SystemdOptions,
    schema={
        vol.Required("unit"): unit_name,
        vol.Optional("expect"): cv.one_of(*_EXPECTED),
        vol.Optional("restarts"): restarts,
    },
    compile=compile_systemd,
    target=lambda options: options.unit,
    host=lambda _options: "local",
    subject=lambda _options: "host",
    example={"unit": "nginx.service"},
    is_reachability=False,
)
