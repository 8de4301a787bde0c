"""Make any request over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.config import validators as cv
from opsmonitor.models.remediation import Incident
from opsmonitor.parts import http_request as keys
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.http_call import HttpCall, address, make_call
from opsmonitor.parts.status import ANY_SUCCESS, StatusSet, status_set
from opsmonitor.util.secret import Secret

_ONE_PAYLOAD: Final = "only one of body, json and form can be sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequestOptions:
    """What to ask of whom, and which answers are fine."""

    url: Secret
    method: str = "POST"
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    auth: keys.HttpAuth | None = None
    body: keys.Payload | None = None
    json: keys.Payload | None = None
    form: keys.Payload | None = None
    expect_status: StatusSet = ANY_SUCCESS
    tls: TlsOptions = field(default_factory=TlsOptions)


async def _run(options: HttpRequestOptions, incident: Incident, context: ActionContext) -> str:
    """Ask once."""
    call = HttpCall(
        method=options.method,
        url=options.url,
        headers=options.headers,
        auth=options.auth,
        payload=options.body or options.json or options.form,
        tls=options.tls,
        expected=options.expect_status,
    )
    return await make_call(call, context.http, incident.timeout_s)


ACTION: Final = ActionType(
    name="http_request",
    options=HttpRequestOptions,
    schema={
        vol.Required("url"): keys.url,
        vol.Optional("method"): cv.one_of(*keys.METHODS),
        vol.Optional("headers"): keys.headers,
        vol.Optional("auth"): keys.auth,
        vol.Exclusive("body", "payload", msg=_ONE_PAYLOAD): keys.text_payload,
        vol.Exclusive("json", "payload", msg=_ONE_PAYLOAD): keys.json_payload,
        vol.Exclusive("form", "payload", msg=_ONE_PAYLOAD): keys.form_payload,
        vol.Optional("expect_status"): status_set,
        vol.Optional("tls"): TLS,
    },
    run=_run,
    target=lambda options: f"{options.method} {address(options.url)}",
    example={"url": "http://plug.lan/relay/0", "method": "PUT", "json": {"turn": "on"}},
)
