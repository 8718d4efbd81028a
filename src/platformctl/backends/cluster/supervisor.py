"""Asks supervisord over its private Unix socket, and starts and ends it; knows programs, not services."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import tenacity

from platformctl.backends.calls import mutation, observation
from platformctl.backends.cluster import environment, logs
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import ProcessState
from platformctl.errors import StepError
from platformctl.shell import files, processes
from platformctl.shell.runner import Runner
from platformctl.tools import supervisord

ANSWER_WITHIN = 10.0  # seconds for any single question
KILLED_WITHIN = 5.0  # seconds that the system takes at most to end what was killed
STOPS_WITHIN = 90.0  # seconds for what somebody else stopped; PostgreSQL takes the longest, at most 60
INTERNAL = "supervisor/internal"  # a port that another program has is one of its causes
STATES: dict[int, ProcessState] = {0: "stopped", 10: "starting", 20: "running", 30: "failed", 40: "stopping"}
ALREADY = frozenset({60, 70})  # faults ALREADY_STARTED and NOT_RUNNING: what was asked for is so


@dataclass(frozen=True, slots=True)
class Program:
    """`started` is in seconds since the epoch; `why` is supervisord's word on one that is not up."""

    name: str
    group: str
    state: ProcessState
    pid: int | None
    started: float | None
    why: str

    @property
    def address(self) -> str:
        return f"{self.group}:{self.name}"


