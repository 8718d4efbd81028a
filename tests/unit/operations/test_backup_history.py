"""A backup that looks wrong beside those before it: the clock went back, or most of the rows are gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from platformctl.errors import PreconditionError, UnhealthyError
from platformctl.events import Notice
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.restore import restore
from tests.backups import edit, file_of, stored
from tests.database import run
from tests.failures import told

Environment = Callable[..., Context]
YEAR = 366 * 86400


def states(ctx: Context) -> list[tuple[str, str]]:
    return [(each.id, each.state) for each in list_backups(ctx).backups]


def test_most_rows_gone_makes_it_suspect_and_latest_passes_over_it(environment: Environment) -> None:
    ctx = environment()
    good = create(ctx)
    run(ctx, "DELETE FROM items.items; DELETE FROM items.log WHERE line > 'item 3'")
    with pytest.raises(UnhealthyError) as raised:
        create(environment())
    error, made = raised.value, raised.value.data
    told(16, error)
    assert f"and {good.id} has 1,000" in error.cause
    assert states(ctx) == [(made.id, "suspect"), (good.id, "whole")]
    assert verify(environment(), made.id).whole == (made.id,)
    again = environment()
    assert restore(again).backup == good.id
    assert any(made.id in each.text and "suspect" in each.text for each in again.report.of(Notice))


def test_a_table_that_is_gone_makes_it_suspect(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "DROP TRIGGER note ON items.items; DROP TABLE items.log")
    with pytest.raises(UnhealthyError, match="suspect") as raised:
        create(environment())
    assert "items.log, which had rows" in raised.value.cause


def test_every_later_one_is_suspect_until_somebody_says_that_all_is_right(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    run(ctx, "DELETE FROM items.items; DELETE FROM items.log")
    for _ in range(2):
        with pytest.raises(UnhealthyError):
            create(environment())
    accepted = create(environment(), accept=["size"])
    assert accepted.level == "checked"
    assert create(environment()).level == "checked"


def test_fewer_rows_of_a_tiny_database_say_nothing(environment: Environment) -> None:
    ctx = environment()
    run(ctx, "DELETE FROM items.items WHERE id > 40; DELETE FROM items.log WHERE line NOT LIKE 'item 1_'")
    create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id > 5")
    assert create(environment()).level == "checked"


def test_a_clock_that_went_back_is_refused_with_nothing_written(environment: Environment) -> None:
    ctx = environment()
    ahead = create(ctx)
    edit(ctx, ahead.id, lambda each: each.model_copy(update={"taken_at": each.taken_at + YEAR}))
    before = stored(ctx)
    with pytest.raises(PreconditionError) as raised:
        create(environment())
    assert "--accept clock" in raised.value.fix
    told(14, raised.value)
    assert stored(ctx) == before


def test_after_a_wrong_clock_the_order_is_that_of_making(environment: Environment) -> None:
    ctx = environment()
    first = create(ctx)
    folder = file_of(ctx, first.id, MANIFEST).parent
    ahead = folder.with_name("20990101T000000Z-abcdef")
    folder.rename(ahead)
    assert states(ctx) == [(ahead.name, "broken")]  # its manifest names another folder
    ahead.rename(folder)

    def later(each):
        return each.model_copy(update={"id": ahead.name, "taken_at": each.taken_at + YEAR})

    edit(ctx, first.id, later)
    folder.rename(ahead)
    second = create(environment(), accept=["clock"])
    third = create(environment())
    assert [name for name, _ in states(ctx)] == [third.id, second.id, ahead.name]
    assert restore(environment()).backup == third.id


def test_a_missing_key_is_told_before_a_new_one_hides_it(environment: Environment) -> None:
    ctx = environment()
    create(ctx)
    key = Path(ctx.backends.keys.location())
    kept = key.read_text()
    key.unlink()
    before = stored(ctx)
    with pytest.raises(PreconditionError) as raised:
        create(environment())
    assert raised.value.reference == "keys/missing"
    assert stored(ctx) == before
    assert not key.exists()
    key.write_text(kept)
    assert create(environment()).level == "checked"


def test_the_first_backup_asks_to_copy_its_key(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    assert any(made.key in each.text for each in ctx.report.of(Notice))
    again = environment()
    create(again)
    assert not any(made.key in each.text for each in again.report.of(Notice))


def test_nothing_of_the_data_can_be_read_without_the_key(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    raw = file_of(ctx, made.id, DATA).read_bytes()
    assert raw.startswith(b"age-encryption.org/v1\n")
    assert b"item 499" not in raw
