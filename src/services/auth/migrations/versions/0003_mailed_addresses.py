"""Which address a recovery was mailed to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
compatible_from = "0001"


def upgrade() -> None:
    op.add_column("reset_tokens", sa.Column("address", sa.LargeBinary), schema="auth")
    op.create_index("ix_auth_reset_tokens_address", "reset_tokens", ["address"], schema="auth")
