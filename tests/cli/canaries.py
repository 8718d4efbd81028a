"""Secrets that are known to a test, in every form in which they could come out somewhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

CANARY = 'Kanarie-7"q\\u%&+/\u00e9-{}'
SEALED = {"secrets.age", "secrets.key"}  # the store itself and its key, both 0600
LARGEST = 8 * 1024 * 1024  # bytes of a file that is looked at whole


def canary(name: str) -> str:
    return CANARY.format(name)


def forms(secret: str) -> set[bytes]:
    """As it is, URL-encoded, JSON-escaped, and base64 at each of the three places it can begin at."""
    raw = secret.encode()
    found = {raw, quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    found |= {json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()}
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)  # the first character that has nothing of the padding in it
        sure = coded[first : (offset + len(raw)) * 8 // 6]
        found |= {sure, sure.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaks(secrets: Mapping[str, str], place: str, content: bytes) -> list[str]:
    """`name in place` for each secret that stands in `content` in any form."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        if any(each in content for each in forms(secret))
    ]


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below, without the sealed store and PostgreSQL's own data."""
    for folder in folders:
        for path, below, names in os.walk(folder):
            if "PG_VERSION" in names:
                below.clear()
                continue
            for name in names:
                file = Path(path, name)
                if name not in SEALED and file.is_file() and file.stat().st_size < LARGEST:
                    yield str(file), file.read_bytes()
