"""Who performs an action, and what they may do."""

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import Platform
from homeassistant.core import ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .entity import check_unique_id
from .targets import TargetCheck


async def caller_of(call: ServiceCall) -> User | None:
    """Return the person who performs an action; None if it is Home Assistant.

    Raises:
        UnknownUser: Nobody has the id that the action gives.

    """
    user_id = call.context.user_id
    if user_id is None:
        return None
    user = await call.hass.auth.async_get_user(user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=POLICY_CONTROL, user_id=user_id)
    return user


async def require_control(call: ServiceCall, found: Iterable[TargetCheck]) -> None:
    """Let only those change checks who may also switch them, however they name the checks.

    Raises:
        Unauthorized: They may not.

    """
    user = await caller_of(call)
    if user is None or user.is_admin:
        return
    entities = er.async_get(call.hass)
    for item in found:
        unique_id = check_unique_id(item.coordinator.data, item.check.id, "monitoring")
        entity_id = entities.async_get_entity_id(Platform.SWITCH, DOMAIN, unique_id)
        if entity_id is None or not user.permissions.check_entity(entity_id, POLICY_CONTROL):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_CONTROL)
