"""What a configuration may hold; the check types bring the keys of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from keyword import iskeyword
from typing import Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.config.kinds import CheckKind
from opsmonitor.config.later import WITHOUT_EFFECT

Spec: TypeAlias = dict[Any, Any]

MAX_INTERVAL_S: Final = 31 * 86400
_DAY_S: Final = 86400


# Scheduling: what `defaults` and `global` are for.
_TIMING: Final[Spec] = {
    vol.Optional("interval_s", default=30.0): cv.number(at_least=0.1, at_most=MAX_INTERVAL_S),
    vol.Optional("timeout_s", default=3.0): cv.number(at_least=0.05, at_most=3600),
    vol.Optional("retries", default=1): cv.whole_number(at_least=0, at_most=20),
    vol.Optional("retry_backoff_s", default=1.0): cv.number(at_least=0, at_most=3600),
    vol.Optional("down_threshold", default=1): cv.whole_number(at_least=1, at_most=1000),
    vol.Optional("up_threshold", default=1): cv.whole_number(at_least=1, at_most=1000),
}
_NO_RETRIES: Final[Spec] = {
    vol.Optional("retries", default=0): cv.whole_number(at_least=0, at_most=20),
}
REPETITION: Final = frozenset({"retries", "retry_backoff_s", "down_threshold", "up_threshold"})
"""What the defaults say of it is not meant for types that are settled."""
DEFAULT_NOTICES: Final = ("first_fail", "recovered", "flapping")
NOTICES: Final = (
    *DEFAULT_NOTICES,
    *("reminder", "deadline_miss", "degraded", "cert_expiring", "remediation"),
)


def _whom(value: Any) -> bool | tuple[str, ...]:
    """Accept true, false, or names of channels."""
    if isinstance(value, bool):
        return value
    try:
        return cv.list_of(cv.text)([value] if isinstance(value, str) else value)
    except vol.Invalid as err:
        raise vol.Invalid("expected true, false, or a list of channels") from err


def _flapping(value: Any) -> bool | dict[str, float]:
    """Accept true, false, or the two limits in percent."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, dict):
        raise vol.Invalid("expected true, false, or {enter: 30, leave: 25}")
    limits: dict[str, float] = _LIMITS(value)
    if limits["leave"] >= limits["enter"]:
        raise vol.Invalid("`leave` must be below `enter`", ["leave"])
    return limits


def _area(value: Any) -> str | None:
    """Accept a short text, or null."""
    if value is None:
        return None
    name = cv.text(value).strip()
    if len(name) > _MAX_AREA:
        raise vol.Invalid(f"expected at most {_MAX_AREA} characters")
    return name


def _agreed(value: Any) -> float | None:
    """Accept a percentage, or null."""
    return None if value is None else _PERCENT(value)


