"""Tell what has happened to a drive between two looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from opsmonitor.models.drive import Drive, DriveState
from opsmonitor.models.reading import ReadingEvent

_COUNTERS: Final = (
    ("media_errors", "drive_media_errors", "unreadable blocks"),
    ("reallocated_sectors", "drive_reallocated_sectors", "replaced sectors"),
    ("pending_sectors", "drive_pending_sectors", "sectors that wait for replacement"),
    ("unsafe_shutdowns", "drive_unsafe_shutdown", "times switched off without warning"),
)


def drive_events(before: Drive | None, now: Drive) -> Iterator[ReadingEvent]:
    """Yield what is new of a drive; at the first look nothing is."""
    if before is None:
        return
    is_gone, was_gone = now.state is DriveState.GONE, before.state is DriveState.GONE
    if is_gone and not was_gone:
        yield _event("drive_gone", before, f"{now.name}: the drive is not there any more")
        return
    if was_gone and not is_gone:
        yield _event("drive_back", now, f"{now.name}: the drive is there again")
    if before.serial and now.serial and before.serial != now.serial:
        yield _event("drive_replaced", now, f"{now.name}: it is another drive now")
        return
    for field, kind, words in _COUNTERS:
        old, new = getattr(before, field), getattr(now, field)
        if old is not None and new is not None and new > old:
            message = f"{now.name}: {new} {words}, {new - old} more than before"
            yield _event(kind, now, message, count=new, more=new - old)


def _event(kind: str, drive: Drive, message: str, **data: object) -> ReadingEvent:
    """Return an event of a drive."""
    about = {"drive": drive.name, "model": drive.model, "serial": drive.serial, **data}
    return ReadingEvent(kind=kind, message=message, data=about)
