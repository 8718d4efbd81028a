"""The question before a change, in proportion to the damage: none, yes or no, or the environment's name."""

from __future__ import annotations

import sys
from collections.abc import Callable

from platformctl.cli.options import Damage, Shared
from platformctl.errors import DeclinedError
from platformctl.ui.paint import wrapped


def confirm(
    damage: Damage, shared: Shared, prepare: Callable[[], str], second: Callable[[], str] | None = None
) -> None:
    """Return when the change may go ahead, else raise DeclinedError.

    `prepare` shows the rehearsal and words the question; it is called only when somebody is asked. `second`
    words another one, for yes or no, which the environment's name alone does not answer.
    """
    named = shared.confirm == shared.env
    if shared.confirm is not None and not named:
        raise DeclinedError(
            f"--confirm names {shared.confirm}, but the environment is {shared.env}",
            fix=f"repeat the command with --confirm {shared.env} or with the --env that you meant",
        )
    if damage is Damage.COSTLY and shared.yes:
        return
    if damage is Damage.DESTRUCTIVE and named and shared.yes:
        return
    if not _terminal():
        costly = damage is Damage.COSTLY
        flags = "--yes" if costly else f"--yes --confirm {shared.env}"
        wanted = "a yes" if costly else "a yes and the environment's name"
        raise DeclinedError(
            f"this change needs {wanted}, and there is no terminal to ask on",
            fix=f"repeat the command with {flags}",
        )
    if damage is Damage.COSTLY or not named:
        _ask(damage, shared.env, prepare())
    if second is not None:
        _ask(Damage.COSTLY, shared.env, second())


def _ask(damage: Damage, environment: str, question: str) -> None:
    if damage is Damage.COSTLY:
        lines = wrapped(f"{question or 'Go ahead?'} [y/N]", "", "")
        words, wanted = "\n".join(lines) + " ", ("y", "yes")
    else:
        words, wanted = f"Type the environment's name ({environment}) to go ahead: ", (environment,)
        if question:
            sys.stderr.write("".join(f"{line}\n" for line in wrapped(question, "", "")))
    sys.stderr.write(words)
    sys.stderr.flush()
    answer = sys.stdin.readline().strip()
    if answer not in wanted and answer.lower() not in wanted:
        raise DeclinedError(
            f"the answer was not {wanted[-1]}, so nothing was done",
            fix="repeat the command when you are sure",
        )


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
