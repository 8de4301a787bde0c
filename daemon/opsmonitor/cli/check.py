"""`opsmonitor check`: run one check now, without the daemon."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from opsmonitor.checks.base import CheckContext
from opsmonitor.cli.arguments import config_path
from opsmonitor.config.loader import load_settings
from opsmonitor.config_source import action_types, channel_types, check_types, probe_types
from opsmonitor.engine.runner import run_check
from opsmonitor.exceptions import UnknownCheckError
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.util.clock import SystemClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from opsmonitor.checks.base import CheckType
    from opsmonitor.config.settings import CheckSettings, Settings


def run(arguments: argparse.Namespace) -> int:
    """Run the check and print its outcome.

    Raises:
        ConfigError: The configuration is not valid.
        UnknownCheckError: No check has this id.

    """
    types = check_types()
    settings = load_settings(
        config_path(arguments.config),
        check_types=types,
        channel_types=channel_types(),
        action_types=action_types(),
        probe_types=probe_types(),
    )
    check = settings.checks.get(arguments.id)
    if check is None:
        raise UnknownCheckError(arguments.id)
    outcome = asyncio.run(_run_once(check, types, settings))
    if arguments.json:
        print(json.dumps(_as_json(check, outcome), indent=2))
    else:
        print("\n".join(_as_lines(check, outcome)))
    return 0 if outcome.is_good else 1


async def _run_once(
    check: CheckSettings, types: Mapping[str, CheckType[Any]], settings: Settings
) -> Outcome:
    """Make one run with all its attempts."""
    if types[check.type].is_settled:
        error = "only the running daemon can judge this: ask it with `opsmonitor status`"
        return Outcome(verdict=Verdict.UNKNOWN, error=error, error_code="daemon_needed")
    resolver = Resolver()
    http = HttpTransport(resolver)
    try:
        context = CheckContext(
            timeout_s=check.timeout_s,
            check_id=check.id,
            interval_s=check.interval_s,
            clock=SystemClock(),
            http=http,
            resolver=resolver,
            folder=settings.folder,
            zone=settings.zone,
        )
        return await run_check(check, types[check.type].compile(check.options, context))
    finally:
        await http.close()
        await resolver.close()


def _as_lines(check: CheckSettings, outcome: Outcome) -> list[str]:
    """Return the outcome for people."""
    lines = [f"{check.name} ({check.type} {check.target}): {outcome.verdict}"]
    if outcome.error:
        lines.append(f"  {outcome.error} [{outcome.error_code}]")
    if outcome.latency_ms is not None:
        lines.append(f"  took {outcome.latency_ms:.1f} ms, attempts: {outcome.attempts}")
    if outcome.timings is not None:
        phases = _phases(outcome)
        lines.append("  " + ", ".join(f"{name} {value:.1f} ms" for name, value in phases.items()))
    lines += [
        f"  {'pass' if assertion.ok else 'FAIL'}  {assertion.name}: {assertion.actual}"
        for assertion in outcome.assertions
    ]
    return lines


def _as_json(check: CheckSettings, outcome: Outcome) -> dict[str, object]:
    """Return the outcome for programs, with the API's keys."""
    return {
        "id": check.id,
        "type": check.type,
        "target": check.target,
        "verdict": outcome.verdict,
        "latency_ms": outcome.latency_ms,
        "status_code": outcome.status_code,
        "error": outcome.error,
        "error_code": outcome.error_code,
        "attempts": outcome.attempts,
        "timings": {f"{name}_ms": value for name, value in _phases(outcome).items()},
        "assertions": [
            {"name": assertion.name, "ok": assertion.ok, "actual": assertion.actual}
            for assertion in outcome.assertions
        ],
    }


def _phases(outcome: Outcome) -> dict[str, float]:
    """Return the phases that happened, in milliseconds."""
    timings = outcome.timings
    if timings is None:
        return {}
    phases = {
        "dns": timings.dns_ms,
        "connect": timings.connect_ms,
        "tls": timings.tls_ms,
        "first_byte": timings.first_byte_ms,
        "total": timings.total_ms,
    }
    return {name: value for name, value in phases.items() if value is not None}
