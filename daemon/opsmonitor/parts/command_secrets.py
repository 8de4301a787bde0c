"""Show the command line of a process without its secrets: pure."""

from __future__ import annotations

from collections.abc import Sequence
import re
import shlex
from typing import Final

from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED

_MOST: Final = 500
_MOST_NESTED: Final = 5
"""Quotes within quotes; what is deeper is hidden."""
_PASSWORD_BY_P: Final = re.compile(
    r"(?:mysql|mariadb|sshpass|ldap|mongo|redis-cli)(?!.*\.(?:jar|cnf|conf|sql|py)$)"
)
"""These programs take a password by `-p`, some of them without a blank."""
_PASSWORD_OPTIONS: Final = ("-p", "-a", "-w")
_USER_AND_PASSWORD: Final = frozenset({"-u", "--user", "--proxy-user", "-U"})
_USER_IN_WORD: Final = re.compile(r"-[uU][^:=]+:|--?(?:[uU]|user|proxy-user)=[^:]*:")
"""The same in one word, such as `--user=me:` and `-ume:`."""
_NAMED: Final = re.compile(r"(?<![\w.-])([\w.-]+)[\"']?\s{0,3}[=:]\s{0,3}(?=.)", re.DOTALL)
_BLANK: Final = re.compile(r"[ \t\r\n]")


def shown_command(arguments: Sequence[str]) -> str:
    """Return a command line that people may see, cut off where it gets too long.

    Words after an option that is named like a secret are hidden, and so is whatever looks like one,
    also within an argument that is a command line itself, such as those of shells.
    """
    line = _Line()
    shown = " ".join([line.show(argument) for argument in arguments])
    text = "".join(each if each.isprintable() else " " for each in shown)
    return text if len(text) <= _MOST else text[:_MOST] + "..."


class _Line:
    """Shows one argument after the other: what is hidden depends on those before."""

    def __init__(self) -> None:
        """Begin a command line."""
        self.hides_next = False
        self._takes_password = False
        self._before = ""

    def show(self, argument: str, nested: int = 0) -> str:
        """Return an argument without its secrets."""
        hidden = self._hide(argument)
        if hidden is not None:
            # It may be no value but the next option, if the one before takes none.
            self._learn(argument)
            return hidden
        argument = redact_text(argument)
        named = next((each for each in _NAMED.finditer(argument) if is_secret_name(each[1])), None)
        if named is not None:
            shown = self._show_words(argument[: named.end()], nested) + REDACTED
            self.hides_next = False
            return shown
        return self._show_words(argument, nested)

    def _hide(self, argument: str) -> str | None:
        """Return an argument that is a secret as a whole, or ends with one; None for another."""
        if self.hides_next:
            return REDACTED
        if self._takes_password and len(argument) > 2 and argument[:2] in _PASSWORD_OPTIONS:  # noqa: PLR2004
            return argument[:2] + REDACTED
        if self._before in _USER_AND_PASSWORD and ":" in argument:
            return f"{argument.partition(':')[0]}:{REDACTED}"
        user = _USER_IN_WORD.match(argument)
        return user and user[0] + REDACTED

    def _learn(self, word: str) -> None:
        """Remember what a word says about the next one, be it the first within brackets."""
        word = word.lstrip("({$`")
        is_option = word.startswith("-") and "=" not in word
        self.hides_next = is_option and (
            is_secret_name(word.lstrip("-")) or (self._takes_password and word in _PASSWORD_OPTIONS)
        )
        self._before = word
        if _PASSWORD_BY_P.match(word.rpartition("/")[2]):
            self._takes_password = True

    def _show_words(self, argument: str, nested: int) -> str:
        """Return an argument with the secrets of each of its words hidden."""
        if _BLANK.search(argument) is None:
            self._learn(argument)
            return argument
        if nested == _MOST_NESTED:
            return REDACTED
        try:
            words, is_whole = shlex.split(argument), True
        except ValueError:
            words, is_whole = argument.split(), False
        shown: list[str] = []
        for word in words:
            shown.append(self.show(word, nested + 1))
            if not is_whole and (self.hides_next or shown[-1] != word):
                # Nobody knows where the secret ends if a quote is missing.
                shown.append(REDACTED)
                self.hides_next = False
                break
        return argument if shown == words else " ".join(shown)
