"""What the users service reads from the environment beyond the common settings."""

from __future__ import annotations

from pydantic import SecretStr

from services.common.settings import ProcessSettings, ServiceSettings


class UsersSettings(ServiceSettings):
    private_users: bool = False


class FirstSuperuserSettings(ProcessSettings):
    """Read by the migration only."""

    first_superuser: str | None = None
    first_superuser_password: SecretStr | None = None
