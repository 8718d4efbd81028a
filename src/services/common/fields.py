"""Types of request fields that several services share; a service's own shapes are in its schemas."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

EMAIL_LENGTH = 255


class Body(BaseModel):
    """A request body; an unknown field is an error, so nothing is assigned by accident."""

    model_config = ConfigDict(extra="forbid")


class Message(BaseModel):
    message: str


def _storable(value: str) -> str:
    """PostgreSQL's text holds neither U+0000 nor half a surrogate pair, and neither does UTF-8 the latter."""
    if "\x00" in value:
        raise PydanticCustomError("nul_character", "String should not contain the NUL character")
    return _encodable(value)


def _encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("string_unicode", "Input should be a valid string") from None
    return value


def _encodable_secret(value: SecretStr) -> SecretStr:
    _encodable(value.get_secret_value())
    return value


def normalise_email(value: str) -> str:
    """The one spelling of an address: lower case, NFC, Unicode domain. Raises ValueError for what is none."""
    found = validate_email(value, check_deliverability=False, globally_deliverable=False).normalized
    # An address at a bare host name ("a@b") is far more often a typing error than meant.
    if "." not in found.rpartition("@")[2]:
        raise EmailNotValidError("The part after the @-sign is not valid. It should have a period.")
    return unicodedata.normalize("NFC", found.lower())


def _email(value: str) -> str:
    try:
        return normalise_email(value)
    except ValueError:
        raise PydanticCustomError("email", "value is not a valid email address") from None


Text = Annotated[str, AfterValidator(_storable)]
Secret = Annotated[SecretStr, AfterValidator(_encodable_secret)]
Email = Annotated[str, Field(max_length=EMAIL_LENGTH), AfterValidator(_email)]
NewPassword = Annotated[Secret, Field(min_length=8, max_length=128)]
GivenPassword = Annotated[Secret, Field(max_length=128)]
