"""`platformctl verify`."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from platformctl.cli.options import Guarded, reads
from platformctl.operations.verify import verify as operation
from platformctl.operations.verify_place import Wanted

USER, PASSWORD = "PLATFORMCTL_VERIFY_USER", "PLATFORMCTL_VERIFY_PASSWORD"


@reads(junit=True)
def verify(
    url: Annotated[
        str | None,
        typer.Argument(help="Where the platform is; by default the environment's gateway.", metavar="URL"),
    ] = None,
    abuse: Annotated[
        bool, typer.Option("--abuse", help="Also try what an attacker would: some 50 kinds of abuse.")
    ] = False,
    fuzz: Annotated[
        int,
        typer.Option(
            "--fuzz",
            min=0,
            max=600,  # the session that it needs lasts fifteen minutes
            metavar="SECONDS",
            help="Also let schemathesis make up requests from the platform's description.",
        ),
    ] = 0,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask each service itself, past the environment's gateway.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Abuse or fuzz a platform that is not this environment's.")
    ] = False,
) -> Guarded:
    """Verify the services' public contract at any address.

    It makes users and items of its own and deletes them again, whatever happens; all else it leaves alone. It
    takes about a minute, and longer by what --fuzz says. A superuser's e-mail and password come from
    PLATFORMCTL_VERIFY_USER and PLATFORMCTL_VERIFY_PASSWORD or a prompt; without them, what only a superuser
    can see stays unknown. Without URL they are those of the environment's first superuser. With --direct the
    gateway's own promises are left out. The exit code is 5 when a promise is not kept, 4 when nobody answers
    or the credentials are refused.
    """
    address = _address(url) if url is not None else None
    if direct and (url is not None or fuzz):
        said = "asks the services of this environment, so it takes no URL and no --fuzz"
        raise typer.BadParameter(said, param_hint="--direct")
    user, password = _credentials(address)
    return Guarded(partial(operation, wanted=Wanted(address, user, password, abuse, fuzz, yes, direct)))


def _address(url: str) -> str:
    """Scheme, host and port alone; a password in it would stand in the list of processes."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    path = parts.path.rstrip("/").removesuffix("/api/v1")
    if not fits or path or parts.query or parts.fragment or "@" in parts.netloc:
        raise typer.BadParameter("must be of the form https://HOST[:PORT]", param_hint="URL")
    return f"{parts.scheme}://{parts.netloc}"


def _credentials(address: str | None) -> tuple[str, SecretStr]:
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if bool(user) != bool(password):
        raise typer.BadParameter(f"set both {USER} and {PASSWORD}, or none of them", param_hint="environment")
    if not user and address is not None and sys.stdin.isatty() and sys.stderr.isatty():
        question = "E-mail of a superuser there (empty: verify without one)"
        user = typer.prompt(question, default="", show_default=False, err=True)
        password = typer.prompt("Password", hide_input=True, err=True) if user else ""
    return user, SecretStr(password)
