"""Read YAML strictly into nodes with places, without ever building an object that a file names."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Final, NoReturn

import yaml
from yaml import events as ev

from opsmonitor.config.nodes import Mapping, Mark, Node, Scalar, Sequence, Value
from opsmonitor.config.scalars import NotFiniteError, resolve
from opsmonitor.config.yaml_syntax import QUOTE_HINT, error_mark, syntax_message, text_place
from opsmonitor.util.redact import is_secret_name

if TYPE_CHECKING:
    from opsmonitor.config.problems import Problems

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE: Final = "tag:yaml.org,2002:"
_TEXT_TAGS: Final = (f"{_CORE}str", "!")
_STRUCTURE_TAGS: Final = (f"{_CORE}map", f"{_CORE}seq", "!")
OWN_TAGS: Final = ("!secret", "!env_var", "!include")
_MAX_DEPTH: Final = 50
_MAX_ALIASED_NODES: Final = 50_000
"""How much may be repeated by aliases: a few nested ones can stand for billions."""
_VARIABLE_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is being read."""

    node: Mapping | Sequence
    anchor: str | None
    is_flow: bool
    size: int = 1
    key: str | None = None
    key_mark: Mark | None = None
    awaits_value: bool = False


class _StopReadingError(Exception):
    """The rest of the file makes no sense any more; the problem is noted."""


def parse_yaml(text: str, file: str, problems: Problems, *, as_text: bool = False) -> Node | None:
    """Return the root node, or None when there is none or the syntax is broken.

    With `as_text`, unquoted values stay text, whatever they look like.
    """
    reader = _Reader(file, problems, as_text=as_text)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except _StopReadingError:
        return None
    except yaml.MarkedYAMLError as err:
        mark = error_mark(err, file)
        if not problems.has_error_on(mark):
            problems.add(mark, syntax_message(err, text))
        return None
    except yaml.reader.ReaderError as err:
        line, column = text_place(text, err.position)
        problems.add(Mark(file, line, column), "a character that YAML does not allow: remove it")
        return None
    return reader.root


