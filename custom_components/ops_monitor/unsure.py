"""Which parts of readings may still be there, though the daemon does not tell of them now: pure."""

from collections.abc import Iterable

from .client import Snapshot


def unsure_readings(data: Snapshot) -> set[str]:
    """Return the names of the readings that cannot be read now, or are too old to go by.

    What is missing in them may be there: a cluster that does not answer has not lost its nodes.
    """
    stale = {name for name, reading in data.readings.items() if not reading.is_fresh}
    return stale | data.unreadable_readings.keys()


def may_be_there(part_id: str, unsure: Iterable[str]) -> bool:
    """Tell whether a part belongs to one of these readings, or is the whole of it."""
    return any(part_id == name or part_id.startswith(f"{name}.") for name in unsure)
