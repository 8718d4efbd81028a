from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from platformctl.events import Finding
from platformctl.quantities import Bytes, BytesPerSecond, Seconds
from platformctl.ui.findings import finding_lines
from platformctl.ui.rehearsed import Rehearsed
from platformctl.ui.results import lines
from platformctl.ui.table import table


@dataclass(frozen=True)
class Replica:
    name: str
    ready: bool
    pid: int | None
    why: str = ""


@dataclass(frozen=True)
class Status:
    gateway: str
    release_id: str
    processes: tuple[Replica, ...]
    empty: str = ""
    next_steps: tuple[str, ...] = ()


def test_a_result_is_labels_then_tables_then_what_to_type_next() -> None:
    rows = (Replica("items-0", True, 7), Replica("items-1", False, None))
    assert lines(Status("http://x", "r1", rows, next_steps=("platformctl health",))) == (
        "gateway     http://x",
        "release id  r1",
        "",
        "processes",
        "  NAME     READY  PID",
        "  items-0  yes    7",
        "  items-1  no",
        "",
        "Next:",
        "  platformctl health",
    )


def test_what_is_empty_is_said_to_be_empty() -> None:
    assert lines(Status("http://x", "", ())) == ("gateway    http://x", "processes  none")
    assert lines(Replica("", False, None)) != ()


def test_a_table_folds_its_last_column_within_80_columns() -> None:
    shown = table(["id", "why"], [["a", "word " * 40], ["b", "short"]])
    assert max(len(line) for line in shown) <= 80
    assert shown[0] == "ID  WHY"
    assert shown[2].startswith("    word")
    assert shown[-1] == "b   short"


def test_columns_without_room_stand_below_their_row() -> None:
    shown = table(["id", "who", "release", "runs"], [["d" * 40, "u" * 30, "r1", "yes"], ["e", "v", "r2", ""]])
    assert [line.rstrip() for line in shown] == [
        f"{'ID':<40}  WHO",
        f"{'d' * 40}  {'u' * 30}",
        "  release r1, runs yes",
        f"{'e':<40}  v",
        "  release r2",
    ]


def test_nothing_and_simple_values_are_shown_as_they_are() -> None:
    assert lines(None) == ()
    assert lines("two\nlines") == ("two", "lines")
    assert lines(("a", "b")) == ("a", "b")
    assert lines(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == ("2026-01-02 03:04:05 UTC",)


def test_a_rehearsal_without_changes_says_so() -> None:
    assert lines(Rehearsed("up", "local", ())) == ("up would change nothing in local.",)


def test_a_finding_that_is_not_yes_shows_its_evidence_and_fix() -> None:
    shown = finding_lines(
        [
            Finding("disk", "pass", "room", "not shown", "not shown"),
            Finding("gateway", "fail", "no answer", "refused\ntwice", "platformctl up"),
            Finding("tls", "unknown", "not asked"),
        ]
    )
    assert shown == (
        "✓ disk     room",
        "✗ gateway  no answer",
        "           refused",
        "           twice",
        "           fix: platformctl up",
        "? tls      not asked",
    )


@dataclass(frozen=True)
class Copied:
    size: Bytes
    rate: BytesPerSecond
    took: Seconds | None


def test_numbers_with_a_unit_are_shown_with_it_alone_and_in_tables() -> None:
    copied = Copied(size=4590, rate=28_651_329, took=12.04)
    assert lines(copied) == ("size  4.6 kB", "rate  28.7 MB/s", "took  12.0 s")
    assert lines((copied,))[1].split("  ") == ["4.6 kB", "28.7 MB/s", "12.0 s"]
