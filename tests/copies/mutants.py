"""Ways in which a restored copy can fall short of what was backed up; the SQL of each is in mutants.sql."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("mutants.sql")
OUTSIDE = "--== beside the copy\n"


@dataclass(frozen=True)
class Mutant:
    """`sql` runs in the copy; with `outside` beside it, where COPY stands for the copy's name."""

    name: str
    sql: str
    outside: bool


def _read() -> Iterator[Mutant]:
    inside, _, outside = TABLE.read_text().replace("{CR}", "\r").partition(OUTSIDE)
    for text, beside in ((inside, False), (outside, True)):
        for name, sql in re.findall(r"^--- ([^\n]+)\n(.*?)(?=^--[-=]|\Z)", text, re.MULTILINE | re.DOTALL):
            yield Mutant(name, sql.strip(), beside)


MUTANTS = tuple(_read())
# Those that the proof took for whole until they were tried.
ONCE_MISSED = frozenset(
    {
        "a row of a table with a column t",
        "a row without t of such a table",
        "an empty large object under another number",
        "a large object of another owner",
        "a large object that others may read",
        "a large object with a comment",
        "another line that looks like a comment",
        "an empty line less in a text",
        "lines that end otherwise",
        "another number of connections",
    }
)
SOME = tuple(each for at, each in enumerate(MUTANTS) if at % 3 == 0 or each.name in ONCE_MISSED)
