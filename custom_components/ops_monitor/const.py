"""Names that more than one module needs."""

from typing import Final

DOMAIN: Final = "ops_monitor"
MANUFACTURER: Final = "Ops Monitor"

SECTION_ADVANCED: Final = "advanced"
DEFAULT_URL: Final = "http://127.0.0.1:8060"
