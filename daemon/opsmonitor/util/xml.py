"""Parse XML that comes from elsewhere."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, ParseError, XMLParser

_MAX_BYTES: Final = 4 << 20


def parse_xml(body: bytes) -> Element:
    """Return the root of a document.

    Raises:
        ValueError: It is no XML, too long, or declares a document type: no device does that, and
            entities that grow without end are declared there.

    """
    if len(body) > _MAX_BYTES:
        raise ValueError(f"the XML is longer than {_MAX_BYTES} bytes")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise ValueError("the XML declares a document type")
    parser = XMLParser()  # noqa: S314  # what makes it dangerous is refused above
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, LookupError, ValueError) as err:
        raise ValueError(f"no XML: {err}") from err
    return root


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def child_texts(element: Element) -> dict[str, str]:
    """Return the text of each child by its local name; the first of a name counts."""
    found: dict[str, str] = {}
    for child in element:
        found.setdefault(local_name(child), (child.text or "").strip())
    return found
