"""Make one run of a check: its attempts, and an outcome whatever happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.util.redact import hide_known
from opsmonitor.util.want import want_behind

if TYPE_CHECKING:
    from collections.abc import Collection

    from opsmonitor.checks.base import Probe
    from opsmonitor.config.settings import CheckSettings

_LOGGER = logging.getLogger(__name__)

_DEFECT: Final = Outcome(
    verdict=Verdict.FAIL,
    error="the check itself failed; the log has the details",
    error_code="internal",
)


async def run_check(check: CheckSettings, probe: Probe, *, failed: bool = False) -> Outcome:
    """Return the outcome of the first good attempt, or of the last one.

    Attempts are `1 + retries`, `retry_backoff_s` apart; the first of them may have `failed`
    already. A defect in a check type is that check's failure and nobody else's.
    """
    attempt = 1
    if failed:
        await asyncio.sleep(check.retry_backoff_s)
        attempt = 2
    while True:
        try:
            outcome = await probe()
        except (Exception, asyncio.CancelledError) as err:
            if isinstance(err, asyncio.CancelledError) and _is_to_end():
                raise
            want = want_behind(err)
            if want is None:
                _LOGGER.exception("Check %s could not do its work", check.id)
                outcome = _DEFECT
            else:
                outcome = replace(_DEFECT, error=want.message, error_code=want.code)
        if check.secrets:
            outcome = without_secrets(outcome, check.secrets)
        if outcome.verdict is not Verdict.FAIL or attempt > check.retries:
            return outcome if attempt == 1 else replace(outcome, attempts=attempt)
        await asyncio.sleep(check.retry_backoff_s)
        attempt += 1


def _is_to_end() -> bool:
    """Tell whether the running task is to end, rather than something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def without_secrets(outcome: Outcome, secrets: Collection[str]) -> Outcome:
    """Return an outcome without the check's secrets, which names, errors and answers may hold."""
    return replace(
        outcome,
        error=hide_known(outcome.error, secrets),
        assertions=tuple(
            replace(
                item,
                name=hide_known(item.name, secrets),
                actual=hide_known(item.actual, secrets),
            )
            for item in outcome.assertions
        ),
        data=hide_known(outcome.data, secrets),
    )


def longest_run_s(check: CheckSettings) -> float:
    """Return the time in seconds that a run takes at most when its probe keeps its time-out."""
    return (1 + check.retries) * check.timeout_s + check.retries * check.retry_backoff_s
