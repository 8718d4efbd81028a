"""What the items service reads from the environment: nothing beyond the common settings."""

from services.common.settings import ServiceSettings


class ItemsSettings(ServiceSettings):
    pass
