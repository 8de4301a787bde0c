"""Understand a FRITZ!Box's lists: the devices of the network, and the mesh."""

from __future__ import annotations

import json
from typing import Any, Final

from opsmonitor.clients.tr064_xml import os_version
from opsmonitor.parts.fritz_facts import Facts, address
from opsmonitor.util.lenient import flag, items, mapping, text, whole
from opsmonitor.util.xml import child_texts, local_name, parse_xml

_MOST_DEVICES: Final = 256
_MOST_NODES: Final = 64
_KINDS: Final = {"802.11": "wlan", "Ethernet": "lan", "HomePlug": "powerline"}
_KBIT: Final = 1000


def device_list(body: bytes) -> Facts:
    """Return the devices that a box knows, those that are connected by name.

    Raises:
        ValueError: It is no list.

    """
    root = parse_xml(body)
    if local_name(root) != "List":
        raise ValueError("the answer is no list of devices")
    known = [child_texts(each) for each in root if local_name(each) == "Item"]
    active = [each for each in known if flag(each.get("Active"))]
    shown = [_device(each) for each in active[:_MOST_DEVICES]]
    return {
        "known_count": len(known),
        "connected_count": len(active),
        "wlan_count": sum(_kind(each) == "wlan" for each in active),
        "guest_count": sum(bool(flag(each.get("X_AVM-DE_Guest"))) for each in active),
        "connected": sorted(shown, key=lambda each: str(each["name"]).casefold()),
    }


def _device(found: dict[str, str]) -> Facts:
    """Return one device."""
    return {
        "name": text(found.get("HostName")) or text(found.get("MACAddress")) or "unknown",
        "ip": address(found.get("IPAddress"), 4),
        "mac": text(found.get("MACAddress")),
        "connection": _kind(found),
        "speed_mbit_s": whole(found.get("X_AVM-DE_Speed"), at_least=1, at_most=1_000_000),
        "guest": flag(found.get("X_AVM-DE_Guest")),
    }


def _kind(found: dict[str, str]) -> str | None:
    """Return by which way a device is connected."""
    word = text(found.get("InterfaceType"))
    return None if word is None else _KINDS.get(word, word.lower())


def mesh_list(body: bytes) -> Facts:
    """Return the boxes and repeaters of a mesh, and how well each is connected.

    Raises:
        ValueError: It is no list.

    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise ValueError("the answer is no list of a mesh") from err
    nodes = [mapping(each) for each in items(mapping(found).get("nodes"))]
    if not nodes:
        raise ValueError("the answer is no list of a mesh")
    meshed = [each for each in nodes if flag(each.get("is_meshed"))][:_MOST_NODES]
    return {
        "node_count": len(meshed),
        "nodes": [_node(each) for each in meshed],
    }


def _node(found: Any) -> Facts:
    """Return a node; its link is the fastest of those that stand."""
    links = [
        mapping(link)
        for interface in items(found.get("node_interfaces"))
        for link in items(mapping(interface).get("node_links"))
    ]
    standing = [each for each in links if each.get("state") == "CONNECTED"]
    rates = [whole(each.get("cur_data_rate_rx"), at_least=1) for each in standing]
    known = [each for each in rates if each is not None]
    return {
        "name": text(found.get("device_name")),
        "model": text(found.get("device_model")),
        "role": text(found.get("mesh_role")),
        "os_version": os_version(found.get("device_firmware_version")),
        "link_count": len(standing),
        "best_link_mbit_s": round(max(known) / _KBIT, 1) if known else None,
    }
