"""What DNS records say, as text that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Final, TypeAlias

from dns.name import Name

RECORD_TYPES: Final = ("A", "AAAA", "CNAME", "MX", "TXT", "PTR", "SRV", "NS", "SOA", "CAA")

_Show: TypeAlias = Callable[[Any], str]


def record_texts(record_type: str, records: Iterable[Any]) -> list[str]:
    """Return each record as text, sorted, as the order of an answer means nothing."""
    show = _SHOW.get(record_type, _as_written)
    return sorted(show(record) for record in records)


def expected_text(record_type: str, value: str) -> str:
    """Return an expected value as the records are shown.

    Raises:
        ValueError: No such record can have this value.

    """
    text = value.strip()
    try:
        if record_type == "A":
            return str(IPv4Address(text))
        if record_type == "AAAA":
            return str(IPv6Address(text))
    except AddressValueError as err:
        raise ValueError(f"{text!r} is not an address for a record of type {record_type}") from err
    if record_type in ("TXT", "CAA"):
        return text
    return " ".join(word.lower().rstrip(".") or "." for word in text.split())


def _name(name: Name) -> str:
    """Return a name in lower case, without the dot at its end."""
    return name.to_text(omit_final_dot=True).lower()


def _target(record: Any) -> str:
    """Return the name that a record points to."""
    return _name(record.target)


def _mail(record: Any) -> str:
    """Return preference and name of a mail server."""
    return f"{record.preference} {_name(record.exchange)}"


def _service(record: Any) -> str:
    """Return priority, weight, port and name of a service."""
    return f"{record.priority} {record.weight} {record.port} {_name(record.target)}"


def _text(record: Any) -> str:
    """Return a text put together from its parts."""
    return b"".join(record.strings).decode("utf-8", "replace")


def _authority(record: Any) -> str:
    """Return who is in charge of a zone, and its numbers."""
    numbers = (record.serial, record.refresh, record.retry, record.expire, record.minimum)
    return " ".join([_name(record.mname), _name(record.rname), *map(str, numbers)])


def _as_written(record: Any) -> str:
    """Return a record as zone files have it."""
    return str(record.to_text())


_SHOW: Final[dict[str, _Show]] = {
    "CNAME": _target,
    "PTR": _target,
    "NS": _target,
    "MX": _mail,
    "SRV": _service,
    "TXT": _text,
    "SOA": _authority,
}
