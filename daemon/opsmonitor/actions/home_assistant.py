"""Let Home Assistant do something, such as switching a plug off and on again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import re
from types import MappingProxyType
from typing import Any, Final

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.config import validators as cv
from opsmonitor.models.remediation import ActionRequest, Incident

_ACTION: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_MAX_BYTES: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantOptions:
    """Which action, on what, with which data: as in Home Assistant's own automations."""

    action: str
    target: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)


async def _run(options: HomeAssistantOptions, incident: Incident, context: ActionContext) -> str:
    """Ask those who listen to the stream, and wait until one says how it went."""
    return await context.ask(
        ActionRequest(
            id=incident.attempt_id,
            check_id=incident.check_id,
            name=incident.name,
            reason=incident.error,
            action=options.action,
            target=options.target,
            data=options.data,
            at_ms=incident.at_ms,
            expires_ms=incident.at_ms + round(incident.timeout_s * 1000),
        )
    )


def _action(value: Any) -> str:
    """Accept the name of an action."""
    name = cv.text(value).strip()
    if not _ACTION.fullmatch(name):
        raise vol.Invalid("expected an action of Home Assistant, such as switch.turn_on")
    return name


def _values(value: Any) -> Mapping[str, Any]:
    """Accept what can be sent as JSON."""
    if not isinstance(value, dict):
        raise vol.Invalid("expected names and values, such as {entity_id: switch.plug}")
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise vol.Invalid("cannot be written as JSON, or holds a secret") from None
    if len(text) > _MAX_BYTES:
        raise vol.Invalid(f"expected at most {_MAX_BYTES} characters")
    return MappingProxyType(value)


def _target(options: HomeAssistantOptions) -> str:
    """Return what is done to what, for people."""
    ids = options.target.get("entity_id", options.target.get("device_id", ()))
    named = [ids] if isinstance(ids, str) else [str(each) for each in ids]
    return " ".join([options.action, *named])


ACTION: Final = ActionType(
    name="home_assistant",
    options=HomeAssistantOptions,
    schema={
        vol.Required("action"): _action,
        vol.Optional("target"): _values,
        vol.Optional("data"): _values,
    },
    run=_run,
    target=_target,
    example={"action": "switch.turn_on", "target": {"entity_id": "switch.router_plug"}},
)
