"""Answer a server's digest challenge, so that a password is never sent.

Source: RFC 7616, HTTP Digest Access Authentication; the form without `qop` is that of RFC 2069.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import hashlib
import re
from typing import Final

from opsmonitor.util.secret import Secret

_PAIR: Final = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_MAX_CHALLENGE: Final = 4096


def _md5(data: bytes) -> str:
    """Return the hash that FRITZ!Boxes ask for; it protects no data at rest."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    """Return the hash that newer servers ask for."""
    return hashlib.sha256(data).hexdigest()


# The strongest first.
_HASHES: Final[dict[str, Callable[[bytes], str]]] = {"SHA-256": _sha256, "MD5": _md5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a server wants a digest of."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    """As the server spells it."""
    has_qop: bool = True
    opaque: str | None = None
    is_stale: bool = False
    """The login was right, but the nonce is used up."""


def read_challenge(headers: Iterable[str]) -> Challenge | None:
    """Return the best challenge of some `WWW-Authenticate` headers, None if there is none."""
    found = [each for each in map(_read, headers) if each is not None]
    order = list(_HASHES)
    return min(found, key=lambda each: order.index(_base(each.algorithm)), default=None)


def _read(header: str) -> Challenge | None:
    """Return the challenge of one header, None if it cannot be answered."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest" or len(rest) > _MAX_CHALLENGE:
        return None
    pairs = {
        key.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for key, quoted, plain in _PAIR.findall(rest)
    }
    words = [each.strip().lower() for each in pairs.get("qop", "").split(",") if each.strip()]
    algorithm = pairs.get("algorithm", "MD5")
    if not pairs.get("nonce") or _base(algorithm) not in _HASHES or (words and "auth" not in words):
        return None
    return Challenge(
        realm=pairs.get("realm", ""),
        nonce=pairs["nonce"],
        algorithm=algorithm,
        has_qop=bool(words),
        opaque=pairs.get("opaque"),
        is_stale=pairs.get("stale", "").lower() == "true",
    )


def answer_challenge(
    challenge: Challenge,
    login: tuple[str, Secret],
    request: tuple[str, str],
    *,
    count: int,
    client_nonce: str,
) -> str:
    """Return the `Authorization` header of a request: its method and its path with the query.

    The count begins at 1 with each nonce and grows with each request.
    """
    digest = _HASHES[_base(challenge.algorithm)]
    user, password = login
    method, path = request
    first = digest(f"{user}:{challenge.realm}:{password.reveal()}".encode())
    if challenge.algorithm.upper().endswith("-SESS"):
        first = digest(f"{first}:{challenge.nonce}:{client_nonce}".encode())
    second = digest(f"{method}:{path}".encode())
    number = f"{count:08x}"
    middle = f"{number}:{client_nonce}:auth:" if challenge.has_qop else ""
    response = digest(f"{first}:{challenge.nonce}:{middle}{second}".encode())
    parts = [
        f"username={_quoted(user)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(path)}",
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.has_qop:
        parts += ["qop=auth", f"nc={number}", f"cnonce={_quoted(client_nonce)}"]
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    return "Digest " + ", ".join(parts)


def _base(algorithm: str) -> str:
    """Return the name of the hash."""
    return algorithm.upper().removesuffix("-SESS")


def _quoted(value: str) -> str:
    """Return a value in quotes; what would end the header is left out."""
    plain = "".join(each for each in value if each >= " ")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
