"""What a probe is, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from opsmonitor.models.house_beat import HouseBeat
from opsmonitor.models.reading import Reading
from opsmonitor.util.lanes import Lanes

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.resolver import Resolver

OptionsT = TypeVar("OptionsT")

Poll: TypeAlias = Callable[[], Awaitable[Reading]]
"""One poll. It never blocks the event loop, and raises `ProbeError` with a short sentence for a
person when the thing could not be read; the caller keeps the last good reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeContext:
    """What a probe may use."""

    clock: Clock
    http: HttpTransport
    resolver: Resolver
    lanes: Lanes = field(default_factory=Lanes)
    """For calls that block."""
    folder: Path = Path()
    """Where the configuration lies: relative paths in it begin there."""
    zone: tzinfo = UTC
    timeout_s: float = 10.0
    """The whole poll must be over by then; a probe may plan its own time-outs within it."""
    known: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    """The last good reading of each thing, be it from before a restart."""
    beat: Callable[[], HouseBeat | None] = lambda: None
    """Return what Home Assistant reported last since the daemon was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeType(Generic[OptionsT]):
    """One kind of probe."""

    name: str
    """Its section in checks.yml, its path below `/api/` and the first part of its values' names."""
    options: type[OptionsT]
    """A frozen dataclass; its fields are the keys of the schema."""
    schema: Mapping[object, object]
    """voluptuous mapping of the section's own keys; `interval_s`, `timeout_s` and `enabled` are
    common and not in it."""
    compile: Callable[[OptionsT, ProbeContext], Mapping[str, Poll]]
    """Return a poll for each thing by name; the only thing of a nameless probe is called "".
    Whatever a poll must remember of the one before, such as counters, it holds itself."""
    hosts: Callable[[OptionsT], Mapping[str, str]] | None = None
    """Of what is polled over the network: the name of each thing by its host; empty: the whole."""
    interval_s: float
    """How often it is polled unless the configuration says otherwise."""
    timeout_s: float
    """A poll that takes longer is given up; the next one waits until it really ended."""
    example: Mapping[str, object]
    """A small valid section."""
    is_default: bool = False
    """Whether it runs without a section in the configuration."""
    environment: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Documented variables by the key of the section that they stand for, the first that is set
    wins; the first key alone makes the section where the file has none."""
    collection: str | None = None
    """The key under which the API lists the things by name, such as `boxes`; None: there is one."""
