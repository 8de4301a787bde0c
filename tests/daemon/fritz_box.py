"""A FRITZ!Box for tests: descriptions, SOAP and digest logins over HTTP, and trouble on demand.

The shapes are those of real boxes: services nested in devices, faults with line breaks between
their tags, an HTML page with each refused login, lists in files of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import hashlib
import re
import secrets
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web

Answers = dict[tuple[str, str], dict[str, str] | None]

_TR064 = "urn:dslforum-org:service"
_IGD = "urn:schemas-upnp-org:service"
_REALM = "HTTPS Access"
PASSWORD = "a-long-password"  # noqa: S105  # of the box in the tests

SERVICES = {
    "DeviceInfo1": f"{_TR064}:DeviceInfo:1",
    "LANConfigSecurity1": f"{_TR064}:LANConfigSecurity:1",
    "Layer3Forwarding1": f"{_TR064}:Layer3Forwarding:1",
    "UserInterface1": f"{_TR064}:UserInterface:1",
    "Hosts1": f"{_TR064}:Hosts:1",
    "WANCommonInterfaceConfig1": f"{_TR064}:WANCommonInterfaceConfig:1",
    "WANDSLInterfaceConfig1": f"{_TR064}:WANDSLInterfaceConfig:1",
    "WANPPPConnection1": f"{_TR064}:WANPPPConnection:1",
    "WLANConfiguration1": f"{_TR064}:WLANConfiguration:1",
    "WLANConfiguration2": f"{_TR064}:WLANConfiguration:2",
}
IGD_SERVICES = {
    "WANCommonIFC1": f"{_IGD}:WANCommonInterfaceConfig:1",
    "WANIPConn1": f"{_IGD}:WANIPConnection:1",
}
WITHOUT_WAN = ("Layer3Forwarding1", "WANCommonInterfaceConfig1", "WANPPPConnection1")

MESH = """{"schema_version": "7.8", "nodes": [
 {"uid": "n-1", "device_name": "fritz.box", "device_model": "FRITZ!Box 7590", "is_meshed": true,
  "mesh_role": "master", "device_firmware_version": "154.08.02", "node_interfaces": [
  {"uid": "ni-1", "type": "WLAN", "node_links": [
   {"state": "CONNECTED", "cur_data_rate_rx": 866000}, {"state": "DISCONNECTED"}]}]},
 {"uid": "n-2", "device_name": "attic", "is_meshed": true, "mesh_role": "slave",
  "node_interfaces": [{"node_links": [{"state": "CONNECTED", "cur_data_rate_rx": 433000}]}]},
 {"uid": "n-3", "device_name": "printer", "is_meshed": false, "mesh_role": "unknown"}]}"""

HOSTS = """<?xml version="1.0" encoding="UTF-8"?>
<List>
<!-- devicehosts :3 -->
<Item><Index>1</Index><IPAddress>192.0.2.54</IPAddress><MACAddress>02:00:00:00:00:01</MACAddress>
<Active>1</Active><HostName>laptop</HostName><InterfaceType>802.11</InterfaceType>
<X_AVM-DE_Speed>866</X_AVM-DE_Speed><X_AVM-DE_Guest>0</X_AVM-DE_Guest></Item>
<Item><Index>2</Index><IPAddress>192.0.2.34</IPAddress><MACAddress>02:00:00:00:00:02</MACAddress>
<Active>1</Active><HostName>NAS</HostName><InterfaceType>Ethernet</InterfaceType>
<X_AVM-DE_Speed>1000</X_AVM-DE_Speed><X_AVM-DE_Guest>0</X_AVM-DE_Guest></Item>
<Item><Index>3</Index><IPAddress></IPAddress><MACAddress>02:00:00:00:00:03</MACAddress>
<Active>0</Active><HostName>old-phone</HostName><InterfaceType /></Item>
</List>"""


def usual_answers() -> Answers:
    """Return what a DSL router answers; None is an action that it does not know."""
    return {
        ("DeviceInfo1", "GetInfo"): {
            "NewModelName": "FRITZ!Box 7590",
            "NewSerialNumber": "020000000001",
            "NewSoftwareVersion": "154.08.02",
            "NewUpTime": "2058438",
            "NewDeviceLog": "secret talk",
        },
        ("UserInterface1", "GetInfo"): {
            "NewUpgradeAvailable": "1",
            "NewX_AVM-DE_Version": "154.08.25",
            "NewX_AVM-DE_InfoURL": "http://example.org/news",
        },
        ("LANConfigSecurity1", "X_AVM-DE_GetUserList"): {
            "NewX_AVM-DE_UserList": (
                '<List><Username last_user="0">other</Username>'
                '<Username last_user="1">fritz4711</Username></List>'
            )
        },
        ("Layer3Forwarding1", "GetDefaultConnectionService"): {
            "NewDefaultConnectionService": "1.WANPPPConnection.1"
        },
        ("WANCommonInterfaceConfig1", "GetCommonLinkProperties"): {
            "NewWANAccessType": "DSL",
            "NewLayer1UpstreamMaxBitRate": "48816000",
            "NewLayer1DownstreamMaxBitRate": "253247000",
            "NewPhysicalLinkStatus": "Up",
        },
        ("WANPPPConnection1", "GetInfo"): {
            "NewConnectionStatus": "Connected",
            "NewUptime": "369434",
            "NewLastConnectionError": "ERROR_NONE",
            "NewExternalIPAddress": "203.0.113.33",
            "NewDNSServers": "2001:db8::53, 203.0.113.53",
            "NewUserName": "000000000000@isp.example",
        },
        ("WANDSLInterfaceConfig1", "GetInfo"): {
            "NewStatus": "Up",
            "NewUpstreamCurrRate": "46719",
            "NewDownstreamCurrRate": "249065",
            "NewUpstreamMaxRate": "48873",
            "NewDownstreamMaxRate": "249065",
            "NewUpstreamNoiseMargin": "80",
            "NewDownstreamNoiseMargin": "60",
            "NewUpstreamAttenuation": "80",
            "NewDownstreamAttenuation": "140",
            "NewUpstreamPower": "498",
            "NewDownstreamPower": "513",
        },
        ("WANDSLInterfaceConfig1", "GetStatisticsTotal"): {
            "NewLinkRetrain": "2",
            "NewErroredSecs": "25",
            "NewSeverelyErroredSecs": "0",
            "NewFECErrors": "7",
            "NewATUCFECErrors": "0",
            "NewCRCErrors": "53",
            "NewATUCCRCErrors": "13",
        },
        ("Hosts1", "X_AVM-DE_GetHostListPath"): {
            "NewX_AVM-DE_HostListPath": "/devicehostlist.lua?sid=5e551014"
        },
        ("Hosts1", "X_AVM-DE_GetMeshListPath"): {
            "NewX_AVM-DE_MeshListPath": "/meshlist.lua?sid=5e551014"
        },
        ("WLANConfiguration1", "GetInfo"): {
            "NewEnable": "1",
            "NewStatus": "Up",
            "NewSSID": "house",
            "NewChannel": "13",
            "NewStandard": "n",
            "NewX_AVM-DE_FrequencyBand": "2400",
        },
        ("WLANConfiguration1", "GetTotalAssociations"): {"NewTotalAssociations": "11"},
        ("WLANConfiguration2", "GetInfo"): {
            "NewEnable": "0",
            "NewStatus": "Disabled",
            "NewSSID": "house",
            "NewChannel": "0",
            "NewStandard": "ac",
        },
        ("WLANConfiguration2", "GetTotalAssociations"): {"NewTotalAssociations": "0"},
        ("WANIPConn1", "GetStatusInfo"): {
            "NewConnectionStatus": "Connected",
            "NewLastConnectionError": "ERROR_NONE",
            "NewUptime": "369434",
        },
        ("WANIPConn1", "GetExternalIPAddress"): {"NewExternalIPAddress": "203.0.113.33"},
        ("WANIPConn1", "X_AVM_DE_GetExternalIPv6Address"): {
            "NewExternalIPv6Address": "2001:db8:1::1"
        },
        ("WANIPConn1", "X_AVM_DE_GetIPv6Prefix"): {
            "NewIPv6Prefix": "2001:db8:1::",
            "NewPrefixLength": "56",
        },
        ("WANCommonIFC1", "GetAddonInfos"): {
            "NewByteSendRate": "125000",
            "NewByteReceiveRate": "2500000",
            "NewTotalBytesSent": "648264327",
            "NewX_AVM_DE_TotalBytesSent64": "129497283207",
            "NewX_AVM_DE_TotalBytesReceived64": "554484531337",
        },
    }


class FritzBox:
    """A box that answers, and misbehaves as told."""

    def __init__(self) -> None:
        """Be a healthy router with DSL."""
        self.model = "FRITZ!Box 7590"
        self.display = "154.08.02"
        self.user = "fritz4711"
        self.password = PASSWORD
        self.services = dict(SERVICES)
        self.answers = usual_answers()
        self.files = {"/devicehostlist.lua": HOSTS, "/meshlist.lua": MESH}
        self.forbidden: set[str] = set()
        """Services that the user may not ask."""
        self.has_tr064 = True
        self.has_igd = True
        self.nonce_uses = 1000
        self.misbehave: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        """By action or path, in place of an answer."""
        self.asked: list[str] = []
        self.wrong_logins = 0
        self._nonces: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        action = request.headers.get("SOAPAction", "").rpartition("#")[2]
        what = action or request.path
        self.asked.append(what)
        if what in self.misbehave:
            return await self.misbehave[what](request)
        if request.method == "POST":
            return await self._act(request, action)
        return self._show(request)

    async def refuse(self, _request: web.Request) -> web.StreamResponse:
        """Ask for a login, whoever asks: a misbehaviour."""
        return self._challenge()

    def _show(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file."""
        if request.path == "/tr64desc.xml" and self.has_tr064:
            return _xml(self._description(self.services, "/upnp/control"))
        if request.path == "/igddesc.xml" and self.has_igd:
            return _xml(self._description(IGD_SERVICES, "/igdupnp/control"))
        if request.path == "/jason_boxinfo.xml":
            return _xml(
                '<j:BoxInfo xmlns:j="http://jason.avm.de/updatecheck/">'
                f"<j:Name>{self.model}</j:Name><j:Version>{self.display}</j:Version>"
                "<j:Serial>020000000001</j:Serial></j:BoxInfo>"
            )
        if request.path in self.files:
            return self._guarded(request) or web.Response(text=self.files[request.path])
        return web.Response(status=404, text="<html>not found</html>", content_type="text/html")

    async def _act(self, request: web.Request, action: str) -> web.StreamResponse:
        """Do what a SOAP request asks for."""
        name = request.path.rpartition("/")[2]
        known = {**self.services, **IGD_SERVICES}
        kind = known.get(name, "")
        body = await request.text()
        if request.headers["SOAPAction"] != f"{kind}#{action}" or f'xmlns:u="{kind}"' not in body:
            return _fault(401, "Invalid Action")
        is_open = name in IGD_SERVICES or action == "X_AVM-DE_GetUserList"
        if not is_open and (refusal := self._guarded(request)):
            return refusal
        if name in self.forbidden:
            return _fault(606, "Action Not Authorized")
        answer = self.answers.get((name, action))
        if answer is None:
            return _fault(401, "Invalid Action")
        values = "\n".join(f"<{key}>{escape(each)}</{key}>" for key, each in answer.items())
        return _xml(
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">\n<s:Body>\n'
            f'<u:{action}Response xmlns:u="{kind}">\n{values}\n</u:{action}Response>\n'
            "</s:Body>\n</s:Envelope>\n"
        )

    def _guarded(self, request: web.Request) -> web.Response | None:
        """Return the refusal of a request that is not logged in, None if it is."""
        header = request.headers.get("Authorization", "")
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', header))
        if not header:
            return self._challenge()
        used = self._nonces.get(given.get("nonce", ""))
        if used is None or int(given["nc"], 16) != used + 1 or used >= self.nonce_uses:
            return self._challenge(stale=True)
        first = _md5(f"{self.user}:{_REALM}:{self.password}")
        second = _md5(f"{request.method}:{request.raw_path}")
        middle = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:auth"
        if given.get("response") != _md5(f"{first}:{middle}:{second}"):
            self.wrong_logins += 1
            return self._challenge()
        self._nonces[given["nonce"]] = used + 1
        return None

    def _challenge(self, *, stale: bool = False) -> web.Response:
        """Ask for a login."""
        nonce = secrets.token_hex(8).upper()
        self._nonces[nonce] = 0
        more = ",stale=true" if stale else ""
        wanted = f'Digest realm="{_REALM}",nonce="{nonce}",algorithm=MD5,qop="auth"{more}'
        return web.Response(
            status=401,
            text="<HTML><BODY><H1>401 Unauthorized</H1></BODY></HTML>",
            content_type="text/html",
            headers={"WWW-Authenticate": wanted},
        )

    def _description(self, services: dict[str, str], folder: str) -> str:
        """Return the description of the services, those after the second in an inner device."""
        listed = [
            f"<service>\n<serviceType>{kind}</serviceType>\n"
            f"<serviceId>urn:example-com:serviceId:{name}</serviceId>\n"
            f"<controlURL>{folder}/{name}</controlURL>\n<SCPDURL>/x.xml</SCPDURL>\n</service>"
            for name, kind in services.items()
        ]
        outer, inner = "\n".join(listed[:2]), "\n".join(listed[2:])
        return (
            '<?xml version="1.0"?>\n<root xmlns="urn:dslforum-org:device-1-0">\n<systemVersion>'
            f"<HW>226</HW><Major>154</Major><Minor>8</Minor><Patch>2</Patch>"
            f"<Display>{self.display}</Display></systemVersion>\n<device>\n"
            f"<friendlyName>{self.model}</friendlyName>\n<modelName>{self.model}</modelName>\n"
            f"<serviceList>{outer}</serviceList>\n<deviceList><device><serviceList>{inner}"
            "</serviceList></device></deviceList>\n</device>\n</root>\n"
        )


