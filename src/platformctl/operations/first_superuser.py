"""Who the first superuser is: named by variables until there is one, else made up and shown once."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from platformctl.backends.secrets.protocol import LOGIN, PASSWORD, UNSHOWN, unusable
from platformctl.errors import ConfigError
from platformctl.events import Notice
from platformctl.operations.context import Context

SERVICE = "users"
SHORTEST, LONGEST = 8, 128


def named(ctx: Context, environ: Mapping[str, str]) -> dict[str, SecretStr]:
    """What `environ` says, by name of the secret; raises ConfigError.

    The rules are those of services/users/migrations, which would refuse a stored value at every start.
    """
    found = {}
    for name, check in ((LOGIN, _not_an_address), (PASSWORD, _no_password)):
        variable = name.partition("/")[2]
        if not (value := environ.get(variable)):
            continue
        if why := unusable(value) or check(value):
            raise ConfigError(
                f"{variable} cannot be used",
                cause=why,
                fix=f"set {variable} to another value or unset it, then {ctx.command('up')}",
                reference="config/first-superuser",
            )
        found[name] = SecretStr(value)
    return found


def settle(ctx: Context, wanted: Mapping[str, SecretStr]) -> None:
    """Let `wanted` replace what is stored, unless the service has made the first superuser with that."""
    database, secrets = ctx.backends.database, ctx.backends.secrets
    if not wanted:
        return
    unmade = ctx.runner.rehearses and not database.answers()
    if not unmade and database.has_tables(SERVICE):  # its migration makes tables and superuser in one
        variables = " and ".join(name.partition("/")[2] for name in wanted)
        ctx.report(Notice(f"the first superuser exists already, so {variables} came too late"))
        return
    for name, value in wanted.items():
        secrets.put(name, value)
    if PASSWORD in wanted:
        secrets.put(UNSHOWN, SecretStr("no"))


def unshown(ctx: Context) -> str | None:
    """The password, when it was made up and this is the first time that it can be shown."""
    secrets = ctx.backends.secrets
    mark, password = secrets.get(UNSHOWN), secrets.get(PASSWORD)
    if mark != SecretStr("yes") or password is None:
        return None
    secrets.put(UNSHOWN, SecretStr("no"))
    return password.get_secret_value()


def _not_an_address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        domain = validate_email(value, check_deliverability=False, globally_deliverable=False).domain
    except EmailNotValidError as error:
        return f"{value!r} is not an e-mail address: {error}"
    return "" if "." in domain else f"{value!r} is not an e-mail address: its domain has no period"


def _no_password(value: str) -> str:
    fits = SHORTEST <= len(value) <= LONGEST
    return "" if fits else f"it has {len(value)} characters, and {SHORTEST} to {LONGEST} are needed"