_MAX_AREA: Final = 100
_PERCENT: Final = cv.number(at_least=1, at_most=100)
_LIMITS: Final = vol.Schema(
    {
        vol.Optional("enter", default=30.0): cv.number(at_least=1, at_most=100),
        vol.Optional("leave", default=25.0): cv.number(at_least=0, at_most=100),
    }
)
_MEANING: Final[Spec] = {
    vol.Optional("severity", default="P2"): cv.one_of("P1", "P2", "P3", "P4"),
    vol.Optional("core", default=False): cv.boolean,
    vol.Optional("tags", default=()): cv.list_of(cv.text),
    vol.Optional("sla", default=None): _agreed,
    vol.Optional("site", default=None): vol.Any(None, cv.text),
    vol.Optional("area", default=None): _area,
    vol.Optional("unreachable_when", default="any"): cv.one_of("any", "all"),
    vol.Optional("exclude_when_parent_down", default=True): cv.boolean,
    vol.Optional("network", default="auto"): cv.one_of("auto", "local", "outside"),
    vol.Optional("flapping", default=True): _flapping,
    vol.Optional("notify", default=True): _whom,
    vol.Optional("notify_on", default=DEFAULT_NOTICES): cv.list_of(cv.one_of(*NOTICES)),
}
EVERY_CHECK: Final[Spec] = {**_TIMING, **_MEANING}
DEPENDS_ON: Final = "depends_on"
ON_FAIL: Final = "on_fail"
_ON_FAIL: Final[Spec] = {vol.Optional(ON_FAIL): {vol.Optional("actions"): list}}
"""The actions are judged one by one, each by its type."""
_IDENTITY: Final[Spec] = {
    vol.Optional("id"): cv.check_id,
    vol.Optional("name"): cv.text,
    vol.Required("type"): cv.text,
    vol.Optional(DEPENDS_ON, default=()): cv.list_of(cv.text),
    **_ON_FAIL,
}
SERVER: Final = vol.Schema(
    {
        vol.Optional("host"): cv.host,
        vol.Optional("port"): cv.listen_port,
        vol.Optional("token"): cv.secret,
        vol.Optional("read_token"): cv.secret,
        vol.Optional("allowed_hosts"): cv.list_of(cv.host),
        vol.Optional("trusted_proxies"): cv.list_of(cv.network),
        vol.Optional("public_url"): cv.base_url,
        vol.Optional("announce"): cv.boolean,
        vol.Optional("rate_limit_per_minute"): cv.whole_number(at_least=1, at_most=1_000_000),
    }
)
_RETENTION: Final[Spec] = {
    vol.Optional("raw"): cv.duration_s(at_least=3600),
    vol.Optional("five_minutes"): cv.duration_s(at_least=_DAY_S),
    vol.Optional("hour"): cv.duration_s(at_least=_DAY_S),
    vol.Optional("day"): cv.duration_s(at_least=_DAY_S),
    vol.Optional("events"): cv.whole_number(at_least=1, at_most=10_000_000),
}
STORE: Final = vol.Schema({vol.Optional("path"): cv.path, vol.Optional("retention"): _RETENTION})
ENGINE: Final = vol.Schema(
    {
        vol.Optional("max_concurrent"): cv.whole_number(at_least=1, at_most=10_000),
        vol.Optional("max_concurrent_per_host"): cv.whole_number(at_least=1, at_most=10_000),
    }
)
ALERTS: Final = vol.Schema(
    {
        vol.Optional("channels"): dict,
        vol.Optional("group_wait_s"): cv.number(at_least=0, at_most=300),
        vol.Optional("settle_s"): cv.number(at_least=0, at_most=_DAY_S),
        vol.Optional("cert_days"): cv.list_of(cv.whole_number(at_least=0, at_most=3650)),
        vol.Optional("reminders"): {
            vol.Optional("first"): cv.duration_s(at_least=1),
            vol.Optional("factor"): cv.number(at_least=1, at_most=100),
            vol.Optional("longest"): cv.duration_s(at_least=1),
        },
        vol.Optional("routes"): list,
        vol.Optional("quiet_hours"): vol.Any(dict, list),
        vol.Optional("escalation"): list,
        vol.Optional("dedupe_s"): cv.whole_number(at_least=0, at_most=7 * _DAY_S),
    }
)
ACTION: Final[Spec] = {
    vol.Required("type"): cv.text,
    vol.Optional("after"): cv.whole_number(at_least=1, at_most=1000),
    vol.Optional("max_per_hour"): cv.whole_number(at_least=1, at_most=60),
    vol.Optional("cooldown_s"): cv.number(at_least=0, at_most=_DAY_S),
    vol.Optional("give_up_after"): cv.whole_number(at_least=1, at_most=100),
    vol.Optional("timeout_s"): cv.number(at_least=0.05, at_most=600),
    vol.Optional("settle_s"): cv.number(at_least=0, at_most=3600),
    vol.Optional("verify"): cv.boolean,
    vol.Optional("dry_run"): cv.boolean,
}
"""What every action may say."""
REMEDIATION: Final = vol.Schema(
    {
        vol.Optional("enabled"): cv.boolean,
        vol.Optional("dry_run"): cv.boolean,
        vol.Optional("max_per_hour"): cv.whole_number(at_least=1, at_most=1000),
    }
)
UPDATES: Final = vol.Schema(
    {vol.Optional("enabled"): cv.boolean, vol.Optional("url"): cv.web_address}
)
COMMANDS: Final = vol.Schema({vol.Optional("allow"): cv.list_of(cv.text)})
TIME_ZONE: Final = vol.Schema({vol.Optional("time_zone"): cv.time_zone})
SECTIONS: Final = frozenset(
    {
        *("defaults", "global", "checks", "server", "store", "engine", "alerts", "commands"),
        *("remediation", "time_zone", "connectivity", "maintenance", "updates"),
    }
)


