"""Which entries of an archive a restore of some tables loads; reads pg_restore's list of them, no SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

ENTRY = re.compile(r"(?P<id>\d+); \d+ \d+ (?P<words>.*)")
DEPENDS = ";\tdepends on: "
NAME = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')  # quoted where SQL needs it


@dataclass(frozen=True, slots=True)
class Entry:
    """`words` are kind, schema, name and owner; `needs` the ids of entries that it depends on."""

    id: str
    words: str
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of `tables` and every definition that holds with them; `left_out` names those that do not."""

    tables: tuple[str, ...]
    entries: tuple[str, ...]
    left_out: tuple[str, ...]


def select(lines: Iterable[str], known: Collection[str], wanted: Collection[str]) -> Selection:
    """`known` are all tables of the backup. What is chosen wrongly for an odd name, the proof finds.

    A foreign key needs the rows on both its sides, and a materialized view those that it is computed from.
    """
    found = list(_entries(lines))
    unwanted = {each for each in found if _holds_rows(each, set(known) - set(wanted))}
    loaded = {need for each in found if _holds_rows(each, wanted) for need in each.needs}
    empty = {each.id for each in found if each.words.startswith("TABLE ")} - loaded
    keys = [each for each in found if each.words.startswith("FK CONSTRAINT ") and each.needs & empty]
    views = [each for each in found if each.words.startswith("MATERIALIZED VIEW DATA ")]
    gone = {each.id for each in (*unwanted, *keys, *views)}
    return Selection(
        tables=tuple(wanted),
        entries=tuple(each.id for each in found if each.id not in gone),
        left_out=tuple(each.words for each in (*keys, *views)),
    )


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    entry: Entry | None = None
    for line in lines:
        if found := ENTRY.fullmatch(line):
            if entry:
                yield entry
            entry = Entry(found["id"], found["words"], frozenset())
        elif entry and line.startswith(DEPENDS):
            entry = Entry(entry.id, entry.words, frozenset(line.removeprefix(DEPENDS).split()))
    if entry:
        yield entry


def _holds_rows(entry: Entry, tables: Collection[str]) -> bool:
    return any(entry.words.startswith(f"TABLE DATA {_plain(each)} ") for each in tables)


def _plain(table: str) -> str:
    """Schema and name as pg_restore lists them: without quotes, line breaks as spaces."""
    parts = (quoted.replace('""', '"') or bare for quoted, bare in NAME.findall(table))
    return re.sub(r"[\r\n]", " ", " ".join(parts))
