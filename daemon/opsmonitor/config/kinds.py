"""What the configuration needs to know of check types, channels and actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from opsmonitor.config.settings import Push
from opsmonitor.models.export import Export


class Members(NamedTuple):
    """The checks that another one judges."""

    ids: tuple[str, ...] = ()
    """Those that it names."""
    tag: str | None = None
    """And those that have this tag."""


class CheckKind(Protocol):
    """What the configuration needs to know of a check type."""

    @property
    def name(self) -> str:
        """The value of `type`."""
        ...

    @property
    def options(self) -> Callable[..., Any]:
        """Makes the options object of validated keys."""
        ...

    @property
    def schema(self) -> Mapping[Any, Any]:
        """The keys of the type's own."""
        ...

    @property
    def target(self) -> Callable[[Any], str]:
        """Tells what is checked, for people."""
        ...

    @property
    def host(self) -> Callable[[Any], str]:
        """Tells the key of the limit per host."""
        ...

    @property
    def program(self) -> Callable[[Any], str] | None:
        """Tells which program a run starts, if the user chooses it."""
        ...

    @property
    def is_reachability(self) -> bool:
        """Tells whether up means reachable."""
        ...

    @property
    def push(self) -> Callable[[Any], Push] | None:
        """Tells how others report to it."""
        ...

    @property
    def members(self) -> Callable[[Any], Members] | None:
        """Tells which other checks it judges."""
        ...

    @property
    def subject(self) -> Callable[[Any], str | None] | None:
        """Tells what of all that is polled it looks at."""
        ...

    @property
    def exports(self) -> Callable[[Any], tuple[Export, ...]] | None:
        """Tells which values it reads beside what it judges."""
        ...

    @property
    def is_settled(self) -> bool:
        """Tells whether asking again would tell nothing new."""
        ...


class ChannelKind(Protocol):
    """What the configuration needs to know of a kind of channel."""

    @property
    def options(self) -> Callable[..., Any]:
        """Makes the options object of validated keys."""
        ...

    @property
    def schema(self) -> Mapping[Any, Any]:
        """The keys of the kind's own."""
        ...

    @property
    def environment(self) -> Mapping[str, tuple[str, ...]]:
        """Variables that make a channel by themselves, by key; the first key is needed."""
        ...


class ActionKind(Protocol):
    """What the configuration needs to know of a kind of action."""

    @property
    def options(self) -> Callable[..., Any]:
        """Makes the options object of validated keys."""
        ...

    @property
    def schema(self) -> Mapping[Any, Any]:
        """The keys of the kind's own."""
        ...

    @property
    def target(self) -> Callable[[Any], str]:
        """Tells what is acted on, for people, without secrets."""
        ...

    @property
    def program(self) -> Callable[[Any], str] | None:
        """Tells which program is started, if the user chooses it."""
        ...
