"""Lets schemathesis make up requests from the platform's own description, and judges what it found."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from platformctl.errors import CommandError, MissingToolError
from platformctl.events import Finding
from platformctl.operations.context import Context
from platformctl.operations.contract.cast import Cast, Person
from platformctl.operations.contract.people import newcomer
from platformctl.operations.verify_ledger import Ledger
from platformctl.operations.verify_place import Place
from platformctl.operations.verify_rows import Kept, Stage
from platformctl.tools import schemathesis
from platformctl.tools.http import Ask, UnusableError

ROW = "fuzz"


def check_fuzz() -> None:
    """Raises MissingToolError when schemathesis is not installed."""
    if importlib.util.find_spec("schemathesis") is None:
        raise MissingToolError(
            "schemathesis, which --fuzz needs, is not installed",
            cause="it is large, so platformctl comes without it",
            fix="pip install 'platformctl[fuzz]'",
        )


def fuzz(ctx: Context, where: Place, ledger: Ledger, cast: Cast, seconds: int) -> Finding:
    """As a user of its own; one who can delete again what strangers make may also be one."""
    described = ledger.ask(Ask("GET", "/openapi.json"))
    if described.status != 200:
        return Finding(ROW, "unknown", "not judged", f"no description is served: {described}")
    stage = Stage(ledger, ctx.clock, ctx.clock.elapsed() + seconds)
    try:
        person: Person = stage.follow(newcomer(cast, "fuzzer"), Kept(ROW))
    except UnusableError as error:
        return Finding(ROW, "unknown", "not judged", f"no user could be made: {error}")
    ledger.ids.add(person.id)
    with tempfile.TemporaryDirectory(prefix="pctl-") as place:
        folder = Path(place)
        certificate = ctx.backends.cluster.endpoints().certificate if where.own else None
        (folder / "schemathesis.toml").write_text(schemathesis.configuration(certificate))
        may_create = cast.root is not None and bool(cast.root.token)
        command = schemathesis.fuzz(where.url, folder, SecretStr(person.token), seconds, may_create)
        try:
            ctx.runner.run(command)
            report = (folder / schemathesis.REPORT).read_text()
            return judged(schemathesis.failures(report), schemathesis.asked(report))
        except CommandError as error:
            return Finding(ROW, "unknown", "not judged", f"{error.message}: {error.cause}", error.fix)
        finally:
            _note(folder / schemathesis.EVENTS, ledger)


def judged(failures: Sequence[schemathesis.Failure], asked: int) -> Finding:
    details = {"asked": asked}
    if not failures:
        return Finding(ROW, "pass", f"{asked} requests were answered as described", "", "", details)
    lines = []
    for each in failures:
        lines += [f"{each.title} ({each.count}):", *(f"  {operation}" for operation in each.operations)]
    kinds = f"{len(failures)} kinds of failure in {asked} requests"
    return Finding(ROW, "fail", kinds, "\n".join(lines), "", details)


def _note(events: Path, ledger: Ledger) -> None:
    if events.exists():
        with events.open(errors="replace") as lines:
            ledger.ids.update(schemathesis.created(lines))
