"""How schemathesis is asked to fuzz a platform, and what its reports say."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from platformctl.shell.command import Command

TOKEN = "PLATFORMCTL_FUZZ_TOKEN"  # noqa: S105 - the name of a variable
REPORT, EVENTS = "report.json", "events.ndjson"
RATE = "20/s"
GRACE = 60.0  # seconds in which it must come to an end after its time
# The description names no errors, and promises nothing of who may send what is valid.
NOT_PROMISED = "status_code_conformance,positive_data_acceptance"
# These end the session that all other requests need, or write to strangers.
ENDING = (r"DELETE .*/users/me", r"(PUT|PATCH) .*/users/me/password", r"POST .*/login/logout")
MAILING = r"POST .*/password-recovery/.*"
CREATING = (r"POST .*/users/signup", r"POST .*/private/users", r"POST .*/users")
_NAMES = re.compile(r"/api/v1/(users|users/signup|private/users)/?$")


@dataclass(frozen=True, slots=True)
class Failure:
    title: str
    count: int
    operations: tuple[str, ...]


def configuration(certificate: str | None) -> str:
    """With a `certificate` it is believed in place of the system's authorities, for the names in it."""
    believed = f"tls-verify = {json.dumps(certificate)}\n" if certificate else ""
    return believed + f'headers = {{ Authorization = "Bearer ${{{TOKEN}}}" }}\n'


def fuzz(url: str, folder: Path, token: SecretStr, seconds: int, may_create: bool) -> Command:
    """`folder` has a `schemathesis.toml` and gets the reports; exit code 1 means failures."""
    left_out = (*ENDING, MAILING, *(() if may_create else CREATING))
    options = {
        "--max-time": str(seconds),
        "--rate-limit": RATE,
        "--request-timeout": "10",
        "--max-failures": "100",
        "--exclude-checks": NOT_PROMISED,
        "--exclude-name-regex": f"^({'|'.join(left_out)})/?$",
        "--report": "json,ndjson",
        "--report-json-path": str(folder / REPORT),
        "--report-ndjson-path": str(folder / EVENTS),
        "--generation-database": "none",
    }
    program = (sys.executable, "-m", "schemathesis.cli")
    configured = ("--config-file", str(folder / "schemathesis.toml"), "--no-color")
    flags = ("--continue-on-failure", "--no-shrink", *(word for pair in options.items() for word in pair))
    return Command(
        (*program, *configured, "run", f"{url}/openapi.json", *flags),
        mutates=False,
        env={TOKEN: token},
        cwd=folder,
        ok_codes=frozenset({0, 1}),
        timeout=seconds + GRACE,
    )


def failures(report: str) -> tuple[Failure, ...]:
    """Raises ValueError for a text that is no report."""
    document = json.loads(report)
    return tuple(
        Failure(str(each["title"]), int(each["count"]), tuple(each["operations"]))
        for each in document.get("failures") or ()
    )


def asked(report: str) -> int:
    return int(json.loads(report)["test_cases"]["generated"])


def created(events: Iterable[str]) -> Iterator[str]:
    """The ids of users that it made."""
    for line in events:
        for exchange in _exchanges(line):
            request, response = exchange.get("request") or {}, exchange.get("response") or {}
            path = str(request.get("uri", "")).partition("?")[0]
            if request.get("method") == "POST" and response.get("status_code") == 200 and _NAMES.search(path):
                yield from _id(response.get("content"))


def _exchanges(line: str) -> Iterable[dict[str, Any]]:
    """A line that was not written to its end tells nothing."""
    try:
        event = json.loads(line)
    except ValueError:
        return ()
    recorder = event.get("ScenarioFinished", {}).get("recorder", {})
    return recorder.get("interactions", {}).values()


def _id(content: Any) -> Iterator[str]:
    encoded = content.get("$base64") if isinstance(content, dict) else content
    try:
        found = json.loads(base64.b64decode(encoded or ""))
    except ValueError:
        return
    if isinstance(found, dict) and isinstance(found.get("id"), str):
        yield found["id"]
