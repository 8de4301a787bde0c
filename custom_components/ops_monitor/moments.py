"""Divides what came together into moments, so that nothing that was so in between is passed over.

A busy Home Assistant reads what the daemon told over seconds at one go. Applied as one change, a
check that was down and is up again would never have been down.
"""

from collections.abc import Iterable, Iterator

from .client import EventFrame, Frame, Snapshot
from .client.readings import ReadingsFrame
from .client.snapshot import ChecksFrame, SummaryFrame
from .topics import Topic, reading_topic
from .wellbeing import aspects_of


def moments(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield the frames in order, in lists in each of which nothing becomes otherwise twice.

    What is judged over and over with the same outcome stays together. No frames are one moment.
    """
    moment: list[Frame] = []
    told: dict[object, object] = {}
    for frame in frames:
        says = _says(frame)
        is_otherwise = any(told.get(about, what) != what for about, what in says.items())
        if moment and (is_otherwise or isinstance(frame, Snapshot)):
            yield moment
            moment, told = [], {}
        moment.append(frame)
        told |= says
    yield moment


def _says(frame: Frame) -> dict[object, object]:
    """Return what a frame says, as far as automations wait for it, by what it is about."""
    match frame:
        case Snapshot():
            return {check.id: check.status for check in frame.checks.values()}
        case ChecksFrame():
            says: dict[object, object] = dict.fromkeys(frame.removed)
            for check in frame.checks.values():
                says[check.id] = check.status
            return says
        case EventFrame():
            return {frame.transition.check_id: frame.transition.status}
        case SummaryFrame():
            return {Topic.HUB: frame.summary.overall}
        case ReadingsFrame():
            return {
                reading_topic(name): (reading.health, *aspects_of(reading))
                for name, reading in frame.readings.items()
            }
        case _:
            return {}
