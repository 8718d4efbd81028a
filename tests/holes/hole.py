"""One line of the services that an author could have got wrong, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass

FOLDER = "tests/services/"


@dataclass(frozen=True)
class Hole:
    """In `file` below src/services `old` becomes `new`; at least one of `tests`, below FOLDER, must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def cut(self, text: str) -> str:
        return text.replace(self.old, self.new)


def holes_in(file: str, *holes: tuple[str, ...]) -> tuple[Hole, ...]:
    """Each is its name, `old`, `new` and its tests."""
    return tuple(Hole(name, file, old, new, tuple(tests)) for name, old, new, *tests in holes)
