"""How expectations become an outcome: each rule gives a finding, and the worst one speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Outcome, Timings, TlsInfo, Verdict

_NO_DATA: Final[Mapping[str, object]] = MappingProxyType({})


class Trouble(NamedTuple):
    """What is wrong, and how bad that is."""

    verdict: Verdict
    code: str
    message: str


class Finding(NamedTuple):
    """What one rule found."""

    assertion: Assertion
    trouble: Trouble | None = None


def conclude(
    findings: Sequence[Finding],
    *,
    latency_ms: float | None,
    timings: Timings | None = None,
    status_code: int | None = None,
    tls: TlsInfo | None = None,
    data: Mapping[str, object] = _NO_DATA,
) -> Outcome:
    """Return the outcome of an attempt that got an answer."""
    trouble = _worst(findings)
    return Outcome(
        verdict=Verdict.OK if trouble is None else trouble.verdict,
        latency_ms=latency_ms,
        error=None if trouble is None else trouble.message,
        error_code=None if trouble is None else trouble.code,
        status_code=status_code,
        timings=timings,
        assertions=tuple([finding.assertion for finding in findings]),
        tls=tls,
        data=data,
    )


def failed(error: TransportError) -> Outcome:
    """Return the outcome of an attempt that got no answer."""
    return Outcome(verdict=Verdict.FAIL, error=error.message, error_code=error.code)


def _worst(findings: Sequence[Finding]) -> Trouble | None:
    """Return the first failure, or else the first degradation: rules come in order of weight."""
    degraded = None
    for finding in findings:
        trouble = finding.trouble
        if trouble is not None:
            if trouble.verdict is Verdict.FAIL:
                return trouble
            degraded = degraded or trouble
    return degraded
