"""What a configuration may say about where backups are kept, and which of it goes together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from platformctl.config import values
from platformctl.config.section import Section


class Profiles(Section):
    writer: Annotated[str, AfterValidator(values.word)] | None = Field(
        None,
        description="Profile that backups are written with; it needs no right to read, list or delete.",
        examples=["backup-writer"],
    )
    reader: Annotated[str, AfterValidator(values.word)] | None = Field(
        None,
        description="Profile that backups are listed and read with, also to confirm what was written.",
        examples=["backup-reader"],
    )
    pruner: Annotated[str, AfterValidator(values.word)] | None = Field(
        None, description="Profile that backups are deleted with.", examples=["backup-pruner"]
    )


class Objects(Section):
    kind: Literal["directory", "s3"] = Field(
        "directory",
        description="Where backups are kept: in a directory, or in a bucket of S3 or what speaks as it does.",
        examples=["s3"],
    )
    directory: Annotated[str, AfterValidator(values.directory)] | None = Field(
        None,
        description=(
            "Where backups lie; a relative path starts at this file's folder, and each environment gets "
            "its own folder below. Without it: beside the environment's state."
        ),
        examples=["/srv/backups"],
    )
    bucket: Annotated[str, AfterValidator(values.bucket)] | None = Field(
        None,
        description=(
            "The bucket, which is never made here. Credentials never stand here: they come from AWS's own "
            "variables, files and roles."
        ),
        examples=["shop-backups"],
    )
    endpoint: Annotated[str, AfterValidator(values.base_url)] | None = Field(
        None,
        description="Address of a store that is not AWS's. Without it: AWS's own.",
        examples=["https://s3.example.org"],
    )
    region: Annotated[str, AfterValidator(values.word)] | None = Field(
        None,
        description="The bucket's region. Without it: what AWS's own variables and files say.",
        examples=["eu-central-1"],
    )
    kms_key: Annotated[str, AfterValidator(values.word)] | None = Field(
        None,
        description="Id, alias or ARN of the KMS key that the store encrypts with. Without it: its default.",
        examples=["alias/backups"],
    )
    object_lock: Literal["none", "governance", "compliance"] = Field(
        "none",
        description=(
            "Whether the store keeps each object from being deleted, and how strictly; "
            "the bucket must have been made for it."
        ),
        examples=["compliance"],
    )
    lock_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        description="Days that an object is locked for; needed as soon as objects.object_lock is set.",
        examples=[30],
    )
    profiles: Profiles = Field(
        default_factory=Profiles,
        description="AWS profiles with few rights each. Without one: what AWS's own variables and files say.",
    )

    @model_validator(mode="after")
    def _of_one_kind(self) -> Objects:
        if problem := self._against_the_kind() or self._half_locked():
            raise PydanticCustomError("incomplete", problem)
        return self

    def _against_the_kind(self) -> str:
        if self.kind == "s3":
            if self.directory is not None:
                return "objects.directory is set, so objects.kind must be directory"
            return "" if self.bucket is not None else "objects.kind is s3, so objects.bucket must be set too"
        for name in ("bucket", "endpoint", "region", "kms_key", "lock_days"):
            if getattr(self, name) is not None:
                return f"objects.{name} is set, so objects.kind must be s3"
        if self.object_lock != "none":
            return "objects.object_lock is set, so objects.kind must be s3"
        named = self.profiles.model_dump(exclude_none=True)
        return f"objects.profiles.{min(named)} is set, so objects.kind must be s3" if named else ""

    def _half_locked(self) -> str:
        if self.object_lock == "none" and self.lock_days is not None:
            return "objects.lock_days is set, so objects.object_lock must be governance or compliance"
        if self.object_lock != "none" and self.lock_days is None:
            return "objects.object_lock is set, so objects.lock_days must be set too"
        return ""
