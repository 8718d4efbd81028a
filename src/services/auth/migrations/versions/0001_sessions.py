"""Sessions, resets and the revocation feed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
compatible_from = "0001"

# For whoever puts another state of the database in place: nothing that was handed out before stays good.
END_ALL_SESSIONS = """
CREATE FUNCTION auth.end_all_sessions() RETURNS void LANGUAGE sql AS $$
    UPDATE auth.refresh_families SET revoked_at = now() WHERE revoked_at IS NULL;
    DELETE FROM auth.reset_tokens;
    UPDATE auth.feed SET generation = gen_random_uuid(), sequence = sequence + 1;
$$
"""


def upgrade() -> None:
    _sessions()
    _resets()
    _feed()
    op.execute(END_ALL_SESSIONS)


def _time(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def _sessions() -> None:
    op.create_table(
        "refresh_families",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        _time("created_at", nullable=False, server_default=sa.func.now()),
        _time("revoked_at"),
        schema="auth",
    )
    family = sa.ForeignKey("auth.refresh_families.id", ondelete="CASCADE")
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("family_id", sa.Uuid, family, nullable=False, index=True),
        _time("expires_at", nullable=False, index=True),
        _time("used_at"),
        schema="auth",
    )


def _resets() -> None:
    op.create_table(
        "reset_tokens",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        _time("created_at", nullable=False, server_default=sa.func.now()),
        _time("expires_at", nullable=False, index=True),
        schema="auth",
    )


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("only_row", sa.Boolean, sa.CheckConstraint("only_row"), primary_key=True),
        sa.Column("generation", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        schema="auth",
    )
    op.execute("INSERT INTO auth.feed VALUES (true, gen_random_uuid(), 0)")
    op.create_table(
        "account_changes",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("spared", sa.Text),
        sa.Column("is_superuser", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, index=True),
        _time("expires_at", nullable=False),
        schema="auth",
    )
    op.create_table(
        "revoked_ids",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False, index=True),
        _time("expires_at", nullable=False),
        schema="auth",
    )
