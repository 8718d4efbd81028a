"""The tables of the users schema."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.common.idempotency import answers_table

metadata = MetaData(schema="users")

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("full_name", Text),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_superuser", Boolean, nullable=False),
    # Rises with every change of password, role or activity; tokens carry the version they were made from.
    Column("version", BigInteger, nullable=False, server_default="1"),
    # Tokens and sessions made from a version below this one are void.
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # A new one with every change, by a trigger.
    Column("revision", Uuid, nullable=False, server_default=func.gen_random_uuid()),
)
Index("users_newest_first", users.c.created_at.desc(), users.c.id.desc())

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("service", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False),
)
Index("outbox_due_at", outbox.c.due_at)

idempotent_answers = answers_table(metadata)
