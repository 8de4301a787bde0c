"""XML from elsewhere."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.xml import child_texts, local_name, parse_xml


def test_names_and_texts() -> None:
    """Namespaces do not matter; the first child of a name counts."""
    root = parse_xml(b"<a xmlns='urn:x'><b> one </b><b>two</b><c/><!-- d --></a>")

    assert local_name(root) == "a"
    assert {key: each for key, each in child_texts(root).items() if key} == {"b": "one", "c": ""}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"\xff\xfe<",
        b"<?xml version='1.0' encoding='none-such'?><a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"),
        b"<a>" * 5_000_000,
    ],
    ids=range(8),
)
def test_what_is_refused(body: bytes) -> None:
    """Half of it, none of it, and whatever declares entities, in any encoding."""
    with pytest.raises(ValueError, match="XML"):
        parse_xml(body)


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_nothing_but_a_value_error(body: bytes) -> None:
    """Noise is refused like anything else."""
    try:
        root = parse_xml(body)
    except ValueError:
        return
    assert root.tag
