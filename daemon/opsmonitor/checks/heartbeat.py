"""Heartbeat check: does a job report that it ran, in time and with success?"""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.config.settings import Push
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.parts.heartbeat_judge import HeartbeatJudge
from opsmonitor.parts.heartbeat_schedule import Cron, Every, Schedule, cron_problem
from opsmonitor.util.duration import duration_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from opsmonitor.util.secret import Secret

_TOKEN: Final = re.compile(r"[A-Za-z0-9_.~-]{20,200}", re.ASCII)
_ONE: Final = "only one of period and cron"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatOptions:
    """When a job is expected to report."""

    period: int | None = None
    """In seconds, from one ping to the next."""
    cron: str | None = None
    grace: int = 300
    """In seconds: for so long after it was due a ping is not late."""
    max_runtime: int | None = None
    """In seconds; None: as long as the grace."""
    token: Secret | None = None
    """In the address that is pinged; None: the daemon makes one."""
    post_only: bool = False

    def __post_init__(self) -> None:
        """Judge the keys together.

        Raises:
            ValueError: Nobody knows when a ping is due.

        """
        if self.period is None and self.cron is None:
            raise ValueError("`period` (such as 1d) or `cron` is needed: add one")

    def schedule(self, zone: tzinfo) -> Schedule:
        """Return when pings are due."""
        if self.cron is not None:
            return Cron(self.cron, zone)
        return Every((self.period or 0) * 1000)


class _Listener:
    """Looks at what was heard of one job."""

    def __init__(self, options: HeartbeatOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._context = context
        self._judge = HeartbeatJudge(
            options.schedule(context.zone),
            grace_s=options.grace,
            max_runtime_s=options.grace if options.max_runtime is None else options.max_runtime,
            zone=context.zone,
        )
        self._ended_ms: int | None = None

    async def probe(self) -> Outcome:
        """Judge what is known, and see to being asked again when that may change."""
        pulse = self._context.pulse()
        if pulse is None:
            error = "only the running daemon knows of pings"
            return Outcome(verdict=Verdict.UNKNOWN, error=error, error_code="heartbeat_awaited")
        is_news = self._ended_ms is not None and pulse.ended_ms != self._ended_ms
        self._ended_ms = pulse.ended_ms or 0
        judgement = self._judge(pulse, self._context.clock.now_ms(), is_news=is_news)
        if judgement.until_ms is not None:
            self._context.wake_at(judgement.until_ms)
        return judgement.outcome


def compile_heartbeat(options: HeartbeatOptions, context: CheckContext) -> Probe:
    """Make the judge once; a run only looks at what is known."""
    return _Listener(options, context).probe


def _cron(value: Any) -> str:
    """Accept a cron expression of five fields."""
    text = cv.text(value).strip()
    problem = cron_problem(text)
    if problem is not None:
        raise vol.Invalid(problem)
    return text


def _token(value: Any) -> Secret:
    """Accept what can stand in an address, and cannot be guessed."""
    token = cv.secret(value)
    if not _TOKEN.fullmatch(token.reveal()):
        raise vol.Invalid(
            "expected 20 to 200 letters and digits that nobody can guess: make them with "
            "`openssl rand -hex 16`, or leave the token out"
        )
    return token


def _target(options: HeartbeatOptions) -> str:
    """Return when it must report, for people."""
    due = f"cron {options.cron}" if options.cron else f"every {duration_text(options.period or 0)}"
    return f"{due}, within {duration_text(options.grace)}"


CHECK: Final = CheckType(
    name="heartbeat",
    options=HeartbeatOptions,
    schema={
        vol.Exclusive("period", "schedule", msg=_ONE): cv.duration_s(at_least=1),
        vol.Exclusive("cron", "schedule", msg=_ONE): _cron,
        vol.Optional("grace"): cv.duration_s(at_least=1),
        vol.Optional("max_runtime"): cv.duration_s(at_least=1),
        vol.Optional("token"): _token,
        vol.Optional("post_only"): cv.boolean,
    },
    compile=compile_heartbeat,
    target=_target,
    host=lambda _options: "local",
    example={"cron": "30 3 * * *", "grace": "1h"},
    push=lambda options: Push(token=options.token, is_post_only=options.post_only),
    is_settled=True,
    is_reachability=False,
)
