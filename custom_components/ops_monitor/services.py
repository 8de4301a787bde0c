"""The actions: what people and automations may ask, and ask for."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
import probatio as vol

from .const import DOMAIN
from .service_answers import (
    ATTR_AI_TASK,
    check_port,
    diagnose,
    generate_report,
    get_history,
    get_incidents,
    get_logs,
    get_ports,
    get_report,
    get_summary,
)
from .service_wishes import (
    acknowledge,
    end_maintenance,
    mute_alerts,
    pause_check,
    resume_check,
    run_check,
    run_remediation,
    send_test_alert,
    start_maintenance,
    unmute_alerts,
)
from .targets import ATTR_CHECK

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
type Fields = dict[str | vol.Marker, Any]

_DAEMON: Final[Fields] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_CHECKS: Final[Fields] = {
    **_DAEMON,
    **cv.TARGET_FIELDS,
    vol.Optional(ATTR_CHECK): vol.All(cv.ensure_list, [cv.string]),
}
_TEXT: Final = vol.All(cv.string, vol.Length(min=1, max=200))
_LONGEST: Final = timedelta(days=366)
_DURATION: Final = vol.All(cv.positive_time_period, vol.Range(max=_LONGEST))
_RANGE: Final[Fields] = {vol.Optional("range", default=timedelta(days=1)): _DURATION}
# It becomes part of a path; the daemon's own ids are all like this.
_ID: Final = vol.All(cv.string, vol.Match(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z"))
_PORT: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=65535))


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action."""

    handler: Handler
    fields: Fields = field(default_factory=dict)
    response: SupportsResponse = SupportsResponse.NONE
    is_admin: bool = False


ACTIONS: Final = {
    "get_summary": Action(handler=get_summary, fields=_DAEMON, response=SupportsResponse.ONLY),
    "get_history": Action(
        handler=get_history,
        fields={
            **_CHECKS,
            **_RANGE,
            vol.Optional("resolution", default="auto"): vol.In(["auto", "raw", "5m", "1h", "1d"]),
        },
        response=SupportsResponse.ONLY,
    ),
    "get_incidents": Action(
        handler=get_incidents,
        fields={
            **_CHECKS,
            vol.Optional("range"): _DURATION,
            vol.Optional("open_only", default=False): cv.boolean,
            vol.Optional("severity"): vol.All(cv.ensure_list, [cv.string]),
        },
        response=SupportsResponse.ONLY,
    ),
    "get_ports": Action(
        handler=get_ports,
        fields={**_DAEMON, vol.Optional("contains"): cv.string},
        response=SupportsResponse.ONLY,
    ),
    "check_port": Action(
        handler=check_port,
        fields={
            **_DAEMON,
            vol.Required("port"): _PORT,
            vol.Optional("protocol", default="tcp"): vol.In(["tcp", "udp"]),
        },
        response=SupportsResponse.ONLY,
    ),
    "generate_report": Action(
        handler=generate_report,
        fields={
            **_DAEMON,
            **_RANGE,
            vol.Optional(ATTR_AI_TASK): cv.entity_domain("ai_task"),
            vol.Optional("language"): _TEXT,
        },
        response=SupportsResponse.OPTIONAL,
    ),
    "get_report": Action(
        handler=get_report,
        fields={**_DAEMON, vol.Required("report_id"): _ID},
        response=SupportsResponse.ONLY,
    ),
    "diagnose": Action(
        handler=diagnose,
        fields={**_CHECKS, vol.Optional("lookback", default=timedelta(hours=1)): _DURATION},
        response=SupportsResponse.ONLY,
    ),
    "get_logs": Action(
        handler=get_logs,
        fields={
            **_DAEMON,
            vol.Required("host"): _TEXT,
            vol.Optional("unit"): _TEXT,
            vol.Optional("contains"): _TEXT,
            vol.Optional("lines", default=100): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=1000)
            ),
        },
        response=SupportsResponse.ONLY,
    ),
    "run_check": Action(handler=run_check, fields=_CHECKS, response=SupportsResponse.OPTIONAL),
    "acknowledge": Action(handler=acknowledge, fields={**_CHECKS, vol.Optional("note"): _TEXT}),
    "pause_check": Action(
        handler=pause_check,
        fields={
            **_CHECKS,
            vol.Optional("duration"): _DURATION,
            vol.Optional("reason"): _TEXT,
        },
    ),
    "resume_check": Action(handler=resume_check, fields=_CHECKS),
    "send_test_alert": Action(
        handler=send_test_alert,
        fields={
            **_DAEMON,
            vol.Optional(ATTR_CHECK): _TEXT,
            vol.Optional("channel"): _TEXT,
        },
        response=SupportsResponse.OPTIONAL,
        is_admin=True,
    ),
    "mute_alerts": Action(
        handler=mute_alerts,
        fields={
            **_DAEMON,
            vol.Optional("duration"): _DURATION,
            vol.Optional("reason"): _TEXT,
        },
        is_admin=True,
    ),
    "unmute_alerts": Action(handler=unmute_alerts, fields=_DAEMON, is_admin=True),
    "run_remediation": Action(
        handler=run_remediation,
        fields={
            **_CHECKS,
            vol.Optional("action", default=1): vol.All(vol.Coerce(int), vol.Range(min=1, max=1000)),
        },
        response=SupportsResponse.OPTIONAL,
        is_admin=True,
    ),
    "start_maintenance": Action(
        handler=start_maintenance,
        fields={
            **_CHECKS,
            vol.Optional("tags"): vol.All(cv.ensure_list, [_TEXT]),
            vol.Required("duration"): _DURATION,
            vol.Optional("reason"): _TEXT,
        },
        response=SupportsResponse.OPTIONAL,
        is_admin=True,
    ),
    "end_maintenance": Action(
        handler=end_maintenance,
        fields={**_DAEMON, vol.Optional("id"): _ID},
        response=SupportsResponse.OPTIONAL,
        is_admin=True,
    ),
}
"""All actions by name; `services.yaml` and the translations describe the same ones."""


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Offer the actions, whether a daemon is set up or not."""
    for name, action in ACTIONS.items():
        schema = vol.Schema(action.fields)
        if action.is_admin:
            async_register_admin_service(
                hass, DOMAIN, name, action.handler, schema, action.response
            )
        else:
            hass.services.async_register(DOMAIN, name, action.handler, schema, action.response)
