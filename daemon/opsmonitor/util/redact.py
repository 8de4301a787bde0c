"""Hide secrets in text, in URLs and in structures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
import re
from typing import Any, Final, TypeVar, cast

from opsmonitor.util.secret import REDACTED

T = TypeVar("T")
_WORDS: Final = (
    r"pass(?:w(?:or)?d|phrase|code)|pwd|secret|token|credential|authorization|cookie|bearer"
    r"|pepper|signature|api[-_]?key|access[-_]?key|private[-_]?key|webhook"
    r"|auth[-_]?key|requirepass"
)
_SECRET_NAME: Final = re.compile(
    rf"(?i)(?:{_WORDS})|(?:^|[-_.])(?:key|sig|pass(?:in|out)?|pin|psk)$"
)
_NOT_SECRET: Final = re.compile(r"(?i)(?<!webhook)[-_](?:file|path|url|env|name|id)$")
_BEGINNING: Final = 60
"""Texts for people are cut off after this many characters or more."""
_USERINFO: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"'<>]*@")
_PARAMETER: Final = re.compile(r"([?&;#])([\w.~%\[\]-]{1,64})=([^\s&;#\"'<>]*)")
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic|digest)(\s{1,3})[\w.~+/=:-]{4,}")
_ASSIGNMENT: Final = re.compile(
    rf"(?i)(\b[\w-]{{0,32}}(?:{_WORDS}|(?<=[-_])key)[\w-]{{0,32}}[\"']?\s{{0,3}}[=:]\s{{0,3}})"
    r"(?!\s|\*{10}|!\w|\$\{|\{[A-Z]|[\"'](?:\$\{|\{[A-Z]))"
    r"(?:\"[^\"\n]*\"?|'[^'\n]*'?|\[[^\]\n]*\]?|(?:(?:bearer|basic)\s)?[^\s,;&}\]]+)"
)
_OWN_TOKEN: Final = re.compile(r"\bopm_[a-z]_[\w-]+")
_BOT_TOKEN: Final = re.compile(r"/bot\d{4,}:[\w-]+")


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Tell whether a key, header or variable of this name usually holds a secret."""
    return _SECRET_NAME.search(name) is not None and _NOT_SECRET.search(name) is None


def redact_url(text: str) -> str:
    """Hide user names, passwords and values of token-like parameters in every URL of a text."""
    # What no expression can be found without is looked for first: most texts hold none of it.
    if "@" in text:
        text = _USERINFO.sub(rf"\1{REDACTED}@", text)
    if "/bot" in text:
        text = _BOT_TOKEN.sub(f"/bot{REDACTED}", text)
    if "opm_" in text:
        text = _OWN_TOKEN.sub(REDACTED, text)
    return _PARAMETER.sub(_redact_parameter, text) if "=" in text else text


def redact_text(text: str, known: Collection[str] = ()) -> str:
    """Hide in a text for people whatever looks like a secret, and every known secret value."""
    text = _replace_known(text, known)
    text = _ASSIGNMENT.sub(rf"\1{REDACTED}", redact_url(text))
    return _SCHEME.sub(rf"\1\2{REDACTED}", text)


def hide_known(value: T, known: Collection[str]) -> T:
    """Return a value, such as a text or what JSON can hold, without the known secrets in it."""
    hidden: Any = value
    if isinstance(value, str):
        hidden = _replace_known(value, known)
    elif isinstance(value, Mapping):
        hidden = {key: hide_known(item, known) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        hidden = type(value)(hide_known(item, known) for item in value)
    return cast("T", hidden)


def _replace_known(text: str, known: Collection[str]) -> str:
    """Hide known values, the longest first; of one that was shortened, its beginning as well."""
    for value in sorted(known, key=len, reverse=True):
        if value:
            text = text.replace(value, REDACTED).replace(value[:_BEGINNING], REDACTED)
    return text


def _redact_parameter(match: re.Match[str]) -> str:
    """Keep a parameter's name and, unless the name is that of a secret, its value."""
    mark, name, value = match.groups()
    return f"{mark}{name}={REDACTED if value and is_secret_name(name) else value}"
