"""What a kind of action is, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from opsmonitor.models.remediation import ActionRequest, Incident
    from opsmonitor.util.http import HttpTransport

OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """What an action may use."""

    http: HttpTransport
    ask: Callable[[ActionRequest], Awaitable[str]]
    """Lets a client of the stream do it; ActionError when nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType(Generic[OptionsT]):
    """One kind of action; whoever runs it limits its time."""

    name: str
    options: type[OptionsT]
    """A frozen dataclass; its fields are the keys of the schema."""
    schema: Mapping[object, object]
    run: Callable[[OptionsT, Incident, ActionContext], Awaitable[str]]
    """Do it, and say in a few words what was done; ActionError when it was not."""
    target: Callable[[OptionsT], str]
    """Tells what is acted on, for people, without secrets."""
    example: Mapping[str, object]
    program: Callable[[OptionsT], str] | None = None
    """Tells which program is started, where the user chooses it."""
