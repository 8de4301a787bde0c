"""One run of a check."""

from __future__ import annotations

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
