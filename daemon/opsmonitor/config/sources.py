"""Read the files of a configuration, and remember which they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mark
from opsmonitor.config.yaml_syntax import text_place

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.config.problems import Problems

_MAX_BYTES: Final = 4 * 1024 * 1024


class Sources:
    """Every file that was read or looked for."""

    def __init__(self, problems: Problems) -> None:
        """Begin with none."""
        self._problems = problems
        self._paths: dict[Path, None] = {}

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the files, those that are missing included: they may come to be."""
        return tuple(self._paths)

    def read_optional(self, path: Path) -> str | None:
        """Return a file's text, or None when there is no such file or it cannot be used."""
        return self._read(path, Mark(str(path)), "", is_optional=True)

    def read(self, path: Path, asked_at: Mark | None = None) -> str | None:
        """Return a file's text; None, and a problem, when it cannot be used."""
        named = f" {path.name}" if asked_at else ""
        return self._read(path, asked_at or Mark(str(path)), named, is_optional=False)

    def _read(self, path: Path, mark: Mark, named: str, *, is_optional: bool) -> str | None:
        """Read a file, or say why it cannot be used."""
        self._paths[path] = None
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            if not is_optional:
                what = f"the file{named} does not exist: create it, or check its name"
                self._problems.add(mark, what)
            return None
        except (OSError, ValueError) as err:
            reason = err.strerror if isinstance(err, OSError) else "not a possible file name"
            self._problems.add(mark, f"the file{named} cannot be read: {reason}")
            return None
        if len(content) > _MAX_BYTES:
            self._problems.add(mark, f"the file{named} is larger than 4 MiB: shorten or split it")
            return None
        return self._decode(content, path)

    def _decode(self, content: bytes, path: Path) -> str | None:
        """Return the text of UTF-8, with or without a byte order mark."""
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as err:
            before = content[: err.start].decode("utf-8-sig")
            line, column = text_place(before, len(before))
            self._problems.add(
                Mark(str(path), line, column), "this is not UTF-8 text: save the file as UTF-8"
            )
            return None
