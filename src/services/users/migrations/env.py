"""Entry for Alembic; the connection and the transaction come from services.common.migrate."""

from services.common.migrate import run_in_alembic
from services.users.models import metadata

run_in_alembic(metadata)
