"""A household with some trouble, for pictures."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tests.e2e.page.bench import Target, http_check
from tests.e2e.page.past import INTERVAL_S, Past

DAY = 86_400
PASTS = (
    Past(check_id="router", latency_ms=2.2, since_s=88 * DAY),
    Past(
        check_id="nas",
        latency_ms=14,
        since_s=71 * DAY,
        down=[(6 * 3600, 6 * 3600 - 1500), (160, 0)],
        error="status 503 (Service Unavailable), expected 2xx",
    ),
    Past(check_id="home-assistant", latency_ms=38, retried=frozenset({12})),
    Past(
        check_id="media-server",
        latency_ms=95,
        slow=[(4 * 3600, 4 * 3600 - 2000), (260, 0)],
        error="slow: the answer took 272 ms, the limit is 150 ms",
    ),
    Past(
        check_id="paperless",
        latency_ms=61,
        since_s=12 * DAY,
        down=[(9 * 3600, 9 * 3600 - 2500), (420, 390)],
        error="no answer within 3 s",
    ),
    Past(check_id="photos", latency_ms=120, since_s=33 * DAY, retried=frozenset({3, 17})),
    Past(check_id="printer", latency_ms=9, since_s=5 * DAY),
    Past(check_id="passwords", latency_ms=27, since_s=64 * DAY),
    Past(check_id="website", latency_ms=180, since_s=92 * DAY, retried=frozenset({21})),
    Past(check_id="doorbell", latency_ms=46, since_s=18 * DAY),
)
OWN: dict[str, dict[str, Any]] = {
    "router": {"core": True},
    "home-assistant": {"name": "Home Assistant"},
    "nas": {"name": "NAS", "tags": ["storage"]},
    "media-server": {"tags": ["media"], "thresholds": {"warn_ms": 150}},
    "photos": {"tags": ["media"]},
}


def checks(target: Target) -> list[dict[str, Any]]:
    """Return the configuration of the household in the pictures; it answers as it did before."""
    target.delays_s = {f"/{past.check_id}": past.latency_ms / 1000 for past in PASTS}
    target.delays_s["/media-server"] = 0.27
    target.answers["/nas"] = HTTPStatus.SERVICE_UNAVAILABLE
    plain = {"interval_s": INTERVAL_S, "retries": 0}
    return [
        http_check(
            target,
            f"/{past.check_id}",
            **plain,
            **{
                "name": past.check_id.replace("-", " ").capitalize(),
                **OWN.get(past.check_id, {}),
            },
        )
        for past in PASTS
    ]
