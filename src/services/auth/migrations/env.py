"""Entry for Alembic; the connection and the transaction come from services.common.migrate."""

from services.auth.models import metadata
from services.common.migrate import run_in_alembic

run_in_alembic(metadata)
