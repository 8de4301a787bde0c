"""The language of TR-064: descriptions of a box, questions and answers in SOAP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from opsmonitor.util.lenient import text, whole
from opsmonitor.util.xml import child_texts, local_name, parse_xml

_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<u:{action} xmlns:u="{type}">{arguments}</u:{action}>'
    "</s:Body></s:Envelope>"
)
_HARDWARE_PREFIX: Final = re.compile(r"\d{2,3}\.(?=\d{2}\.\d{2})")
_CONTROL: Final = re.compile(r"/[!-~]*")
_MAX_SERVICES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One group of actions of a box."""

    type: str
    """Such as urn:dslforum-org:service:DeviceInfo:1."""
    control: str
    """The path to ask at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a box tells everybody of itself."""

    model: str | None
    os_version: str | None
    """Such as 8.02."""
    services: Mapping[str, Service]
    """By the end of their id, such as DeviceInfo1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why an action was refused."""

    code: int | None
    words: str


def read_description(body: bytes) -> Description:
    """Return what a box's description says.

    Raises:
        ValueError: It is none.

    """
    root = parse_xml(body)
    if local_name(root) != "root":
        raise ValueError("the answer is no description of a device")
    device = next((each for each in root if local_name(each) == "device"), None)
    facts = {} if device is None else child_texts(device)
    system = next((each for each in root if local_name(each) == "systemVersion"), None)
    version = {} if system is None else child_texts(system)
    return Description(
        model=text(facts.get("modelName")) or text(facts.get("friendlyName")),
        os_version=_system_version(version),
        services=_services(root),
    )


def os_version(software: object) -> str | None:
    """Return the version of FRITZ!OS: the hardware's number in front is none of it."""
    shown = text(software)
    return None if shown is None else _HARDWARE_PREFIX.sub("", shown, count=1)


def _system_version(parts: Mapping[str, str]) -> str | None:
    """Return the version that a description names; the patch has two digits."""
    if shown := os_version(parts.get("Display")):
        return shown
    minor, patch = whole(parts.get("Minor")), whole(parts.get("Patch"))
    return None if minor is None or patch is None else f"{minor}.{patch:02d}"


def _services(root: Element) -> dict[str, Service]:
    """Return all services of a device and of the devices within it."""
    found: dict[str, Service] = {}
    for each in root.iter():
        if local_name(each) != "service" or len(found) >= _MAX_SERVICES:
            continue
        facts = child_texts(each)
        name = facts.get("serviceId", "").rpartition(":")[2]
        control = facts.get("controlURL", "")
        # A path alone: whatever else could lead to another host.
        if name and _CONTROL.fullmatch(control) and not control.startswith("//"):
            found.setdefault(name, Service(type=facts.get("serviceType", ""), control=control))
    return found


def soap_request(service: Service, action: str, arguments: Mapping[str, str]) -> bytes:
    """Return the body of a question."""
    shown = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in arguments.items())
    kind = escape(service.type, {'"': "&quot;"})
    return _ENVELOPE.format(action=action, type=kind, arguments=shown).encode()


def read_answer(body: bytes, action: str) -> Mapping[str, str]:
    """Return the values of an answer by name.

    Raises:
        ValueError: It answers something else, or nothing.

    """
    wanted = f"{action}Response"
    for each in parse_xml(body).iter():
        if local_name(each) == wanted:
            return child_texts(each)
    raise ValueError(f"the answer has no {wanted}")


def read_fault(body: bytes) -> Fault:
    """Return why an action was refused; a fault that says nothing has no code."""
    try:
        elements = list(parse_xml(body).iter())
    except ValueError:
        return Fault(code=None, words="")
    said = {local_name(each): (each.text or "").strip() for each in elements}
    words = said.get("errorDescription") or said.get("faultstring") or ""
    return Fault(code=whole(said.get("errorCode")), words=text(words) or "")
