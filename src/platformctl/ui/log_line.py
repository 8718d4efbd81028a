"""One line of a program's log for people: the time, the level, the event and the rest as name=value."""

from __future__ import annotations

import json

from platformctl.events import LogLine

KNOWN_ALREADY = ("service", "release")  # the source names the process; `status` its release


def log_line(line: LogLine) -> str:
    """What is no JSON object with an `event` (PostgreSQL, a traceback) is shown as it was written."""
    try:
        content = json.loads(line.text)
        words = [
            content.pop("timestamp")[:23].replace("T", " "),
            f"{content.pop('level'):<7}",
            content.pop("event"),
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{line.source} | {line.text}"
    trace = content.pop("exception", None)
    words += [f"{name}={value}" for name, value in content.items() if name not in KNOWN_ALREADY]
    return f"{line.source} | {' '.join(map(str, words))}" + (f"\n{trace}" if trace else "")
