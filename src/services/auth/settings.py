"""What the auth service reads from the environment beyond the common settings."""

from __future__ import annotations

from joserfc.jwk import KeySet, RSAKey
from pydantic import Field, SecretStr, field_validator, model_validator

from services.common.settings import Keys, ServiceSettings

SMALLEST_KEY_BITS = 2048


class AuthSettings(ServiceSettings):
    signing_keys: Keys
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    public_url: str | None = Field(None, pattern=r"^https?://")

    @field_validator("signing_keys")
    @classmethod
    def _able_to_sign(cls, keys: KeySet) -> KeySet:
        for key in keys.keys:
            if not (isinstance(key, RSAKey) and key.is_private and key.kid):
                raise ValueError("needs private RSA keys with a key id each")
            if key.raw_value.key_size < SMALLEST_KEY_BITS:
                raise ValueError(f"needs keys of at least {SMALLEST_KEY_BITS} bits")
        if not keys.keys:
            raise ValueError("needs at least one key")
        return keys

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> AuthSettings:
        if self.smtp_url and not self.mail_from:
            raise ValueError("SMTP_URL needs MAIL_FROM as well")
        return self
