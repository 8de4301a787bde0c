"""Disk check: is there room left, and is the drive there at all?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import errno
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.limits import (
    Limits,
    lower_limits,
    lower_rule,
    percent,
    size,
    upper_limits,
    upper_rule,
)
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.disk import DiskUsage, read_disk
from opsmonitor.util.size import format_size
from opsmonitor.util.want import own_want

if TYPE_CHECKING:
    from opsmonitor.util.lanes import Lanes

_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskOptions:
    """Where to look, and how full is too full."""

    path: str
    used_percent: Limits = field(default_factory=lambda: Limits(warn=85, crit=95))
    free: Limits = field(default_factory=Limits)
    """In bytes."""
    inodes_percent: Limits = field(default_factory=lambda: Limits(warn=90, crit=98))
    mount_required: bool = False


class DiskJudge:
    """Decides what the figures of a file system mean; the rules are made once."""

    __slots__ = ("_free", "_inodes", "_options", "_used")

    def __init__(self, options: DiskOptions) -> None:
        """Make the rules."""
        path = options.path
        self._options = options
        self._used = upper_rule(
            options.used_percent, name=f"used space of {path}", code="disk_full", shown=_percent
        )
        self._free = lower_rule(
            options.free, name=f"free space of {path}", code="disk_full", shown=format_size
        )
        self._inodes = upper_rule(
            options.inodes_percent,
            name=f"used inodes of {path}",
            code="inodes_full",
            shown=_percent,
        )

    def __call__(self, usage: DiskUsage) -> Outcome:
        """Return what the figures mean."""
        if self._options.mount_required and not usage.is_mount_point:
            # The figures are those of another disk: the one beneath.
            return conclude([self._not_mounted()], latency_ms=usage.took_ms)
        return conclude(self._findings(usage), latency_ms=usage.took_ms, data=_data(usage))

    def _findings(self, usage: DiskUsage) -> list[Finding]:
        """Apply every rule that has limits."""
        findings: list[Finding] = []
        if self._options.mount_required:
            findings.append(Finding(Assertion(name="mounted", ok=True, actual=usage.mount.source)))
        used, inodes = usage.used_percent, usage.inodes_percent
        for rule, value in ((self._used, used), (self._free, usage.free if usage.total else None)):
            if rule is not None:
                findings.append(self._no_size() if value is None else rule(value))
        if self._inodes is not None and inodes is not None:
            findings.append(self._inodes(inodes))
        return findings

    def _not_mounted(self) -> Finding:
        """Say that the drive is not there."""
        message = f"nothing is mounted at {self._options.path}"
        trouble = Trouble(Verdict.FAIL, "mount_missing", message)
        return Finding(Assertion(name="mounted", ok=False, actual="nothing"), trouble)

    def _no_size(self) -> Finding:
        """Say that there is nothing to be judged."""
        message = (
            f"the file system at {self._options.path} does not tell its size: "
            "set used_percent and free to null"
        )
        trouble = Trouble(Verdict.FAIL, "size_unknown", message)
        return Finding(Assertion(name="size", ok=False, actual="unknown"), trouble)


class _Reader:
    """Reads the figures of one file system."""

    __slots__ = ("_judge", "_lanes", "_options", "_timeout_s")

    def __init__(self, options: DiskOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._options = options
        self._judge = DiskJudge(options)
        self._lanes = context.lanes
        self._timeout_s = context.timeout_s

    async def probe(self) -> Outcome:
        """Read once and judge."""
        path = self._options.path
        lane = ("disk", path)
        try:
            async with asyncio.timeout(self._timeout_s):
                usage = await self._lanes.call(lane, partial(read_disk, path))
        except TimeoutError:
            return failed(_hangs(path, self._lanes, lane))
        except OSError as err:
            return failed(own_want(err, f"look at {path}") or self._explain(err))
        return self._judge(usage)

    def _explain(self, error: OSError) -> TransportError:
        """Say why there are no figures."""
        path = self._options.path
        if error.errno in _MISSING and self._options.mount_required:
            return TransportError("mount_missing", f"nothing is mounted at {path}: it is not there")
        if error.errno in _MISSING:
            return TransportError("path_missing", f"{path} does not exist")
        if error.errno in _FORBIDDEN:
            return TransportError("permission_denied", f"this user may not look at {path}")
        reason = (error.strerror or str(error)).lower()
        return TransportError("disk_unreadable", f"{path} cannot be read: {reason}")


def compile_disk(options: DiskOptions, context: CheckContext) -> Probe:
    """Make the rules once; a run only reads and compares."""
    return _Reader(options, context).probe


def _hangs(path: str, lanes: Lanes, lane: tuple[str, str]) -> TransportError:
    """Say for how long nothing was heard of a drive."""
    waited_s = lanes.busy_s(lane)
    message = f"{path} has not answered for {waited_s:.0f} s: is it a network drive that is away?"
    return TransportError("timeout", message)


def _percent(value: float) -> str:
    """Return a share for people."""
    return f"{value:.1f} %"


def _data(usage: DiskUsage) -> dict[str, object]:
    """Return the figures for the API."""
    return {
        "total_bytes": usage.total,
        "used_bytes": usage.used,
        "free_bytes": usage.free,
        "used_percent": _rounded(usage.used_percent),
        "inodes_percent": _rounded(usage.inodes_percent),
        "read_only": usage.is_read_only,
        "mount_point": usage.mount.point,
        "file_system": usage.mount.kind,
        "source": usage.mount.source,
    }


def _rounded(value: float | None) -> float | None:
    """Return a share with as many digits as mean something."""
    return None if value is None else round(value, 2)


def _absolute(value: Any) -> str:
    """Accept an absolute path."""
    path = str(cv.path(value))
    if not path.startswith("/"):
        raise vol.Invalid("expected a path that begins with /, such as /mnt/backup")
    return path


CHECK: Final = CheckType(
    name="disk",
    options=DiskOptions,
    schema={
        vol.Required("path"): _absolute,
        vol.Optional("used_percent"): upper_limits(percent),
        vol.Optional("free"): lower_limits(size),
        vol.Optional("inodes_percent"): upper_limits(percent),
        vol.Optional("mount_required"): cv.boolean,
    },
    compile=compile_disk,
    target=lambda options: options.path,
    host=lambda _options: "local",
    subject=lambda _options: "host",
    example={"path": "/", "used_percent": {"warn": 85, "crit": 95}},
    is_reachability=False,
)
