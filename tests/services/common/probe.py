"""A service process to test serving with: `python -m tests.services.common.probe`; it has no data."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from services.common.serve import start
from services.common.settings import ProcessSettings, load


class ProbeSettings(ProcessSettings):
    probe_word: str


def create_app() -> Probe:
    return Probe(load(ProbeSettings).probe_word)


class Probe:
    """Every answer names the process; `?seconds=` delays it."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.state = SimpleNamespace(readiness={"word": self._spoken})

    async def _spoken(self) -> str | None:
        return None if self._word == "ready" else f"the word is {self._word}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        query = parse_qs(scope["query_string"].decode())
        await asyncio.sleep(float(query.get("seconds", ["0"])[0]))
        body = json.dumps({"pid": os.getpid()}).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    sys.exit(start("items", create_app))
