"""What is wrong with the backups of a Proxmox cluster: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
import math
from typing import Final

from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.issues import level
from opsmonitor.parts.limits import Limits
from opsmonitor.parts.proxmox_backups import Backup, by_guest, latest_backups
from opsmonitor.parts.proxmox_cluster import Guest
from opsmonitor.parts.proxmox_node import NodeDetails

_HOUR_MS: Final = 3_600_000
_FORGOTTEN_MS: Final = 14 * 24 * _HOUR_MS
"""A job that has not run for so long was most likely removed: its end is no news any more."""


def judge_backups(
    details: Mapping[str, NodeDetails],
    guests: tuple[Guest, ...],
    unsaved: Mapping[int, str] | None,
    age_h: Limits,
    now_ms: int,
) -> Iterator[Issue]:
    """Judge the backups: failed, too old, or not made at all."""
    known = {guest.vmid: guest for guest in guests}
    told = [run for each in details.values() for run in each.backups or ()]
    runs = list(by_guest(told))
    for run in latest_backups(runs):
        if not run.is_good and now_ms - run.ended_ms < _FORGOTTEN_MS:
            yield _failed(run, known)
    if any(each.backups is not None for each in details.values()):
        # A node that could not be asked yet may have made the good ones.
        is_waiting = any(each.backups is None and each.error for each in details.values())
        good = [run for run in (*runs, *told) if run.is_good]
        if good or not is_waiting:
            yield from _old(runs, good, guests, age_h, now_ms)
    for vmid, name in (unsaved or {}).items():
        if vmid not in known or not known[vmid].is_template:
            yield Issue(
                kind="backup_missing",
                status=ReadingStatus.WARN,
                message=f"no backup job covers the guest {vmid} ({name})",
                data={"vmid": vmid, "name": name},
            )


def _old(
    runs: Iterable[Backup],
    good: Iterable[Backup],
    guests: tuple[Guest, ...],
    limits: Limits,
    now_ms: int,
) -> Iterator[Issue]:
    """Judge the age of the latest good backup: of all, and of each guest that a run names."""
    hours = _age_h(good, now_ms)
    yield from _aged("", {}, limits, hours)
    if hours is None:
        return
    overall = level(limits, hours)
    named = {run.subject for run in runs}
    for guest in guests:
        subject = str(guest.vmid)
        if guest.is_template or subject not in named:
            continue
        # Where the log of a job could not be read, it was for the guests of its node, most likely.
        own = [
            run
            for run in runs
            if run.is_good and (run.subject == subject or (run.is_job and run.node == guest.node))
        ]
        data: dict[str, object] = {"vmid": guest.vmid, "name": guest.name, "node": guest.node}
        found = _aged(f" of {guest.label}", data, limits, _age_h(own, now_ms))
        # Where all are old, only those are told that are worse.
        yield from (issue for issue in found if issue.status is not overall)


def _age_h(runs: Iterable[Backup], now_ms: int) -> float | None:
    """Return how many hours ago the latest run has ended, None without any."""
    ended_ms = max((run.ended_ms for run in runs), default=None)
    return None if ended_ms is None else round(max(now_ms - ended_ms, 0) / _HOUR_MS, 1)


def _aged(
    subject: str, data: Mapping[str, object], limits: Limits, hours: float | None
) -> Iterator[Issue]:
    """Judge an age; None, where no good backup is known, is beyond every limit."""
    status = level(limits, math.inf if hours is None else hours)
    if status is None:
        return
    what = f"good backup{subject}"
    message = (
        f"no {what} is known" if hours is None else f"the latest {what} is {hours:g} hours old"
    )
    yield Issue(kind="backup_old", status=status, message=message, data={**data, "age_h": hours})


def _failed(run: Backup, guests: Mapping[int, Guest]) -> Issue:
    """Return the issue of a backup that failed."""
    guest = None if run.is_job else guests.get(int(run.subject))
    subject = f"of {guest.label}" if guest else f"of the guest {run.subject}"
    return Issue(
        kind="backup_failed",
        status=ReadingStatus.WARN,
        message=f"the latest backup {'job' if run.is_job else subject} on the node {run.node} "
        f"failed: {run.result}",
        data={
            "node": run.node,
            "vmid": run.subject or None,
            "name": None if guest is None else guest.name,
            "result": run.result,
        },
    )