@dataclass(frozen=True, slots=True)
class ConfigSchema:
    """The keys of checks and of their defaults, with all check types there are."""

    kinds: Mapping[str, CheckKind]
    check_keys: Mapping[str, frozenset[str]]
    """By type, the names of all keys that a check may have."""
    checks: Mapping[str, vol.Schema]
    """By type, the common keys included."""
    any_check: Callable[[], vol.Schema]
    """For a check of unknown type: the common keys are judged, those of all types accepted."""
    own_keys: Mapping[str, frozenset[str]]
    """By type, the names of the keys that it brings."""
    idle_keys: Mapping[str, frozenset[str]]
    """By type, the names of the keys that are accepted but change nothing yet."""
    common_keys: tuple[str, ...]
    """The fields of every check's settings that come from its keys."""
    defaults: Callable[[], vol.Schema]
    """For `defaults` and `global`; nothing is required there."""


class _CompiledWhenUsed(dict[str, vol.Schema]):
    """Schemas by type, each compiled when it is first asked for.

    To compile those of all types takes longer than to read a file that uses a few of them.
    """

    def __init__(self, specs: Mapping[str, Spec]) -> None:
        """Compile nothing yet."""
        super().__init__()
        self._specs = specs

    def __missing__(self, name: str) -> vol.Schema:
        """Compile one, and keep it."""
        compiled = self[name] = vol.Schema(self._specs[name])
        return compiled


def build_schema(kinds: Mapping[str, CheckKind]) -> ConfigSchema:
    """Join the common keys with those of every check type; what is not used costs little."""
    common: Spec = {**_IDENTITY, **EVERY_CHECK}
    validators: dict[str, list[Any]] = {}
    for kind in kinds.values():
        for key, validator in kind.schema.items():
            validators.setdefault(key_name(key), []).append(validator)
    specs: dict[str, Spec] = {
        name: {
            **(_without(common, {"retries"}) | _NO_RETRIES if kind.is_settled else common),
            **_without(WITHOUT_EFFECT, {key_name(key) for key in kind.schema}),
            **kind.schema,
        }
        for name, kind in kinds.items()
    }
    inactive = _without(WITHOUT_EFFECT, set(validators))
    idle = frozenset(map(key_name, WITHOUT_EFFECT))
    own = {name: frozenset(map(key_name, kind.schema)) for name, kind in kinds.items()}

    @cache
    def any_check() -> vol.Schema:
        """Compile what is known of a check whose type is not."""
        every = {vol.Optional(name): object for name in validators}
        return vol.Schema({**common, **inactive, **every})

    @cache
    def defaults() -> vol.Schema:
        """Compile the defaults; what several types know by one name is judged where it is used."""
        shared: Spec = {
            vol.Optional(name): found[0] if len(found) == 1 else object
            for name, found in validators.items()
        }
        return vol.Schema({**_undefaulted(EVERY_CHECK), **_ON_FAIL, **inactive, **shared})

    return ConfigSchema(
        kinds=kinds,
        check_keys={name: frozenset(map(key_name, spec)) for name, spec in specs.items()},
        checks=_CompiledWhenUsed(specs),
        own_keys=own,
        idle_keys={name: idle - keys for name, keys in own.items()},
        common_keys=tuple(key_name(key) for key in EVERY_CHECK),
        any_check=any_check,
        defaults=defaults,
    )


def key_name(key: Any) -> str:
    """Return the name that a key of a schema stands for."""
    return str(key.schema if isinstance(key, vol.Marker) else key)


def field_name(key: str) -> str:
    """Return the name of the field for a key, which may be a word of Python's own."""
    return f"{key}_" if iskeyword(key) else key


def _without(spec: Spec, names: set[str]) -> Spec:
    """Return a schema without some of its keys."""
    return {key: validator for key, validator in spec.items() if key_name(key) not in names}


def _undefaulted(spec: Spec) -> Spec:
    """Return a schema that fills nothing in."""
    return {vol.Optional(key_name(key)): validator for key, validator in spec.items()}
