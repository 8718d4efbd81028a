"""The gateway's settings, read from the environment; docs/service-runtime.md describes each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from services.common.settings import InternalKey, ProcessSettings

ADDRESS = r"^https?://[^/]+$"


def _words(text: object) -> object:
    return tuple(word.strip() for word in text.split(",") if word.strip()) if isinstance(text, str) else text


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Settings(ProcessSettings):
    auth_url: str = Field(pattern=ADDRESS)
    users_url: str = Field(pattern=ADDRESS)
    items_url: str = Field(pattern=ADDRESS)
    state_file: Path
    private_users: bool = False
    limit_average: float = Field(50, gt=0)
    limit_burst: int = Field(25, ge=1)
    login_limit_average: float = Field(5, gt=0)
    login_limit_burst: int = Field(10, ge=1)
    replicas: int = Field(1, ge=1)
    internal_key: InternalKey | None = None
    trusted_hops: int = Field(0, ge=0)
    hosts: Words = ()
    cors_origins: Words = ()
    docs: bool = True
    body_limit: int = Field(1024 * 1024, ge=0)
    deadline_seconds: float = Field(5, gt=0)
    hold_seconds: float = Field(30, gt=0)
