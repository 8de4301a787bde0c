"""JSON that is read item by item, which must not differ from JSON that is read at once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.json_parts import parse_in_parts
from tests.daemon.odd import ODD

_DOCUMENTS = st.recursive(ODD, lambda each: st.lists(each) | st.dictionaries(st.text(), each))


@given(document=_DOCUMENTS, indent=st.sampled_from([None, 1]), is_ascii=st.booleans())
def test_documents_are_read_as_always(document: Any, indent: int | None, *, is_ascii: bool) -> None:
    """Lists and all else, with spaces and without."""
    text = json.dumps(document, indent=indent, ensure_ascii=is_ascii)
    body = text.encode("utf-8", "surrogatepass")

    assert repr(parse_in_parts(body)) == repr(json.loads(body))


@given(text=st.text(alphabet='[]{},:"1a \n', max_size=12))
def test_broken_documents_are_refused_as_always(text: str) -> None:
    """Neither more nor less than the standard library accepts."""
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"\w"):
            parse_in_parts(text.encode())
    else:
        assert parse_in_parts(text.encode()) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_encodings_are_found_out(encoding: str) -> None:
    """As the standard library does."""
    assert parse_in_parts('["ä", 1]'.encode(encoding)) == ["ä", 1]


def test_a_document_that_is_nested_too_deeply() -> None:
    """It is refused in either way."""
    with pytest.raises(RecursionError):
        parse_in_parts(b"[" * 100_000)
