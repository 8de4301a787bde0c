"""The daemon itself, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.api.schemas.tokens import TokenBody
from opsmonitor.models.token import TokenScope


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthBody:
    """The process lives."""

    status: Literal["ok"] = "ok"
    instance_id: Annotated[
        str, Doc("Which daemon this is; so a client can tell before it shows its token")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyBody:
    """Whether the daemon does its work."""

    status: Literal["ready", "not_ready"]
    reasons: Annotated[tuple[str, ...], Doc("Why it is not ready")]
    warnings: Annotated[
        tuple[str, ...], Doc("What needs attention meanwhile; told only with a credential")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoBody:
    """Who this daemon is and what it can do."""

    instance_id: Annotated[str, Doc("Stays the same as long as the database lives")]
    name: str
    version: str
    api_version: Annotated[int, Doc("Rises with every change of this API")]
    min_client_version: Annotated[int, Doc("The oldest API level that clients may be made for")]
    capabilities: tuple[str, ...]
    started_at: Timestamp
    scope: Annotated[TokenScope, Doc("What whoever asks may do")]
    token: Annotated[TokenBody | None, Doc("The token that asks, if a program was given it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadBody:
    """What came of reading the configuration again."""

    ok: bool
    problems: Annotated[tuple[str, ...], Doc("What is wrong with the file; the old one stays")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryBody:
    """The checks with their defaults applied; secrets are redacted."""

    defaults: Mapping[str, Any]
    checks: Mapping[str, Mapping[str, Any]]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """What happened, for people and programs."""

    code: Annotated[str, Doc("Stable, such as `unknown_check`")]
    message: str
    details: Annotated[
        tuple[Mapping[str, Any], ...],
        Doc("The single mistakes: `field` and `message` where validation failed"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The one shape of every error."""

    error: ErrorDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigBody:
    """The effective settings without secrets; there are more keys than these."""

    MORE_KEYS: ClassVar[bool] = True

    portainer_base_url: str | None = None
    proxmox_stats_url: str | None = None
    interval: Annotated[float | None, Doc("The default interval in seconds")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRegistryBody:
    """The configuration as written, secrets redacted; there may be more sections than these."""

    MORE_KEYS: ClassVar[bool] = True

    defaults: Mapping[str, Any]
    checks: tuple[Mapping[str, Any], ...]
