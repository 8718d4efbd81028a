"""One environment of the embedded target, driven by the real command line in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

SMALL = Path(__file__).parent / "fakes" / "small"
SINGLE = {f"PLATFORMCTL__SERVICES__{name}__REPLICAS": "1" for name in ("AUTH", "USERS", "ITEMS")}


@dataclass(frozen=True)
class Ended:
    """How a command ended; `answer` is the JSON object on its standard output."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def data(self) -> dict[str, Any]:
        assert self.code == 0, self.out + self.err
        return self.answer["data"]


@dataclass
class Environment:
    """`services` is a folder with another package `services`; without one it is the real one."""

    folder: Path
    services: Path | None = None
    name: str = "local"
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work = self.folder / "shop"
        self.work.mkdir(parents=True, exist_ok=True)
        self.runtime = Path(tempfile.mkdtemp(prefix="pctl-", dir="/tmp"))
        self.port = free_port()

    @property
    def state(self) -> Path:
        return self.folder / "state" / "platformctl" / "shop" / self.name

    def environ(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PLATFORMCTL__GATEWAY__PORT": str(self.port),
            "PLATFORMCTL_ENV": self.name,
            **({"PYTHONPATH": str(self.services)} if self.services else {}),
            **self.variables,
        }

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """The command as a running process, its output captured."""
        return subprocess.Popen(
            (sys.executable, "-P", "-m", "platformctl", *words),
            cwd=self.work,
            env={**self.environ(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, input: str | bytes = "", **variables: str) -> Ended:
        """The command with --output json, to its end."""
        ended = subprocess.run(
            (sys.executable, "-P", "-m", "platformctl", *words, "--output", "json"),
            cwd=self.work,
            env={**self.environ(), **variables},
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            timeout=180,
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def processes(self) -> list[psutil.Process]:
        """Everything that carries this environment's mark."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PLATFORMCTL_STATE") == str(self.state):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def pids(self) -> dict[str, int]:
        return {each["name"]: each["pid"] for each in self.run("status").data["processes"]}

    def end(self) -> None:
        self.run("down")
        left = self.processes()
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=10)
        shutil.rmtree(self.runtime, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
