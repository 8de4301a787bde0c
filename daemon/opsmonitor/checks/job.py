"""Job check: did a job that runs elsewhere succeed, and in time?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from functools import partial
from http import HTTPStatus
from pathlib import Path
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol
from yarl import URL

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.parts import http_request as keys
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.export import JsonExport, exports_of, json_exports
from opsmonitor.parts.fields import optional
from opsmonitor.parts.job_id import PLACEHOLDER, JobId, fill_in, job_id_in, read_job_id
from opsmonitor.parts.job_judge import JobJudge
from opsmonitor.parts.json_rules import json_path
from opsmonitor.parts.latency import THRESHOLDS, LatencyThresholds
from opsmonitor.parts.rules import conclude, failed
from opsmonitor.parts.status import ANY_SUCCESS, status_rule
from opsmonitor.util.http_message import HttpRequest
from opsmonitor.util.json_path import JsonPath
from opsmonitor.util.redact import redact_url
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context
from opsmonitor.util.want import own_want

if TYPE_CHECKING:
    from opsmonitor.models.check import Outcome

_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_MAX_MINUTES: Final = 31 * 24 * 60
_MAX_BODY_BYTES: Final = 256 * 1024
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """Where to ask for which job, and by when it must have succeeded."""

    status_url: Secret
    """With `{job_id}` where the id belongs."""
    job_id_file: Path = Path(".last_job_id")
    job_id_url: Secret | None = None
    """In place of the file."""
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    auth: keys.HttpAuth | None = None
    tls: TlsOptions = field(default_factory=TlsOptions)
    state_path: JsonPath | None = None
    """Where the state stands in the answer; None: under `state` or `status`."""
    export: tuple[JsonExport, ...] = ()
    success_by: time | None = None
    minutes_after_start: float | None = None
    thresholds: LatencyThresholds = field(default_factory=LatencyThresholds)


class _Asker:
    """Asks for one job after the other."""

    __slots__ = ("_context", "_id_request", "_judge", "_options", "_request", "_status")

    def __init__(self, options: JobOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._options = options
        self._context = context
        self._judge = JobJudge(
            success_by=options.success_by,
            minutes_after_start=options.minutes_after_start,
            thresholds=options.thresholds,
            state_path=options.state_path,
            export=options.export,
            clock=context.clock,
            zone=context.zone,
        )
        self._status = status_rule(ANY_SUCCESS, follows_redirects=True)
        self._request = _request(options, options.status_url, context.timeout_s)
        self._id_request = (
            None
            if options.job_id_url is None
            else _request(options, options.job_id_url, context.timeout_s)
        )

    async def probe(self) -> Outcome:
        """Find out the id, ask once, and judge the answer."""
        try:
            return await self._ask()
        except TransportError as err:
            return failed(err)

    async def _ask(self) -> Outcome:
        """Do it.

        Raises:
            TransportError: There is no id, or no answer that could be judged.

        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._context.timeout_s
        address = self._options.status_url.reveal()
        job_id = JobId(value="")
        if PLACEHOLDER in address:
            job_id = await self._job_id()
            source = "the answer" if self._id_request else str(self._options.job_id_file)
            address = fill_in(address, job_id, source)
        left_s = round(max(0.001, deadline - loop.time()), 3)
        url = URL(address).with_user(None)
        response = await self._context.http.fetch(replace(self._request, url=url, timeout_s=left_s))
        if response.status in _GONE:
            return failed(TransportError("job_unknown", f"there is no job {job_id.value} there"))
        finding = self._status(response.status)
        if finding.trouble is not None:
            return conclude(
                [finding],
                latency_ms=response.timings.total_ms,
                timings=response.timings,
                status_code=response.status,
            )
        return self._judge(job_id, response)

    async def _job_id(self) -> JobId:
        """Return the id of the job that is meant now.

        Raises:
            TransportError: It cannot be found out.

        """
        if self._id_request is None:
            return await self._read_file()
        response = await self._context.http.fetch(self._id_request)
        trouble = self._status(response.status).trouble
        if trouble is not None:
            raise TransportError("job_id_missing", f"asked for the job's id: {trouble.message}")
        return job_id_in(response.body)

    async def _read_file(self) -> JobId:
        """Return the id in the file."""
        path = self._context.folder / self._options.job_id_file
        try:
            async with asyncio.timeout(self._context.timeout_s):
                return await self._context.lanes.call(("file", path), partial(read_job_id, path))
        except FileNotFoundError:
            raise TransportError(
                "job_id_missing", f"{path} does not exist: no job has been started yet"
            ) from None
        except TimeoutError:
            raise TransportError("timeout", f"{path} could not be read in time") from None
        except OSError as err:
            want = own_want(err, f"read {path}")
            if want is not None:
                raise want from err
            reason = (err.strerror or str(err)).lower()
            raise TransportError("job_id_missing", f"{path} cannot be read: {reason}") from err


def compile_job(options: JobOptions, context: CheckContext) -> Probe:
    """Build the requests and the rules once; a run fills the id in, asks and compares."""
    return _Asker(options, context).probe


def _request(options: JobOptions, address: Secret, timeout_s: float) -> HttpRequest:
    """Return a request, complete but for the id of the job."""
    url = URL(address.reveal().replace(PLACEHOLDER, "0"))
    return HttpRequest(
        url=url.with_user(None),
        timeout_s=timeout_s,
        headers=keys.request_headers(url, options.headers, options.auth, None),
        tls=tls_context(options.tls.policy),
        max_body_bytes=_MAX_BODY_BYTES,
    )


def _status_url(value: Any) -> Secret:
    """Accept a URL in which `{job_id}` stands for the job, but not for the host."""
    address = cv.secret(value).reveal().strip()
    keys.url(address.replace(PLACEHOLDER, "0"))
    if PLACEHOLDER in address.partition("://")[2].partition("/")[0]:
        raise vol.Invalid("{job_id} must not be a part of the host")
    return Secret(address)


def _time_of_day(value: Any) -> time:
    """Accept HH:MM."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise vol.Invalid('expected a time of day such as "07:30"')
    return time(int(match[1]), int(match[2]))


CHECK: Final = CheckType(
    name="job",
    options=JobOptions,
    schema={
        vol.Required("status_url"): _status_url,
        vol.Exclusive("job_id_file", "id", msg="only one of job_id_file and job_id_url"): cv.path,
        vol.Exclusive("job_id_url", "id", msg="only one of job_id_file and job_id_url"): keys.url,
        vol.Optional("headers"): keys.headers,
        vol.Optional("auth"): keys.auth,
        vol.Optional("tls"): TLS,
        vol.Optional("state_path"): optional(json_path),
        vol.Optional("export"): json_exports,
        vol.Optional("success_by"): optional(_time_of_day),
        vol.Optional("minutes_after_start"): optional(
            cv.number(at_least=0.01, at_most=_MAX_MINUTES)
        ),
        vol.Optional("thresholds"): THRESHOLDS,
    },
    compile=compile_job,
    target=lambda options: redact_url(options.status_url.reveal()),
    host=lambda options: URL(options.status_url.reveal().replace(PLACEHOLDER, "0")).host or "",
    example={
        "status_url": "http://127.0.0.1:8060/jobs/{job_id}",
        "job_id_url": "http://127.0.0.1:8060/jobs/last",
        "success_by": "07:30",
    },
    exports=exports_of,
    is_reachability=False,
)
