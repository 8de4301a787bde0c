"""Data that pages are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsmonitor.config.settings import CheckSettings
from opsmonitor.dashboard.journal import Journal, Show
from opsmonitor.dashboard.view import PageData
from opsmonitor.models.check import CheckState, Outcome, Status, Verdict
from opsmonitor.models.history import RawRun

NOW_MS = 1_700_000_000_000
"""2023-11-14 22:13:20 UTC."""


def check(check_id: str = "nas", **changes: Any) -> CheckSettings:
    """Return a configured check."""
    plain = CheckSettings(
        id=check_id, type="http", name=check_id.upper(), options=None, target="http://nas/"
    )
    return replace(plain, **changes)


def state(check_id: str = "nas", status: Status = Status.UP, **changes: Any) -> CheckState:
    """Return the state of a check that ran a minute ago."""
    plain = CheckState(
        id=check_id,
        type="http",
        status=status,
        ok=status is not Status.DOWN,
        last_run_ms=NOW_MS - 60_000,
        last_change_ms=NOW_MS - 3_600_000,
        outcome=Outcome(verdict=Verdict.OK, latency_ms=12.4),
    )
    return replace(plain, **changes)


def run(at_s: float = 0, **changes: Any) -> RawRun:
    """Return a good run, this many seconds after the first."""
    plain = RawRun(
        check_id="nas",
        at_ms=NOW_MS - 900_000 + round(at_s * 1000),
        verdict=Verdict.OK,
        latency_ms=10.0,
        status_code=200,
        error_code=None,
        error=None,
        attempts=1,
    )
    return replace(plain, **changes)


def journal(**changes: Any) -> Journal:
    """Return an empty table."""
    plain = Journal(
        show=Show.EVENTS, check_id=None, check_name="", rows=(), is_capped=False, limit=200
    )
    return replace(plain, **changes)


def page_data(
    checks: Sequence[CheckSettings] = (),
    states: Sequence[CheckState] = (),
    runs: Mapping[str, Sequence[RawRun]] | None = None,
    **changes: Any,
) -> PageData:
    """Return what a page is made of."""
    plain = PageData(
        readings=(),
        now_ms=NOW_MS,
        version="1.2.3",
        zone=None,
        zone_name="",
        checks={item.id: item for item in checks},
        states={item.id: item for item in states},
        runs=runs or {},
        uptimes={},
        journal=journal(),
        problems=(),
        storage="",
        can_run=True,
        can_sign_out=False,
    )
    return replace(plain, **changes)