class _Reader:
    """Build nodes from events, without recursion."""

    def __init__(self, file: str, problems: Problems, *, as_text: bool) -> None:
        """Begin with nothing read."""
        self._as_text = as_text
        self.root: Node | None = None
        self._file = file
        self._problems = problems
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliased = 0
        self._documents = 0

    def take(self, event: ev.Event) -> None:
        """Handle the next event."""
        match event:
            case ev.ScalarEvent():
                self._take_scalar(event)
            case ev.AliasEvent():
                self._take_alias(event)
            case ev.MappingStartEvent() | ev.SequenceStartEvent():
                self._open(event)
            case ev.MappingEndEvent() | ev.SequenceEndEvent():
                self._close()
            case ev.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(
                        self._mark(event),
                        "a second document begins here: keep everything in one, remove the `---`",
                    )
            case _:
                pass  # The beginning and end of the stream say nothing.

    def _take_scalar(self, event: ev.ScalarEvent) -> None:
        """Read a key or a single value."""
        frame = self._frames[-1] if self._frames else None
        if frame and isinstance(frame.node, Mapping) and not frame.awaits_value:
            self._begin_entry(frame, event.value, self._mark(event))
            is_merge = event.value == "<<" and not event.style
            frame.key = None if is_merge else event.value
            return
        node = self._scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1)
        self._add(node, 1)

    def _scalar(self, event: ev.ScalarEvent) -> Scalar:
        """Return the value with its meaning."""
        mark = self._mark(event)
        if event.tag in OWN_TAGS:
            return Scalar(value=event.value, mark=mark, tag=event.tag)
        is_broken = not self._check_text(event.value, mark)
        if event.tag and event.tag not in _TEXT_TAGS:
            self._refuse_tag(event.tag, mark)
            is_broken = True
        value: Value = event.value
        if not (event.style or event.tag or self._as_text):
            try:
                value = resolve(event.value)
            except NotFiniteError:
                self._problems.add(mark, "infinity and NaN are not values: write a number")
                is_broken = True
        return Scalar(value=None if is_broken else value, mark=mark, is_broken=is_broken)

    def _check_text(self, text: str, mark: Mark) -> bool:
        """Refuse half characters (lone surrogates), which an escape can bring in."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._problems.add(mark, "half of a character: write it out, or remove the escape")
            return False
        return True

    def _take_alias(self, event: ev.AliasEvent) -> None:
        """Repeat what an anchor marked."""
        mark = self._mark(event)
        if event.anchor not in self._anchors:
            named = "" if self._in_secret() else f" `*{event.anchor}`"
            self._stop(
                mark,
                f"the alias{named} has no finished `&` anchor before it; "
                "quote the value if it only starts with *",
            )
        node, size = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > _MAX_ALIASED_NODES:
            self._stop(mark, "aliases repeat too much: write the values out")
        frame = self._frames[-1]
        if isinstance(frame.node, Mapping) and not frame.awaits_value:
            self._stop(mark, "an alias cannot be a key: write the key out")
        self._add(node, size)

    def _open(self, event: ev.MappingStartEvent | ev.SequenceStartEvent) -> None:
        """Begin a list or mapping."""
        mark = self._mark(event)
        if len(self._frames) >= _MAX_DEPTH:
            self._stop(mark, f"nested more than {_MAX_DEPTH} levels deep: make it flatter")
        parent = self._frames[-1] if self._frames else None
        if parent and isinstance(parent.node, Mapping) and not parent.awaits_value:
            self._stop(mark, f"a list or mapping cannot be a key; {QUOTE_HINT}")
        if event.tag and event.tag not in _STRUCTURE_TAGS:
            self._refuse_tag(event.tag, mark)
        is_mapping = isinstance(event, ev.MappingStartEvent)
        node = Mapping(mark=mark) if is_mapping else Sequence(mark=mark)
        self._frames.append(_Frame(node, event.anchor, bool(event.flow_style)))

    def _close(self) -> None:
        """Finish the innermost list or mapping."""
        frame = self._frames.pop()
        node: Node = frame.node
        if frame.is_flow and _is_bare_variable(node):
            self._problems.add(node.mark, f"this reads as a mapping; {QUOTE_HINT}")
            node = Scalar(value=None, mark=node.mark, is_broken=True)
        if frame.anchor:
            self._anchors[frame.anchor] = (node, frame.size)
        self._add(node, frame.size)

    def _begin_entry(self, frame: _Frame, key: str, mark: Mark) -> None:
        """Take a key; its value comes next."""
        self._check_text(key, mark)
        first = frame.node.key_marks.get(key) if isinstance(frame.node, Mapping) else None
        if first is not None:
            named = "this key" if self._in_secret() else f"the key `{key}`"
            self._problems.add(
                mark, f"{named} is already on line {first.line}: remove one of the two"
            )
        frame.key_mark = mark
        frame.awaits_value = True

    def _add(self, node: Node, size: int) -> None:
        """Put a finished node where it belongs."""
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        frame.size += size
        if isinstance(frame.node, Sequence):
            frame.node.items.append(node)
            return
        frame.awaits_value = False
        mark = frame.key_mark or frame.node.mark
        if frame.key is None:
            self._merge(frame.node, node, mark)
        elif frame.key not in frame.node.key_marks:
            frame.node.entries[frame.key] = node
            frame.node.key_marks[frame.key] = mark

    def _merge(self, into: Mapping, node: Node, mark: Mark) -> None:
        """Take over the entries of `<<: *anchor` beneath those written out."""
        sources = node.items if isinstance(node, Sequence) else [node]
        for source in sources:
            if not isinstance(source, Mapping):
                self._problems.add(mark, "`<<` needs an alias of a mapping, such as `<<: *base`")
                continue
            for key, child in source.entries.items():
                into.entries.setdefault(key, child)

    def _refuse_tag(self, tag: str, mark: Mark) -> None:
        """Note a tag that means nothing here."""
        named = "" if self._in_secret() else f" `{tag}`"
        self._problems.add(
            mark,
            f"the tag{named} is not known: use !secret, !env_var or !include, "
            "or quote a value that starts with !",
        )

    def _in_secret(self) -> bool:
        """Tell whether what is read now may be a secret, and must not be repeated."""
        return any(
            frame.awaits_value and frame.key and is_secret_name(frame.key) for frame in self._frames
        )

    def _mark(self, event: ev.Event) -> Mark:
        """Return where an event begins."""
        start = event.start_mark
        return Mark(self._file, start.line + 1, start.column + 1) if start else Mark(self._file)

    def _stop(self, mark: Mark, message: str) -> NoReturn:
        """Note a problem after which nothing can be made of the file.

        Raises:
            _StopReadingError: Always.

        """
        self._problems.add(mark, message)
        raise _StopReadingError


def _is_bare_variable(node: Node) -> bool:
    """Tell `{NAME}` without quotes, which YAML takes for a mapping with an empty value."""
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        return False
    ((key, child),) = node.entries.items()
    return (
        _VARIABLE_NAME.fullmatch(key) is not None
        and isinstance(child, Scalar)
        and child.value is None
    )
