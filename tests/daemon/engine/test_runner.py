"""One run of a check."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.engine.runner import run_check
from opsmonitor.models.check import Assertion, Outcome, Verdict
from tests.daemon.engine.scripted import check

CANARY = "c4n4ry"


async def telltale() -> Outcome:
    """Fail with a secret in every place for words."""
    return Outcome(
        verdict=Verdict.FAIL,
        error=f"the name {CANARY}.lan is not known",
        error_code="dns_failed",
        assertions=(Assertion(name=f"body matches /{CANARY}/", ok=False, actual=f"<{CANARY}>"),),
        data={"lines": [f"key {CANARY}"]},
    )


async def test_a_check_does_not_tell_its_secrets() -> None:
    """Whatever a probe, or the target through it, says: the check's secrets are not in it."""
    outcome = await run_check(check("a", telltale, secrets=frozenset({CANARY})), telltale)

    assert CANARY not in repr(outcome)
    assert outcome.error_code == "dns_failed"
    assert outcome.error == "the name **********.lan is not known"


async def test_what_says_nothing_is_not_tried_again() -> None:
    """Retries are for failures: a run that could not judge ends with its first attempt."""
    attempts = 0

    async def script() -> Outcome:
        nonlocal attempts
        attempts += 1
        return Outcome(verdict=Verdict.UNKNOWN, error="nothing to judge by")

    outcome = await run_check(check("group", script, retries=3, retry_backoff_s=0.0), script)

    assert (attempts, outcome.attempts, outcome.is_good) == (1, 1, False)


async def test_what_a_probe_waits_for_may_be_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """That is the probe's failure, for nobody asked the run itself to end."""

    async def script() -> Outcome:
        raise asyncio.CancelledError

    outcome = await run_check(check("a", script), script)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "internal")
    assert "Check a could not do its work" in caplog.text
