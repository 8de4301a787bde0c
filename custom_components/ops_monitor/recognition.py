"""Knows a daemon again before its token is sent to another address than before."""

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum, auto
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from yarl import URL

from .access import client_for, is_plain_address
from .client import Info, OpsMonitorError, OpsMonitorProofError, ProofKey
from .const import CONF_PROOF_ID, CONF_PROOF_KEY

_LOGGER = logging.getLogger(__name__)

_CAPABILITY = "prove"


class Move(Enum):
    """What is to be made of the word that a daemon answers at another address now."""

    NONE = auto()
    """It stays where it was."""
    PROVEN = auto()
    """It does, and has proven that it is the same."""
    CLAIMED = auto()
    """It seems to, but we have nothing by which to know it: a person has to say so."""


async def get_to_know(
    hass: HomeAssistant, data: Mapping[str, Any], info: Info, entry: ConfigEntry | None = None
) -> dict[str, Any]:
    """Return what an entry keeps to know a daemon again: as before where it cannot be had anew."""
    if _CAPABILITY in info.capabilities:
        with suppress(OpsMonitorError):
            known = await client_for(hass, data).proof_key()
            return {CONF_PROOF_ID: known.id, CONF_PROOF_KEY: known.key}
    before = entry.data if entry else {}
    return {key: before[key] for key in (CONF_PROOF_ID, CONF_PROOF_KEY) if key in before}


async def keep_knowing(hass: HomeAssistant, entry: ConfigEntry, info: Info) -> None:
    """Get to know the daemon of an entry that was not asked for it yet."""
    if CONF_PROOF_KEY not in entry.data and (
        known := await get_to_know(hass, entry.data, info, entry)
    ):
        hass.config_entries.async_update_entry(entry, data={**entry.data, **known})


async def require_proof(
    hass: HomeAssistant, known: Mapping[str, Any], data: Mapping[str, Any], instance_id: str
) -> None:
    """Make sure that the daemon of an entry answers where `data` says, without the token.

    Raises:
        OpsMonitorError: It cannot be asked, or is not the same.

    """
    if CONF_PROOF_KEY not in known:
        raise OpsMonitorProofError("there is no key by which to know the daemon again")
    key = ProofKey(id=known[CONF_PROOF_ID], key=known[CONF_PROOF_KEY])
    await client_for(hass, _stranger(data)).prove(key, instance_id)


async def judge_move(
    hass: HomeAssistant, data: Mapping[str, Any], url: str, instance_id: str
) -> Move:
    """Tell whether the daemon of an entry is to be found at another address from now on.

    Whoever says so may be anybody: ids are no secret. So the daemon must not answer where it was,
    and must prove where it is said to be that it is the same; both are asked without the token. An
    address that a person chose on purpose, such as that of a proxy, stays, and what was encrypted
    is never sent in clear.
    """
    known = data.get(CONF_URL)
    if known is None or known == url or not is_plain_address(known):
        return Move.NONE
    if URL(known).scheme == "https" != URL(url).scheme:
        return Move.NONE
    there = {**data, CONF_URL: url}
    if await _answers(hass, data, instance_id) or not await _answers(hass, there, instance_id):
        return Move.NONE
    if CONF_PROOF_KEY not in data:
        return Move.CLAIMED
    try:
        await require_proof(hass, data, there, instance_id)
    except OpsMonitorError as err:
        _LOGGER.warning("What answers at %s says that it is Ops Monitor, but: %s", url, err)
        return Move.NONE
    return Move.PROVEN


async def _answers(hass: HomeAssistant, data: Mapping[str, Any], instance_id: str) -> bool:
    """Tell whether a daemon of this id answers; it is asked as by a stranger."""
    try:
        return await client_for(hass, _stranger(data)).instance_id() == instance_id
    except OpsMonitorError:
        return False


def _stranger(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a daemon is reached by who shows nothing."""
    return {key: value for key, value in data.items() if key != CONF_TOKEN}
