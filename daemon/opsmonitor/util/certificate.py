"""Read from a certificate what people need to know: whose it is and until when.

Python decodes only certificates that were verified, but the dates matter most for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

_Element: TypeAlias = tuple[int, bytes]

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_BMP_STRING: Final = 0x1E
_LONG_FORM: Final = 0x80
# Object identifiers 2.5.4.3 and 2.5.4.10.
_COMMON_NAME: Final = b"\x55\x04\x03"
_ORGANIZATION: Final = b"\x55\x04\x0a"
_YEAR_PIVOT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The facts of one certificate."""

    not_before_ms: int
    not_after_ms: int
    """Both in epoch milliseconds, UTC."""
    subject: str | None
    issuer: str | None


@lru_cache(maxsize=1024)
def read_certificate(der: bytes) -> Certificate | None:
    """Return the facts of a certificate in DER, None when it makes no sense.

    Remembered: a server shows the same certificate at every run.
    """
    try:
        fields = _to_be_signed(der)
        # Source: RFC 5280, section 4.1: serial, signature, issuer, validity, subject.
        issuer, validity, subject = fields[2], fields[3], fields[4]
        not_before, not_after = _elements(validity[1])
        return Certificate(
            not_before_ms=_time_ms(not_before),
            not_after_ms=_time_ms(not_after),
            subject=_name(subject[1]),
            issuer=_name(issuer[1]),
        )
    except (ValueError, IndexError):
        return None


def _to_be_signed(der: bytes) -> list[_Element]:
    """Return the fields of the signed part, without the optional version."""
    (_, certificate), *_ = _elements(der)
    (_, signed), *_ = _elements(certificate)
    fields = list(_elements(signed))
    return fields[1:] if fields[0][0] == _VERSION else fields


def _elements(data: bytes) -> Iterator[_Element]:
    """Yield tag and contents of each element.

    Raises:
        ValueError: An element is longer than the data.

    """
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & _LONG_FORM:
            size = length & ~_LONG_FORM
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("an element ends beyond the data")
        yield tag, data[position : position + length]
        position += length


def _time_ms(element: _Element) -> int:
    """Return a time in epoch milliseconds; both forms end in Z by RFC 5280."""
    tag, contents = element
    text = contents.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _YEAR_PIVOT else "20") + text
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _name(contents: bytes) -> str | None:
    """Return the common name of a subject or issuer, or else its organisation."""
    found: dict[bytes, str] = {}
    for _, attributes in _elements(contents):
        for tag, attribute in _elements(attributes):
            if tag == _SEQUENCE:
                (_, identifier), (kind, value) = _elements(attribute)
                encoding = "utf-16-be" if kind == _BMP_STRING else "utf-8"
                found[identifier] = value.decode(encoding, "replace")
    return found.get(_COMMON_NAME) or found.get(_ORGANIZATION)
