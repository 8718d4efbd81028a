"""Bringing processes over to a release: one replica after the other, or all at once; undoes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial

import tenacity

from platformctl.backends.calls import mutation, observation
from platformctl.backends.cluster import control, logs, releases
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import Release
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.errors import DeployError

READY_WITHIN = 60.0  # seconds that a started process may take to answer /readyz
HASTE = 0.15  # seconds that a process may take to end when all copies are exchanged at once
KEPT_LINES = 20


class Rollout:
    """`copies` says how many processes each service has.

    A process may take `patience` seconds to end and `ready_within` to become ready.
    """

    def __init__(
        self,
        layout: Layout,
        supervisor: Supervisor,
        copies: Mapping[str, int],
        patience: float,
        ready_within: float = READY_WITHIN,
    ) -> None:
        self.runner = supervisor.runner
        self._layout = layout
        self._supervisor = supervisor
        self._copies = copies
        self._patience = patience
        self._ready_within = ready_within

    def names(self, service: str) -> list[str]:
        return [f"{service}-{number}" for number in range(self._copies[service])]

    def surplus(self, service: str) -> list[str]:
        """Processes of the service that run and are more than it has, after its copies became fewer."""
        wanted = self.names(service)
        running = [each for each in self._supervisor.programs() if each.group == service and each.pid]
        return [each.name for each in running if each.name not in wanted]

    def one_by_one(self, release: Release, services: Sequence[str]) -> None:
        """Services in parallel, the copies of each in turn; the first failure ends it for all."""
        _in_workers([partial(self._replace_copies, release, each) for each in services])

    def at_once(self, release: Release, service: str) -> None:
        """The first copy starts before the others stop: it keeps the shared socket open, and clients wait.

        The others start when it is ready, so that it need not share the processor while people wait for it.
        """
        _in_workers([partial(self._exchange, release, service)])

    def _exchange(self, release: Release, service: str, halt: threading.Event) -> None:
        self.choose(service, release.id)
        first, *others = self.names(service)
        self._supervisor.replace(f"{service}:{first}", HASTE)
        for name in others:
            self._supervisor.stop(f"{service}:{name}", HASTE)
        self._await_ready(service, first, release, halt)
        for name in others:
            self._supervisor.start(f"{service}:{name}")
        for name in others:
            self._await_ready(service, name, release, halt)

    @mutation("choose release {release_id} for {service}")
    def choose(self, service: str, release_id: str) -> None:
        releases.choose(self._layout, service, release_id)

    def _replace_copies(self, release: Release, service: str, halt: threading.Event) -> None:
        if releases.chosen(self._layout).get(service) != release.id:
            self.choose(service, release.id)
        for name in self.names(service):
            if halt.is_set():
                return
            if not self._serves(name, release):
                self._supervisor.replace(f"{service}:{name}", self._patience)
                self._await_ready(service, name, release, halt)
        for name in self.surplus(service):
            self._supervisor.stop(f"{service}:{name}", self._patience)

    @observation("ask whether {name} serves the release")
    def _serves(self, name: str, release: Release) -> bool:
        found = control.readiness(self._layout, name)
        return found.ready and found.release == release.id

    @observation("wait until {name} is ready")
    def _await_ready(self, service: str, name: str, release: Release, halt: threading.Event) -> None:
        """Returns also when `halt` is set: after a failure elsewhere or a Ctrl-C nobody wants to wait."""
        if self.runner.rehearses:
            return
        pids: set[int] = set()
        missing = ""
        try:
            for attempt in _attempts(self._ready_within):
                if halt.is_set():
                    return
                with attempt:
                    missing = self._missing(service, name, release, pids)
                    if missing:
                        raise tenacity.TryAgain
        except tenacity.RetryError:
            raise self._failure(
                name, release, f"not ready after {self._ready_within:g} s: {missing}"
            ) from None

    def _missing(self, service: str, name: str, release: Release, pids: set[int]) -> str:
        """What keeps the process from being ready, '' when nothing; raises DeployError when it ended."""
        program = next((each for each in self._supervisor.programs() if each.name == name), None)
        if program is None:
            raise self._failure(name, release, "the supervisor has no such program any more")
        if program.pid is not None:
            pids.add(program.pid)
        if program.state == "failed" or len(pids) > 1:
            raise self._failure(name, release, program.why or "it ended right after its start")
        found = control.readiness(self._layout, name)
        if found.release not in (None, release.id):
            return f"it still answers as release {found.release}"
        return "" if found.ready else found.why or "no check has answered yet"

    def _failure(self, name: str, release: Release, cause: str) -> DeployError:
        lines = logs.last(self._layout.log(name), KEPT_LINES)
        return DeployError(
            f"{name} does not become ready with release {release.id}",
            cause=cause,
            evidence=(f"the last lines of {self._layout.log(name)}:", *lines),
            fix=f"platformctl logs {name.rsplit('-', 1)[0]}",
        )


def _in_workers(tasks: Sequence[Callable[[threading.Event], None]]) -> None:
    """A Ctrl-C reaches the main thread alone: the tasks see `halt`, and leave no process stopped.

    `halt` is also set by the first failure, which is raised when all have ended.
    """
    halt = threading.Event()
    with ThreadPoolExecutor(max(1, len(tasks))) as pool:
        running = [pool.submit(task, halt) for task in tasks]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            halt.set()
    for each in running:
        each.result()


def _attempts(within: float) -> Iterator[tenacity.AttemptManager]:
    return iter(
        tenacity.Retrying(
            stop=tenacity.stop_after_delay(within),
            wait=tenacity.wait_fixed(0.05),
            retry=tenacity.retry_if_exception_type(tenacity.TryAgain),
        )
    )
