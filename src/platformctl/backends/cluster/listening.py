"""What listens where: keeps each listener's port, and the supervisor's list of programs to it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from platformctl.backends.calls import mutation, observation
from platformctl.backends.cluster import ports, releases
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.programs import programs
from platformctl.backends.cluster.protocol import Endpoints
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.config.schema import SERVICES, PlatformConfig
from platformctl.shell import files
from platformctl.tools.supervisord import Program

LISTENERS = ("auth", "users", "items", "postgres")


class Listening:
    def __init__(self, layout: Layout, config: PlatformConfig, supervisor: Supervisor) -> None:
        self.runner = supervisor.runner
        self._layout, self._config, self._supervisor = layout, config, supervisor

    def ports(self) -> Mapping[str, int]:
        """As recorded; empty before the first start."""
        return ports.read(self._layout.ports)

    def endpoints(self) -> Endpoints:
        listening = self.ports() or self._planned()
        place = {name: f"127.0.0.1:{listening[name]}" for name in SERVICES}
        services = {name: f"http://{place[name]}" for name in SERVICES if name != "gateway"}
        certificate = self._certificate()
        scheme = "https" if certificate else "http"
        return Endpoints(f"{scheme}://{place['gateway']}", services, certificate)

    def _certificate(self) -> str | None:
        """Of the gateway that runs, which after a rollback or before `up` is not as configured."""
        release = releases.chosen(self._layout).get("gateway")
        stored = releases.stored(self._layout, release) if release else None
        if stored is None:
            return self._config.gateway.tls.certificate
        return stored.settings.get("gateway", {}).get("TLS_CERTIFICATE")

    def programs(self) -> list[Program]:
        return programs(self._layout, self._config, self.ports() or self._planned())

    @observation("choose ports")
    def begin(self) -> None:
        """Have a supervisor with our programs on ports that nobody else has."""
        planned = self._planned()
        if planned != self.ports() or not self._layout.sockets.is_dir():
            self._record(planned)
        self._supervisor.boot(programs(self._layout, self._config, planned))

    def lost(self) -> bool:
        """Whether another program listens on a recorded port."""
        return self._planned() != self.ports()

    def as_configured(self) -> bool:
        recorded = self.ports()
        return recorded.get("gateway_wanted") == self._config.gateway.port and self._supervisor.looks_after(
            programs(self._layout, self._config, recorded)
        )

    def _planned(self) -> Mapping[str, int]:
        ours = {each.group for each in self._supervisor.programs() if each.pid is not None}
        return ports.plan(self._layout.ports, self._config.gateway.port, LISTENERS, ours)

    @mutation("record the chosen ports")
    def _record(self, planned: Mapping[str, int]) -> None:
        self._layout.prepare()
        files.write_whole(self._layout.ports, json.dumps(planned, indent=1))
