"""Lets Home Assistant's own discovery hear the loopback, which it leaves out, and nothing else.

A test that announces a daemon there is heard by no other Home Assistant of the house.
"""

from __future__ import annotations

import socket

from homeassistant.components import zeroconf
from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType

DOMAIN = "mdns_on_loopback"


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Join mDNS's group on the loopback, too (RFC 6762)."""
    instance = (await zeroconf.async_get_async_instance(hass)).zeroconf
    await instance.async_wait_for_start()
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")
    listener = instance.engine.readers[0].sock
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    return True
