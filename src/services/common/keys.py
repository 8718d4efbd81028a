"""Public keys that access tokens are checked with, by key id; making tokens is the auth service's part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from joserfc.jwk import KeySet, RSAKey

from services.common.refreshing import Refresher

REFRESH_SECONDS = 30
# An unknown key id asks for fresh keys; made-up ones must not turn into a request each.
SECONDS_BETWEEN_READS = 1
log = structlog.get_logger()

Source = Callable[[], Awaitable[Mapping[str, object]]]


class PublicKeys:
    """The key set of the auth service, read from `source` and kept in memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._table: dict[str, RSAKey] = {}
        self.read = Refresher(self._read, SECONDS_BETWEEN_READS)

    def __len__(self) -> int:
        return len(self._table)

    async def find(self, key_id: str) -> RSAKey | None:
        """The key with this id, after reading the set again when it is new to us."""
        if key_id not in self._table:
            await self.read()
        return self._table.get(key_id)

    def current(self, key: RSAKey) -> bool:
        """Whether this very key is still one of the set."""
        return self._table.get(key.kid or "") is key

    async def follow(self) -> None:
        """Keep the set current; runs until cancelled."""
        while True:
            await self.read()
            await asyncio.sleep(REFRESH_SECONDS if self._table else SECONDS_BETWEEN_READS)

    async def _read(self) -> None:
        """On failure the known keys stay."""
        try:
            found = KeySet.import_key_set(await self._source())
        except Exception as error:
            log.warning("public keys cannot be read", error=str(error) or type(error).__name__)
            return
        # A key that is known already stays the same object, as long as it is the same key.
        self._table = {key.kid: self._known(key) for key in found.keys if isinstance(key, RSAKey) and key.kid}

    def _known(self, key: RSAKey) -> RSAKey:
        known = self._table.get(key.kid or "")
        return known if known and known.thumbprint() == key.thumbprint() else key
