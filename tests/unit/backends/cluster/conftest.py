"""One environment with a real supervisor and four tiny services; everything ends with the test."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from platformctl.backends.cluster import credentials, orphans, ports, releases
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import Release
from platformctl.backends.cluster.rollout import Rollout
from platformctl.backends.cluster.supervisor import Supervisor
from platformctl.backends.secrets.file import FileSecrets
from platformctl.shell.runner import RealRunner
from platformctl.tools.supervisord import Program

SMALL = Path(__file__).parents[3] / "fakes" / "small" / "services"
SERVICES = ("auth", "gateway")


@dataclass
class Place:
    """One environment: its parts as the target puts them together."""

    layout: Layout
    patience = dict.fromkeys(SERVICES, 20.0)
    records: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runner = RealRunner(lambda words, outcome: self.records.append((words, outcome)))
        self.supervisor = Supervisor(self.layout, self.runner)
        self.secrets = FileSecrets(self.layout.secrets, self.layout.secrets_key, self.runner)
        self.rollout = Rollout(self.layout, self.supervisor, dict.fromkeys(SERVICES, 2), 5.0, 5.0)

    def programs(self) -> list[Program]:
        listening = ports.read(self.layout.ports)
        launch = (sys.executable, "-m", "platformctl.backends.cluster.launch", str(self.layout.root))
        return [
            Program(name, (*launch, name, "{number}"), 20, 5, port=listening[name], copies=2)
            for name in SERVICES
        ]

    def boot(self) -> None:
        self.layout.prepare()
        others = ("auth", "users", "items", "postgres")
        listening = ports.plan(self.layout.ports, random.randint(10_000, 19_000), others, ours=())
        self.layout.ports.write_text(json.dumps(listening))
        credentials.make_missing(self.secrets)
        self.supervisor.boot(self.programs())

    def release(self, **settings: str) -> Release:
        wanted = dict.fromkeys(SERVICES, settings)
        release = releases.describe(SMALL, "1", wanted, {})
        releases.store(self.layout, release, SMALL, None)
        return release

    def end(self) -> None:
        if self.supervisor.answers():
            self.supervisor.shut_down(self.patience)
        orphans.end(orphans.find(self.layout.root, None), grace=3)


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    made: list[Place] = []

    def make(name: str) -> Place:
        place = Place(Layout.of(tmp_path / name, {}))
        made.append(place)
        return place

    yield make
    for place in made:
        place.end()


@pytest.fixture
def place(make_place: Callable[[str], Place]) -> Place:
    """Not booted yet."""
    return make_place("state with a space, 50% & 'quotes'")
