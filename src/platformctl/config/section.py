"""What every section of the configuration is: frozen, strict, and without keys that nobody knows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A mapping in the file; one whose keys are all commented out means the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _nothing_means_defaults(cls, value: object) -> object:
        return {} if value is None else value
