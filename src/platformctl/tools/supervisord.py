"""supervisord's configuration as text, and the command that starts it; runs and reads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platformctl.shell.command import Command

BACKSTOP = 330  # seconds after which supervisord kills what was told to stop and nobody waits for


@dataclass(frozen=True, slots=True)
class Program:
    """`port` makes it a group of `copies` that share one listening socket on 127.0.0.1.

    Programs of a lower `rank` are stopped last. `patience` is how many seconds whoever stops it waits before
    SIGKILL; it is not written down, so that another value changes no running program.
    In `argv` of a group, the last argument `{number}` becomes the copy's number.
    """

    name: str
    argv: Sequence[str]
    rank: int
    patience: int
    stop_signal: str = "TERM"
    port: int | None = None
    copies: int = 1


def configuration(directory: Path, socket: Path, logs: Path, programs: Sequence[Program]) -> str:
    """Nothing starts by itself; what was started once is started again whenever it ends."""
    head = f"""\
[unix_http_server]
file={_plain(socket)}
chmod=0600

[supervisord]
directory={_plain(directory)}
logfile={_plain(logs / "supervisor.log")}
logfile_maxbytes=1MB
logfile_backups=1
pidfile={_plain(directory / "supervisord.pid")}
childlogdir={_plain(logs)}
umask=077
minfds=1024

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    return "\n".join([head, *(_program(each, logs) for each in programs)])


def start(python: str, configuration_file: Path, environment: Mapping[str, str]) -> Command:
    """supervisord passes its environment on to every program, so it gets `environment` and nothing else."""
    variables = tuple(f"{name}={value}" for name, value in environment.items())
    supervisord = (python, "-P", "-m", "supervisor.supervisord", "-c", str(configuration_file))
    return Command(("env", "-i", *variables, *supervisord), mutates=True, timeout=30)


def _program(program: Program, logs: Path) -> str:
    shared = program.port is not None
    number = "%(process_num)d" if shared else ""
    words = [number if word == "{number}" else _plain(shlex.quote(word)) for word in program.argv]
    shown = _plain(_plain(logs))  # supervisord expands this one setting twice
    lines = [
        f"[{'fcgi-program' if shared else 'program'}:{program.name}]",
        f"command={' '.join(words)}",
        f"process_name=%(program_name)s{'-' + number if shared else ''}",
        f"numprocs={program.copies}",
        f"priority={program.rank}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        "startretries=100",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={BACKSTOP}",
        "redirect_stderr=true",
        f"stdout_logfile={shown}/{program.name}{'-' + number if shared else ''}.log",
        "stdout_logfile_maxbytes=5MB",
        "stdout_logfile_backups=2",
    ]
    if shared:
        lines.insert(1, f"socket=tcp://127.0.0.1:{program.port}")
        lines.insert(2, "socket_backlog=512")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """A percent sign begins an expansion in this format."""
    return str(value).replace("%", "%%")
