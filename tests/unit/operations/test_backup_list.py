from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.backends.keys.files import FileKeys
from platformctl.events import Notice
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups, span
from platformctl.operations.backup_show import show
from platformctl.operations.context import Context

Environment = Callable[..., Context]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (7 * 3600 + 12 * 60 + 5, "7 h 12 min"),
        (3600 + 5, "1 h"),
        (3 * 86400 + 3600, "3 d 1 h"),
    ],
)
def test_a_length_of_time_in_its_two_biggest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_without_backups_the_next_step_is_to_make_one(environment: Environment) -> None:
    listed = list_backups(environment())
    assert (listed.backups, listed.next_steps) == ((), ("platformctl backup create",))


def test_without_the_key_a_list_says_where_it_belongs(environment: Environment, tmp_path: Path) -> None:
    create(environment())
    ctx, folder = environment(), tmp_path / "elsewhere"
    without = replace(ctx, backends=replace(ctx.backends, keys=FileKeys(folder, ctx.runner)))
    assert [each.state for each in list_backups(without).backups] == ["broken"]
    assert [each for each in without.report.of(Notice) if str(folder) in each.text]


def test_backups_are_listed_the_newest_first(environment: Environment) -> None:
    made = [create(environment()).id for _ in range(3)]
    assert [each.id for each in list_backups(environment()).backups] == made[::-1]


def test_a_folder_that_is_no_backup_is_not_listed(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    stranger = Path(ctx.backends.objects.location()) / "shop" / "local" / "notes"
    stranger.mkdir()
    (stranger / "manifest.json").write_text("{}")
    assert len(list_backups(ctx).backups) == 1


def test_a_backup_is_shown_with_its_tables(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    shown = show(ctx, "latest")
    assert shown.id == made.id
    assert {(each.table, each.rows) for each in shown.tables} == {("items.items", 500), ("items.log", 500)}
    assert (shown.large_objects, shown.sequences, shown.owner) == (1, 1, "platform")