def _md5(value: str) -> str:
    """Return the hash of a text."""
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


def _xml(body: str) -> web.Response:
    """Return an answer in XML."""
    return web.Response(text=body, content_type="text/xml")


def _fault(code: int, words: str) -> web.Response:
    """Return a refusal, with line breaks between its tags as boxes have them."""
    return web.Response(
        status=500,
        content_type="text/xml",
        text=(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">\n<s:Body>\n<s:Fault>\n'
            "<faultcode>s:Client</faultcode>\n<faultstring>UPnPError</faultstring>\n<detail>\n"
            '<UPnPError xmlns="urn:dslforum-org:control-1-0">\n'
            f"<errorCode>{code}</errorCode>\n<errorDescription>{words}</errorDescription>\n"
            "</UPnPError>\n</detail>\n</s:Fault>\n</s:Body>\n</s:Envelope>\n"
        ),
    )


async def hang(_request: web.Request) -> web.StreamResponse:
    """Take the question and never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def reset(request: web.Request) -> web.StreamResponse:
    """Break off in the middle of the answer."""
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b"<?xml")
    assert request.transport is not None
    request.transport.abort()
    return response


def always(
    status: int, body: str, kind: str = "text/xml"
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return a misbehaviour: always the same answer."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        """Answer."""
        return web.Response(status=status, text=body, content_type=kind)

    return answer


@asynccontextmanager
async def plugged_in(box: FritzBox, **site: Any) -> AsyncIterator[int]:
    """Let a box answer on a port of this machine."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", box.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, **site).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
