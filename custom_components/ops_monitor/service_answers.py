"""Actions that only answer."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from .ai_report import write_report
from .asking import ask, require, tell
from .client import Check
from .const import DOMAIN
from .coordinator import OpsMonitorCoordinator
from .incidents import incidents_of, lasted_until
from .targets import checks_of, daemon_of, names_checks, the_check_of

ATTR_AI_TASK: Final = "ai_task_entity"
_MINUTE: Final = timedelta(minutes=1)


async def get_summary(call: ServiceCall) -> ServiceResponse:
    """Answer how the whole and each check are doing; nobody has to be asked for that."""
    coordinator = daemon_of(call.hass, call.data)
    summary = coordinator.data.summary
    checks: list[JsonValueType] = [_check(check) for check in coordinator.data.checks.values()]
    return {
        "status": summary.overall.value,
        "connected": coordinator.last_update_success,
        "total": summary.total,
        "up": summary.up,
        "down": summary.down,
        "unknown": summary.unknown,
        "degraded": summary.degraded,
        "paused": summary.paused,
        "checks": checks,
    }


async def get_history(call: ServiceCall) -> ServiceResponse:
    """Answer the history of one check: its uptime, response times and states."""
    item = the_check_of(call)
    answer = await ask(
        item.coordinator,
        f"api/history/{item.check.id}",
        {
            "range_minutes": _minutes(call.data["range"]),
            "resolution": call.data["resolution"],
        },
    )
    return _object(answer)


async def get_incidents(call: ServiceCall) -> ServiceResponse:
    """Answer what went wrong, newest first; with a target, that of the daemons that have it."""
    incidents = []
    for coordinator, ids in _asked_about(call).items():
        found = await incidents_of(coordinator, open_only=call.data["open_only"])
        incidents += [item for item in found if ids is None or item.get("check_id") in ids]
    if "range" in call.data:
        since = dt_util.utcnow() - call.data["range"]
        incidents = [item for item in incidents if lasted_until(item, since)]
    if "severity" in call.data:
        incidents = [item for item in incidents if item.get("severity") in call.data["severity"]]
    # Each daemon answers the newest first; their times are all written the same way.
    incidents.sort(key=lambda item: str(item.get("opened_at") or ""), reverse=True)
    return {"incidents": [*incidents]}


async def get_ports(call: ServiceCall) -> ServiceResponse:
    """Answer which ports are open on the daemon's machine, and by what."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "ports")
    answer = _object(await ask(coordinator, "api/host/ports"))
    if wanted := call.data.get("contains", "").lower():
        return {
            **answer,
            "ports": [port for port in _ports(answer) if wanted in str(port).lower()],
        }
    return answer


async def check_port(call: ServiceCall) -> ServiceResponse:
    """Answer whether a port is free, and what has it if not."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "ports")
    answer = _object(await ask(coordinator, "api/host/ports"))
    taken: list[JsonValueType] = [
        port
        for port in _ports(answer)
        if port.get("port") == call.data["port"]
        and str(port.get("proto", "tcp")).startswith(call.data["protocol"])
    ]
    first = taken[0] if taken and isinstance(taken[0], dict) else {}
    return {
        "free": not taken,
        "process": first.get("process"),
        "container": first.get("docker_container_name"),
        "listeners": taken,
    }


async def generate_report(call: ServiceCall) -> ServiceResponse:
    """Have a report written: by the daemon, or from its facts by an AI task."""
    coordinator = daemon_of(call.hass, call.data)
    if ATTR_AI_TASK in call.data:
        return await write_report(
            coordinator,
            call.data[ATTR_AI_TASK],
            span=call.data["range"],
            language=call.data.get("language"),
            context=call.context,
        )
    require(coordinator, "reports")
    body = {"range_minutes": int(_minutes(call.data["range"]))}
    return _object(await tell(coordinator, "api/reports/generate", body))


async def get_report(call: ServiceCall) -> ServiceResponse:
    """Answer a report that was written before."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "reports")
    return _object(await ask(coordinator, f"api/reports/{call.data['report_id']}"))


async def diagnose(call: ServiceCall) -> ServiceResponse:
    """Answer what is likely to be the cause of a check's trouble."""
    item = the_check_of(call)
    require(item.coordinator, "diagnose")
    body = {
        "service_name": item.check.id,
        "lookback_minutes": int(_minutes(call.data["lookback"])),
    }
    return _object(await tell(item.coordinator, "api/diagnose", body))


async def get_logs(call: ServiceCall) -> ServiceResponse:
    """Answer lines of a host's log."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "logs")
    params = {
        key: str(call.data[key])
        for key in ("host", "unit", "contains", "lines")
        if key in call.data
    }
    return _object(await ask(coordinator, "api/logs", params))


def _check(check: Check) -> JsonObjectType:
    """Return what is worth knowing of a check."""
    return {
        "id": check.id,
        "name": check.name,
        "type": check.type,
        "target": check.target,
        "status": check.status.value,
        "ok": check.ok,
        "error": check.error,
        "latency_ms": check.latency_ms,
        "last_change": check.last_change.isoformat() if check.last_change else None,
        "core": check.is_core,
        "severity": check.severity,
        "tags": list(check.tags),
    }


def _ports(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ports of an answer."""
    ports = answer.get("ports")
    if not isinstance(ports, list):
        raise _unreadable()
    return [port for port in ports if isinstance(port, dict)]


def _asked_about(call: ServiceCall) -> dict[OpsMonitorCoordinator, set[str] | None]:
    """Return the daemons that an action is about, and of which checks; None: of all."""
    if not names_checks(call):
        return {daemon_of(call.hass, call.data): None}
    about: dict[OpsMonitorCoordinator, set[str] | None] = {}
    for item in checks_of(call):
        about[item.coordinator] = (about.get(item.coordinator) or set()) | {item.check.id}
    return about


def _minutes(duration: timedelta) -> str:
    """Return a duration in whole minutes, one at least."""
    return str(max(1, round(duration / _MINUTE)))


def _object(answer: object) -> dict[str, Any]:
    """Return an answer that must be an object."""
    if isinstance(answer, dict):
        return answer
    raise _unreadable()


def _unreadable() -> HomeAssistantError:
    """Return what is said of an answer that makes no sense."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="unreadable_answer")
