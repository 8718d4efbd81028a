"""Every row of the contract in the order in which it is verified; each row's promises are elsewhere."""

from __future__ import annotations

from platformctl.operations.contract import (
    administration,
    entrance,
    items,
    logins,
    own_account,
    registration,
    sessions,
)
from platformctl.operations.contract.steps import Rows

CONTRACT: Rows = {
    **logins.ROWS,
    **sessions.ROWS,
    **registration.ROWS,
    **own_account.ROWS,
    **administration.ROWS,
    **items.ROWS,
    **entrance.ROWS,
}
