"""Structured log lines on standard output, one JSON object each; what is logged is decided elsewhere."""

from __future__ import annotations

import io
import logging
import sys
from typing import TextIO

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, WrappedLogger

from services.common import tracing

REDACTED = "**redacted**"


def configure(service: str, release: str, level: str, stream: TextIO = sys.stdout) -> None:
    """Send our log lines and those of libraries to `stream`, as JSON."""
    shared = [
        tracing.add,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _about(service, release),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if isinstance(stream, io.TextIOWrapper):
        # access_log writes to it as well, and flushes later; the handler below flushes at once
        stream.reconfigure(line_buffering=False, write_through=False)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # A line a request is written by our own middleware; the server's would be a second one.
    logging.getLogger("uvicorn.access").disabled = True


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace secrets by their type, however deep they lie."""
    return {key: _redacted(value) for key, value in event.items()}


def _redacted(value: object) -> object:
    if isinstance(value, SecretStr | SecretBytes):
        return REDACTED
    if isinstance(value, dict):
        return {key: _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value


def _about(service: str, release: str):
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        event.setdefault("release", release)
        return event

    return add
