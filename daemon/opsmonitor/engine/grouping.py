"""Put notices that came together into one message: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.models.alert import AlertKind, NoticeKind
from opsmonitor.notifiers.base import Message
from opsmonitor.util.duration import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsmonitor.models.alert import Notice

_MOST_LISTED: Final = 20
_WORDS: Final = {
    NoticeKind.FIRST_FAIL: "down",
    NoticeKind.DEADLINE_MISS: "late",
    NoticeKind.DEGRADED: "degraded",
    NoticeKind.CERT_EXPIRING: "certificates expiring",
    NoticeKind.ESCALATED: "not acknowledged",
    NoticeKind.FLAPPING: "flapping",
    NoticeKind.STEADY: "steady again",
    NoticeKind.REMEDIATION: "actions",
    NoticeKind.REMINDER: "still in trouble",
    NoticeKind.RECOVERED: "up again",
    NoticeKind.MANUAL: "messages",
    NoticeKind.TEST: "tests",
}
_BETTER: Final = "better again"
_PASSING: Final = frozenset({NoticeKind.REMINDER, NoticeKind.CERT_EXPIRING})
"""What is out of date as soon as something else is told of the same alert."""
_WORTH_SAYING_S: Final = 300.0
_QUIET: Final = "While it was quiet: "
_ORDER: Final = (*_WORDS.values(), _BETTER)


def compose(notices: Sequence[Notice], *, late_s: float = 0.0) -> Message:
    """Return the message that tells all of these notices, which may come late.

    A reminder, or the days that a certificate has left, is out of date if something else about its
    alert follows; and of what began and ended in quiet hours only the end is told.
    """
    told = [notice for notice in notices if not _is_outdated(notice, notices)]
    severity = min(notice.severity for notice in told)
    if len(told) == 1:
        title, text = told[0].title, told[0].text
    else:
        title, text = _count(told), _list(told)
        if any(notice.is_held for notice in told):
            title = f"{_QUIET}{title}"
    if late_s >= _WORTH_SAYING_S:
        text = f"{text}\n(This comes {duration_text(late_s)} late: it could not be sent before.)"
    return Message(title=title, text=text, severity=severity, notices=tuple(told))


def _is_outdated(notice: Notice, notices: Sequence[Notice]) -> bool:
    """Tell whether another notice says all that this one says."""
    of_alert = [other for other in notices if other.alert_id == notice.alert_id]
    last = of_alert[-1]
    if notice is last:
        return False
    if notice.kind in _PASSING:
        return True
    return notice.is_held and last.kind is NoticeKind.RECOVERED


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
