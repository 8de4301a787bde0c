"""The variables that a configuration may use: the process's own, then `.env`, then files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opsmonitor.config.dotenv import parse_dotenv
from opsmonitor.config.nodes import Mark
from opsmonitor.util.redact import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.config.problems import Problems
    from opsmonitor.config.sources import Sources


class Environment:
    """Look variables up."""

    def __init__(
        self, real: Mapping[str, str], dotenv: Mapping[str, str], sources: Sources
    ) -> None:
        """Put the real environment above the `.env` file."""
        self._variables = {**dotenv, **real}
        self._sources = sources

    @classmethod
    def beside(
        cls, config: Path, real: Mapping[str, str], sources: Sources, problems: Problems
    ) -> Environment:
        """Return the environment of a configuration file."""
        path = config.parent / ".env"
        text = sources.read_optional(path)
        dotenv = parse_dotenv(text, str(path), problems) if text is not None else {}
        return cls(real, dotenv, sources)

    def get(self, name: str) -> str | None:
        """Return a variable's value, or None.

        A secret may lie in a file instead: `NAME_FILE` says where, as Docker's secrets do it.
        """
        value = self._variables.get(name)
        path = self._variables.get(f"{name}_FILE")
        if value is not None or not path or not is_secret_name(name):
            return value
        text = self._sources.read(Path(path), Mark(f"environment variable {name}_FILE"))
        return text.rstrip("\r\n") if text is not None else None
