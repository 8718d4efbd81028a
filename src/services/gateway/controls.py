"""What the platform may ask of a gateway process on its control listener: above all hold and maintenance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway.documents import SERVICES, SOURCE
from services.gateway.hold import HeldByAnotherError, Hold
from services.gateway.maintenance import Closed, Maintenance
from services.gateway.refusal import Refusal
from services.gateway.upstreams import Upstreams

SPARE_SECONDS = 2.0
REACH_SECONDS = 3.0

Answer = tuple[int, dict[str, Any]]
Command = Callable[[dict[str, Any]], Awaitable[Answer]]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HoldRequest(_Document):
    id: str = Field(min_length=1, max_length=200)
    seconds: float = Field(gt=0, le=300, allow_inf_nan=False)


class MaintenanceRequest(_Document):
    message: str = Field(min_length=1, max_length=1000)
    retry_after: int = Field(ge=1, le=86400)


class OpenRequest(_Document):
    id: str | None


class Controls:
    """`deadline` is how long a request may take, in seconds: none is under way for much longer."""

    def __init__(self, hold: Hold, maintenance: Maintenance, upstreams: Upstreams, deadline: float) -> None:
        self._hold = hold
        self._maintenance = maintenance
        self._upstreams = upstreams
        self._patience = deadline + SPARE_SECONDS

    def commands(self) -> dict[tuple[str, str], Command]:
        return {
            ("PUT", "/control/hold"): _checked(HoldRequest, self._take),
            ("PUT", "/control/maintenance"): _checked(MaintenanceRequest, self._close),
            ("PUT", "/control/open"): _checked(OpenRequest, self._open),
            ("GET", "/control/state"): self._state,
            ("GET", "/control/reach"): self._reach,
        }

    def _describe(self) -> dict[str, Any]:
        lease = self._hold.lease
        mode = "hold" if lease else "maintenance" if self._maintenance.closed else "open"
        return {
            "mode": mode,
            "in_flight": self._hold.in_flight,
            "held": self._hold.held,
            "id": lease.id if lease else None,
            "until": lease.until if lease else None,
        }

    async def _state(self, _: dict[str, Any]) -> Answer:
        return 200, self._describe()

    async def _reach(self, _: dict[str, Any]) -> Answer:
        """Whether each service answers this process, asked past the hold and the limits."""
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await asyncio.gather(*(self._upstreams.fetch(name, SOURCE) for name in SERVICES))
        except TimeoutError:
            return 504, self._describe() | {"detail": f"A service did not answer within {REACH_SECONDS:g} s"}
        except Refusal as refusal:
            return refusal.status, self._describe() | {"detail": refusal.detail}
        return 200, self._describe()

    async def _take(self, asked: HoldRequest) -> Answer:
        try:
            self._hold.take(asked.id, asked.seconds)
        except HeldByAnotherError as error:
            return 409, self._describe() | {"detail": f"{error} holds the gateway; nothing was changed"}
        quiet = await self._hold.quiet(min(self._patience, asked.seconds))
        lease = self._hold.lease
        if quiet and lease is not None and lease.id == asked.id:
            return 200, self._describe()
        detail = (
            "Requests are still under way" if not quiet else "The hold ended before the gateway was quiet"
        )
        return 504, self._describe() | {"detail": detail}

    async def _close(self, asked: MaintenanceRequest) -> Answer:
        return await self._keep(self._maintenance.close, Closed(asked.message, asked.retry_after))

    async def _open(self, asked: OpenRequest) -> Answer:
        self._hold.release(asked.id)
        if asked.id is None:
            return await self._keep(self._maintenance.open)
        return 200, self._describe()

    async def _keep(self, change: Callable[..., None], *arguments: Any) -> Answer:
        try:
            await asyncio.to_thread(change, *arguments)
        except OSError as error:
            detail = f"The state file cannot be written ({error.strerror}); maintenance mode is as it was"
            return 500, self._describe() | {"detail": detail}
        return 200, self._describe()


def _checked(model: type[_Document], carry_out: Callable[[Any], Awaitable[Answer]]) -> Command:
    async def command(document: dict[str, Any]) -> Answer:
        try:
            asked = model.model_validate(document)
        except ValidationError as error:
            return 422, {"detail": [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]}
        return await carry_out(asked)

    return command
