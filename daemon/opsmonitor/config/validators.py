"""Reusable pieces of voluptuous schemas; their messages are ours and name a remedy."""

from __future__ import annotations

from collections.abc import Callable
import ipaddress
import math
from pathlib import Path
import re
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from opsmonitor.util.secret import Secret

T = TypeVar("T")

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhdwy])")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 366 * 86400}
_LONGEST_S: Final = 100 * _UNIT_S["y"]
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
MAX_ID: Final = 120
_MAX_PORT: Final = 65535


def number(*, at_least: float, at_most: float) -> Callable[[Any], float]:
    """Accept a finite number within bounds."""

    def validate(value: Any) -> float:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise vol.Invalid("expected a number")
        if math.isnan(value) or not at_least <= value <= at_most:
            raise vol.Invalid(f"expected a number from {at_least:.9g} to {at_most:.9g}")
        return float(value)

    return validate


def whole_number(*, at_least: int, at_most: int) -> Callable[[Any], int]:
    """Accept a whole number within bounds."""

    def validate(value: Any) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise vol.Invalid("expected a whole number")
        if not at_least <= value <= at_most:
            raise vol.Invalid(f"expected a whole number from {at_least} to {at_most}")
        return value

    return validate


def boolean(value: Any) -> bool:
    """Accept only true and false."""
    if not isinstance(value, bool):
        raise vol.Invalid("expected true or false")
    return value


def text(value: Any) -> str:
    """Accept text that is not empty."""
    if not isinstance(value, str):
        raise vol.Invalid("expected text")
    if not value.strip():
        raise vol.Invalid("expected text, it is empty")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    """Accept one of some words, whatever their case."""
    by_lower = {choice.lower(): choice for choice in choices}

    def validate(value: Any) -> str:
        """Return the word as it is spelled here."""
        if not isinstance(value, str) or value.lower() not in by_lower:
            raise vol.Invalid(f"expected one of {', '.join(choices)}")
        return by_lower[value.lower()]

    return validate


def list_of(item: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """Accept a list, and report every item that is wrong."""

    def validate(value: Any) -> tuple[T, ...]:
        """Return the items."""
        if not isinstance(value, list | tuple):
            raise vol.Invalid("expected a list, such as [one, two]")
        items: list[T] = []
        errors: list[vol.Invalid] = []
        for position, entry in enumerate(value):
            try:
                items.append(item(entry))
            except vol.MultipleInvalid as err:
                errors.extend(err.errors)
                err.prepend([position])
            except vol.Invalid as err:
                err.prepend([position])
                errors.append(err)
        if errors:
            raise vol.MultipleInvalid(errors)
        return tuple(items)

    return validate


def secret(value: Any) -> Secret:
    """Accept text and keep it where it cannot be printed."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:
        raise vol.Invalid("expected text: quote it, or better use !secret or a variable")
    return Secret(value)


def port(value: Any) -> int:
    """Accept a port that one can connect to."""
    return whole_number(at_least=1, at_most=_MAX_PORT)(value)


def listen_port(value: Any) -> int:
    """Accept a port to listen on; 0 takes any that is free."""
    return whole_number(at_least=0, at_most=_MAX_PORT)(value)


def host(value: Any) -> str:
    """Accept a host name or an address."""
    name = text(value)
    if re.search(r"[\s/@?#\x00-\x1f]", name) or "://" in name:
        raise vol.Invalid("expected a host name or an address alone, such as nas.lan or 192.0.2.7")
    return name


def base_url(value: Any) -> str:
    """Accept where something is reached by a browser, without anything secret in it."""
    address = text(value).strip()
    match = re.fullmatch(
        r"https?://(\[[0-9A-Fa-f:]+\]|[^\s/:@?#\[\]]+)(:\d{1,5})?(/[^\s?#@]*)?", address
    )
    if match is None:
        raise vol.Invalid("expected an address such as https://ops.example.org")
    return address.rstrip("/")


def web_address(value: Any) -> str:
    """Accept an address of the web without anything secret in it; it may hold a query."""
    address = text(value).strip()
    base_url(address.partition("?")[0])
    if not re.fullmatch(r"[!-~]{1,2000}", address) or "#" in address:
        raise vol.Invalid("expected an address such as https://example.org/releases")
    return address


def network(value: Any) -> str:
    """Accept an address or a network, such as 192.0.2.0/24."""
    try:
        return str(ipaddress.ip_network(text(value), strict=False))
    except ValueError as err:
        raise vol.Invalid("expected an address or a network, such as 192.0.2.0/24") from err


def duration_s(*, at_least: int) -> Callable[[Any], int]:
    """Accept `90s`, `30m`, `48h`, `14d`, `2w` or `5y`, or a number of seconds."""

    def validate(value: Any) -> int:
        """Return the seconds."""
        seconds = 0.0
        if isinstance(value, int) and not isinstance(value, bool):
            seconds = value
        elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip().lower())):
            seconds = float(match[1]) * _UNIT_S[match[2]]
        if seconds <= 0:
            raise vol.Invalid("expected a duration such as 90s, 30m, 48h, 14d, 2w or 5y")
        if not at_least <= seconds <= _LONGEST_S:
            least = f"{at_least // 3600}h" if at_least % 3600 == 0 else f"{at_least}s"
            raise vol.Invalid(f"expected a duration from {least} to 100y")
        return int(seconds)

    return validate


def path(value: Any) -> Path:
    """Accept the path of a file; `~` is the user's own folder."""
    name = text(value)
    if "\0" in name:
        raise vol.Invalid("expected the path of a file")
    try:
        return Path(name).expanduser()
    except RuntimeError as err:
        raise vol.Invalid("expected a path without ~, as nobody's own folder is known") from err


def check_id(value: Any) -> str:
    """Accept letters, digits, `_`, `.` and `-`, a letter or digit first."""
    if not isinstance(value, str) or not _ID.fullmatch(value) or len(value) > MAX_ID:
        raise vol.Invalid(
            "expected letters, digits, _ . and - with a letter or digit first, "
            f"at most {MAX_ID} of them, such as open-webui"
        )
    return value


class NameInvalid(vol.Invalid):
    """A key that is no good name; what stands below it does not matter."""


def name_of(what: str, value: Any) -> str:
    """Accept what `check_id` does, as a key that names things; a mistake names the key."""
    try:
        return check_id(value)
    except vol.Invalid as err:
        message = f'"{value!s:.60}" cannot be the name of {what}: {err.msg}'
        raise NameInvalid(message, path=[value]) from err


def time_zone(value: Any) -> str:
    """Accept an IANA name."""
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise vol.Invalid("expected a time zone such as Europe/Berlin or UTC") from err
    return name
