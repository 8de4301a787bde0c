"""How a daemon is known again before anything secret is sent to it."""

from dataclasses import dataclass, field
import hmac
from typing import Final, Self

from yarl import URL

from .exceptions import OpsMonitorResponseError
from .fields import Fields

_DOMAIN: Final = "ops-monitor proof 1"
NONCE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofKey:
    """What one daemon and we know, and nobody else."""

    id: str
    key: str = field(repr=False)
    """In hexadecimal digits."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read the answer of `/api/proof-key`."""
        fields = Fields.of(value, "proof key")
        key = fields.required_text("key")
        try:
            bytes.fromhex(key)
        except ValueError as err:
            raise OpsMonitorResponseError("proof key: key is not hexadecimal") from err
        return cls(id=fields.required_text("id"), key=key)

    def proof(self, *, instance_id: str, nonce: str, origin: str) -> str:
        """Return what the daemon, and only it, answers to a challenge."""
        signed = f"{_DOMAIN}\n{instance_id}\n{self.id}\n{nonce}\n{origin}"
        return hmac.digest(bytes.fromhex(self.key), signed.encode(), "sha256").hex()


def origin_of(url: URL) -> str:
    """Return what we call, without the path: it is signed, so nobody can pass a proof on."""
    return f"{url.scheme}://{url.host_port_subcomponent}"
