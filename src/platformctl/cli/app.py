"""The verbs in help-page order and the group that imports each only when it is asked for."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command

from platformctl.version import VERSION


class Verb(NamedTuple):
    """`summary` is what the help page shows, so that it imports no verb; `module` lies in platformctl.cli."""

    name: str
    summary: str
    module: str


VERBS = (
    Verb("init", "Write a commented platform.yaml here.", "init"),
    Verb("doctor", "Check this machine: Python, space, rights, ports, left-overs.", "doctor"),
    Verb("up", "Bring the whole platform up, or heal what is broken.", "up"),
    Verb("down", "Stop the platform and keep its data.", "down"),
    Verb("status", "Show what runs, where, and since when.", "status"),
    Verb("health", "Check the way from the gateway to the database: one verdict.", "health"),
    Verb("verify", "Verify the services' public contract at any address.", "verify"),
    Verb("logs", "Show what the services and the database say.", "logs"),
    Verb("deploy", "Replace what runs by the present code, with no request lost.", "deploy"),
    Verb("rollback", "Bring back an earlier deploy as it was.", "rollback"),
    Verb("history", "Show who deployed what, and when.", "history"),
    Verb("migrate", "Bring the database's schemas to what the present code needs.", "migrate"),
    Verb("backup", "Make, list, check, drill, prune and schedule backups.", "backup"),
    Verb("restore", "Put the database back to what a backup holds.", "restore"),
    Verb("maintenance", "Let the gateway refuse writes for a while.", "maintenance"),
    Verb("secrets", "Set and list secrets, and show the first login.", "secrets"),
    Verb("config", "Show, check and document the configuration.", "config"),
    Verb("lock", "Show who works on the environment, and break a lock.", "lock"),
    Verb("provision", "Create or change the infrastructure.", "provision"),
)
HIDDEN = (Verb("overview", "Show where you are and the next useful command.", "overview"),)
_TABLE = {verb.name: verb for verb in (*VERBS, *HIDDEN)}


class LazyVerbs(TyperGroup):
    """Knows every verb by name; the module of one is imported when it is called or its help is shown."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in _TABLE:
            self.commands[cmd_name] = _load(_TABLE[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            ctx.fail(f"There is no verb {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb.name, verb.summary) for verb in VERBS])

    def invoke(self, ctx: Any) -> Any:
        if ctx.params["version"]:
            typer.echo(f"platformctl {VERSION}")
            return 0
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].startswith("--") and args[0] not in ("--version", "--help"):
            ctx.fail(f"An option stands behind its verb: {_behind(args)}")
        return super().parse_args(ctx, args or ["overview"])


def _behind(args: list[str]) -> str:
    verb = next((each for each in args if each in _TABLE), "VERB")
    return f"platformctl {verb} {args[0]}"


def root() -> Any:
    """The root command."""
    app = typer.Typer(
        cls=LazyVerbs,
        add_completion=False,
        rich_markup_mode=None,
        subcommand_metavar="VERB [ARGS]...",
        pretty_exceptions_show_locals=False,
        epilog="platformctl VERB --help tells more of each.",
    )

    app.callback()(_platformctl)
    return get_command(app)


def _platformctl(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    """Carry a service platform through its whole life."""


def _load(verb: Verb) -> Any:
    """A module holds either `app`, a group of verbs, or one handler of the verb's own name."""
    module = importlib.import_module(f"platformctl.cli.{verb.module}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(verb.name)(getattr(module, verb.module))
    command = get_command(app)
    command.name = verb.name
    return command
