"""What is measured, in the order of the table, with the bars to reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table."""

    key: str
    text: str
    unit: str
    bar: float | None = None
    """The most that is allowed."""
    floor: str | None = None
    """The key of what it is compared with: a bare loop over sockets."""
    peer: str | None = None
    """The key of what it is compared with: blackbox_exporter."""


def _costs(kind: str, bars: dict[int, float | None]) -> list[Figure]:
    """Return the rows with the CPU time of one check."""
    rows: list[Figure] = []
    for rate, bar in bars.items():
        floor, peer = f"floor_{kind}_{rate}", f"blackbox_{kind}_{rate}"
        condition = f"{kind.upper()} check at {rate:,}/s"
        unit = "µs CPU"
        rows.append(
            Figure(
                key=f"daemon_{kind}_{rate}",
                text=f"**{condition}**, whole pipeline",
                unit=unit,
                bar=bar,
                floor=floor,
                peer=peer,
            )
        )
        rows.append(Figure(key=floor, text=f"{condition}, bare socket loop (floor)", unit=unit))
        if kind == "http":
            rows.append(
                Figure(
                    key=f"aiohttp_{rate}",
                    text=f"{condition}, aiohttp's client alone",
                    unit=unit,
                    floor=floor,
                )
            )
        rows.append(
            Figure(key=peer, text=f"{condition}, blackbox_exporter", unit=unit, floor=floor)
        )
    return rows


def _disturbed(part: str) -> Figure:
    """Return the row that tells how far the machine had nothing else to do."""
    return Figure(
        key=f"{part}_disturbed",
        text="(time that the daemon waited for its core meanwhile)",
        unit="%",
    )


def _lateness(load: str, condition: str) -> list[Figure]:
    """Return the rows on punctuality."""
    return [
        Figure(key=f"{load}_own_p50", text=f"{condition}: start lateness p50", unit="ms"),
        Figure(key=f"{load}_own_p99", text=f"{condition}: start lateness p99", unit="ms", bar=50),
        Figure(key=f"{load}_seen_p50", text=f"{condition}: arrival jitter p50", unit="ms"),
        Figure(key=f"{load}_seen_p99", text=f"{condition}: arrival jitter p99", unit="ms", bar=50),
        Figure(key=f"{load}_drift", text=f"{condition}: drift of the schedule", unit="ms"),
        Figure(key=f"{load}_missing", text=f"{condition}: runs left out", unit="runs", bar=0),
        _disturbed(load),
    ]


def _deciding(kind: str, bar: float) -> Figure:
    """Return the row with the CPU time of a check that much is to be decided about."""
    return Figure(
        key=f"deciding_{kind}_1000",
        text=f"**{kind.upper()} check at 1,000/s**, with alerts, routes, parents and actions",
        unit="µs CPU",
        bar=bar,
        floor=f"floor_{kind}_1000",
        peer=f"blackbox_{kind}_1000",
    )


def _live(condition: str, key: str) -> list[Figure]:
    """Return the rows on how soon Home Assistant shows what the daemon saw."""
    text = f"Daemon's event to Home Assistant's state, {condition}"
    return [
        Figure(key=f"{key}_p50", text=f"{text}, p50", unit="ms"),
        Figure(key=f"{key}_p95", text=f"{text}, p95", unit="ms", bar=250),
    ]


