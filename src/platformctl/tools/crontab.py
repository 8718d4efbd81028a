"""Lines of a crontab as text; installs and runs nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

LONGEST = 998  # bytes: what Debian's cron reads of a command, without a word about the rest


def lines(
    times: Sequence[str],
    folder: str,
    variables: Mapping[str, str],
    commands: Sequence[Sequence[str]],
    log: str,
) -> list[str]:
    """One for each time of the day. What is said goes to `log`; cron mails the last line of a failure."""
    steps = [
        "date",
        shlex.join(("cd", folder)),
        f"export {' '.join(f'{name}={shlex.quote(value)}' for name, value in variables.items())}",
        *map(shlex.join, commands),
    ]
    file = shlex.quote(log)
    command = f"{{ {' && '.join(steps)}; }} >>{file} 2>&1 || tail -n 1 {file}"
    escaped = command.replace("%", r"\%")  # which ends a command of cron otherwise
    return [f"{int(time[3:])} {int(time[:2])} * * * {escaped}" for time in times]
