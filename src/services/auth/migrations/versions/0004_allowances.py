"""What clients have taken of their allowances at the gateway."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
compatible_from = "0001"


def upgrade() -> None:
    # Unlogged, as a crash only gives everybody a fresh burst; half empty pages, as rows change all the time.
    op.create_table(
        "allowances",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        schema="auth",
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": 50},
    )
