"""Find out which job is meant: its id lies in a file, or a server tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import re
from typing import Final
from urllib.parse import quote

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.job_state import parse_json

PLACEHOLDER: Final = "{job_id}"
_ID: Final = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_IN_JSON: Final = ("job_id", "id")
_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class JobId:
    """A job's id, and when it was written down."""

    value: str
    written: datetime | None = None


def read_job_id(path: Path) -> JobId:
    """Return the id that a file holds in its first line; blocks.

    Raises:
        OSError: The file cannot be read.

    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    lines = content.decode("utf-8", "replace").strip().splitlines()
    return JobId(value=lines[0].strip() if lines else "", written=written)


def job_id_in(body: bytes) -> JobId:
    """Return the id in a server's answer: plain text, or JSON."""
    answer = parse_json(body)
    if isinstance(answer, dict):
        answer = next((answer[key] for key in _IN_JSON if key in answer), "")
    if isinstance(answer, str | int) and not isinstance(answer, bool):
        return JobId(value=str(answer).strip())
    return JobId(value=body.decode("utf-8", "replace").strip())


def fill_in(url: str, job_id: JobId, source: str) -> str:
    """Return the URL with the id in its place, written so that it cannot lead elsewhere.

    Raises:
        TransportError: It can be no id.

    """
    value = job_id.value
    if not value:
        raise TransportError("job_id_missing", f"there is no job id in {source}")
    if not _ID.fullmatch(value) or value in (".", ".."):
        raise TransportError("job_id_invalid", f"what {source} holds is no job id")
    return url.replace(PLACEHOLDER, quote(value, safe=""))
