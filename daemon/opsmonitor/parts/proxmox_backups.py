"""What a Proxmox cluster says of its backups: pure.

Sources: `/nodes/{node}/tasks`, `/nodes/{node}/tasks/{upid}/log` and
`/cluster/backup-info/not-backed-up` in the API viewer of Proxmox VE. The task of a job of several
guests has one result for all of them; which guest failed is in its log only, in lines of vzdump
(PVE/VZDump.pm of pve-manager) such as `INFO: Starting Backup of VM 101 (lxc)`,
`INFO: Finished Backup of VM 101 (00:01:23)` and `ERROR: Backup of VM 101 failed - no space left`.
The backups themselves are not asked for: who may list them (`check_volume_access` in PVE/Storage.pm
of pve-storage wants Datastore.AllocateSpace and VM.Backup) may also make and overwrite them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from opsmonitor.util.lenient import label, mappings, text, whole

_MS: Final = 1000
_LAST_S: Final = 1 << 34
"""Later moments are no moments: the year 2514."""
_GOOD: Final = "OK"
_LINE: Final = re.compile(
    r"(?:INFO|ERROR): (Starting|Finished)? ?Backup of VM (\d{1,9})(?: failed - (.*))?", re.ASCII
)
_MOST_TEXT: Final = 300
_UNFINISHED: Final = "it was not finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One run of vzdump that has ended, or what it did for one guest."""

    node: str
    subject: str
    """The guest's number; empty, or a job's name, for a job of several guests."""
    ended_ms: int
    result: str
    task: str = ""
    """By which the node knows it."""
    guests: Mapping[int, str] | None = None
    """Of a job of several: the result for each by its number; None if nobody knows."""

    @property
    def is_good(self) -> bool:
        """Tell whether it made the backups, possibly with warnings."""
        return self.result == _GOOD or self.result.startswith("WARNINGS")

    @property
    def is_job(self) -> bool:
        """Tell whether it was for several guests."""
        return not self.subject.isdecimal()


def read_backups(data: Any, node: str) -> tuple[Backup, ...]:
    """Return the runs of vzdump that have ended; one that still runs has no result yet."""
    backups: list[Backup] = []
    for entry in mappings(data):
        result, ended = text(entry.get("status")), whole(entry.get("endtime"))
        kind = text(entry.get("type")) or "vzdump"
        if result is None or ended is None or ended > _LAST_S or kind != "vzdump":
            continue
        backups.append(
            Backup(
                node=text(entry.get("node")) or node,
                subject=label(entry.get("id")) or "",
                ended_ms=ended * _MS,
                result=result,
                task=text(entry.get("upid")) or "",
            )
        )
    return tuple(backups)


def read_results(data: Any, most: int) -> dict[int, str] | None:
    """Return the result for each guest from the log of a task that has ended.

    None if it tells of no guest, or is longer than the `most` lines that were asked for.
    """
    entries = mappings(data)
    if len(entries) >= most:
        return None
    found: dict[int, str] = {}
    for entry in entries:
        match = _LINE.match(text(entry.get("t")) or "")
        if match is None:
            continue
        vmid = int(match[2])
        if match[1] is None:
            found[vmid] = (match[3] or "it says no more")[:_MOST_TEXT]
        else:
            found[vmid] = _UNFINISHED if match[1] == "Starting" else _GOOD
    return found or None


def by_guest(runs: Iterable[Backup]) -> Iterator[Backup]:
    """Yield the runs, a job of which the guests are known as one run for each of them.

    A job that failed though none of its guests did stays as well.
    """
    for run in runs:
        if run.guests is None:
            yield run
            continue
        told = [
            Backup(
                node=run.node,
                subject=str(vmid),
                ended_ms=run.ended_ms,
                result=result,
                task=run.task,
            )
            for vmid, result in run.guests.items()
        ]
        yield from told
        if not run.is_good and all(each.is_good for each in told):
            yield run


def latest_backups(runs: Iterable[Backup]) -> tuple[Backup, ...]:
    """Return the latest run for each guest, wherever it was, and of the jobs of each node."""
    latest: dict[tuple[str, str], Backup] = {}
    for run in runs:
        key = (run.node if run.is_job else "", run.subject)
        if key not in latest or latest[key].ended_ms < run.ended_ms:
            latest[key] = run
    return tuple(latest[key] for key in sorted(latest))


def read_unsaved(data: Any) -> dict[int, str]:
    """Return the guests that no backup job covers: names by number."""
    found: dict[int, str] = {}
    for entry in mappings(data):
        vmid = whole(entry.get("vmid"))
        if vmid is not None:
            found[vmid] = text(entry.get("name")) or str(vmid)
    return found
