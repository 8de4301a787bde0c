"""Run a check again after something was done about it, and see whether that helped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from opsmonitor.models.check import Status, Verdict

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.host import Publishing
    from opsmonitor.models.check import RunResult

_LONGEST_WAIT_S: Final = 120.0
"""Beyond what a run takes, for the run that shows whether an action helped."""


class Proofs:
    """Waits for runs that show whether actions helped."""

    def __init__(self, host: Publishing) -> None:
        """Take who runs the checks."""
        self._host = host
        self._proofs: dict[str, asyncio.Future[bool | None]] = {}
        """Who waits for the next run of a check."""

    @property
    def are_awaited(self) -> bool:
        """Tell whether anybody waits for a run."""
        return bool(self._proofs)

    async def look(self, check: CheckSettings) -> bool | None:
        """Run the check now, and return whether it is well; None: nobody can tell."""
        state = self._host.states.get(check.id)
        if state is None or state.pause is not None:
            return None
        proof: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._proofs[check.id] = proof
        try:
            self._host.run_soon(check.id, afresh=True)
            async with asyncio.timeout(_LONGEST_WAIT_S + check.timeout_s * (1 + check.retries)):
                return await proof
        except TimeoutError:
            return None
        finally:
            self._proofs.pop(check.id, None)

    def prove(self, result: RunResult) -> None:
        """Tell who waits for a run how it went."""
        proof = self._proofs.get(result.check_id)
        if proof is not None and not proof.done():
            proof.set_result(_helped(result))


def _helped(result: RunResult) -> bool | None:
    """Tell whether a run shows that what was done helped; None: it says nothing of that."""
    if result.outcome.is_good:
        return True
    says_nothing = result.outcome.verdict is Verdict.UNKNOWN
    return None if says_nothing or result.state.status is Status.NO_NETWORK else False
