"""Post JSON to a service, such as its own switch for starting anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.models.remediation import Incident
from opsmonitor.parts import http_request as keys
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.http_call import HttpCall, address, make_call
from opsmonitor.util.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPostOptions:
    """Where to post what."""

    url: Secret
    payload: keys.Payload | None = None
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    tls: TlsOptions = field(default_factory=TlsOptions)


async def _run(options: HttpPostOptions, incident: Incident, context: ActionContext) -> str:
    """Post once."""
    call = HttpCall(
        method="POST",
        url=options.url,
        headers=options.headers,
        payload=options.payload,
        tls=options.tls,
    )
    return await make_call(call, context.http, incident.timeout_s)


ACTION: Final = ActionType(
    name="http_post",
    options=HttpPostOptions,
    schema={
        vol.Required("url"): keys.url,
        vol.Optional("payload"): keys.json_payload,
        vol.Optional("headers"): keys.headers,
        vol.Optional("tls"): TLS,
    },
    run=_run,
    target=lambda options: f"POST {address(options.url)}",
    example={"url": "http://shop.lan:8080/admin/reset", "payload": {"mode": "soft"}},
)
