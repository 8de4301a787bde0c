"""What is expected of a TLS handshake: the certificate's age and identity, and the version."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from opsmonitor.models.check import Assertion, TlsInfo, Verdict
from opsmonitor.parts.certificate import expiring
from opsmonitor.parts.limits import Limits
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.certificate import read_certificate
from opsmonitor.util.clock import iso_utc

VERSIONS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""The oldest first."""


class Seen(NamedTuple):
    """What a handshake showed."""

    certificate: bytes
    """In DER."""
    version: str
    info: TlsInfo

    @property
    def fingerprint(self) -> str:
        """Return what tells this certificate from all others."""
        return sha256(self.certificate).hexdigest()

    @property
    def is_expired(self) -> bool:
        """Tell whether the certificate's time is over."""
        return self.info.days_left is not None and self.info.days_left < 0


HandshakeRule: TypeAlias = Callable[[Seen], Finding]


def trust_finding(distrust: Trouble | None) -> Finding:
    """Return whether the chain of issuers and the name are right."""
    actual = "trusted" if distrust is None else distrust.message
    return Finding(Assertion(name="trust", ok=distrust is None, actual=actual), distrust)


def expiry_rule(days: Limits) -> HandshakeRule:
    """Return the rule on the days left; a certificate whose time is over always fails."""
    levels = ((Verdict.FAIL, days.crit or 0.0), (Verdict.DEGRADED, days.warn or 0.0))

    def rule(seen: Seen) -> Finding:
        """Judge the days left."""
        left, end_ms = seen.info.days_left, seen.info.not_after_ms
        if left is None or end_ms is None:
            message = "the certificate cannot be read: it has no date"
            return Finding(
                Assertion(name="certificate", ok=False, actual="unreadable"),
                Trouble(Verdict.FAIL, "tls_unreadable", message),
            )
        verdict = next((verdict for verdict, limit in levels if left < limit), None)
        assertion = Assertion(name="certificate", ok=verdict is None, actual=f"{left} days left")
        return Finding(assertion, None if verdict is None else expiring(left, end_ms, verdict))

    return rule


def fingerprint_rule(wanted: str) -> HandshakeRule:
    """Return the rule that it is exactly this certificate."""

    def rule(seen: Seen) -> Finding:
        """Compare."""
        actual = seen.fingerprint
        assertion = Assertion(name="fingerprint", ok=actual == wanted, actual=actual)
        if assertion.ok:
            return Finding(assertion)
        message = f"another certificate than expected: its fingerprint is {actual}"
        return Finding(assertion, Trouble(Verdict.FAIL, "tls_fingerprint", message))

    return rule


def version_rule(least: str) -> HandshakeRule:
    """Return the rule that both sides agreed on this version of TLS, or on a newer one."""
    fine = VERSIONS[VERSIONS.index(least) :]

    def rule(seen: Seen) -> Finding:
        """Compare."""
        assertion = Assertion(name="TLS version", ok=seen.version in fine, actual=seen.version)
        if assertion.ok:
            return Finding(assertion)
        message = f"the server offers {seen.version or 'no version'} at most, expected {least}"
        return Finding(assertion, Trouble(Verdict.FAIL, "tls_version", message))

    return rule


def seen_data(seen: Seen) -> dict[str, object]:
    """Return what else the handshake showed."""
    facts = read_certificate(seen.certificate)
    return {
        "fingerprint": seen.fingerprint,
        "version": seen.version,
        "not_before": None if facts is None else iso_utc(facts.not_before_ms),
        "not_after": None if facts is None else iso_utc(facts.not_after_ms),
    }
