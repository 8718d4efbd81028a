"""Brings the people of a run together: logs in as who was given, and makes the others."""

from __future__ import annotations

from dataclasses import replace

from platformctl.backends.web.protocol import Visit
from platformctl.errors import PreconditionError
from platformctl.operations.contract.cast import Cast, LackingError, Person
from platformctl.operations.contract.people import newcomer
from platformctl.operations.contract.steps import Steps
from platformctl.operations.verify_rows import Kept, OverdueError, Stage
from platformctl.tools.http import Answer, UnusableError, api

LEFT = "No user was made."
REFUSED = (400, 401, 403, 422)


def reach(visit: Visit, url: str, fix: str) -> None:
    """Raises PreconditionError when nobody answers there."""
    answer = visit.ask(api("GET", "/users/me"))
    if not answer.status:
        raise PreconditionError(
            f"{url} does not answer",
            cause=answer.content.decode(errors="replace"),
            fix=fix,
            reference="verify/unreachable",
        )


def log_in(visit: Visit, cast: Cast) -> None:
    """As the superuser who was given, if any. Raises PreconditionError for refused credentials."""
    if cast.root is not None:
        cast.root = _logged_in(visit, cast.root)
        _checked(visit, cast.root)


def assemble(stage: Stage, cast: Cast) -> None:
    """Who cannot be made is missing, and the rows say so."""
    if cast.root is not None and cast.root.token:
        _put(stage, cast, "chief", _chief(cast, cast.root))
    for name in ("ada", "bob"):
        _put(stage, cast, name, newcomer(cast, name))


def _put(stage: Stage, cast: Cast, name: str, steps: Steps) -> None:
    """What is wrong with the answers is found again in the rows that they belong to."""
    try:
        cast.people[name] = stage.follow(steps, Kept(name))
    except (LackingError, UnusableError, OverdueError):
        return


def _chief(cast: Cast, root: Person) -> Steps:
    """The given superuser makes another one and does nothing else until the end."""
    cast.people["chief"] = root
    try:
        return (yield from newcomer(cast, "chief", is_superuser=True))
    finally:
        del cast.people["chief"]


def _logged_in(visit: Visit, root: Person) -> Person:
    answer = visit.ask(root.login())
    if answer.status in REFUSED:
        raise _refused(root, answer)
    tokens = answer.document if isinstance(answer.document, dict) else {}
    token, refresh = str(tokens.get("access_token") or ""), str(tokens.get("refresh_token") or "")
    return replace(root, token=token, refresh=refresh)


def _checked(visit: Visit, root: Person) -> None:
    answer = visit.ask(api("GET", "/users/me", root.token))
    if answer.status == 200 and isinstance(answer.document, dict) and not answer.document.get("is_superuser"):
        raise PreconditionError(
            f"{root.email} is no superuser there",
            state=LEFT,
            fix="set PLATFORMCTL_VERIFY_USER and PLATFORMCTL_VERIFY_PASSWORD to those of one, or unset both",
            reference="verify/credentials",
        )


def _refused(root: Person, answer: Answer) -> PreconditionError:
    return PreconditionError(
        f"the credentials of {root.email} were refused",
        cause=str(answer),
        state=LEFT,
        fix="set PLATFORMCTL_VERIFY_USER and PLATFORMCTL_VERIFY_PASSWORD to those of a superuser",
        reference="verify/credentials",
    )
