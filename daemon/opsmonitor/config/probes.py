"""Read the sections of the probes: what is polled in the background, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping as AnyMapping
import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.config.nodes import Mapping, Scalar, join_path, plain
from opsmonitor.config.overrides import variable_mark, variable_node
from opsmonitor.config.redaction import as_effective, known_secrets
from opsmonitor.config.schema import MAX_INTERVAL_S, key_name
from opsmonitor.config.settings import ProbeSettings

if TYPE_CHECKING:
    from opsmonitor.config.environment import Environment
    from opsmonitor.config.problems import Problems
    from opsmonitor.config.sections import SectionReader
    from opsmonitor.config.validation import Validator

_COMMON: Final[dict[Any, Any]] = {
    vol.Optional("interval_s"): cv.number(at_least=1, at_most=MAX_INTERVAL_S),
    vol.Optional("timeout_s"): cv.number(at_least=0.1, at_most=3600),
    vol.Optional("enabled"): cv.boolean,
}
COMMON_KEYS: Final = frozenset(map(key_name, _COMMON))
"""What every probe's section may hold."""


class ProbeKind(Protocol):
    """What the configuration needs to know of a probe."""

    @property
    def name(self) -> str:
        """The name of its section."""
        ...

    @property
    def options(self) -> Callable[..., Any]:
        """Makes the options object of validated keys."""
        ...

    @property
    def schema(self) -> AnyMapping[Any, Any]:
        """The keys of the probe's own."""
        ...

    @property
    def interval_s(self) -> float:
        """How often it is polled unless the section says otherwise."""
        ...

    @property
    def timeout_s(self) -> float:
        """When a poll is given up unless the section says otherwise."""
        ...

    @property
    def hosts(self) -> Callable[[Any], AnyMapping[str, str]] | None:
        """Tells where things are polled."""
        ...

    @property
    def is_default(self) -> bool:
        """Whether it runs without a section."""
        ...

    @property
    def environment(self) -> AnyMapping[str, tuple[str, ...]]:
        """Variables that stand for keys of the section."""
        ...


def add_probes(root: Mapping, environment: Environment, kinds: AnyMapping[str, ProbeKind]) -> None:
    """Put the keys that variables describe into the sections; what the file says wins.

    A section that is not in the file comes to be by the first of its variables' keys alone.
    """
    for name, kind in kinds.items():
        given = {key: _first_set(environment, names) for key, names in kind.environment.items()}
        section = root.entries.get(name)
        if section is None or (isinstance(section, Scalar) and section.value is None):
            if not given or (section is None and next(iter(given.values())) is None):
                continue
            mark = variable_mark(next(iter(kind.environment.values()))[0])
            section = root.entries[name] = Mapping(mark=mark, path=name)
        if not isinstance(section, Mapping):
            continue
        for key, found in given.items():
            if found is not None and key not in section.entries:
                section.entries[key] = variable_node(*found, join_path(section.path, key))


def _first_set(environment: Environment, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the first of some variables that is set and not empty, and its value."""
    for name in names:
        if value := environment.get(name):
            return name, value
    return None


class ProbesReader:
    """Read the probes of one configuration."""

    def __init__(
        self,
        root: Mapping,
        sections: SectionReader,
        validator: Validator,
        problems: Problems,
        kinds: AnyMapping[str, ProbeKind],
    ) -> None:
        """Take the whole configuration and the kinds of probes there are."""
        self._root = root
        self._sections = sections
        self._validator = validator
        self._problems = problems
        self._kinds = kinds

    def read(self) -> dict[str, ProbeSettings]:
        """Return the probes that are to run, by name."""
        found = [
            self._probe(kind)
            for name, kind in self._kinds.items()
            if kind.is_default or name in self._root.entries
        ]
        return {probe.name: probe for probe in found if probe is not None}

    def _probe(self, kind: ProbeKind) -> ProbeSettings | None:
        """Return the settings of a probe; None if it is switched off, or something is wrong."""
        section = self._sections.mapping(kind.name)
        enabled = section.entries.get("enabled")
        if isinstance(enabled, Scalar) and enabled.value is False:
            return None
        schema = vol.Schema({**_COMMON, **kind.schema})
        values: dict[str, Any] | None = self._validator.validate(schema, section)
        if values is None:
            return None
        common = {key: values.pop(key) for key in COMMON_KEYS & values.keys()}
        try:
            options = kind.options(**values)
        except (vol.Invalid, ValueError) as err:
            self._problems.add(section.mark, self._validator.redacted(str(err)), section.path)
            return None
        timing = {
            "interval_s": common.get("interval_s", kind.interval_s),
            "timeout_s": common.get("timeout_s", kind.timeout_s),
        }
        return ProbeSettings(
            name=kind.name,
            options=options,
            secrets=frozenset(known_secrets(section)),
            fingerprint=_fingerprint({**plain(section), **timing}),
            public=MappingProxyType({**as_effective(section), **timing}),
            hosts=MappingProxyType(_hosts(kind, options)),
            **timing,
        )


def _hosts(kind: ProbeKind, options: Any) -> dict[str, str]:
    """Return the dotted names of things by the hosts that they are polled at."""
    hosts = {} if kind.hosts is None else kind.hosts(options)
    return {
        host.strip("[]").rstrip(".").lower(): f"{kind.name}.{thing}" if thing else kind.name
        for host, thing in hosts.items()
    }


def _fingerprint(effective: AnyMapping[str, Any]) -> str:
    """Return a hash of a section's effective keys, their secrets included."""
    text = json.dumps(effective, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
