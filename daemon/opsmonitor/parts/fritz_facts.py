"""Turn the answers of a FRITZ!Box into facts with units.

Source of names and units: AVM's TR-064 service descriptions; what differs between services, such as
kbit/s here and bit/s there, is noted beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
import ipaddress
from typing import Any, Final, TypeAlias

from opsmonitor.clients.tr064_xml import os_version
from opsmonitor.util.lenient import flag, number, text, whole

Answer: TypeAlias = Mapping[str, str]
Facts: TypeAlias = dict[str, Any]

_PER_MBIT_KBIT: Final = 1000
_PER_MBIT: Final = 1_000_000
_BITS: Final = 8
_TENTHS: Final = 10
_THOUSANDTHS: Final = 1000
_MAX_BITS: Final = 1e12
_UP: Final = frozenset({"up", "connected"})
_CONNECTION_PARTS: Final = 3
_BANDS: Final = {2400: 2.4, 5000: 5.0, 6000: 6.0}


def device_facts(answer: Answer) -> Facts:
    """Return who a box is. Source: DeviceInfo, GetInfo."""
    return {
        "model": text(answer.get("NewModelName")),
        "serial": text(answer.get("NewSerialNumber")),
        "os_version": os_version(answer.get("NewSoftwareVersion")),
        "uptime_s": whole(answer.get("NewUpTime")),
    }


def update_facts(answer: Answer) -> Facts:
    """Return whether there is a newer FRITZ!OS. Source: UserInterface, GetInfo."""
    version = text(answer.get("NewX_AVM-DE_Version"))
    available = flag(answer.get("NewUpgradeAvailable"))
    known = "NewX_AVM-DE_Version" in answer or available is not None
    return {
        "available": (bool(version) or available is True) if known else None,
        "version": os_version(version),
        "info_url": text(answer.get("NewX_AVM-DE_InfoURL")),
    }


def link_facts(answer: Answer) -> Facts:
    """Return the kind of line. Source: WANCommonInterfaceConfig, GetCommonLinkProperties."""
    kind = (text(answer.get("NewWANAccessType")) or "").removeprefix("X_AVM-DE_").lower()
    return {
        "access_type": {"umts": "mobile"}.get(kind, kind) or None,
        "physical_link_up": _is_up(answer.get("NewPhysicalLinkStatus")),
        "down_max_mbit_s": _mbit(answer.get("NewLayer1DownstreamMaxBitRate"), _PER_MBIT),
        "up_max_mbit_s": _mbit(answer.get("NewLayer1UpstreamMaxBitRate"), _PER_MBIT),
    }


def connection_service(answer: Answer) -> str | None:
    """Return the name of the service that connects: WANPPPConnection1 for 1.WANPPPConnection.1."""
    parts = answer.get("NewDefaultConnectionService", "").split(".")
    is_name = len(parts) == _CONNECTION_PARTS and parts[1].isalpha() and parts[2].isdigit()
    return f"{parts[1]}{parts[2]}" if is_name else None


def connection_facts(answer: Answer) -> Facts:
    """Return the state of the connection. Source: WANPPPConnection and WANIPConnection, GetInfo.

    GetStatusInfo of the service that needs no login answers with the same names, and fewer.
    """
    trouble = text(answer.get("NewLastConnectionError"))
    return {
        "up": _is_up(answer.get("NewConnectionStatus")),
        "connection_status": text(answer.get("NewConnectionStatus")),
        "connection_uptime_s": whole(answer.get("NewUptime")),
        "last_error": None if trouble in (None, "ERROR_NONE") else trouble,
        "external_ipv4": address(answer.get("NewExternalIPAddress"), 4),
        "dns_servers": _addresses(answer.get("NewDNSServers", "")),
    }


def ipv6_facts(own: Answer, prefix: Answer) -> Facts:
    """Return the addresses of version 6. Source: AVM's extensions of WANIPConnection."""
    network = address(prefix.get("NewIPv6Prefix"), 6)
    length = whole(prefix.get("NewPrefixLength"), at_most=128)
    return {
        "external_ipv6": address(own.get("NewExternalIPv6Address"), 6),
        "ipv6_prefix": None if network is None or length is None else f"{network}/{length}",
    }


