"""Say in one plain sentence, with a stable code, why a target could not be reached."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import TransportError
from opsmonitor.util.tls import PinError
from opsmonitor.util.want import own_want

if TYPE_CHECKING:
    from opsmonitor.util.timeline import Timeline

_OS_ERRORS: Final = {
    errno.ECONNREFUSED: ("connection_refused", "connection refused by {}: nothing listens there"),
    errno.ECONNRESET: ("connection_reset", "{} reset the connection"),
    errno.EPIPE: ("connection_reset", "{} closed the connection while the request was sent"),
    errno.ECONNABORTED: ("connection_reset", "the connection to {} was aborted"),
    errno.EHOSTUNREACH: ("host_unreachable", "{} is unreachable: no such host on its network"),
    errno.EHOSTDOWN: ("host_unreachable", "{} is unreachable: the host is down"),
    errno.ENETUNREACH: ("network_unreachable", "no route to the network of {}"),
    errno.EADDRNOTAVAIL: ("network_unreachable", "no address of this machine can reach {}"),
    errno.EACCES: ("network_unreachable", "this machine does not allow connections to {}"),
    errno.EPERM: ("network_unreachable", "a firewall of this machine blocks connections to {}"),
    errno.ETIMEDOUT: ("timeout", "{} did not answer: the system gave up waiting"),
}

# asyncio raises these without a number when a connection breaks during a TLS handshake.
_NUMBERS: Final[dict[type[OSError], int]] = {
    ConnectionResetError: errno.ECONNRESET,
    ConnectionAbortedError: errno.ECONNABORTED,
    BrokenPipeError: errno.EPIPE,
}

_NO_SUCH_NAME: Final = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
}

# Source: the X509_V_ERR_* numbers of OpenSSL's x509_vfy.h.
_CERTIFICATE_ERRORS: Final = {
    9: ("tls_untrusted", "the certificate of {} is not valid yet"),
    10: ("tls_expired", "the certificate of {} has expired"),
    18: ("tls_self_signed", "the certificate of {} is self-signed"),
    19: ("tls_self_signed", "the certificate of {} ends in a self-signed one that is not trusted"),
    20: ("tls_untrusted", "the certificate of {} comes from an issuer that is not trusted"),
    21: ("tls_untrusted", "the certificate of {} comes from an issuer that is not trusted"),
    62: ("tls_hostname", "the certificate of {} is for another host name"),
    63: ("tls_hostname", "the certificate of {} is for another host name"),
    64: ("tls_hostname", "the certificate of {} is not for this address"),
}

_TLS_REASONS: Final = {
    "WRONG_VERSION_NUMBER": "{} does not speak TLS",
    "HTTP_REQUEST": "{} does not speak TLS",
    "RECORD_LAYER_FAILURE": "{} does not speak TLS",
    "PACKET_LENGTH_TOO_LONG": "{} does not speak TLS",
    "UNEXPECTED_EOF_WHILE_READING": "{} closed the connection during the TLS handshake",
    "UNSUPPORTED_PROTOCOL": "{} offers only TLS versions that are too old to be safe",
    "TLSV1_ALERT_PROTOCOL_VERSION": "{} refuses the TLS versions of this machine",
}


def explain(error: OSError, place: str, host: str) -> TransportError:
    """Return the error for people; the place is such as `127.0.0.1 port 81`."""
    if isinstance(error, ssl.SSLError):
        return _explain_tls(error, place)
    if isinstance(error, socket.gaierror):
        return _explain_name(error, host)
    want = own_want(error, f"open a connection to {place}")
    if want is not None:
        return want
    number = error.errno or _NUMBERS.get(type(error), 0)
    code, text = _OS_ERRORS.get(number, ("connection_failed", ""))
    if not text:
        return TransportError(code, f"could not connect to {place}: {_plain(error)}")
    return TransportError(code, text.format(place))


def timed_out(host: str, limit_s: float, timeline: Timeline) -> TransportError:
    """Say how long was waited, and for what."""
    if timeline.connect_started is None and timeline.dns_started is not None:
        return TransportError(
            "dns_timeout", f"the name {host} could not be looked up within {limit_s:g} s"
        )
    return TransportError("timeout", f"no answer within {limit_s:g} s ({timeline.phase()})")


def _explain_name(error: socket.gaierror, host: str) -> TransportError:
    """Tell a name that does not exist from a name server that does not work."""
    if error.errno in _NO_SUCH_NAME:
        return TransportError("dns_failed", f"the name {host} is not known: no address was found")
    return TransportError(
        "dns_failed", f"the name {host} could not be looked up: the name server gave no answer"
    )


def _explain_tls(error: ssl.SSLError, place: str) -> TransportError:
    """Tell the reasons for which a TLS connection is refused."""
    if isinstance(error, PinError):
        message = f"{place} shows another certificate than the pinned one, with the fingerprint"
        return TransportError("tls_fingerprint", f"{message} {error.shown}")
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _CERTIFICATE_ERRORS.get(error.verify_code)
        if known is not None:
            return TransportError(known[0], known[1].format(place))
        message = f"the certificate of {place} is not trusted: {error.verify_message}"
        return TransportError("tls_untrusted", message)
    reason = getattr(error, "reason", None) or ""
    text = _TLS_REASONS.get(reason)
    if text is None:
        text = "the TLS handshake with {} failed" + (f": {_words(reason)}" if reason else "")
    return TransportError("tls_failed", text.format(place))


def _plain(error: OSError) -> str:
    """Return the system's own words for an error."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def _words(reason: str) -> str:
    """Turn OpenSSL's name of a reason into words."""
    return reason.lower().replace("_", " ")
