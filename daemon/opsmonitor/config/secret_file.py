"""Look up `!secret name` in the file beside the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mapping, Mark, Scalar
from opsmonitor.config.problems import did_you_mean
from opsmonitor.config.yaml_loader import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.config.problems import Problems
    from opsmonitor.config.sources import Sources

FILE_NAMES: Final = ("secrets.yml", "secrets.yaml")


class SecretFile:
    """The secrets beside a configuration file; read when the first is asked for."""

    def __init__(self, config: Path, sources: Sources, problems: Problems) -> None:
        """Remember where to look."""
        self._candidates = [config.parent / name for name in FILE_NAMES]
        self._sources = sources
        self._problems = problems
        self._secrets: dict[str, str] | None = None
        self._is_usable = True

    def get(self, name: str, mark: Mark) -> str | None:
        """Return a secret; None, and a problem, when there is no such."""
        if self._secrets is None:
            self._secrets = self._load(mark)
        value = self._secrets.get(name)
        if value is None and self._is_usable:
            hint = did_you_mean(name, self._secrets) or ": add it there"
            self._problems.add(mark, f"the secrets file has no `{name}`{hint}")
        return value

    def _load(self, mark: Mark) -> dict[str, str]:
        """Read the first file that exists."""
        for path in self._candidates:
            text = self._sources.read_optional(path)
            if text is not None:
                return self._parse(text, path)
        self._is_usable = False
        self._problems.add(
            mark, "!secret needs a readable file secrets.yml beside the configuration"
        )
        return {}

    def _parse(self, text: str, path: Path) -> dict[str, str]:
        """Return the secrets as text, whatever they look like."""
        root = parse_yaml(text, str(path), self._problems, as_text=True)
        if not isinstance(root, Mapping):
            self._is_usable = False
            self._problems.add(Mark(str(path)), "expected lines such as `name: value`")
            return {}
        secrets: dict[str, str] = {}
        for name, node in root.entries.items():
            if isinstance(node, Scalar) and node.tag is None:
                secrets[name] = str(node.value)
            else:
                self._problems.add(node.mark, f"`{name}` must be one value, without a tag")
        return secrets
