"""TLS contexts: one for each way of verifying, because making one costs more than a handshake."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
import ssl

from opsmonitor.util.timeline import TimedTls


@dataclass(frozen=True, slots=True, kw_only=True)
class PemFile:
    """A PEM file, as it was when it was read."""

    path: str
    mtime_ns: int
    size: int

    @classmethod
    def read(cls, path: str) -> PemFile:
        """Return the file as it is now; a changed file makes another context.

        Raises:
            OSError: There is no such file.

        """
        stat = Path(path).stat()
        return cls(path=path, mtime_ns=stat.st_mtime_ns, size=stat.st_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """How far a server is trusted."""

    verify: bool = True
    ca_file: PemFile | None = None
    """Trusted besides the issuers that the system knows."""
    client_cert: PemFile | None = None
    """Shown to servers that ask who we are."""
    client_key: PemFile | None = None
    """None: the key lies beside the certificate in its file."""
    fingerprints: frozenset[str] = frozenset()
    """SHA-256 of the only certificates that are trusted, in lower-case hexadecimal; none: any."""


class PinError(ssl.SSLCertVerificationError):
    """A server showed another certificate than the pinned one."""

    shown: str = ""
    """The fingerprint of the one that it showed."""


@lru_cache(maxsize=64)
def tls_context(policy: TlsPolicy) -> ssl.SSLContext:
    """Return the shared context of a policy; its connections note their handshake.

    Raises:
        OSError: A file cannot be read, or does not hold what it should.

    """
    context = ssl.create_default_context()
    if policy.ca_file is not None:
        context.load_verify_locations(cafile=policy.ca_file.path)
    # Python 3.13 turned this on; home-made issuers often lack the extensions that it asks for,
    # and browsers do not mind.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # A pinned certificate says who the server is: no issuer and no name can say it better.
    if not policy.verify or policy.fingerprints:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if policy.client_cert is not None:
        key = None if policy.client_key is None else policy.client_key.path
        # Without this password, OpenSSL would ask the terminal for the one of an encrypted key.
        context.load_cert_chain(policy.client_cert.path, key, password="")
    context.sslobject_class = _pinned(policy.fingerprints) if policy.fingerprints else TimedTls
    return context


def _pinned(fingerprints: frozenset[str]) -> type[TimedTls]:
    """Return the TLS layer of connections that trust these certificates only."""

    class PinnedTls(TimedTls):
        """Breaks the handshake off before anything is sent to another server."""

        def do_handshake(self) -> None:
            """Compare the certificate as soon as the server has shown it.

            Raises:
                PinError: It is another one.

            """
            super().do_handshake()
            shown = sha256(self.getpeercert(binary_form=True) or b"").hexdigest()
            if shown not in fingerprints:
                error = PinError("another certificate than the pinned one")
                error.shown = shown
                raise error

    return PinnedTls
