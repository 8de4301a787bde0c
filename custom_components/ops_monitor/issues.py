"""What a person has to see to, as issues that come and go by themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .client import Check
from .const import CONF_CORE, CONF_REPAIRS, DOMAIN, RepairLevel
from .coordinator import OpsMonitorConfigEntry
from .topics import Topic

SOON: Final = timedelta(days=14)
"""So long before its end people are told of a token's expiry."""
_LOOK_AGAIN: Final = timedelta(hours=6)
MOST_SKEW: Final = timedelta(seconds=60)
_LONGEST_TEXT: Final = 1000


@callback
def keep_issues(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Raise issues when there is something to see to, and take them back when there is not."""
    coordinator = entry.runtime_data
    raised: set[str] = set()

    @callback
    def update() -> None:
        """Compare what is wrong with what was told of it."""
        wanted = {f"check_down_{entry.entry_id}_{check.id}": check for check in _down(entry)}
        for issue_id in raised - wanted.keys():
            ir.async_delete_issue(hass, DOMAIN, issue_id)
        for issue_id, check in wanted.items():
            if issue_id not in raised:
                _raise_check_down(hass, entry, issue_id, check)
        raised.clear()
        raised.update(wanted)
        _tell_all(hass, entry, _TOLD)

    @callback
    def update_standing(_now: datetime | None = None) -> None:
        """See to what only time, or other devices, bring about."""
        _tell_all(hass, entry, STANDING)

    @callback
    def forget() -> None:
        """Take back what nobody would take back any more."""
        for issue_id in (*raised, *_ids(entry)):
            ir.async_delete_issue(hass, DOMAIN, issue_id)

    if coordinator.info.may_change:
        # Whoever asked in vain may be long gone: nobody else would take it back.
        ir.async_delete_issue(hass, DOMAIN, f"read_only_token_{entry.entry_id}")
    update()
    update_standing()
    entry.async_on_unload(coordinator.async_add_listener(update, Topic.HUB))
    entry.async_on_unload(coordinator.async_add_listener(update_standing, Topic.DEVICES))
    entry.async_on_unload(async_track_time_interval(hass, update_standing, _LOOK_AGAIN))
    entry.async_on_unload(coordinator.async_add_event_listener(lambda _event: update()))
    entry.async_on_unload(forget)


@callback
def raise_read_only_token(hass: HomeAssistant, entry: OpsMonitorConfigEntry) -> None:
    """Tell that the token may only read, though something else was asked for."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"read_only_token_{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="read_only_token",
        translation_placeholders={"name": entry.title},
    )


def _ids(entry: OpsMonitorConfigEntry) -> tuple[str, ...]:
    """Return the ids of the issues of which there is one a daemon."""
    return tuple(f"{kind}_{entry.entry_id}" for kind in (*_TOLD, *STANDING))


def _expiry(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return when our token ends, if that is soon."""
    expires = entry.runtime_data.info.token_expires
    if expires is None or expires - dt_util.utcnow() > SOON:
        return None
    return {"date": dt_util.as_local(expires).date().isoformat()}


def _no_core(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return something if issues are wanted for core checks, and there is none of these."""
    shown = list(entry.runtime_data.shown)
    core = entry.options.get(CONF_CORE, ())
    if not shown or entry.options.get(CONF_REPAIRS, RepairLevel.CORE) != RepairLevel.CORE:
        return None
    return None if any(check.is_core or check.id in core for check in shown) else {}


def _orphaned(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return how many devices vanished all at once, if they did."""
    orphans = entry.runtime_data.orphans
    return {"count": str(len(orphans))} if orphans else None


def _config_error(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return what mistakes the daemon's configuration file has, if any."""
    problems = entry.runtime_data.data.problems
    return {"problems": "\n".join(problems)[:_LONGEST_TEXT]} if problems else None


def _clock_skew(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return by how many seconds the clocks of both machines differ, if that is much."""
    skew = entry.runtime_data.client.clock_skew
    if skew is None or abs(skew) <= MOST_SKEW:
        return None
    return {"seconds": str(round(abs(skew).total_seconds()))}


def _lack_of_room(entry: OpsMonitorConfigEntry) -> dict[str, str] | None:
    """Return how many megabytes are left for the daemon's database, if those are few."""
    wellbeing = entry.runtime_data.data.wellbeing
    storage = wellbeing.storage if wellbeing else None
    if storage is None or not storage.is_low:
        return None
    return {"free": str(round((storage.free_bytes or 0) / 1_000_000))}


type _Seen = Callable[[OpsMonitorConfigEntry], dict[str, str] | None]
"""Returns the placeholders of an issue; None if there is nothing to see to."""

STANDING: Final[Mapping[str, _Seen]] = {
    "token_expires_soon": _expiry,
    "no_core_checks": _no_core,
    "orphaned_devices": _orphaned,
}
"""What can be seen to in a flow, of which there is one a daemon."""
_TOLD: Final[Mapping[str, _Seen]] = {
    "config_error": _config_error,
    "clock_skew": _clock_skew,
    "database_nearly_full": _lack_of_room,
}
"""What is to be seen to on the daemon's machine, of which there is one a daemon."""
_ERRORS: Final = frozenset({"config_error"})


def _tell_all(
    hass: HomeAssistant, entry: OpsMonitorConfigEntry, kinds: Mapping[str, _Seen]
) -> None:
    """Tell, or take back, what there is to see to of some kinds."""
    for kind, seen in kinds.items():
        _tell(hass, entry, kind, seen(entry))


def _tell(
    hass: HomeAssistant, entry: OpsMonitorConfigEntry, kind: str, found: dict[str, str] | None
) -> None:
    """Tell, or take back, that there is something to see to."""
    issue_id = f"{kind}_{entry.entry_id}"
    if found is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    is_fixable = kind in STANDING
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id} if is_fixable else None,
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.ERROR if kind in _ERRORS else ir.IssueSeverity.WARNING,
        translation_key=kind,
        translation_placeholders={"name": entry.title, **found},
    )


def _down(entry: OpsMonitorConfigEntry) -> list[Check]:
    """Return the checks whose failure is worth an issue."""
    coordinator = entry.runtime_data
    level = entry.options.get(CONF_REPAIRS, RepairLevel.CORE)
    core = entry.options.get(CONF_CORE, ())
    if level == RepairLevel.NONE:
        return []
    down = (coordinator.data.checks.get(check_id) for check_id in coordinator.data.summary.down_ids)
    return [
        check
        for check in down
        if check
        and coordinator.shows(check)
        and (check.is_core or check.id in core or level == RepairLevel.ALL)
        and not check.is_acknowledged
    ]


def _raise_check_down(
    hass: HomeAssistant, entry: OpsMonitorConfigEntry, issue_id: str, check: Check
) -> None:
    """Tell that a check is down."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, "check_id": check.id},
        is_fixable=True,
        severity=ir.IssueSeverity.CRITICAL if check.is_core else ir.IssueSeverity.ERROR,
        translation_key="check_down",
        translation_placeholders={"name": check.name, "error": check.error or "-"},
    )
