"""Asks a service's own migration program, in the code of a release and with the service's own environment."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Literal

from pydantic import SecretStr

from platformctl.backends.cluster import environment
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import Migration, Release
from platformctl.errors import PreconditionError
from platformctl.shell.command import Command
from platformctl.shell.runner import Runner

Task = Literal["upgrade", "current"]
SHIELDED = frozenset({"DATABASE_URL", "INTERNAL_KEY", "SIGNING_KEYS", "SMTP_URL", "FIRST_SUPERUSER_PASSWORD"})


def ask(layout: Layout, runner: Runner, service: str, task: Task, release: Release | None) -> Migration:
    """Raises CommandError with the program's last words; in a rehearsal of an upgrade nothing is known."""
    if release is None:
        raise PreconditionError(f"{service} was never deployed, so nothing can migrate", fix="platformctl up")
    answer = runner.run(_command(layout, service, task, release, known=layout.secrets.exists()))
    if not answer.lines:
        return Migration(service, None, None, "", ())
    fields = json.loads(answer.lines[-1])
    return Migration(service, fields["before"], fields["current"], fields["head"], tuple(fields["applied"]))


def _command(layout: Layout, service: str, task: Task, release: Release, *, known: bool) -> Command:
    """Without `known` secrets (the rehearsal of a first start) there are only words to tell."""
    variables = environment.of_service(layout, service, asdict(release)) if known else {}
    if known and service == "users" and task == "upgrade":
        variables |= environment.of_first_superuser(layout)
    return Command(
        (sys.executable, "-m", "services.common.migrate", service, task),
        mutates=task == "upgrade",
        env={name: SecretStr(text) if name in SHIELDED else text for name, text in variables.items()},
        timeout=600,
    )
