"""Bring the whole platform up, or heal what is broken of it; changes nothing when nothing is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from platformctl.backends.secrets.protocol import LOGIN
from platformctl.config import certificates
from platformctl.config.schema import SERVICES
from platformctl.errors import StepError
from platformctl.events import Notice, step
from platformctl.operations import backup_create, catalogue, first_superuser, restore, rollout
from platformctl.operations.context import Context
from platformctl.operations.locking import locked
from platformctl.operations.watch import watch


@dataclass(frozen=True, slots=True)
class Up:
    """`password` is there once, after the first start that succeeded, when platformctl made it up."""

    gateway: str
    docs: str
    login: str
    password: str | None
    changed: bool
    release: str
    data: str
    logs: str
    backups: str
    next_steps: tuple[str, ...]


def up(ctx: Context, environ: Mapping[str, str], *, first_backup: bool = True) -> Up:
    """`environ` may name the first superuser until the platform came up once."""
    cluster = ctx.backends.cluster
    certificates.check(ctx.config, ctx.environment)
    named = first_superuser.named(ctx, environ) if rollout.last_good(ctx) is None else {}
    with locked(ctx, "up"):
        cluster.claim()
        plan = _plan(ctx)
        changed = not cluster.settled(plan.targets)
        if changed:
            _start(ctx)
            first_superuser.settle(ctx, named)
            rollout.carry_out(ctx, plan)
        _check(ctx, plan)
        restore.heal(ctx)
        changed |= first_backup and _first_backup(ctx)
        return _result(ctx, changed)


def up_and_watch(ctx: Context, environ: Mapping[str, str]) -> NoReturn:
    """Stay after `up`, and bring over what is saved."""
    found = up(ctx, environ)
    ctx.report(Notice(f"{found.gateway} serves; log in as {found.login}"))
    if found.password:
        ctx.report(Notice(f"the password is {found.password} and is not shown again"))
    watch(ctx)


def _plan(ctx: Context) -> rollout.Plan:
    """The present release everywhere; what was rolled back from stays away until something of it changes."""
    cluster = ctx.backends.cluster
    release = cluster.desired()
    if release.id not in rollout.given_up(ctx):
        return rollout.Plan(dict.fromkeys(SERVICES, release))
    former = {name: cluster.stored(each) for name, each in (rollout.last_good(ctx) or {}).items()}
    ctx.report(
        Notice(f"release {release.id} was rolled back and stays away; platformctl deploy brings it again")
    )
    return rollout.Plan({name: each for name, each in former.items() if each is not None}, migrate=False)


def _start(ctx: Context) -> None:
    cluster, database = ctx.backends.cluster, ctx.backends.database
    before = cluster.ports()
    database.check()
    with step(ctx.report, "start the supervisor"):
        cluster.start()
    _tell_ports(ctx, before, cluster.ports())
    with step(ctx.report, "start PostgreSQL") as current:
        database.start()
        database.prepare(rollout.WITH_DATABASE)
        if not ctx.runner.rehearses:
            current.detail = database.server().version


def _tell_ports(ctx: Context, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    wanted, gateway = ctx.config.gateway.port, after.get("gateway")
    if gateway is not None and gateway != wanted and before.get("gateway") != gateway:
        ctx.report(Notice(f"port {wanted} is in use, so the gateway listens on {gateway}"))
    for name, port in before.items():
        if not name.startswith("gateway") and after.get(name) != port:
            ctx.report(Notice(f"port {port} of {name} is taken; it listens on {after.get(name)} now"))


def _check(ctx: Context, plan: rollout.Plan) -> None:
    if ctx.runner.rehearses or ctx.backends.cluster.settled(plan.targets):
        return
    waiting = [f"{each.name}: {each.why}" for each in ctx.backends.cluster.processes() if not each.ready]
    raise StepError(
        "the platform was started and is not healthy",
        cause="; ".join(waiting) or "a process runs that belongs to nothing",
        state="What was started keeps running.",
        fix=ctx.command("health"),
    )


def _result(ctx: Context, changed: bool) -> Up:
    cluster, login = ctx.backends.cluster, ctx.backends.secrets.get(LOGIN)
    places = cluster.locations()
    gateway = cluster.endpoints().gateway
    return Up(
        gateway=gateway,
        docs=f"{gateway}/docs" if ctx.config.gateway.docs else "closed",
        login=login.get_secret_value() if login else "",
        password=first_superuser.unshown(ctx),
        changed=changed,
        release=", ".join(sorted(set(cluster.chosen().values()))),
        data=places["data"],
        logs=places["logs"],
        backups=ctx.backends.objects.location(),
        next_steps=tuple(map(ctx.command, ("health", "backup create", "down"))),
    )


def _first_backup(ctx: Context) -> bool:
    """Make a backup when this database has none yet; answers whether one was made."""
    if ctx.runner.rehearses and not ctx.backends.database.answers():
        return False
    mine = ctx.backends.database.server().system_id
    if any(each.manifest and each.system_id == mine for each in catalogue.entries(ctx)):
        return False
    backup_create.make(ctx)
    return True
