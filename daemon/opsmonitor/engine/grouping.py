"""Put notices that came together into one message: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.models.alert import NoticeKind
from opsmonitor.notifiers.base import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsmonitor.models.alert import Notice

_MOST_LISTED: Final = 20
_WORDS: Final = {
    NoticeKind.FIRST_FAIL: "down",
    NoticeKind.RECOVERED: "up again",
    NoticeKind.TEST: "tests",
}


def compose(notices: Sequence[Notice]) -> Message:
    """Return the message that tells all of these notices."""
    severity = min(notice.severity for notice in notices)
    if len(notices) == 1:
        title, text = notices[0].title, notices[0].text
    else:
        title, text = _count(notices), _list(notices)
    return Message(title=title, text=text, severity=severity, notices=tuple(notices))


def _count(notices: Sequence[Notice]) -> str:
    """Return how many notices of each kind there are."""
    kinds = [notice.kind for notice in notices]
    return ", ".join(
        f"{kinds.count(kind)} {word}" for kind, word in _WORDS.items() if kind in kinds
    )


def _list(notices: Sequence[Notice]) -> str:
    """Return a line for each notice, up to a bound."""
    lines = [f"{notice.title} - {notice.text.splitlines()[0]}" for notice in notices]
    more = len(lines) - _MOST_LISTED
    return "\n".join([*lines[:_MOST_LISTED], *([f"and {more} more"] if more > 0 else [])])
