"""Events of the calendars: what the daemon tells as one, and what one asks of it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from homeassistant.components.calendar import CalendarEvent
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN

SHORTEST_EVENT: Final = timedelta(minutes=1)
_ALL: Final = "all"
"""Says in place of checks and tags that every check is meant."""


def announcement(
    event: Mapping[str, Any], known: Collection[str], sites: Collection[str] = ()
) -> dict[str, Any]:
    """Return what an event announces: work, once, on what its description lists.

    These are ids of known checks, and tags; or `all`. Of work that is changed also its sites.

    Raises:
        ServiceValidationError: It recurs, or does not say what the work is on.

    """
    if event.get("rrule"):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="recurring_maintenance"
        )
    words = [word.strip() for word in str(event.get("description") or "").split(",")]
    names = [word for word in words if word]
    if not names:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="maintenance_of_what"
        )
    is_all = [name.casefold() for name in names] == [_ALL]
    return {
        "from": _start_of(event["dtstart"]).isoformat(),
        "to": _start_of(event["dtend"]).isoformat(),
        "reason": event.get("summary"),
        "checks": [] if is_all else [name for name in names if name in known],
        "tags": [] if is_all else [name for name in names if name not in {*known, *sites}],
        "sites": [] if is_all else [name for name in names if name in sites and name not in known],
        "all": is_all,
    }


def require_event(uid: str, events: Iterable[CalendarEvent]) -> None:
    """Refuse an id that is none of the events'.

    Raises:
        ServiceValidationError: It is not.

    """
    if uid not in {event.uid for event in events}:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_maintenance",
            translation_placeholders={"id": uid},
        )


def sites_of(uid: str, windows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the sites that work is on, but those that are a tag of it, too."""
    found: Mapping[str, Any] = next((it for it in windows if str(it.get("id")) == uid), {})
    return {*map(str, found.get("sites") or ())} - {*map(str, found.get("tags") or ())}


def is_made_up(uid: str, summary: object, windows: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a summary only stands in for the reason that work does not have."""
    found: Mapping[str, Any] = next((it for it in windows if str(it.get("id")) == uid), {})
    return not found.get("reason") and summary == _title(found)


def _title(window: Mapping[str, Any]) -> str:
    """Return what maintenance is called."""
    return str(window.get("reason") or window.get("schedule") or window.get("id"))


def maintenance_event(window: dict[str, Any]) -> CalendarEvent | None:
    """Return maintenance as an event; None if it is over for good."""
    start = dt_util.parse_datetime(str(window.get("start")))
    end = dt_util.parse_datetime(str(window.get("end")))
    if start is None or end is None:
        return None
    of = [
        *([_ALL] if window.get("all") else ()),
        *(window.get("checks") or ()),
        *(window.get("tags") or ()),
        *(window.get("sites") or ()),
    ]
    return CalendarEvent(
        start=start,
        end=max(end, start + SHORTEST_EVENT),
        summary=_title(window),
        description=", ".join(map(str, of)) or None,
        uid=str(window.get("id")),
    )


def end_of_day() -> datetime:
    """Return the end of this day.

    What is not over has no end yet. One that moved on all the time would be a new state each time.
    """
    return dt_util.start_of_local_day(dt_util.now() + timedelta(days=1))


def _start_of(moment: datetime | date) -> datetime:
    """Return a moment; of a day, its beginning here."""
    return moment if isinstance(moment, datetime) else dt_util.start_of_local_day(moment)


def incident_event(incident: dict[str, Any]) -> CalendarEvent | None:
    """Return an incident as an event; None if its beginning is not known."""
    start = dt_util.parse_datetime(str(incident.get("opened_at")))
    if start is None:
        return None
    end = dt_util.parse_datetime(str(incident.get("resolved_at"))) or dt_util.utcnow()
    return CalendarEvent(
        start=start,
        end=max(end, start + SHORTEST_EVENT),
        summary=f"{incident.get('name') or incident.get('check_id')}: {incident.get('kind')}",
        description=str(incident.get("message") or ""),
        uid=str(incident.get("id")),
    )


def overlaps(event: CalendarEvent, start: datetime, end: datetime) -> bool:
    """Tell whether an event and a range of time have a moment in common."""
    return event.start_datetime_local < end and event.end_datetime_local > start