def dsl_facts(info: Answer, statistics: Answer) -> Facts:
    """Return how good the DSL line is. Source: WANDSLInterfaceConfig; rates there are in kbit/s."""
    return {
        "up": _is_up(info.get("NewStatus")),
        "status": text(info.get("NewStatus")),
        "down_sync_mbit_s": _mbit(info.get("NewDownstreamCurrRate"), _PER_MBIT_KBIT),
        "up_sync_mbit_s": _mbit(info.get("NewUpstreamCurrRate"), _PER_MBIT_KBIT),
        "down_max_mbit_s": _mbit(info.get("NewDownstreamMaxRate"), _PER_MBIT_KBIT),
        "up_max_mbit_s": _mbit(info.get("NewUpstreamMaxRate"), _PER_MBIT_KBIT),
        "down_noise_margin_db": _decibel(info.get("NewDownstreamNoiseMargin")),
        "up_noise_margin_db": _decibel(info.get("NewUpstreamNoiseMargin")),
        "down_attenuation_db": _decibel(info.get("NewDownstreamAttenuation")),
        "up_attenuation_db": _decibel(info.get("NewUpstreamAttenuation")),
        "crc_errors": whole(statistics.get("NewCRCErrors")),
        "up_crc_errors": whole(statistics.get("NewATUCCRCErrors")),
        "fec_errors": whole(statistics.get("NewFECErrors")),
        "up_fec_errors": whole(statistics.get("NewATUCFECErrors")),
        "errored_seconds": whole(statistics.get("NewErroredSecs")),
        "severely_errored_seconds": whole(statistics.get("NewSeverelyErroredSecs")),
        "resyncs": whole(statistics.get("NewLinkRetrain")),
    }


def fiber_facts(info: Answer, statistics: Answer) -> Facts:
    """Return how good the fibre is. Source: X_AVM-DE_WANFiber; levels there are in 0.001 dBm."""
    return {
        "mode": text(info.get("NewFiberMode")),
        "received_dbm": _optical(info.get("NewOpticalSignalLevel")),
        "received_min_dbm": _optical(info.get("NewLowerOpticalThreshold")),
        "received_max_dbm": _optical(info.get("NewUpperOpticalThreshold")),
        "sent_dbm": _optical(info.get("NewTransmitOpticalLevel")),
        "module_vendor": text(info.get("NewSFPVendor")),
        "module_part": text(info.get("NewSFPPartNumber")),
        "wave_length_nm": whole(info.get("NewTXWaveLength"), at_least=1, at_most=10_000),
        "packet_errors_received": whole(statistics.get("NewPacketErrorsReceived")),
        "packet_errors_sent": whole(statistics.get("NewPacketErrorsSent")),
        "resyncs": whole(statistics.get("NewResyncs")),
    }


def traffic_facts(answer: Answer) -> Facts:
    """Return how much is transferred. Source: WANCommonInterfaceConfig of the IGD, GetAddonInfos.

    Rates are in bytes per second. The plain counters wrap at 32 bits: AVM's own do not.
    """
    return {
        "down_rate_mbit_s": _byte_rate(answer.get("NewByteReceiveRate")),
        "up_rate_mbit_s": _byte_rate(answer.get("NewByteSendRate")),
        "received_bytes": whole(answer.get("NewX_AVM_DE_TotalBytesReceived64")),
        "sent_bytes": whole(answer.get("NewX_AVM_DE_TotalBytesSent64")),
    }


def wlan_facts(index: int, info: Answer, clients: Answer) -> Facts:
    """Return the state of one wireless network. Source: WLANConfiguration."""
    band = whole(info.get("NewX_AVM-DE_FrequencyBand"))
    return {
        "index": index,
        "ssid": text(info.get("NewSSID")),
        "enabled": flag(info.get("NewEnable")),
        "up": _is_up(info.get("NewStatus")),
        "band_ghz": _BANDS.get(band or 0),
        "channel": whole(info.get("NewChannel"), at_least=1, at_most=1000),
        "standard": text(info.get("NewStandard")),
        "client_count": whole(clients.get("NewTotalAssociations"), at_most=10_000),
    }


def address(value: str | None, version: int) -> str | None:
    """Return an address of a version, None if it is none or stands for none."""
    try:
        found = ipaddress.ip_address((value or "").strip())
    except ValueError:
        return None
    return str(found) if found.version == version and not found.is_unspecified else None


def _addresses(value: str) -> list[str]:
    """Return the addresses of a list with commas."""
    each = (address(part, version) for part in value.split(",") for version in (4, 6))
    return [found for found in each if found is not None]


def _is_up(value: str | None) -> bool | None:
    """Return whether a state means that it works."""
    return None if not value else value.strip().lower() in _UP


def _mbit(value: str | None, per_mbit: int) -> float | None:
    """Return a rate in Mbit/s; 0 is what boxes say that do not know."""
    found = number(value, at_least=1, at_most=_MAX_BITS)
    return None if found is None else round(found / per_mbit, 3)


def _byte_rate(value: str | None) -> float | None:
    """Return bytes per second as Mbit/s."""
    found = number(value, at_most=_MAX_BITS)
    return None if found is None else round(found * _BITS / _PER_MBIT, 3)


def _decibel(value: str | None) -> float | None:
    """Return decibels of tenths."""
    found = number(value, at_least=-10_000, at_most=10_000)
    return None if found is None else round(found / _TENTHS, 1)


def _optical(value: str | None) -> float | None:
    """Return an optical level; 0 is what boxes say that do not know."""
    found = number(value, at_least=-100_000, at_most=100_000)
    return round(found / _THOUSANDTHS, 3) if found else None
