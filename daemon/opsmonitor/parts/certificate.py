"""How far a server's certificate is trusted, and how early its expiry is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, TlsInfo, Verdict
from opsmonitor.parts.fields import optional
from opsmonitor.parts.limits import Limits, lower_limits
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.certificate import read_certificate
from opsmonitor.util.tls import PemFile, TlsPolicy, tls_context

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

CertificateRule: TypeAlias = Callable[[TlsInfo], Finding]

_DAY_MS: Final = 86_400_000
_MAX_DAYS: Final = 3650
_EXPIRES_IN_DAYS: Final = 14
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """The `tls` key of a check."""

    policy: TlsPolicy = field(default_factory=TlsPolicy)
    expires_in_days: Limits = field(default_factory=lambda: Limits(warn=_EXPIRES_IN_DAYS))
    """With fewer days left the check is degraded, or failed; 0 or none: never."""


def ca_file(value: Any) -> PemFile:
    """Accept the path of a PEM file that holds certificates."""
    try:
        found = PemFile.read(cv.text(value))
        tls_context(TlsPolicy(ca_file=found))
    except OSError as err:
        reason = _reason(err, "it holds no certificate")
        raise vol.Invalid(f"cannot use this file of certificates: {reason}") from err
    return found


def pem_file(value: Any) -> PemFile:
    """Accept the path of a file that can be read."""
    try:
        return PemFile.read(cv.text(value))
    except OSError as err:
        raise vol.Invalid(f"cannot use this file: {_reason(err, 'it cannot be read')}") from err


def fingerprint(value: Any) -> str:
    """Accept a SHA-256 fingerprint as programs print it, with colons or without."""
    plain = re.sub(r"[:\s]", "", cv.text(value)).lower()
    if not _FINGERPRINT.fullmatch(plain):
        raise vol.Invalid("expected a SHA-256 fingerprint: 64 hexadecimal digits")
    return plain


def _fingerprints(value: Any) -> frozenset[str]:
    """Accept one fingerprint, or those of several servers that stand for each other."""
    if not isinstance(value, list):
        return frozenset({fingerprint(value)})
    return frozenset(cv.list_of(fingerprint)(value))


def _days(value: Any) -> float:
    """Accept a number of days."""
    return cv.whole_number(at_least=0, at_most=_MAX_DAYS)(value)


_WARN_AND_CRIT: Final = lower_limits(_days)


def expires_in_days(value: Any) -> Limits:
    """Accept `warn` and `crit`, or a number of days that is for `warn`."""
    return _WARN_AND_CRIT(value) if isinstance(value, dict | None) else Limits(warn=_days(value))


def _reason(error: OSError, otherwise: str) -> str:
    """Return why a file cannot be used."""
    is_about_the_file = isinstance(error, FileNotFoundError | PermissionError)
    return ((error.strerror if is_about_the_file else None) or otherwise).lower()


def _options(value: Mapping[str, Any]) -> TlsOptions:
    """Return the options; who does not verify does not care for the date, unless they say so.

    Raises:
        Invalid: Certificate and key of the client do not go together.

    """
    pins = value.get("fingerprint") or frozenset()
    verify = value.get("verify", True) and not pins
    files = {key: value.get(key) for key in ("ca_file", "client_cert", "client_key")}
    if files["client_key"] is not None and files["client_cert"] is None:
        raise vol.Invalid("client_key needs a client_cert", path=["client_key"])
    policy = TlsPolicy(verify=verify, fingerprints=pins, **files)
    try:
        tls_context(policy)
    except OSError as err:
        reason = "it holds no certificate with an unencrypted key that belongs to it"
        raise vol.Invalid(f"cannot use this file: {reason}", path=["client_cert"]) from err
    return TlsOptions(
        policy=policy,
        expires_in_days=value.get(
            "expires_in_days", Limits(warn=_EXPIRES_IN_DAYS) if verify else Limits()
        ),
    )


TLS: Final = vol.All(
    {
        vol.Optional("verify"): cv.boolean,
        vol.Optional("fingerprint"): optional(_fingerprints),
        vol.Optional("ca_file"): optional(ca_file),
        vol.Optional("client_cert"): optional(pem_file),
        vol.Optional("client_key"): optional(pem_file),
        vol.Optional("expires_in_days"): expires_in_days,
    },
    _options,
)


def tls_info(certificate: bytes, options: TlsOptions, clock: Clock) -> TlsInfo:
    """Return the facts of the certificate that a server showed."""
    facts = read_certificate(certificate)
    if facts is None:
        return TlsInfo(verified=options.policy.verify)
    return TlsInfo(
        not_after_ms=facts.not_after_ms,
        days_left=(facts.not_after_ms - clock.now_ms()) // _DAY_MS,
        subject=facts.subject,
        issuer=facts.issuer,
        verified=options.policy.verify,
    )


def certificate_rule(options: TlsOptions) -> CertificateRule | None:
    """Return the rule on the certificate's expiry, None when nobody wants to know."""
    days_left = options.expires_in_days
    levels = [
        (verdict, limit)
        for verdict, limit in ((Verdict.FAIL, days_left.crit), (Verdict.DEGRADED, days_left.warn))
        if limit
    ]
    if not levels:
        return None

    def rule(info: TlsInfo) -> Finding:
        """Judge a certificate by the days that it has left."""
        days, end_ms = info.days_left, info.not_after_ms
        if days is None or end_ms is None:
            return Finding(Assertion(name="certificate", ok=True, actual="unreadable"))
        verdict = next((verdict for verdict, limit in levels if days < limit), None)
        assertion = Assertion(name="certificate", ok=verdict is None, actual=f"{days} days left")
        return Finding(assertion, None if verdict is None else expiring(days, end_ms, verdict))

    return rule


def expiring(days: int, end_ms: int, verdict: Verdict) -> Trouble:
    """Say when the certificate ends, or ended."""
    date = datetime.fromtimestamp(end_ms / 1000, UTC).date().isoformat()
    if days < 0:
        return Trouble(verdict, "tls_expired", f"the certificate expired on {date}")
    when = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}"
    message = f"the certificate expires {when}, on {date}"
    return Trouble(verdict, "tls_expiring", message)
