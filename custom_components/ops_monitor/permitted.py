"""Decides which actions a daemon may have performed, where it may have any performed at all."""

from typing import Final

_OF_HOME_ASSISTANT: Final = frozenset(
    {"reload_config_entry", "turn_off", "turn_on", "update_entity"}
)
"""All else of this domain stops, restarts or reloads the whole, or opens what can be toggled."""
_DOMAINS: Final = {
    **dict.fromkeys(
        ("alarm_control_panel", "cover", "lock", "valve"), "it could open the house to anybody"
    ),
    **dict.fromkeys(
        ("command_line", "downloader", "pyscript", "python_script", "shell_command"),
        "it runs or fetches programs",
    ),
    **dict.fromkeys(
        ("backup", "hassio", "recorder"), "it could stop Home Assistant, or lose what it keeps"
    ),
    "conversation": "it could be told to do anything",
    "ops_monitor": "Ops Monitor would ask itself",
}
_ACTIONS: Final = dict.fromkeys(
    ("scene.apply", "scene.create"), "it could put anything into any state"
)


def why_not(action: str) -> str | None:
    """Return why an action such as `switch.turn_on` is not performed; None: it may be.

    The daemon's file is not Home Assistant's: who may write it is not to get by that what only
    administrators have here. A script, which one of them has made, may do anything.
    """
    domain, _, name = action.lower().partition(".")
    reason = _DOMAINS.get(domain) or _ACTIONS.get(f"{domain}.{name}")
    if domain == "homeassistant" and name not in _OF_HOME_ASSISTANT:
        reason = "it concerns the whole of Home Assistant"
    return f"{action} is never done for a daemon: {reason}; use a script" if reason else None
