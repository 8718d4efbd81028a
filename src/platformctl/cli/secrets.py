"""`platformctl secrets`: values are read from standard input or a prompt, never from the command line."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import Annotated

import typer
from pydantic import SecretStr

from platformctl.backends.secrets.protocol import unusable
from platformctl.cli.options import Damage, Guarded, changes, group, reads
from platformctl.operations import secrets

app = group("Set and list secrets, and show the first login.")


@app.command("set")
@changes(Damage.NONE)
def set_secret(
    name: Annotated[str, typer.Argument(help="SERVICE/KEY, such as auth/SMTP_PASSWORD.", metavar="NAME")],
) -> Guarded:
    """Keep a new version of a secret; the value comes from standard input or a prompt.

    Processes get it with the next deploy. One line break at the end of the input is not part of the value.
    """
    secrets.check_name(name)
    value = _ask(name) if sys.stdin.isatty() else _read()
    if why := "it is empty" if not value else unusable(value):
        raise typer.BadParameter(f"the value cannot be a secret: {why}", param_hint="standard input")
    return Guarded(partial(secrets.set_secret, name=name, value=SecretStr(value)))


@app.command("list")
@reads()
def list_secrets() -> Guarded:
    """Show names, versions and fingerprints; never a value."""
    return Guarded(secrets.list_secrets)


@app.command("show-login")
@changes(Damage.COSTLY)
def show_login() -> Guarded:
    """Show the first superuser's e-mail and password, after a question."""
    question = "The password will be shown on this screen. Go ahead?"
    return Guarded(secrets.show_login, question=lambda _ctx: question)


def _read() -> str:
    """As UTF-8, whatever the locale says; what is none stays recognisable for `unusable`."""
    return re.sub(r"\r?\n\Z", "", sys.stdin.buffer.read().decode(errors="surrogateescape"))


def _ask(name: str) -> str:
    return typer.prompt(name, hide_input=True, err=True)
