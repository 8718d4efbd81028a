"""Holding, closing and opening the gateway: every process of it, through its control listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from platformctl.backends.calls import mutation, observation
from platformctl.backends.cluster import control
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import GatewayMode
from platformctl.errors import StepError
from platformctl.shell.runner import Runner

SEVEREST = ("hold", "maintenance", "open")


class Gateway:
    """An answer is the sum over all processes: a mode counts as reached when every process is in it."""

    def __init__(self, layout: Layout, runner: Runner, running: Callable[[], Sequence[str]]) -> None:
        self.runner = runner
        self._layout = layout
        self._running = running

    @mutation("hold new requests at the gateway for at most {seconds} s")
    def hold(self, hold_id: str, seconds: float) -> GatewayMode:
        """Every process is asked at once, and each answers when it has no request in flight."""
        return self._tell("/control/hold", {"id": hold_id, "seconds": seconds}, timeout=seconds + 5)

    @mutation("close the gateway for writes")
    def maintain(self, message: str, retry_after: int) -> GatewayMode:
        return self._tell("/control/maintenance", {"message": message, "retry_after": retry_after})

    @mutation("open the gateway")
    def open(self, hold_id: str | None) -> GatewayMode:
        return self._tell("/control/open", {"id": hold_id})

    @observation("read the gateway's mode")
    def mode(self) -> GatewayMode:
        return self._tell("/control/state", None)

    @observation("let the gateway ask each service")
    def reach(self) -> None:
        self._tell("/control/reach", None)

    def _tell(self, path: str, body: object, timeout: float = 10.0) -> GatewayMode:
        names = self._running()
        if not names:
            raise StepError(
                "no gateway process runs",
                state="The gateway's mode is as it was.",
                fix="platformctl up",
                reference="gateway/down",
            )
        with ThreadPoolExecutor(len(names)) as pool:
            asked = [pool.submit(self._ask, name, path, body, timeout) for name in names]
        return _sum([each.result() for each in asked])

    def _ask(self, process: str, path: str, body: object, timeout: float) -> dict[str, Any]:
        import httpx

        method = "GET" if body is None else "PUT"
        try:
            answer = control.request(self._layout.control_socket(process), method, path, body, timeout)
            answer.raise_for_status()
            told: dict[str, Any] = answer.json()
            SEVEREST.index(told["mode"])
            return told
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise StepError(
                f"{process} did not do {path}",
                cause=str(error),
                state="Other gateway processes may be in the mode asked for; a hold ends by itself.",
                fix="platformctl maintenance status",
                reference="gateway/control",
            ) from error


def _sum(answers: Sequence[dict[str, Any]]) -> GatewayMode:
    mode = min((each["mode"] for each in answers), key=SEVEREST.index, default="open")
    return GatewayMode(
        mode=mode,
        in_flight=sum(each.get("in_flight", 0) for each in answers),
        held=sum(each.get("held", 0) for each in answers),
        id=next((each["id"] for each in answers if each.get("id")), None),
        until=next((each["until"] for each in answers if each.get("until")), None),
    )
