"""Who the things are that are polled, for those who show each of them: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.api.schemas.readings import AboutBody, known_of
from opsmonitor.util.lenient import mapping, mappings, text

if TYPE_CHECKING:
    from opsmonitor.models.reading import ReadingState

_WHOLE: Final = ""


def identities(state: ReadingState) -> dict[str, AboutBody]:
    """Return who a thing is and who its parts are, as far as they tell.

    By what the names of their values begin with; what concerns all of it has an empty name.
    """
    data = {} if state.reading is None else state.reading.data
    found = dict(_found(state.probe, data))
    return {name: about for name, about in found.items() if about != _NOBODY}


_NOBODY: Final = AboutBody(model=None, serial=None, version=None)


def _found(probe: str, data: Mapping[str, Any]) -> Iterator[tuple[str, AboutBody]]:
    """Yield what the readings of a probe tell."""
    match probe:
        case "host":
            yield _WHOLE, AboutBody(model=None, serial=None, version=text(data.get("os")))
        case "fritz":
            version = text(data.get("os_version"))
            model, serial = text(data.get("model")), text(data.get("serial"))
            yield _WHOLE, AboutBody(model=model, serial=serial, version=version)
        case "homeassistant":
            yield _WHOLE, AboutBody(model=None, serial=None, version=text(data.get("version")))
        case "nvme":
            for drive in mappings(data.get("drives")):
                yield (
                    str(drive.get("name")),
                    AboutBody(
                        model=text(drive.get("model")),
                        serial=text(drive.get("serial")),
                        version=text(drive.get("firmware")),
                    ),
                )
        case "proxmox":
            for name, node in mapping(data.get("nodes")).items():
                version = text(mapping(node).get("version"))
                yield str(name), AboutBody(model=None, serial=None, version=version)
            for guest in mappings(data.get("guests")):
                yield f"guests.{guest.get('vmid')}", _guest(guest)
        case _:
            pass


_GUESTS: Final = {"qemu": "Virtual machine", "lxc": "Container"}


def _guest(guest: Mapping[str, Any]) -> AboutBody:
    """Return who a guest is; a template is nobody."""
    if guest.get("template") is True:
        return _NOBODY
    return AboutBody(
        model=_GUESTS.get(str(guest.get("type"))),
        serial=None,
        version=None,
        name=text(guest.get("name")),
        via=text(guest.get("node")),
    )


def reading_frame(state: ReadingState, now_ms: int) -> dict[str, object]:
    """Tell the state of one thing, in short."""
    reading = state.reading
    return {
        "name": state.name,
        "probe": state.probe,
        "thing": state.thing,
        **known_of(state, now_ms),
        "values": {} if reading is None else reading.values,
        "about": identities(state),
    }
