"""A PlatformError as text: what failed, why, the state things are in now, evidence, and the next command."""

from __future__ import annotations

from platformctl.errors import PlatformError

SHOWN_EVIDENCE = 12


def failure_lines(error: PlatformError) -> tuple[str, ...]:
    out = [f"failed: {error.message}"]
    for label, content in (("cause", error.cause), ("state", error.state)):
        if content:
            out.append(f"  {label}: {content}")
    if error.evidence:
        out += ["  evidence:", *(f"    {line}" for line in error.evidence[-SHOWN_EVIDENCE:])]
    if error.fix:
        out.append(f"  next: {error.fix}")
    return tuple(out)
