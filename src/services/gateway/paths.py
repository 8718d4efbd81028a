"""Which request paths are taken at all: those that every program on the way reads alike."""

from __future__ import annotations

import re

from services.gateway.refusal import Refusal

# No empty segment, no segment of dots, no backslash; not encoded either: slash, backslash, dot, percent sign,
# control characters.
_PATH = re.compile(
    rb"""
    (?: / (?! \.{1,2} (?:/|\Z) )
        (?: [A-Za-z0-9._~!$&'()*+,;=:@-]
          | % (?! 2[eEfF5] | 5[cC] | [01][0-9A-Fa-f] | 7[fF] ) [0-9A-Fa-f]{2}
        )+
    )* /?
    """,
    re.VERBOSE,
)


def checked(raw_path: bytes) -> str:
    """Raises Refusal (400)."""
    if _PATH.fullmatch(raw_path) is None:
        raise Refusal(400, "The path is not written in its plain form")
    return raw_path.decode("ascii")
