"""Asks a service's own migration program, in the code of a release and with the service's own environment."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from platformctl.backends.cluster import environment
from platformctl.backends.cluster.layout import Layout
from platformctl.backends.cluster.protocol import Migration, Release
from platformctl.errors import PreconditionError
from platformctl.shell.command import Command
from platformctl.shell.runner import Runner

SHIELDED = frozenset({"DATABASE_URL", "INTERNAL_KEY", "SIGNING_KEYS", "SMTP_URL", "FIRST_SUPERUSER_PASSWORD"})
# Secrets are hidden wherever the program says them; a shorter one may be a word of its answer, as "null" is.
SHORTEST_HIDDEN = 8


@dataclass(frozen=True, slots=True)
class Question:
    """`database` names another database than the live one, such as a copy that a restore fills."""

    service: str
    release: Release | None
    database: str | None = None


def ask(layout: Layout, runner: Runner, question: Question) -> Migration:
    """Raises CommandError with the program's last words; in a rehearsal nothing is known."""
    service = question.service
    if question.release is None:
        raise PreconditionError(f"{service} was never deployed, so nothing can migrate", fix="platformctl up")
    answer = runner.run(_command(layout, question, question.release, known=layout.secrets.exists()))
    if not answer.lines:
        return Migration(service, None, None, "", ())
    fields = json.loads(answer.lines[-1])
    return Migration(service, fields["before"], fields["current"], fields["head"], tuple(fields["applied"]))


def _command(layout: Layout, question: Question, release: Release, *, known: bool) -> Command:
    """Without `known` secrets (the rehearsal of a first start) there are only words to tell."""
    service = question.service
    variables = environment.of_service(layout, service, asdict(release)) if known else {}
    if question.database is not None and known:
        url = urlsplit(variables["DATABASE_URL"])
        variables["DATABASE_URL"] = urlunsplit(url._replace(path=f"/{question.database}"))
    if known and service == "users":
        variables |= environment.of_first_superuser(layout)
    secret = SHIELDED | {name.partition("/")[2] for name in release.secrets}
    return Command(
        (sys.executable, "-m", "services.common.migrate", service, "upgrade"),
        mutates=True,
        env={
            name: SecretStr(text) if name in secret and len(text) >= SHORTEST_HIDDEN else text
            for name, text in variables.items()
        },
        timeout=600,
    )
