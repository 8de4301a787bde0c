"""What the page says, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opsmonitor.dashboard import words
from opsmonitor.dashboard.journal import Row
from opsmonitor.dashboard.probes import ProbeCard, probe_card
from opsmonitor.dashboard.runs import Strip
from opsmonitor.dashboard.times import TimeText
from opsmonitor.dashboard.uptime import WINDOWS, Uptimes
from opsmonitor.dashboard.values import values_text
from opsmonitor.models.check import CheckState, Status
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.dashboard.journal import Journal
    from opsmonitor.models.alert import Mute
    from opsmonitor.models.history import RawRun
    from opsmonitor.models.reading import ReadingState, ReadingStatus

_MANY: Final = 10
"""Beyond so many checks there are tools to find one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """Everything that a page is made of, as it was at one moment."""

    now_ms: int
    version: str
    zone: tzinfo | None
    zone_name: str
    """Empty: the viewer's own."""
    checks: Mapping[str, CheckSettings]
    states: Mapping[str, CheckState]
    runs: Mapping[str, Sequence[RawRun]]
    uptimes: Mapping[str, Uptimes]
    journal: Journal
    readings: Sequence[ReadingState]
    """What is polled in the background."""
    problems: Sequence[str]
    """What is wrong with the configuration file."""
    storage: str
    """Why results are not kept; empty when they are."""
    can_run: bool
    can_sign_out: bool
    pasts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By check, what else is known of the past, in words."""
    mute: Mute | None = None
    """Nobody is told anything."""
    is_critical: bool = False
    """The whole is, by checks or by what is polled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One check."""

    id: str
    order: int
    name: str
    type: str
    target: str
    tags: Sequence[str]
    is_core: bool
    status: str
    label: str
    hint: str
    latency: str
    change_iso: str
    change_ago: str
    run_iso: str
    run_ago: str
    error: str
    values: str
    note: str
    is_acknowledged: bool
    is_flapping: bool
    strip: Strip
    start_iso: str
    start_ago: str
    uptimes: Sequence[tuple[str, str, str]]
    """Key, label and value of each window."""
    past: str
    """What else is known of the past."""


class PageView:
    """The page; its cards are made one by one, as they are drawn."""

    def __init__(self, data: PageData) -> None:
        """Sort the checks: problems first, else in the order of the file."""
        self.data = data
        self._times = TimeText(data.zone)
        known = {check_id: _state(data, check_id) for check_id in data.checks}
        named = [(data.checks[key].name, state.status) for key, state in known.items()]
        statuses = [status for _, status in named]
        polled = _proxmox(data)
        self.verdict = words.with_proxmox(words.verdict(named), polled)
        own = words.worst(statuses)
        self.worst = words.worn(own, polled, is_critical=data.is_critical).value
        self.down = statuses.count(Status.DOWN)
        self.total = len(named)
        self.has_tools = self.total > _MANY
        self.counts = [
            (status.value, words.LABELS[status], statuses.count(status))
            for status in words.LABELS
            if status is not Status.UNMONITORED
        ]
        self.tags = sorted({tag for check in data.checks.values() for tag in check.tags})
        self.now_iso = iso_utc(data.now_ms)
        self.now_stamp = self._times.stamp(data.now_ms)
        until_ms = data.mute.until_ms if data.mute else None
        self.has_muted_end = until_ms is not None
        # The script reads each time on the page, also of what is hidden.
        self.muted_iso = iso_utc(until_ms or data.now_ms)
        self.muted_stamp = self._times.stamp(until_ms or data.now_ms)
        order = {check_id: place for place, check_id in enumerate(data.checks)}
        self._order = order
        self._names = {check_id: check.name for check_id, check in data.checks.items()}
        self._troubled = [
            check_id
            for status in words.PROBLEMS
            for check_id, state in known.items()
            if state.status is status
        ]
        self._calm = [check_id for check_id in order if check_id not in set(self._troubled)]

    @property
    def has_trouble(self) -> bool:
        """Tell whether there are problems to show first."""
        return bool(self._troubled)

    def troubled(self) -> Iterator[Card]:
        """Yield the cards of the checks in trouble, worst first."""
        return map(self._card, self._troubled)

    def calm(self) -> Iterator[Card]:
        """Yield the other cards."""
        return map(self._card, self._calm)

    def probes(self) -> Iterator[ProbeCard]:
        """Yield the cards of what is polled."""
        return (probe_card(state, self.data.now_ms) for state in self.data.readings)

    def _card(self, check_id: str) -> Card:
        """Say all about one check."""
        data = self.data
        check, state = data.checks[check_id], _state(data, check_id)
        runs = data.runs.get(check_id, ())
        uptimes = data.uptimes.get(check_id, {})
        start_ms = runs[0].at_ms if runs else None
        return Card(
            id=check_id,
            order=self._order[check_id],
            name=check.name,
            type=check.type,
            target=check.target,
            tags=check.tags,
            is_core=check.core,
            status=state.status.value,
            label=words.LABELS[state.status],
            hint=words.hint(state, check.down_threshold),
            latency=words.latency(state.outcome.latency_ms if state.outcome else None),
            change_iso=_iso(state.last_change_ms),
            change_ago=self._since(state.last_change_ms),
            run_iso=_iso(state.last_run_ms),
            run_ago=self._ago(state.last_run_ms),
            error=(state.outcome.error or "") if state.outcome else "",
            values=values_text(check, state),
            note=words.note(state, self._names, self._times.stamp),
            is_acknowledged=state.acknowledged is not None,
            is_flapping=state.flapping_since_ms is not None,
            strip=Strip(runs, check.interval_s, self._times),
            start_iso=_iso(start_ms),
            start_ago=self._ago(start_ms),
            uptimes=[(key, label, words.percent(uptimes.get(key))) for key, label, _ in WINDOWS],
            past=data.pasts.get(check_id, ""),
        )

    def blank(self) -> Card:
        """Return the card that the script copies for a check that appears later."""
        return Card(
            id="",
            order=0,
            name="",
            type="",
            target="",
            tags=(),
            is_core=False,
            status=Status.PENDING.value,
            label="",
            hint="",
            latency=words.DASH,
            change_iso="",
            change_ago="",
            run_iso="",
            run_ago="",
            error="",
            values="",
            note="",
            is_acknowledged=False,
            is_flapping=False,
            strip=Strip((), 1, self._times),
            start_iso="",
            start_ago="",
            uptimes=[(key, label, words.DASH) for key, label, _ in WINDOWS],
            past="",
        )

    def blank_row(self) -> Row:
        """Return the row that the script copies for what happens later."""
        return Row(
            at_ms=0,
            iso="",
            stamp="",
            check_id="",
            name="",
            is_event=False,
            status="",
            text="",
            latency="",
            detail="",
        )

    def _since(self, at_ms: int | None) -> str:
        """Return how long something has been so."""
        return "" if at_ms is None else words.duration((self.data.now_ms - at_ms) / 1000)

    def _ago(self, at_ms: int | None) -> str:
        """Return how long ago something was."""
        return "never" if at_ms is None else words.ago((self.data.now_ms - at_ms) / 1000)


def _proxmox(data: PageData) -> ReadingStatus | None:
    """Return how Proxmox is, by its latest good reading."""
    found = [state.reading for state in data.readings if state.name == "proxmox"]
    return None if not found or found[0] is None else found[0].status


def _state(data: PageData, check_id: str) -> CheckState:
    """Return the state of a check; one that was only just added has none yet."""
    return data.states.get(check_id) or CheckState(id=check_id, type=data.checks[check_id].type)


def _iso(at_ms: int | None) -> str:
    """Return a time for programs, empty when there is none."""
    return "" if at_ms is None else iso_utc(at_ms)
