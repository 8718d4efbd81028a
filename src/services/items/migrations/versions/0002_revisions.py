"""A revision for every item, new with each change, whichever release makes it."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
compatible_from = "0001"

# By the database: the release before this one changes rows as well, and does not know the column.
NEW_REVISION = """
CREATE FUNCTION items.new_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := gen_random_uuid();
    RETURN NEW;
END
$$
"""
TRIGGER = """
CREATE TRIGGER new_revision BEFORE UPDATE ON items.items
FOR EACH ROW EXECUTE FUNCTION items.new_revision()
"""


def upgrade() -> None:
    # A constant is no rewriting of the table. It is of this run alone: where a backup from before is restored
    # and migrated once more, tags from now must not fit.
    constant = sa.text(f"'{uuid.uuid4()}'::uuid")
    column = sa.Column("revision", sa.Uuid, nullable=False, server_default=constant)
    op.add_column("items", column, schema="items")
    op.alter_column("items", "revision", server_default=sa.func.gen_random_uuid(), schema="items")
    op.execute(NEW_REVISION)
    op.execute(TRIGGER)
