"""Items, and owners who are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
compatible_from = "0001"


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="items",
    )
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("items_newest_first", "items", newest, schema="items")
    op.create_index("items_of_owner_newest_first", "items", ["owner_id", *newest], schema="items")
    op.create_table(
        "purged_owners",
        sa.Column("owner_id", sa.Uuid, primary_key=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="items",
    )
