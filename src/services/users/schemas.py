"""The shapes that the users service takes and gives."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.common.fields import Body, Email, GivenPassword, NewPassword, Text

FullName = Annotated[Text, Field(max_length=255)]
Sorting = Literal["created_at", "-created_at", "email", "-email", "full_name", "-full_name"]
PRIVILEGED = ("is_active", "is_superuser")


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    email: str
    is_active: bool
    is_superuser: bool
    full_name: str | None
    created_at: datetime


class UsersOut(BaseModel):
    data: list[UserOut]
    count: int


class Identity(UserOut):
    """What the auth service needs to make and judge tokens."""

    version: int
    epoch: int


class Registration(Body):
    email: Email
    password: NewPassword
    full_name: FullName | None = None


class NewUser(Registration):
    is_active: bool = True
    is_superuser: bool = False


class _Changes(Body):
    """Fields that are absent stay as they are; `full_name` may be set to null, nothing else may."""

    full_name: FullName | None = None
    email: Email | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _null_only_for_full_name(cls, value: object, info) -> object:
        if value is None and info.field_name != "full_name":
            raise ValueError("Input should not be null")
        return value


class OwnChanges(_Changes):
    pass


class UserChanges(_Changes):
    password: NewPassword | None = None
    is_active: bool | None = None
    is_superuser: bool | None = None


class PasswordChange(Body):
    current_password: GivenPassword
    new_password: NewPassword


class Credentials(Body):
    email: str
    password: GivenPassword


class Lookup(Body):
    email: str


class PasswordReset(Body):
    """`version` is the account's when the reset was asked for; a later change makes the reset void."""

    password: NewPassword
    version: int


class Found(BaseModel):
    user: Identity | None


class Changed(BaseModel):
    changed: bool
