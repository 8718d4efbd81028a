"""Every line of the list of abuse: what takes long comes first, what uses up allowances last."""

from __future__ import annotations

from platformctl.operations.abuse import bodies, rights, sessions, shapes, tokens, values
from platformctl.operations.contract.steps import Rows

ABUSE: Rows = {
    **shapes.SLOW_ROWS,
    **tokens.ROWS,
    **rights.ROWS,
    **bodies.ROWS,
    **shapes.ROWS,
    **sessions.ROWS,
    **values.ROWS,
    **rights.SPENDING,
}
