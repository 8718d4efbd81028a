"""The shapes that the items service takes and gives."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.common.fields import Body, Text

Title = Annotated[Text, Field(min_length=1, max_length=255)]
Description = Annotated[Text, Field(max_length=255)]
Sorting = Literal["created_at", "-created_at", "title", "-title"]


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    title: str
    description: str | None
    owner_id: uuid.UUID
    created_at: datetime


class ItemsOut(BaseModel):
    data: list[ItemOut]
    count: int


class NewItem(Body):
    title: Title
    description: Description | None = None


class ItemChanges(Body):
    """Fields that are absent stay as they are; `description` may be set to null, `title` may not."""

    title: Title | None = None
    description: Description | None = None

    @field_validator("title", mode="before")
    @classmethod
    def _title_is_never_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("Input should not be null")
        return value


class Purged(BaseModel):
    deleted: int
