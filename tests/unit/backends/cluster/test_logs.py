"""Last lines of several programs are told in the order of their times, each with what belongs to it."""

from __future__ import annotations

from pathlib import Path

from platformctl.backends.cluster import logs


def test_lines_of_several_programs_are_told_in_the_order_of_their_times(tmp_path: Path) -> None:
    items, postgres = tmp_path / "items-0.log", tmp_path / "postgres.log"
    items.write_text(
        'skipped\n{"timestamp": "2026-11-24T10:00:01.5Z"}\n{"timestamp": "2026-11-24T10:00:03.25Z"}\n'
    )
    postgres.write_text("2026-11-24 10:00:02.100 UTC [1] ERROR:  no\n\tat character 7\n")
    told = [(each.source, each.text[:30]) for each in logs.read([items, postgres, tmp_path / "none.log"], 2)]
    assert told == [
        ("items-0", '{"timestamp": "2026-11-24T10:0'),
        ("postgres", "2026-11-24 10:00:02.100 UTC [1"),
        ("postgres", "\tat character 7"),
        ("items-0", '{"timestamp": "2026-11-24T10:0'),
    ]
