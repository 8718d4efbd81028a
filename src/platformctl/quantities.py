"""Names for the units of numbers in results: people see them with the unit, JSON has the plain number."""

from __future__ import annotations

Bytes = int
BytesPerSecond = int
Seconds = float
