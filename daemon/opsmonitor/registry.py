"""Find plug-ins: one module, one plug-in, one constant."""

from __future__ import annotations

from importlib import import_module
import pkgutil
from typing import TYPE_CHECKING, Protocol, TypeVar

from opsmonitor.exceptions import PluginError

if TYPE_CHECKING:
    from types import ModuleType


class Named(Protocol):
    """Whatever has a name to be found by."""

    @property
    def name(self) -> str:
        """The plug-in's name in the configuration."""
        ...


PluginT = TypeVar("PluginT", bound=Named)


def load_plugins(package: ModuleType, constant: str, kind: type[PluginT]) -> dict[str, PluginT]:
    """Return the plug-ins of a package by name, sorted.

    Every module of the package but `base` must hold exactly one plug-in under the constant's name.

    Raises:
        PluginError: A module lacks the constant, holds something else, or repeats a name.

    """
    plugins: dict[str, PluginT] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if module_info.name == "base" or module_info.ispkg or module_info.name.startswith("_"):
            continue
        module = import_module(f"{package.__name__}.{module_info.name}")
        plugin = getattr(module, constant, None)
        if not isinstance(plugin, kind):
            raise PluginError(f"{module.__name__} must define {constant} as a {kind.__name__}")
        if plugin.name in plugins:
            raise PluginError(f"{module.__name__} repeats the name {plugin.name!r}")
        plugins[plugin.name] = plugin
    return plugins
