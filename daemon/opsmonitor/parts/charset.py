"""Turn the bytes of a body into text."""

from __future__ import annotations

import re
from typing import Final

_CLAIM: Final = re.compile(r"charset\s*=\s*[\"']?([\w.-]{1,40})", re.ASCII | re.IGNORECASE)
# Only these: some of Python's other codecs take quadratic time, and some are no text at all.
_KNOWN: Final = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|(?:us-)?ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d"
    r"|koi8-[ru]|shift_jis|euc-(?:jp|kr)|gb(?:2312|k|18030)|big5",
    re.ASCII | re.IGNORECASE,
)


def decoded(body: bytes, content_type: str) -> str:
    """Return the body as text, in the charset that it claims if that is a usual one."""
    claim = _CLAIM.search(content_type)
    if claim is not None and _KNOWN.fullmatch(claim[1]):
        try:
            return body.decode(claim[1], "replace")
        except LookupError:
            # Such as iso-8859-99: of the right form, but unknown.
            pass
    return body.decode("utf-8", "replace")