class Supervisor:
    """A program is named `postgres` or, one copy of a group, `auth:auth-0`."""

    def __init__(self, layout: Layout, runner: Runner) -> None:
        self.runner = runner
        self._layout = layout

    def answers(self) -> bool:
        try:
            return self._ask("getState")["statecode"] == 1
        except StepError:
            return False

    def pid(self) -> int | None:
        """The pid of the supervisor that answers."""
        try:
            return self._ask("getPID")
        except StepError:
            return None

    def programs(self) -> tuple[Program, ...]:
        """Every program, or () when no supervisor answers."""
        try:
            return tuple(_program(each) for each in self._ask("getAllProcessInfo"))
        except StepError:
            return ()

    @observation("read the state of {program}")
    def state(self, program: str) -> ProcessState:
        return self._state(program)

    @mutation("start {program}")
    def start(self, program: str) -> None:
        """Ask for the start and return; a program that is up already stays as it is."""
        self._start(program)

    @mutation("stop {program}")
    def stop(self, program: str, patience: float) -> None:
        """Let the program end in its own time; SIGKILL after `patience` seconds."""
        self._stop(program, patience)

    @mutation("replace {program}")
    def replace(self, program: str, patience: float) -> None:
        """Stop and start in one call: a cancelled run never leaves it stopped. SIGKILL after `patience`."""
        self._stop(program, patience)
        self._start(program)

    def boot(self, programs: Sequence[supervisord.Program]) -> None:
        """Start supervisord, or lead a running one over to a changed list of programs."""
        layout, running = self._layout, self.answers()
        if running and self.looks_after(programs):
            return
        self._write(self._text(programs))
        if running:
            self._update(max(each.patience for each in programs))
        else:
            variables = environment.inherited(layout)
            self.runner.run(supervisord.start(sys.executable, layout.supervisor_configuration, variables))
            self._await_answer()

    @mutation("end the supervisor and every program under it")
    def shut_down(self, patience: Mapping[str, float]) -> None:
        """Programs of a higher rank end first; what is left of a group after its `patience` is killed."""
        everything = processes.carrying("PLATFORMCTL_STATE", str(self._layout.root))
        with contextlib.suppress(StepError):  # when nobody answers, the processes themselves are all there is
            for groups in self._ranks():
                self._stop_together(groups, max(patience.get(each, 0.0) for each in groups))
            self._ask("shutdown")
        psutil.wait_procs(everything, timeout=ANSWER_WITHIN)

    def _ranks(self) -> list[list[str]]:
        """The groups that end together, in the order of ending."""
        ranks: dict[int, set[str]] = {}
        for each in self._ask("getAllConfigInfo"):
            ranks.setdefault(each["process_prio"], set()).add(each["group"])
        return [sorted(ranks[rank]) for rank in sorted(ranks, reverse=True)]

    def _stop_together(self, groups: Sequence[str], patience: float) -> None:
        """supervisord alone would stop group after group, and look for ended processes once a second."""
        for group in groups:
            self._ask("stopProcessGroup", group, False)
        if not _until(lambda: self._all_ended(groups), patience):
            for group in groups:
                self._ask("signalProcessGroup", group, "KILL")
            _until(lambda: self._all_ended(groups), KILLED_WITHIN)

    def _all_ended(self, groups: Sequence[str]) -> bool:
        return all(each.pid is None for each in self.programs() if each.group in groups)

    def looks_after(self, programs: Sequence[supervisord.Program]) -> bool:
        """Whether its file says just that, and the running one has loaded what the file says."""
        try:
            written = self._layout.supervisor_configuration.read_text()
        except FileNotFoundError:
            return False
        return written == self._text(programs) and not any(self._unloaded())

    def _text(self, programs: Sequence[supervisord.Program]) -> str:
        layout = self._layout
        return supervisord.configuration(layout.root, layout.supervisor_socket, layout.logs, programs)

    @mutation("write the supervisor's configuration")
    def _write(self, text: str) -> None:
        files.write_whole(self._layout.supervisor_configuration, text)

    @mutation("apply the changed list of programs")
    def _update(self, patience: float) -> None:
        added, changed, removed = self._unloaded()
        self._stop_together((*removed, *changed), patience)
        for group in (*removed, *changed):
            self._ask("removeProcessGroup", group)
        for group in (*added, *changed):
            self._ask("addProcessGroup", group)

    def _unloaded(self) -> tuple[list[str], list[str], list[str]]:
        """The groups that the file adds, changes and removes: supervisord reads it and applies nothing."""
        return self._ask("reloadConfig")[0]

    @observation("wait for the supervisor to answer")
    def _await_answer(self) -> None:
        if not self.runner.rehearses and not _until(self.answers, within=15):
            raise StepError(
                "the supervisor was started and does not answer",
                cause=f"nothing answers on {self._layout.supervisor_socket}",
                state="No service runs; all data is as it was.",
                evidence=logs.last(self._layout.log("supervisor"), 10),
                fix="platformctl up",
            )

    def _start(self, program: str) -> None:
        # supervisord takes a start of what is still stopping (a killed run left it so) and does nothing
        _until(lambda: self._state(program) != "stopping", within=STOPS_WITHIN)
        self._ask("startProcess", program, False)

    def _stop(self, program: str, patience: float) -> None:
        self._ask("stopProcess", program, False)
        if not _until(lambda: self._ended(program), within=patience):
            self._ask("signalProcess", program, "KILL")
            _until(lambda: self._ended(program), within=KILLED_WITHIN)

    def _ended(self, program: str) -> bool:
        return self._state(program) in ("stopped", "failed")

    def _state(self, program: str) -> ProcessState:
        return _program(self._ask("getProcessInfo", program)).state

    def _ask(self, method: str, *arguments: object) -> Any:
        """One question on one connection; raises StepError when supervisord refuses or does not answer."""
        transport = _UnixTransport(str(self._layout.supervisor_socket), ANSWER_WITHIN)
        with xmlrpc.client.ServerProxy("http://supervisor/RPC2", transport=transport) as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode in ALREADY:
                    return None
                raise StepError(
                    f"the supervisor refuses {method} {' '.join(map(str, arguments))}",
                    cause=fault.faultString,
                    state="Other programs are as they were.",
                    fix="platformctl up",
                ) from fault
            except xmlrpc.client.ProtocolError as error:  # an exception inside supervisord, told in its log
                raise StepError(
                    f"the supervisor failed in {method} {' '.join(map(str, arguments))}",
                    cause=f"{error.errcode} {error.errmsg}",
                    state="All data is as it was.",
                    evidence=logs.last(self._layout.log("supervisor"), 20),
                    fix="platformctl up",
                    reference=INTERNAL,
                ) from error
            except (OSError, http.client.HTTPException) as error:
                raise StepError(
                    "the supervisor of this environment does not answer",
                    cause=f"{self._layout.supervisor_socket}: {error}",
                    state="All data is as it was.",
                    fix="platformctl up",
                ) from error


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__()
        self._path, self._timeout = path, timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._timeout)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _program(info: dict[str, Any]) -> Program:
    state = STATES.get(info["state"], "failed")
    up = state in ("running", "starting")
    return Program(
        name=info["name"],
        group=info["group"],
        state=state,
        pid=info["pid"] or None,
        started=float(info["start"]) if up else None,
        why="" if up else info["spawnerr"] or info["description"],
    )


def _until(check: Callable[[], bool], within: float) -> bool:
    """Ask every 50 ms for at most `within` seconds."""
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(within),
        wait=tenacity.wait_fixed(0.05),
        retry=tenacity.retry_if_result(lambda true: not true),
        retry_error_callback=lambda _last: False,
    )
    return bool(retrying(check))
