"""How a server stops without a client noticing; which signal starts that is serve's part."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator

import uvicorn

CLOSE = (b"connection", b"close")
STEP = 0.05
QUIET = {
    "http": "services.common.protocol:StrictProtocol",
    "ws": "none",
    "interface": "asgi3",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
}


class DrainingServer(uvicorn.Server):
    """A uvicorn server that lets the client close first.

    uvicorn on its own closes idle connections at the moment of the signal, which races with a request that is
    on its way. Here an open connection is closed by the answer to its next request, or by its client.
    """

    draining = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are caught once for both listeners of the process, by serve."""
        yield

    async def drain(self, seconds: float) -> None:
        """Returns when no connection is left or `seconds` have passed, and asks the server to end."""
        self.draining = True
        # uvicorn knows a connection when its handshake is over, the listener as soon as it is accepted
        accepted = [asyncio.create_task(each.wait_closed()) for each in self.servers]
        await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        self._announce()
        deadline = asyncio.get_running_loop().time() + seconds
        while self._busy() or not all(each.done() for each in accepted):
            if self.force_exit or asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(STEP)
        for each in accepted:
            each.cancel()
        self.should_exit = True

    def _busy(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)

    def _announce(self) -> None:
        """Answers that have not begun carry `Connection: close`; one that has begun leaves it to the next."""
        # uvicorn builds the default headers anew every second from the configured ones
        self.config.encoded_headers.append(CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self.server_state.connections:
            cycle = connection.cycle
            if cycle is not None and not cycle.response_started:
                cycle.keep_alive = False


def public_server(app: object, keep_idle: int, secure: ssl.SSLContext | None = None) -> DrainingServer:
    """`keep_idle` is in seconds, and longer than any client of ours keeps an idle connection."""
    return DrainingServer(
        uvicorn.Config(
            app,
            lifespan="on",
            ssl_context_factory=secure and (lambda config, default: secure),
            timeout_keep_alive=keep_idle,
            # for what still runs after draining: the whole stays below a supervisor's patience
            timeout_graceful_shutdown=1,
            **QUIET,
        )
    )


def control_server(app: object) -> DrainingServer:
    return DrainingServer(uvicorn.Config(app, lifespan="off", timeout_graceful_shutdown=1, **QUIET))
