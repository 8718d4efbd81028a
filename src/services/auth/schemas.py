"""The shapes that the auth service takes and gives."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.common.fields import Body, NewPassword, Secret

GivenToken = Annotated[Secret, Field(max_length=512)]


class UserOut(BaseModel):
    id: uuid.UUID
    email: str
    is_active: bool
    is_superuser: bool
    full_name: str | None
    created_at: datetime


class Identity(UserOut):
    """A user as the users service tells us, with what tokens are judged by."""

    version: int
    epoch: int


class TokensOut(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    refresh_token: str
    expires_in: int


class Refresh(Body):
    refresh_token: GivenToken


class Logout(Body):
    refresh_token: GivenToken | None = None


class Reset(Body):
    token: GivenToken
    new_password: NewPassword


class AccountEvent(Body):
    """See services.common.revocations for what the numbers mean; an `epoch` of 0 ends no session."""

    version: int
    epoch: int
    is_superuser: bool
    spared: str | None = None


class Accepted(BaseModel):
    sequence: int


class Taken(Body):
    """Seconds of a bucket's refilling that a gateway process let through, by limit and client."""

    taken: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[float, Field(gt=0, le=1e9)]],
        Field(max_length=1000),
    ]


class UntilFull(BaseModel):
    """Seconds after which each bucket is full again."""

    until_full: dict[str, float]
