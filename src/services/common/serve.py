"""Starts one service process and ends it (`python -m services.common.serve NAME`); answers no request."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.common import listeners, tls
from services.common.control import Control
from services.common.drain import DrainingServer, control_server, public_server
from services.common.settings import MissingSettings

EX_CONFIG = 78
EX_OSERR = 71
KEEP_IDLE = 30
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """What a process is made of, before anything runs."""

    service: str
    release: str
    drain_seconds: float
    app: Any
    public: socket.socket
    control: socket.socket
    pair: tls.Pair | None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.common.serve", description=__doc__)
    parser.add_argument("service", choices=("auth", "users", "items", "gateway"))
    service = parser.parse_args().service
    module = importlib.import_module(f"services.{service}.app")
    return start(service, module.create_app)


def start(service: str, create_app: Callable[[], Any]) -> int:
    """Serves until a signal; the result is the exit code of the process."""
    try:
        process = _prepare(service, create_app)
    except MissingSettings as error:
        return _refuse(EX_CONFIG, service, missing=sorted(error.names), invalid=error.invalid)
    except listeners.ListenerError as error:
        return _refuse(EX_OSERR, service, error=str(error))
    with asyncio.Runner(loop_factory=tls.Loop) as runner:
        runner.run(_serve(process))
    return 0


def _prepare(service: str, create_app: Callable[[], Any]) -> Process:
    wrong: list[MissingSettings] = []
    app = _collect(wrong, create_app)
    runtime = _collect(wrong, listeners.settings)
    pair = _collect(wrong, tls.configured)
    if wrong:
        names = {name for error in wrong for name in error.names}
        raise MissingSettings(sorted(names), {k: v for error in wrong for k, v in error.invalid.items()})
    return Process(
        service=service,
        release=runtime.release,
        drain_seconds=runtime.drain_seconds,
        app=app,
        public=listeners.public(runtime),
        control=listeners.control(runtime),
        pair=pair,
    )


def _collect(wrong: list[MissingSettings], make: Callable[[], Any]) -> Any:
    """All that is wrong is to be named at once, not one thing a start."""
    try:
        return make()
    except MissingSettings as error:
        wrong.append(error)
        return None


def _refuse(code: int, service: str, **why: object) -> int:
    line = {"level": "error", "event": "the service does not start", "service": service, **why}
    print(json.dumps(line), flush=True)
    return code


async def _serve(process: Process) -> None:
    pair = process.pair
    public = public_server(process.app, KEEP_IDLE, pair and pair.context)
    control = control_server(Control(process.service, process.release, process.app, lambda: _stage(public)))
    told = _signals(public)
    # the server's own account of starting and stopping comes twice, once for each listener
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    log.info("starting")
    async with asyncio.TaskGroup() as group:
        group.create_task(control.serve(sockets=[process.control]))
        serving = group.create_task(public.serve(sockets=[process.public]))
        waiting = group.create_task(told.wait())
        following = group.create_task(pair.follow()) if pair else None
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if public.started and not serving.done():
            log.info("draining")
            await public.drain(process.drain_seconds)
        public.should_exit = True
        await asyncio.wait((serving,))
        control.should_exit = True
        if following:
            following.cancel()
    log.info("stopped")


def _stage(public: DrainingServer) -> str | None:
    if public.draining:
        return "the process is stopping: it answers open connections and accepts no new ones"
    return None if public.started else "the process has not finished starting"


def _signals(public: DrainingServer) -> asyncio.Event:
    """The first SIGTERM or SIGINT drains, a second one ends the process at once."""
    told = asyncio.Event()

    def tell() -> None:
        public.should_exit = public.force_exit = told.is_set()
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


if __name__ == "__main__":
    sys.exit(main())
