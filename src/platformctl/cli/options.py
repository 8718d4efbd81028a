"""What every verb's handler is declared with: the shared options, `@reads()` and `@changes(damage)`.

A handler takes only the verb's own options, checks what can be checked without the platform, and returns the
operation: a callable that takes the Context (usually `functools.partial(restore, backup=…)`). Everything
else (configuration, Context, rehearsal, question, rendering) is done by the decorator.

    @changes(Damage.COSTLY)
    def restore(backup: Annotated[str, typer.Argument(help="…")] = "latest") -> Guarded:
        \"\"\"Put the database back to what a backup holds.\"\"\"
        return Guarded(partial(operation, backup=backup), question=partial(what_is_lost, backup=backup))

An operation that words its own question, or whose damage depends on its options, is returned inside
`Guarded(operation, damage=…, question=…)`. `question(ctx) -> str` gets the Context of the real run, may only
read, and is asked only when a person is there to answer; so is `second`, a question of its own after the
first, about what the first does not cover. A handler that has nothing to ask of a platform
(`config docs`) is declared with `@reads(offline=True)`: it has no --env and --file, and its operation takes
no Context. A verb about the configuration itself is declared with `@reads(unloaded=True)`: nothing is loaded
for it, and its operation takes an Unloaded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from platformctl.cli.session import Session
    from platformctl.operations.context import Context


class Damage(Enum):
    """What a change may cost: nothing that cannot be reversed, time or service, or data."""

    NONE = "none"
    COSTLY = "costly"
    DESTRUCTIVE = "destructive"


class Output(Enum):
    HUMAN = "human"
    JSON = "json"


Operation = Callable[..., object]
Handler = Callable[..., "Operation | Guarded"]


@dataclass(frozen=True, slots=True)
class Guarded:
    """An operation with its own damage, question or way of showing; None leaves what the decorator says."""

    operation: Operation
    damage: Damage | None = None
    question: Callable[[Context], str] | None = None
    second: Callable[[Context], str] | None = None
    streams: bool | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """The values of the options that verbs have in common."""

    output: Output
    verbose: bool
    env: str = "local"
    file: Path | None = None
    junit: Path | None = None
    dry_run: bool = False
    yes: bool = False
    confirm: str | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What the decorator says of a verb; `damage` is None for a verb that only reads."""

    damage: Damage | None = None
    junit: bool = False
    streams: bool = False
    offline: bool = False
    unloaded: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One call of a verb, complete: what was asked and how it is to be carried out."""

    verb: str
    shared: Shared
    traits: Traits
    guarded: Guarded
    arguments: Mapping[str, object] = field(default_factory=dict)


Env = Annotated[
    str,
    typer.Option(
        "--env", envvar="PLATFORMCTL_ENV", show_envvar=True, help="The environment.", metavar="NAME"
    ),
]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        envvar="PLATFORMCTL_FILE",
        show_envvar=True,
        help="The configuration; without it platform.yaml, when there is one.",
        metavar="PATH",
    ),
]
OutputOption = Annotated[
    Output, typer.Option("--output", help="Text for people, or one JSON object.", metavar="human|json")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what each step says while it runs.")]
Junit = Annotated[Path | None, typer.Option("--junit", help="Also write the findings here.", metavar="FILE")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where no terminal is.")]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", help="The environment's name, instead of typing it when asked.", metavar="ENV"),
]


def reads(
    *, junit: bool = False, streams: bool = False, offline: bool = False, unloaded: bool = False
) -> Callable[[Handler], Handler]:
    """A verb that changes nothing; one that `streams` shows what it reports at once, one object a line."""
    return _declare(Traits(junit=junit, streams=streams, offline=offline, unloaded=unloaded))


def changes(damage: Damage, *, junit: bool = False, streams: bool = False) -> Callable[[Handler], Handler]:
    """A verb that changes something: tells where, rehearses, and asks in proportion to the damage."""
    return _declare(Traits(damage=damage, junit=junit, streams=streams))


def group(summary: str, **settings: Any) -> typer.Typer:
    """Verbs of one subject, such as `backup create`; add each with `@app.command("create")`."""
    app = typer.Typer(help=summary, add_completion=False, rich_markup_mode=None, **settings)
    if "callback" not in settings:
        app.callback()(lambda: None)
        app.info.no_args_is_help = True
    return app


def _declare(traits: Traits) -> Callable[[Handler], Handler]:
    def decorate(handler: Handler) -> Handler:
        own = list(inspect.signature(handler, eval_str=True).parameters.values())
        shared = _shared_parameters(traits)

        def carry(typer_context: typer.Context, **given: Any) -> int:
            from platformctl.cli.wiring import carry_out

            chosen = Shared(**{each.name: given.pop(each.name) for each in shared})
            session: Session = typer_context.obj
            session.environment, session.file = chosen.env, chosen.file
            answer = handler(**given)
            order = Order(
                verb=typer_context.command_path.partition(" ")[2],
                shared=chosen,
                traits=traits,
                guarded=answer if isinstance(answer, Guarded) else Guarded(answer),
                arguments=given,
            )
            return carry_out(order, session)

        return _with_signature(carry, handler, [*own, *shared])

    return decorate


def _with_signature(carry: Callable[..., int], handler: Handler, options: list[inspect.Parameter]) -> Handler:
    context = inspect.Parameter("typer_context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [context, *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in options)]
    carry.__name__, carry.__doc__, carry.__module__ = handler.__name__, handler.__doc__, handler.__module__
    carry.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    carry.__annotations__ = {each.name: each.annotation for each in parameters}
    return carry


def _shared_parameters(traits: Traits) -> list[inspect.Parameter]:
    table: list[tuple[str, Any, object]] = []
    if not traits.offline:
        table += [("env", Env, "local"), ("file", File, None)]
    table += [("output", OutputOption, Output.HUMAN), ("verbose", Verbose, False)]
    if traits.junit:
        table.append(("junit", Junit, None))
    if traits.damage is not None:
        table += [("dry_run", DryRun, False), ("yes", Yes, False)]
    if traits.damage is Damage.DESTRUCTIVE:
        table.append(("confirm", Confirm, None))
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(name, keyword, default=value, annotation=kind) for name, kind, value in table]
