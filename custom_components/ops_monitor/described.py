"""Makes a class for each description, so that what follows from it is kept once for all."""

from functools import partial
from inspect import getattr_static
from typing import Any, Final

from homeassistant.helpers.entity import Entity, EntityDescription
from propcache.api import cached_property

_ANSWERS: Final = (
    "device_class",
    "entity_category",
    "icon",
    "last_reset",
    "native_unit_of_measurement",
    "options",
    "state_class",
    "suggested_display_precision",
    "suggested_unit_of_measurement",
    "translation_key",
)
"""What Home Assistant asks each entity, to be told what stands in its description."""


def described[T: Entity](kind: type[T], description: EntityDescription) -> type[T]:
    """Return the class of those entities of a kind that have this description.

    Home Assistant keeps each answer with each entity. Python keeps the attributes of an object in
    place up to thirty; for one more, it makes a table of one and a half kilobytes. With a thousand
    checks that is a fifth of all the memory that they take.
    """
    is_asked = partial(_is_asked, kind)
    said = {
        name: getattr(description, name)
        for name in filter(is_asked, _ANSWERS)
        if hasattr(description, name)
    }
    # Home Assistant names the integration to blame by the module of an entity's class.
    place = {"__module__": kind.__module__, "__doc__": kind.__doc__}
    make: Any = type(kind)
    made: type[T] = make(
        kind.__name__, (kind,), {**place, **said, "entity_description": description, "texts": {}}
    )
    return made


def share_texts(entity: Entity, texts: dict[str, str]) -> None:
    """Have one text where entities have equal ones; `texts` are those of the first of them.

    Home Assistant puts together for each entity, and keeps, by what its name is translated.
    """
    own = vars(entity)
    if not texts:
        texts.update((value, value) for value in own.values() if type(value) is str)
    for name, value in own.items():
        if type(value) is str and value in texts:
            own[name] = texts[value]


def _is_asked(kind: type[Entity], name: str) -> bool:
    """Tell whether entities of a kind look something up and keep it, rather than work it out."""
    return isinstance(getattr_static(kind, name, None), cached_property)
