"""The composition root: from an order to a Context, and the course that every verb takes through it."""

from __future__ import annotations

import importlib
import os
from functools import partial

from platformctl.cli.address import Address, Addressed
from platformctl.cli.confirm import confirm
from platformctl.cli.options import Damage, Order, Output
from platformctl.cli.session import Session
from platformctl.config.load import Loaded, load
from platformctl.config.paths import state_directory
from platformctl.events import Banner, Reporter
from platformctl.operations.audit import Audit
from platformctl.operations.context import Context, Unloaded
from platformctl.operations.waiting import SystemClock
from platformctl.shell import signals
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from platformctl.ui.rehearsed import Rehearsed, Rehearsing
from platformctl.ui.screen import make_screen

TARGETS = {"local": "platformctl.backends.local"}


def carry_out(order: Order, session: Session) -> int:
    """Load, tell where, rehearse, ask, run, show the result; every failure is raised."""
    with signals.cancellation():
        _carry_out(order, session)
    return 0


def _carry_out(order: Order, session: Session) -> None:
    shared = order.shared
    plain = make_screen(
        order.verb, shared.output is Output.JSON, shared.verbose, _streams(order), shared.junit
    )
    session.screen = screen = Addressed(plain, Address.of(session))
    if order.traits.offline:
        screen.result(order.guarded.operation())
        return
    if order.traits.unloaded:
        screen.result(order.guarded.operation(Unloaded(shared.file, shared.env, screen)))
        return
    loaded = load(shared.file, shared.env, os.environ)
    session.state = state_directory(loaded.config.platform, loaded.environment, os.environ)
    if order.traits.damage is not None:
        screen(Banner(order.verb, loaded.environment, loaded.config.target))
        if shared.dry_run:
            screen.result(_rehearse(order, loaded, session))
            return
    ctx = _context(order, loaded, session, screen)
    _ask(order, loaded, session, ctx)
    screen.result(_recorded(order, ctx, session))


def _streams(order: Order) -> bool:
    return order.traits.streams if order.guarded.streams is None else order.guarded.streams


def _context(order: Order, loaded: Loaded, session: Session, report: Reporter) -> Context:
    assert session.state is not None
    audit = Audit(
        file=session.state / "audit.jsonl",
        verb=order.verb,
        environment=loaded.environment,
        arguments=order.arguments,
        run_id=session.run_id,
    )

    def record(words: str, outcome: str) -> None:
        session.changed = True
        audit.record(words, outcome)

    rehearses = isinstance(report, Rehearsing)
    runner = RehearsalRunner(report) if rehearses else (session.make_runner or RealRunner)(record)
    target = importlib.import_module(TARGETS[loaded.config.target])
    return Context(
        config=loaded.config,
        environment=loaded.environment,
        verb=order.verb,
        backends=target.compose(loaded, runner),
        runner=runner,
        report=report,
        audit=audit,
        clock=SystemClock(),
    )


def _rehearse(order: Order, loaded: Loaded, session: Session) -> Rehearsed:
    report = Rehearsing()
    order.guarded.operation(_context(order, loaded, session, report))
    return Rehearsed(order.verb, loaded.environment, tuple(dict.fromkeys(report.words)))


def _ask(order: Order, loaded: Loaded, session: Session, ctx: Context) -> None:
    damage = order.guarded.damage or order.traits.damage
    if damage in (None, Damage.NONE):
        return
    assert session.screen is not None

    def prepare() -> str:
        assert session.screen is not None
        session.screen.rehearsal(_rehearse(order, loaded, session))
        question = order.guarded.question(ctx) if order.guarded.question else ""
        return Address.of(session).complete(question)

    second = order.guarded.second
    confirm(damage, order.shared, prepare, partial(second, ctx) if second else None)


def _recorded(order: Order, ctx: Context, session: Session) -> object:
    """Run the operation; its end is a line of the record when it changed anything."""
    outcome = "failed"
    try:
        result = order.guarded.operation(ctx)
        outcome = "done"
        return result
    except BaseException as error:
        outcome = f"failed: {type(error).__name__}"
        raise
    finally:
        if session.changed and ctx.audit.file.exists():
            ctx.audit.record(f"platformctl {order.verb}", outcome)
