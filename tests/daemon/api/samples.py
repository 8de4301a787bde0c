"""What the API's tests have in common: checks and outcomes."""

from __future__ import annotations

from typing import Any

from opsmonitor.config.settings import CheckSettings
from opsmonitor.models.check import Assertion, Outcome, Timings, TlsInfo, Verdict

GOOD = Outcome(verdict=Verdict.OK, latency_ms=12.5, status_code=200)
SLOW = Outcome(verdict=Verdict.DEGRADED, latency_ms=2500.0, error="slow", error_code="slow")
BAD = Outcome(
    verdict=Verdict.FAIL,
    error="connection refused",
    error_code="connection_refused",
    attempts=2,
)
FULL = Outcome(
    verdict=Verdict.OK,
    latency_ms=12.5,
    status_code=200,
    timings=Timings(dns_ms=1.0, connect_ms=2.0, tls_ms=3.0, first_byte_ms=6.0, total_ms=12.5),
    assertions=(Assertion(name="status", ok=True, actual="200"),),
    tls=TlsInfo(
        not_after_ms=1_800_000_000_000,
        days_left=1157,
        subject="CN=nas",
        issuer="CN=home",
        verified=True,
    ),
    data={"bytes": 3},
)


def check(check_id: str, **values: Any) -> CheckSettings:
    """Configure a check."""
    values = {"name": f"The {check_id}", "type": "tcp", "target": f"{check_id}:22"} | values
    public = {"id": check_id, "type": values["type"], "interval_s": 30.0}
    return CheckSettings(id=check_id, options=None, public=public, **values)
