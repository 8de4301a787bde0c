"""Show the command line of a process without its secrets: pure."""

from __future__ import annotations

from collections.abc import Sequence
import re
from typing import Final

from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED

_MOST: Final = 500
_PASSWORD_BY_P: Final = re.compile(r"(?:mysql|mariadb|sshpass|ldap|mongo|redis-cli)")
"""These programs take a password by `-p`, some of them without a blank."""
_USER_AND_PASSWORD: Final = frozenset({"-u", "--user", "--proxy-user", "-U"})


def shown_command(arguments: Sequence[str]) -> str:
    """Return a command line that people may see, cut off where it gets too long.

    Words after an option that is named like a secret are hidden, and so is whatever looks like one.
    """
    program = arguments[0].rpartition("/")[2] if arguments else ""
    takes_password = _PASSWORD_BY_P.match(program) is not None
    shown: list[str] = []
    hides_next = False
    before = ""
    for word in arguments:
        if hides_next and not word.startswith("-"):
            shown.append(REDACTED)
            hides_next = False
        elif takes_password and len(word) > 2 and word[:2] in ("-p", "-a"):  # noqa: PLR2004
            shown.append(word[:2] + REDACTED)
        elif before in _USER_AND_PASSWORD and ":" in word:
            shown.append(f"{word.partition(':')[0]}:{REDACTED}")
        else:
            shown.append(redact_text(word))
            name = word.lstrip("-")
            is_option = word.startswith("-") and "=" not in word
            hides_next = is_option and (
                is_secret_name(name) or (takes_password and word in ("-p", "-a", "-w"))
            )
        before = word
    text = "".join(each if each.isprintable() else " " for each in " ".join(shown))
    return text if len(text) <= _MOST else text[:_MOST] + "..."
