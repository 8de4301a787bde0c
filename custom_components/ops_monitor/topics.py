"""Names what changed between two states, so that only those hear of it whom it concerns."""

from collections.abc import Iterable
from dataclasses import fields
from enum import Enum
from operator import attrgetter
from typing import Final

from .client import Check, Frame, Reading, Snapshot
from .client.snapshot import ChecksFrame


class Topic(Enum):
    """What a listener wants to hear of.

    The id of a check is a topic too: it was judged otherwise, renamed, added or removed. So is
    `every_run` of an id: the check was run, or any of that.
    """

    HUB = "hub"
    """The whole: counts, overall status, configuration, alerts."""
    CERTIFICATES = "certificates"
    """When the certificates expire that the checks see."""
    READINGS = "readings"
    """Anything that is polled."""
    DEVICES = "devices"
    """Which devices there are and how they are described."""
    UPTIMES = "uptimes"
    """For how much of a span of time the checks were up; asked for now and then."""


def every_run(check_id: str) -> tuple[str, str]:
    """Return the topic of all that happens to a check, be it only that it was run once more."""
    return (check_id, "run")


def reading_topic(name: str) -> tuple[str, str]:
    """Return the topic of a reading."""
    return ("reading", name)


def told_checks(frames: Iterable[Frame]) -> set[str] | None:
    """Return the ids of the checks that frames tell of; None: they may tell of all of them."""
    ids: set[str] = set()
    for frame in frames:
        match frame:
            case Snapshot():
                return None
            case ChecksFrame():
                ids.update(frame.checks, frame.removed, frame.unreadable)
            case _:
                pass
    return ids


def changed_topics(old: Snapshot, new: Snapshot, ids: set[str] | None = None) -> set[object]:
    """Return what differs between two states; only checks of these ids do, if there are any."""
    topics: set[object] = set()
    if old is new:
        return topics
    has_new_devices = old.version != new.version or old.unreadable.keys() != new.unreadable.keys()
    has_new_devices |= old.unreadable_readings.keys() != new.unreadable_readings.keys()
    has_new_devices |= _add_checks(topics, old, new, ids)
    has_new_devices |= _add_readings(topics, old, new)
    if has_new_devices:
        topics.add(Topic.DEVICES)
    if _whole(old) != _whole(new):
        topics.add(Topic.HUB)
    return topics


def _add_checks(topics: set[object], old: Snapshot, new: Snapshot, ids: set[str] | None) -> bool:
    """Add the topics of the checks that differ; tell whether their devices do."""
    has_new_devices = False
    for check_id in old.checks.keys() | new.checks.keys() if ids is None else ids:
        before, now = old.checks.get(check_id), new.checks.get(check_id)
        if before is now or before == now:
            continue
        topics.add(every_run(check_id))
        if before is None or now is None:
            topics |= {check_id, Topic.CERTIFICATES}
            has_new_devices = True
        elif _lasting(before) != _lasting(now):
            topics.add(check_id)
            has_new_devices |= _face(before) != _face(now)
            if before.certificate_expires != now.certificate_expires:
                topics.add(Topic.CERTIFICATES)
    return has_new_devices


def _add_readings(topics: set[object], old: Snapshot, new: Snapshot) -> bool:
    """Add the topics of the readings that differ; tell whether there is something new to read."""
    is_new = False
    if old.readings is new.readings:
        return is_new
    for name in old.readings.keys() | new.readings.keys():
        then, now = old.readings.get(name), new.readings.get(name)
        if then is now or then == now:
            continue
        topics |= {reading_topic(name), Topic.READINGS}
        is_new |= then is None or now is None or _anatomy(then) != _anatomy(now)
    return is_new


def _anatomy(reading: Reading) -> tuple[object, ...]:
    """Return what the devices of a reading and their entities follow from."""
    return (reading.values.keys(), reading.about, reading.is_fresh)


_whole: Final = attrgetter("summary", "problems", "alerts", "wellbeing", "started_at")
"""Return what concerns the whole."""

_face: Final = attrgetter("name", "type", "tags", "is_core", "exports", "belongs_to")
"""Return what the device of a check shows of it, by what it is chosen, what it counts, and which
entities it has."""

_lasting: Final = attrgetter(
    *(
        field.name
        for field in fields(Check)
        if field.name not in {"last_run", "last_ok", "latency_ms", "value", "deadline", "exported"}
    )
)
"""Return what a further run of a check leaves as it is, as a rule."""
