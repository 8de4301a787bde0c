"""Read the section `portainer`, whose containers are polled with those of `docker`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mapping, Scalar, join_path
from opsmonitor.config.overrides import variable_mark, variable_node

if TYPE_CHECKING:
    from opsmonitor.config.environment import Environment
    from opsmonitor.config.nodes import Node
    from opsmonitor.config.problems import Problems

_SECTION: Final = "portainer"
_HOST: Final = "docker"
_URL: Final = "PORTAINER_BASE_URL"
_KEY: Final = "PORTAINER_API_KEY"


def join_portainer(root: Mapping, environment: Environment, problems: Problems) -> None:
    """Put the section, or the variables in its place, into that of the engines."""
    section = root.entries.pop(_SECTION, None)
    if section is None:
        section = _from_variables(environment, problems)
    elif isinstance(section, Mapping):
        _fill(section, environment)
    if section is None:
        return
    host = root.entries.get(_HOST)
    if host is None or (isinstance(host, Scalar) and host.value is None):
        host = root.entries[_HOST] = Mapping(mark=section.mark, path=_HOST)
    if not isinstance(host, Mapping):
        return
    if _SECTION in host.entries:
        message = f"Portainer is described twice: here, and as `{_HOST}: {_SECTION}`"
        problems.add(section.mark, message, _SECTION)
        return
    host.entries[_SECTION] = section


def _from_variables(environment: Environment, problems: Problems) -> Node | None:
    """Return the section that the variables make; it takes both of them."""
    url, key = environment.get(_URL), environment.get(_KEY)
    if url and not key:
        # Files for predecessors name the address alone, for their links.
        problems.warn(variable_mark(_URL), f"it has no effect without {_KEY}", _SECTION)
    if not url or not key:
        return None
    section = Mapping(mark=variable_mark(_URL), path=_SECTION)
    _fill(section, environment)
    return section


def _fill(section: Mapping, environment: Environment) -> None:
    """Put in what the file leaves to the variables."""
    for key, name in (("url", _URL), ("api_key", _KEY)):
        value = environment.get(name)
        if value and key not in section.entries:
            section.entries[key] = variable_node(name, value, join_path(_SECTION, key))
