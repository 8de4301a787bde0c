"""Find values in JSON by path, exactly as RFC 9535 has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opsmonitor.exceptions import TransportError

if TYPE_CHECKING:
    from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError

MAX_PATH: Final = 1000
MAX_TEXT: Final = 4 << 20
"""Characters of a document: it takes several times as much memory when it is read."""
MISSING: Final = object()
"""What stands for a value that is not there; null is one that is."""

_BYTE_ORDER_MARK: Final = "\ufeff"


class _Library(NamedTuple):
    """What is needed of the library."""

    environment: JSONPathEnvironment
    path: type[JSONPath]
    error: type[JSONPathError]


@cache
def _library() -> _Library:
    """Load the library with the first path: that takes 40 ms and 3 MB, and many have none."""
    module = import_module("jsonpath")
    return _Library(module.JSONPathEnvironment(strict=True), module.JSONPath, module.JSONPathError)


class JsonPath:
    """One path, compiled once; every thread may use it."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        """Compile.

        Raises:
            ValueError: It is no path of RFC 9535, or too long.

        """
        if len(text) > MAX_PATH:
            raise ValueError(f"expected at most {MAX_PATH} characters")
        if not text.startswith("$"):
            raise ValueError("expected a JSONPath, which begins with $, such as $.status")
        library = _library()
        try:
            compiled = library.environment.compile(text)
        except (library.error, RecursionError, ValueError) as err:
            raise ValueError(f"not a JSONPath: {_first_line(err)}") from err
        if not isinstance(compiled, library.path):
            raise ValueError("not a JSONPath: only one path is expected")  # noqa: TRY004  # of the text, not of the argument
        self.text = text
        self._compiled = compiled

    def values(self, document: Any) -> Iterator[Any]:
        """Yield the values that the path leads to, in the order of the document.

        Raises:
            TransportError: The document is nested too deeply.

        """
        if isinstance(document, str):
            # The library takes text for a document that is not read yet.
            yield from () if self._compiled.segments else (document,)
            return
        try:
            for match in self._compiled.finditer(document):
                yield match.obj
        except (_library().error, RecursionError) as err:
            raise TransportError(
                "json_too_deep", f"the JSON is nested too deeply to search it for {self.text}"
            ) from err

    def __repr__(self) -> str:
        """Return the path."""
        return f"JsonPath({self.text!r})"


def read_json(text: str) -> Any:
    """Return what a text says in JSON.

    Raises:
        TransportError: It is no JSON, or too large or nested too deeply to be read.

    """
    if len(text) > MAX_TEXT:
        raise TransportError(
            "body_too_large", f"the JSON is longer than the {MAX_TEXT >> 20} MiB that are read"
        )
    if not text.strip():
        raise TransportError("invalid_json", "the body is empty, expected JSON")
    try:
        return json.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except json.JSONDecodeError as err:
        place = f"line {err.lineno}, column {err.colno}"
        raise TransportError(
            "invalid_json", f"the body is not JSON: {err.msg.lower()} in {place}"
        ) from err
    except ValueError as err:
        # Python refuses numbers of thousands of digits, as reading them takes quadratic time.
        raise TransportError("invalid_json", "the JSON has a number that is too long") from err
    except RecursionError as err:
        raise TransportError("json_too_deep", "the JSON is nested too deeply to be read") from err


def first_values(document: Any, paths: Sequence[JsonPath]) -> tuple[Any, ...]:
    """Return for each path the first value of a document that it leads to, or MISSING.

    Raises:
        TransportError: The document is nested too deeply to be searched.

    """
    return tuple(next(path.values(document), MISSING) for path in paths)


def _first_line(error: Exception) -> str:
    """Return the beginning of a message that may have a picture of the place after it."""
    return str(error).partition("\n")[0] or "it is nested too deeply"
