"""The schema of the users service, step by step, and its first row."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.fields import normalise_email
from services.common.settings import MissingSettings, load
from services.users.models import users
from services.users.passwords import HASHER
from services.users.settings import FirstSuperuserSettings

# platformctl/operations/first_superuser.py refuses the same before it stores what it hands over.
SHORTEST, LONGEST = 8, 128


async def after_upgrade(connection: AsyncConnection) -> None:
    """Make the first superuser, when one is named and there is none."""
    settings = load(FirstSuperuserSettings)
    if settings.first_superuser is None and settings.first_superuser_password is None:
        return
    email, password = _checked(settings)
    known = await connection.scalar(select(func.count()).select_from(users).where(users.c.is_superuser))
    if known:
        return
    rights = {"is_active": True, "is_superuser": True, "password_hash": HASHER.hash(password)}
    fresh = insert(users).values(id=uuid.uuid4(), email=email, **rights)
    # Somebody may have registered the address before; what they knew of it ends here.
    ended = {"version": users.c.version + 1, "epoch": users.c.version + 1}
    await connection.execute(fresh.on_conflict_do_update(index_elements=["email"], set_=rights | ended))


def _checked(settings: FirstSuperuserSettings) -> tuple[str, str]:
    given = {
        "FIRST_SUPERUSER": settings.first_superuser,
        "FIRST_SUPERUSER_PASSWORD": settings.first_superuser_password,
    }
    if missing := [name for name, value in given.items() if value is None]:
        raise MissingSettings(missing)
    password = settings.first_superuser_password.get_secret_value()
    if not SHORTEST <= len(password) <= LONGEST:
        problem = f"needs {SHORTEST} to {LONGEST} characters"
        raise MissingSettings([], {"FIRST_SUPERUSER_PASSWORD": problem})
    try:
        return normalise_email(settings.first_superuser), password
    except ValueError:
        raise MissingSettings([], {"FIRST_SUPERUSER": "is not an e-mail address"}) from None
