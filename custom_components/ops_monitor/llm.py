"""Lets assistants ask how the services are; they can change nothing of it."""

from typing import Any, Final, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
import probatio as vol

from .asking import ask_list, tell
from .client import Check
from .const import CONF_ASSIST, DOMAIN
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .facts import IS_DATA, check_facts, incident_facts, shortened

_PROMPT: Final = (
    "Use the ops_monitor tools for questions about servers, services, websites and other checks:"
    f" whether they are up, since when, and what went wrong. {IS_DATA}"
)
_MOST: Final = 20
_LOOKBACK_MINUTES: Final = 60
_READ_ONLY: Final = llm.ToolAnnotations(
    read_only=True, destructive=False, idempotent=True, open_world=False
)
# The daemon looks around, may ask others, and need not find the same again.
_STARTS_SOMETHING: Final = llm.ToolAnnotations(
    read_only=False, destructive=False, idempotent=False, open_world=True
)


class _OurTool(llm.Tool):
    """A tool that asks the daemons; it only reads, unless it says otherwise."""

    integration = DOMAIN
    annotations = _READ_ONLY

    def __init__(self, coordinators: list[OpsMonitorCoordinator]) -> None:
        """Take the daemons that are set up."""
        self._coordinators = coordinators


class SummaryTool(_OurTool):
    """How the whole is doing."""

    name = f"{DOMAIN}__get_summary"
    title = "Get service status"
    description = (
        f"Tells how all monitored services are doing and which of them are down, and why. {IS_DATA}"
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult:
        """Answer from what is known."""
        return llm.ToolResult(data={"daemons": [_summary(it) for it in self._coordinators]})


class CheckTool(_OurTool):
    """How one check is doing."""

    name = f"{DOMAIN}__get_check"
    title = "Get one service"
    description = (
        "Tells how one monitored service is doing, by its name or a part of it. What is not current"
        f" was so when the monitor could last be reached. {IS_DATA}"
    )
    parameters = vol.Schema({vol.Required("name", description="The name of the service"): str})

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult:
        """Answer from what is known."""
        wanted = str(tool_input.tool_args.get("name", "")).strip().casefold()
        if not wanted:
            return llm.ToolResult(data={"error": "say which service"}, error=True)
        found = [
            {**_describe(check), "is_current": coordinator.last_update_success}
            for coordinator in self._coordinators
            for check in coordinator.data.checks.values()
            if wanted in check.name.casefold() or wanted == check.id.casefold()
        ]
        if not found:
            return llm.ToolResult(data={"error": f"no check is called {wanted}"}, error=True)
        return llm.ToolResult(data={"checks": [*found[:_MOST]]})


class IncidentsTool(_OurTool):
    """What went wrong."""

    name = f"{DOMAIN}__get_incidents"
    title = "Get incidents"
    description = (
        "Tells what went wrong lately, newest first; or only what is still wrong. Monitors that"
        f" could not be asked are named. {IS_DATA}"
    )
    parameters = vol.Schema(
        {vol.Optional("open_only", description="Only what is still wrong", default=False): bool}
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult:
        """Ask the daemons."""
        params = {"limit": str(_MOST)}
        if tool_input.tool_args.get("open_only"):
            params["resolved"] = "false"
        incidents: list[dict[str, Any]] = []
        silent: list[dict[str, Any]] = []
        for coordinator in self._coordinators:
            try:
                incidents += await ask_list(coordinator, "api/alerts", params)
            except HomeAssistantError as err:
                silent.append({"name": coordinator.name, "error": shortened(str(err))})
        incidents.sort(key=lambda item: str(item.get("opened_at")), reverse=True)
        return llm.ToolResult(
            data={
                "incidents": [incident_facts(item) for item in incidents[:_MOST]],
                "unanswered": [*silent],
            },
            error=len(silent) == len(self._coordinators),
        )


class DiagnoseTool(_OurTool):
    """What is likely to be the cause of one check's trouble."""

    name = f"{DOMAIN}__diagnose"
    title = "Diagnose a service"
    annotations = _STARTS_SOMETHING
    description = (
        f"Tells the likely cause of one monitored service's trouble, by its exact name. {IS_DATA}"
    )
    parameters = vol.Schema({vol.Required("name", description="The name of the service"): str})

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult:
        """Have the daemon look into it."""
        wanted = str(tool_input.tool_args.get("name", "")).strip().casefold()
        for coordinator in self._coordinators:
            for check in coordinator.data.checks.values():
                if wanted in {check.name.casefold(), check.id.casefold()}:
                    body = {"service_name": check.id, "lookback_minutes": _LOOKBACK_MINUTES}
                    try:
                        found = await tell(coordinator, "api/diagnose", body)
                    except HomeAssistantError as err:
                        return llm.ToolResult(data={"error": shortened(str(err))}, error=True)
                    return llm.ToolResult(data={"diagnosis": shortened(found)})
        return llm.ToolResult(data={"error": f"no check is called {wanted}"}, error=True)


@callback
def async_get_tools(
    hass: HomeAssistant, _llm_context: llm.LLMContext, _api_id: str
) -> LLMTools | None:
    """Return the tools while a daemon is set up that assistants may ask."""
    loaded: list[OpsMonitorConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    entries = [entry for entry in loaded if entry.options.get(CONF_ASSIST, True)]
    if not entries:
        return None
    coordinators = [entry.runtime_data for entry in entries]
    able = [it for it in coordinators if "diagnose" in it.info.capabilities]
    return LLMTools(
        tools=[
            SummaryTool(coordinators),
            CheckTool(coordinators),
            IncidentsTool(coordinators),
            *([DiagnoseTool(able)] if able else []),
        ],
        prompt=_PROMPT,
    )


def _summary(coordinator: OpsMonitorCoordinator) -> dict[str, Any]:
    """Return how one daemon's checks are doing."""
    data = coordinator.data
    down = [data.checks[it] for it in data.summary.down_ids if it in data.checks]
    return {
        "name": coordinator.name,
        "reachable": coordinator.last_update_success,
        "status": data.summary.overall.value,
        "checks": data.summary.total,
        "up": data.summary.up,
        "down": [_describe(check) for check in down[:_MOST]],
    }


def _describe(check: Check) -> dict[str, Any]:
    """Return what is worth telling of a check now."""
    return {**check_facts(check), "response_time_ms": check.latency_ms}
