"""Starts one service process and ends it (`python -m services.common.serve NAME`); answers no request."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import uvloop

from services.common import listeners
from services.common.control import Control
from services.common.drain import DrainingServer, control_server, public_server
from services.common.settings import MissingSettings

EX_CONFIG = 78
EX_OSERR = 71
KEEP_IDLE = 30


@dataclass(frozen=True, slots=True)
class Process:
    """What a process is made of, before anything runs."""

    service: str
    release: str
    drain_seconds: float
    app: Any
    public: socket.socket
    control: socket.socket


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.common.serve", description=__doc__)
    parser.add_argument("service", choices=("auth", "users", "items", "gateway"))
    service = parser.parse_args().service
    module = importlib.import_module(f"services.{service}.app")
    return start(service, module.create_app, os.environ)


def start(service: str, create_app: Callable[[], Any], environ: Mapping[str, str]) -> int:
    """Serves until a signal; the result is the exit code of the process."""
    try:
        process = _prepare(service, create_app, environ)
    except MissingSettings as error:
        return _refuse(EX_CONFIG, service, missing=sorted(error.names))
    except listeners.ListenerError as error:
        return _refuse(EX_OSERR, service, error=str(error))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(process))
    return 0


def _prepare(service: str, create_app: Callable[[], Any], environ: Mapping[str, str]) -> Process:
    if not environ.get("CONTROL_SOCKET") and not environ.get("CONTROL_PORT"):
        raise MissingSettings(["CONTROL_SOCKET"])
    return Process(
        service=service,
        release=environ.get("RELEASE", ""),
        drain_seconds=float(environ.get("DRAIN_SECONDS", "10")),
        app=create_app(),
        public=listeners.public(environ),
        control=listeners.control(environ),
    )


def _refuse(code: int, service: str, **why: object) -> int:
    line = {"level": "error", "event": "the service does not start", "service": service, **why}
    print(json.dumps(line), flush=True)
    return code


async def _serve(process: Process) -> None:
    public = public_server(process.app, KEEP_IDLE)
    control = control_server(Control(process.service, process.release, process.app, lambda: _stage(public)))
    told = _signals(public)
    async with asyncio.TaskGroup() as group:
        group.create_task(control.serve(sockets=[process.control]))
        serving = group.create_task(public.serve(sockets=[process.public]))
        waiting = group.create_task(told.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if public.started and not serving.done():
            await public.drain(process.drain_seconds)
        public.should_exit = True
        await asyncio.wait((serving,))
        control.should_exit = True


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
