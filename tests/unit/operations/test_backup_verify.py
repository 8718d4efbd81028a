"""Verifying tells of every backup whether it could be restored, whatever is wrong with one of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from platformctl.errors import ExitCode, UnhealthyError
from platformctl.events import Finding
from platformctl.operations.backup_create import create
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import DATA
from platformctl.operations.context import Context
from tests.backups import file_of


def test_a_backup_that_cannot_be_opened_does_not_keep_the_others_from_being_verified(
    environment: Callable[..., Context],
) -> None:
    older, newer = create(environment()).id, create(environment()).id
    ctx = environment()
    data = file_of(ctx, newer, DATA)
    data.unlink()
    data.mkdir()
    with pytest.raises(UnhealthyError) as raised:
        verify(ctx, every=True)
    assert raised.value.exit_code is ExitCode.UNHEALTHY
    assert (raised.value.data.whole, raised.value.data.damaged) == ((older,), (newer,))
    assert {each.id: each.status for each in ctx.report.of(Finding)} == {
        f"backup.{older}": "pass",
        f"backup.{newer}": "fail",
    }
