"""What the cron or systemd of a machine has to be told, so that it makes, prunes and drills backups."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from pydantic import BaseModel

from platformctl.config.load import Loaded, load
from platformctl.config.paths import state_directory
from platformctl.errors import PreconditionError
from platformctl.events import Notice
from platformctl.operations.context import Unloaded
from platformctl.tools import crontab, systemd

# One after the other, until one fails: nothing is deleted on a night without a new backup.
VERBS = ("backup create", "backup prune --yes", "backup drill --all-due")
# Where the store's credentials are; themselves they are never written.
AWS = (
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
)


class Schedule(BaseModel):
    """`text` is for `crontab` or `sh`; `units` has each file of systemd by its name."""

    text: str
    units: dict[str, str]

    def __str__(self) -> str:
        return self.text


def schedule(unloaded: Unloaded, format: str = "crontab") -> Schedule:
    loaded = load(unloaded.file, unloaded.environment, os.environ)
    if loaded.config.objects.kind == "s3" and "AWS_SECRET_ACCESS_KEY" in os.environ:
        unloaded.report(Notice("the credentials of this shell are not written: keep them in ~/.aws"))
    state = state_directory(loaded.config.platform, loaded.environment, os.environ)
    folder, variables = str(loaded.origin.parent), _variables(loaded, str(state.parents[2]))
    _require_plain([folder, sys.executable, *variables.values()])
    program = (sys.executable, "-P", "-m", "platformctl")
    commands = [(*program, *verb.split(), "--output", "json") for verb in VERBS]
    name, times = f"platformctl {loaded.config.platform} {loaded.environment}", loaded.config.backup.schedule
    if format == "systemd":
        file = name.replace(" ", "-")
        units = {
            f"{file}.service": systemd.service(name, folder, variables, commands),
            f"{file}.timer": systemd.timer(name, times),
        }
        return Schedule(text=systemd.installer(units), units=units)
    lines = crontab.lines(times, folder, variables, commands, str(state / "logs" / "schedule.log"))
    if any(len(os.fsencode(line)) > crontab.LONGEST for line in lines):
        cause = f"a line has more than the {crontab.LONGEST} bytes that every cron reads"
        raise _unfit(cause, "platformctl backup schedule --format systemd")
    return Schedule(text="\n".join((f"# {name}", *lines)), units={})


def _variables(loaded: Loaded, state_home: str) -> dict[str, str]:
    """Ours never hold a secret, and the file and the environment are named: no shell is there by night."""
    found = {name: os.environ[name] for name in sorted(os.environ) if name.startswith("PLATFORMCTL__")}
    found |= {name: os.environ[name] for name in AWS if name in os.environ}
    found |= {"XDG_STATE_HOME": state_home, "PLATFORMCTL_ENV": loaded.environment}
    if os.path.lexists(loaded.origin):
        found["PLATFORMCTL_FILE"] = str(loaded.origin)
    return found


def _require_plain(texts: Iterable[str]) -> None:
    """Neither format has a way to write these."""
    if any(not each.isprintable() or each.strip() != each or "\\" in each for each in texts):
        raise _unfit(
            "a path or a PLATFORMCTL variable has a line break, a backslash, or a space at its end",
            "platformctl config show, then write the value into platform.yaml or move the folder",
        )


def _unfit(cause: str, fix: str) -> PreconditionError:
    message = "the schedule cannot be written down"
    return PreconditionError(message, cause=cause, fix=fix, reference="backup/schedule")
