"""Failed logins by account and client."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
compatible_from = "0001"


def upgrade() -> None:
    # Unlogged: after a crash of the database guessing begins anew, which is worth no write to disk each time.
    op.create_table(
        "login_failures",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, index=True),
        schema="auth",
        prefixes=["UNLOGGED"],
    )