_HOME_ASSISTANT: Final = (
    *_live("1,000 checks every 30 s", "ha_calm"),
    *_live("1,000 checks/s", "ha_busy"),
    Figure(
        key="ha_setup_cpu",
        text="**Home Assistant sets up 1,000 checks**",
        unit="s CPU",
        bar=3,
        floor="ha_setup_floor",
    ),
    Figure(
        key="ha_setup_floor",
        text="as many empty devices and entities (floor)",
        unit="s CPU",
    ),
    Figure(
        key="ha_memory",
        text="Home Assistant's memory for 1,000 checks",
        unit="MB",
        bar=60,
        floor="ha_memory_floor",
    ),
    Figure(
        key="ha_memory_floor",
        text="for as many empty devices and entities (floor)",
        unit="MB",
    ),
    Figure(
        key="ha_memory_details",
        text="Home Assistant's memory for 1,000 checks with all details",
        unit="MB",
        floor="ha_memory_details_floor",
    ),
    Figure(
        key="ha_memory_details_floor",
        text="for as many empty devices and entities (floor)",
        unit="MB",
    ),
    Figure(
        key="ha_update",
        text="Home Assistant at 1,000 updates/s, for each",
        unit="µs CPU",
        floor="ha_update_floor",
    ),
    Figure(
        key="ha_update_floor",
        text="writing 1,000 states/s and nothing else (floor)",
        unit="µs CPU",
    ),
    Figure(
        key="ha_update_own",
        text="**Update in Home Assistant at 1,000/s**, beyond the floor",
        unit="µs CPU",
        bar=60,
    ),
    Figure(
        key="ha_rate",
        text="(updates that came)",
        unit="/s",
    ),
    Figure(
        key="ha_restart",
        text="Daemon listens again after a kill to *Connected*, the longest",
        unit="s",
        bar=5,
    ),
    Figure(
        key="ha_outage",
        text="the same after an outage of 30 s",
        unit="s",
    ),
    Figure(
        key="ha_disturbed",
        text="(time that Home Assistant waited for its core meanwhile)",
        unit="%",
    ),
)

FIGURES: Final = (
    *_costs("http", {1000: 400, 100: None}),
    *_costs("tcp", {1000: 150, 100: None}),
    _disturbed("cost"),
    _deciding("http", 400),
    _deciding("tcp", 150),
    _disturbed("deciding"),
    *_lateness("healthy", "1,000 HTTP checks/s"),
    *_lateness("hanging", "1,000 HTTP checks/s, 30 % of the targets hanging"),
    Figure(key="rss", text="Resident memory, 1,000 checks every 30 s", unit="MB", bar=90),
    Figure(key="rss_peak", text="Resident memory, the most since the start", unit="MB"),
    Figure(key="disk", text="Written to disk, 1,000 checks every 30 s", unit="kB/s"),
    Figure(key="health", text="Start to `/health`", unit="s"),
    Figure(key="first_answer", text="Start to all states from the API", unit="s", bar=1.5),
    Figure(key="all_judged", text="Start to 1,000 checks judged", unit="s", bar=5),
    Figure(key="api_full", text="`/api/status/checks`, 1,000 checks unchanged", unit="µs CPU"),
    Figure(key="api_etag", text="the same with ETag (304)", unit="µs CPU", bar=1000),
    Figure(key="stream_p50", text="Change to stream client, from the event's time, p50", unit="ms"),
    Figure(
        key="stream_p99",
        text="Change to stream client, from the event's time, p99",
        unit="ms",
        bar=50,
    ),
    Figure(key="noticed_p50", text="The target's answer to stream client, p50", unit="ms"),
    Figure(key="noticed_p99", text="The target's answer to stream client, p99", unit="ms", bar=50),
    Figure(
        key="probes_cpu",
        text="**Poll of machine and ports**, 10,000 sockets",
        unit="ms CPU",
        bar=50,
        floor="probes_floor",
    ),
    Figure(
        key="probes_loop",
        text="the same, in the event loop",
        unit="ms CPU",
        bar=15,
        floor="probes_floor",
    ),
    Figure(key="probes_first_cpu", text="the very first one", unit="ms CPU", bar=50),
    Figure(key="probes_floor", text="the same facts, read and thrown away (floor)", unit="ms CPU"),
    Figure(key="probes_psutil", text="the listeners alone, by psutil", unit="ms CPU"),
    Figure(
        key="probes_lag",
        text="Loop lag p99 while router, network drive and cluster hang",
        unit="ms",
        bar=20,
    ),
    Figure(key="probes_lag_floor", text="the same with nothing to do (floor)", unit="ms"),
    *_HOME_ASSISTANT,
)


class Measured:
    """The values, of each figure one for each round."""

    def __init__(self) -> None:
        """Start empty."""
        self._values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, key: str, value: float) -> None:
        """Take in a value; an unknown key is a mistake."""
        if key not in _KEYS:
            raise KeyError(key)
        self._values[key].append(value)

    def get(self, key: str | None) -> float | None:
        """Return the median of a figure, None if it was not measured."""
        values = self._values.get(key or "")
        return median(values) if values else None

    def all_values(self) -> dict[str, list[float]]:
        """Return every value of every round."""
        return dict(self._values)


_KEYS: Final = frozenset(figure.key for figure in FIGURES)
