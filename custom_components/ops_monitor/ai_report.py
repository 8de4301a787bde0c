"""Has an AI task of Home Assistant write a report from what the daemon recorded."""

from datetime import datetime, timedelta
import json
from typing import Any, Final

from homeassistant.core import Context, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import OpsMonitorCoordinator
from .facts import IS_DATA, check_facts, incident_facts
from .incidents import incidents_of, lasted_until

# As that integration names it; importing it would make it a dependency.
_AI_TASK: Final = ("ai_task", "generate_data")
_MOST_INCIDENTS: Final = 100
_INSTRUCTIONS: Final = """\
Write a short report in Markdown on how the monitored services did from {start} to {end}, for the
people who run them at home. Write in this language: {language}. Begin with one sentence on how
things are now, then what went wrong and for how long, then what deserves attention. Use only these
facts, and say nothing that does not follow from them. {is_data}

{facts}
"""


async def write_report(
    coordinator: OpsMonitorCoordinator,
    entity_id: str,
    *,
    span: timedelta,
    language: str | None,
    context: Context,
) -> ServiceResponse:
    """Return the report, and the facts that it was made of."""
    hass = coordinator.hass
    if not hass.services.has_service(*_AI_TASK):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_ai_task")
    end = dt_util.utcnow()
    facts = await _facts(coordinator, end - span)
    instructions = _INSTRUCTIONS.format(
        start=dt_util.as_local(end - span).isoformat(timespec="minutes"),
        end=dt_util.as_local(end).isoformat(timespec="minutes"),
        language=language or hass.config.language,
        is_data=IS_DATA,
        facts=json.dumps(facts, ensure_ascii=False),
    )
    data = {
        "entity_id": entity_id,
        "task_name": f"{coordinator.name} report",
        "instructions": instructions,
    }
    answer = await hass.services.async_call(
        *_AI_TASK, data, blocking=True, context=context, return_response=True
    )
    text = (answer or {}).get("data")
    if not isinstance(text, str) or not text.strip():
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unreadable_answer")
    return {
        "title": coordinator.name,
        "markdown": text,
        "facts": facts,
        "llm": {"used": True, "entity_id": entity_id},
        "generated_at": end.isoformat(),
    }


async def _facts(coordinator: OpsMonitorCoordinator, since: datetime) -> dict[str, Any]:
    """Return what there is to report; no targets, which are addresses of the house."""
    data = coordinator.data
    uptimes = coordinator.uptimes.data
    incidents = await incidents_of(coordinator)
    lasted = [item for item in incidents if lasted_until(item, since)]
    return {
        "status": data.summary.overall.value,
        "checks": data.summary.total,
        "up": data.summary.up,
        "in_trouble": [
            check_facts(check) for check in data.checks.values() if check.status in _TROUBLE
        ],
        "uptime_percent": {
            check.name: {key: value for key, value in past.percent.items() if value is not None}
            for check in data.checks.values()
            if (past := uptimes.get(check.id))
        },
        "things_with_issues": {
            reading.name: list(reading.issues)
            for reading in data.readings.values()
            if reading.issues
        },
        "incidents": [incident_facts(item) for item in lasted[:_MOST_INCIDENTS]],
    }


_TROUBLE: Final = frozenset({"down", "degraded", "unreachable"})
