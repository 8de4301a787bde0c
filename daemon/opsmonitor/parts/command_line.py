"""A program with its arguments, as a configuration gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.parts.fields import text_or_secret
from opsmonitor.util.secret import Secret
from opsmonitor.util.want import want_at_start

_MAX_ARGUMENTS: Final = 200


def revealed(arguments: Sequence[Secret | str]) -> list[str]:
    """Return the words that a program is started with."""
    return [each.reveal() if isinstance(each, Secret) else each for each in arguments]


def argument_list(value: Any) -> tuple[Secret | str, ...]:
    """Accept a program and its arguments, but no command line that a shell would have to split."""
    if not isinstance(value, list):
        raise vol.Invalid("expected a list, such as [check_load, -w, 5]: no shell splits a text")
    if not 1 <= len(value) <= _MAX_ARGUMENTS:
        raise vol.Invalid(f"expected a program and at most {_MAX_ARGUMENTS - 1} arguments")
    return cv.list_of(_argument)([cv.text(value[0]), *value[1:]])


def _argument(value: Any) -> Secret | str:
    """Accept text or a number; a program cannot be given a NUL."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if value == "":
        return ""
    argument = text_or_secret(value)
    if "\0" in (argument.reveal() if isinstance(argument, Secret) else argument):
        raise vol.Invalid("an argument must not contain the character NUL")
    return argument


def start_trouble(error: OSError, name: str) -> TransportError:
    """Say why a program could not be started."""
    want = want_at_start(error, name)
    if want is not None:
        return want
    if isinstance(error, FileNotFoundError):
        message = f"there is no program {name}, or not what its first line asks for"
        return TransportError("program_missing", message)
    if isinstance(error, PermissionError):
        return TransportError("permission_denied", f"this user may not run {name}")
    reason = (error.strerror or str(error)).lower()
    return TransportError("program_unusable", f"{name} cannot be run: {reason}")
