"""What handlers find in the application and in each request."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from opsmonitor.api.answers import StateCache
from opsmonitor.api.client import Client
from opsmonitor.api.deps import ApiDeps
from opsmonitor.api.document import Document
from opsmonitor.api.hosts import HostList
from opsmonitor.api.login import LoginDesk
from opsmonitor.api.pair_desk import PairDesk
from opsmonitor.api.push_desk import PushDesk
from opsmonitor.api.readings import ReadingCache
from opsmonitor.api.scope import Grant
from opsmonitor.api.stream import StreamHub
from opsmonitor.api.uptime_cache import UptimeCache
from opsmonitor.api.verdict_counter import VerdictCounter

DEPS: Final = web.AppKey("deps", ApiDeps)
STATES: Final = web.AppKey("states", StateCache)
READINGS: Final = web.AppKey("readings", ReadingCache)
STREAM: Final = web.AppKey("stream", StreamHub)
UPTIME: Final = web.AppKey("uptime", UptimeCache)
VERDICTS: Final = web.AppKey("verdicts", VerdictCounter)
PUSHES: Final = web.AppKey("pushes", PushDesk)
PAIR: Final = web.AppKey("pair", PairDesk)
LOGIN: Final = web.AppKey("login", LoginDesk)
HOSTS: Final = web.AppKey("hosts", HostList)
DOCUMENT: Final = web.AppKey("document", Document)

CLIENT: Final = web.RequestKey("client", Client)
"""Where the request comes from."""
GRANT: Final = web.RequestKey("grant", Grant)
"""What its sender may do."""
