"""A PlatformError as text: what failed, why, the state now, evidence, the next command and its reference."""

from __future__ import annotations

from typing import TextIO

from platformctl.errors import ConfigError, PlatformError
from platformctl.ui.paint import advice, mark, wrapped

SHOWN_EVIDENCE = 12  # lines; --output json has all, and a wrong configuration is always told in full


def failure_lines(error: PlatformError, stream: TextIO) -> tuple[str, ...]:
    """A command to type is never wrapped, so that it can be copied."""
    out = [*wrapped(error.message, f"{mark('fail', stream)} ", "  ")]
    if error.cause and error.cause not in error.message:
        out += wrapped(error.cause, "  why:  ", "        ")
    if error.state:
        out += wrapped(error.state, "  now:  ", "        ")
    if error.evidence:
        shown = error.evidence if isinstance(error, ConfigError) else error.evidence[-SHOWN_EVIDENCE:]
        more = (
            f" (the last {SHOWN_EVIDENCE} of {len(error.evidence)} lines)" if shown != error.evidence else ""
        )
        out += [f"  seen{more}:", *(f"    {line}" for line in shown)]
    out.append(f"  ref:  {error.reference}")
    if error.fix:
        out += advice(error.fix, "  next: ", "        ")
    return tuple(out)
