"""Values as plain JSON types, for the machine surface; a secret stays masked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any


def document(value: object) -> dict[str, Any]:
    """A result as a JSON object, whatever it is."""
    content = plain(value)
    if isinstance(content, dict):
        return content
    if content is None:
        return {}
    return {"items": content} if isinstance(content, list) else {"text": str(content)}


def plain(value: Any) -> Any:
    """Dataclasses and mappings become objects, sequences lists, times ISO 8601, all else its text."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None  # JSON has no NaN
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else str(value)
