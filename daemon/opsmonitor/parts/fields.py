"""Validators of the values that several check types share."""

from __future__ import annotations

from collections.abc import Callable
import re
import socket
from typing import Any, Final, TypeVar

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.util.secret import Secret

T = TypeVar("T")

_MAX_HOST: Final = 253
_MAX_PATTERN: Final = 1000
_MAX_SECONDS: Final = 86_400
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?", re.ASCII)
_LIKE_IPV4: Final = re.compile(r"(?:[^.]+\.)*(?:0x[0-9a-f]*|[0-9]+)\.?", re.ASCII | re.IGNORECASE)
_FAMILIES: Final = {
    "any": socket.AF_UNSPEC,
    "ipv4": socket.AF_INET,
    "ipv6": socket.AF_INET6,
}


def optional(validate: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Accept null, too."""

    def accept(value: Any) -> T | None:
        """Return the value."""
        return None if value is None else validate(value)

    return accept


def text_or_secret(value: Any) -> Secret | str:
    """Accept text; one that came as a secret stays one."""
    return value if isinstance(value, Secret) else cv.text(value)


def regex(value: Any) -> re.Pattern[str]:
    """Return a compiled regular expression.

    Raises:
        Invalid: It is none, or too long.

    """
    if not isinstance(value, str):
        raise vol.Invalid("expected a regular expression")
    if len(value) > _MAX_PATTERN:
        raise vol.Invalid(f"expected at most {_MAX_PATTERN} characters")
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as err:
        raise vol.Invalid(f"not a regular expression: {err}") from err


def family(value: Any) -> socket.AddressFamily:
    """Accept any, ipv4 or ipv6."""
    return _FAMILIES[cv.one_of(*_FAMILIES)(value)]


def host(value: Any) -> str:
    """Accept a host name, or an address with or without brackets."""
    name = cv.host(value).strip()
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if ":" in bare:
        return _address(socket.AF_INET6, bare, "fe80::1")
    ascii_name = _to_ascii(bare)
    if not _HOST.fullmatch(ascii_name) or len(ascii_name) > _MAX_HOST:
        raise vol.Invalid("expected a host name or an address, such as nas.lan or 192.0.2.7")
    if _LIKE_IPV4.fullmatch(ascii_name):
        # Short and octal forms such as 127.1 mean different things to different programs.
        return _address(socket.AF_INET, ascii_name, "192.0.2.7")
    return ascii_name


def _to_ascii(name: str) -> str:
    """Return the name as name servers know it."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise vol.Invalid("this host name has characters that no name can have") from None


def _address(kind: socket.AddressFamily, value: str, example: str) -> str:
    """Accept an address, with its zone if it has one."""
    try:
        socket.inet_pton(kind, value.partition("%")[0])
    except (OSError, ValueError):
        raise vol.Invalid(f"expected an address such as {example}") from None
    return value


seconds: Final = cv.number(at_least=0.001, at_most=_MAX_SECONDS)
milliseconds: Final = cv.number(at_least=0.001, at_most=_MAX_SECONDS * 1000)
