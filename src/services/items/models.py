"""The tables of the items schema."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, func

from services.common.idempotency import answers_table

metadata = MetaData(schema="items")

items = Table(
    "items",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    # A user's id; users live in another service, so no foreign key.
    Column("owner_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # A new one with every change, by a trigger.
    Column("revision", Uuid, nullable=False, server_default=func.gen_random_uuid()),
)
_newest = (items.c.created_at.desc(), items.c.id.desc())
Index("items_newest_first", *_newest)
Index("items_of_owner_newest_first", items.c.owner_id, *_newest)

# Owners who were deleted: a request of theirs that is still under way must not leave an item behind.
purged_owners = Table(
    "purged_owners",
    metadata,
    Column("owner_id", Uuid, primary_key=True),
    Column("purged_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

idempotent_answers = answers_table(metadata)
