"""What a bucket's lifecycle rules do to our objects; a rule has the form of S3's own answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def expiry(rules: Iterable[Mapping[str, Any]], prefix: str) -> int | None:
    """The fewest days after which a rule deletes something below `prefix`, None when none does.

    A rule with a date counts as 0, and one for certain tags or sizes as if it were for all.
    """
    found = [
        each["Expiration"].get("Days", 0)
        for each in rules
        if each.get("Status") == "Enabled"
        and {"Days", "Date"} & each.get("Expiration", {}).keys()
        and _meet(_prefix(each), prefix)
    ]
    return min(found, default=None)


def _prefix(rule: Mapping[str, Any]) -> str:
    chosen = rule.get("Filter", {})
    return str(chosen.get("Prefix") or chosen.get("And", {}).get("Prefix") or rule.get("Prefix") or "")


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
