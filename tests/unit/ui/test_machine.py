from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import SecretStr

from platformctl.errors import UnhealthyError
from platformctl.events import Finding, LogLine, StepDone
from platformctl.ui.machine import Machine
from platformctl.ui.plain import document, plain

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "output.schema.json").read_text())


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Everything:
    path: Path
    at: datetime
    colour: Colour
    secret: SecretStr
    counts: dict[str, int]
    ratio: float


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for each in documents:
        jsonschema.validate(each, SCHEMA)
    return documents


def test_a_result_is_one_object_in_the_published_shape(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine("health", verbose=False, streams=False, junit=None)
    machine(StepDone("look", 1.0))
    machine(Finding("disk", "pass", "room", details={"free": 7}))
    value = Everything(
        Path("/x"), datetime(2026, 1, 1, tzinfo=UTC), Colour.RED, SecretStr("hunter2"), {"a": 1}, 0.5
    )
    machine.result(value)
    (told,) = written(capsys)
    assert (told["schema"], told["verb"], told["ok"], told["exit_code"], told["error"]) == (
        1,
        "health",
        True,
        0,
        None,
    )
    assert told["data"] == {
        "path": "/x",
        "at": "2026-01-01T00:00:00+00:00",
        "colour": "red",
        "secret": "**********",
        "counts": {"a": 1},
        "ratio": 0.5,
    }
    assert told["findings"][0]["details"] == {"free": 7}


def test_a_no_keeps_its_data_and_findings_beside_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine("health", verbose=False, streams=False, junit=None)
    machine(Finding("disk", "fail", "full", "0 bytes", "rm"))
    machine.failure(UnhealthyError("full", data={"healthy": False}, fix="rm", state="As before."))
    (told,) = written(capsys)
    assert (told["ok"], told["exit_code"], told["data"]) == (False, 5, {"healthy": False})
    assert told["error"]["reference"] == "check/failed"
    assert told["findings"][0]["fix"] == "rm"


def test_a_stream_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine("logs", verbose=False, streams=True, junit=None)
    machine(LogLine("items-0", "hello\nworld"))
    machine(Finding("disk", "pass", "room"))
    machine.result(None)
    line, finding, end = written(capsys)
    assert line["line"] == {"source": "items-0", "text": "hello\nworld"}
    assert finding["finding"]["id"] == "disk"
    assert (end["ok"], end["data"], end["findings"]) == (True, {}, [])


def test_no_locale_can_spoil_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    Machine("status", verbose=False, streams=False, junit=None).result({"name": "caf\u00e9 \udcff"})
    assert capsys.readouterr().out.isascii()


def test_results_that_are_no_objects_become_objects() -> None:
    assert document(None) == {}
    assert document("text") == {"text": "text"}
    assert document((1, 2)) == {"items": [1, 2]}
    assert plain(float("nan")) is None
    assert plain({1: {2}}) == {"1": [2]}
