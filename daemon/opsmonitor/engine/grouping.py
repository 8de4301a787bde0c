"""Put notices that came together into one message: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.models.alert import AlertKind, NoticeKind
from opsmonitor.notifiers.base import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsmonitor.models.alert import Notice

_MOST_LISTED: Final = 20
_WORDS: Final = {
    NoticeKind.FIRST_FAIL: "down",
    NoticeKind.DEADLINE_MISS: "late",
    NoticeKind.DEGRADED: "degraded",
    NoticeKind.CERT_EXPIRING: "certificates expiring",
    NoticeKind.REMINDER: "still in trouble",
    NoticeKind.RECOVERED: "up again",
    NoticeKind.TEST: "tests",
}
_BETTER: Final = "better again"
_ORDER: Final = (*_WORDS.values(), _BETTER)


def compose(notices: Sequence[Notice]) -> Message:
    """Return the message that tells all of these notices, without reminders that came too late."""
    last = {notice.alert_id: notice for notice in notices}
    notices = [
        notice
        for notice in notices
        if notice.kind is not NoticeKind.REMINDER or last[notice.alert_id] is notice
    ]
    severity = min(notice.severity for notice in notices)
    if len(notices) == 1:
        title, text = notices[0].title, notices[0].text
    else:
        title, text = _count(notices), _list(notices)
    return Message(title=title, text=text, severity=severity, notices=tuple(notices))


def _count(notices: Sequence[Notice]) -> str:
    """Return how many notices of each kind there are."""
    words = [_word(notice) for notice in notices]
    return ", ".join(f"{words.count(word)} {word}" for word in _ORDER if word in words)


def _word(notice: Notice) -> str:
    """Return what happened, in a word."""
    if notice.kind is NoticeKind.RECOVERED and notice.alert_kind is not AlertKind.DOWN:
        return _BETTER
    return _WORDS[notice.kind]


def _list(notices: Sequence[Notice]) -> str:
    """Return a line for each notice, up to a bound."""
    lines = [f"{notice.title} - {notice.text.splitlines()[0]}" for notice in notices]
    more = len(lines) - _MOST_LISTED
    return "\n".join([*lines[:_MOST_LISTED], *([f"and {more} more"] if more > 0 else [])])
