"""The tables of the auth schema; tokens are in it only as hashes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)

metadata = MetaData(schema="auth")
_now = {"nullable": False, "server_default": func.now()}

# One a login: the chain of refresh tokens that follow from it.
refresh_families = Table(
    "refresh_families",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False, index=True),
    # The account's version at login; the family is void once the account's epoch is above it.
    Column("version", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), **_now),
    Column("revoked_at", DateTime(timezone=True)),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("family_id", ForeignKey(refresh_families.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("used_at", DateTime(timezone=True)),
)

reset_tokens = Table(
    "reset_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), **_now),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    # A keyed hash of where it was mailed to; null in rows of the first release.
    Column("address", LargeBinary, index=True),
)

# One row. Raising `sequence` first makes changes visible in the order of their numbers.
feed = Table(
    "feed",
    metadata,
    Column("only_row", Boolean, primary_key=True),
    Column("generation", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)

account_changes = Table(
    "account_changes",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("spared", Text),
    Column("is_superuser", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False, index=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

revoked_ids = Table(
    "revoked_ids",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, index=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

login_failures = Table(
    "login_failures",
    metadata,
    # A keyed hash of account and client: the table names neither.
    Column("id", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("free_at", DateTime(timezone=True), nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False, index=True),
    prefixes=["UNLOGGED"],
)

allowances = Table(
    "allowances",
    metadata,
    # A keyed hash of the limit and the client's address.
    Column("id", LargeBinary, primary_key=True),
    Column("full_at", DateTime(timezone=True), nullable=False),
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": 50},
)
