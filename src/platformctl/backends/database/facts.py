"""What is recorded of a database so that a copy can be compared with it; plain values, no SQL.

These models are part of a backup's manifest: a change of a field is a new version of its format, unless it is
a new one whose default says that an older backup does not know it.
"""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rows(Fact):
    """`sum` adds up the hashes of all rows, so it does not depend on their order."""

    count: int
    sum: str


class View(Fact):
    """A materialized view; a stale one holds other rows than its query gives, and a restore refreshes it."""

    rows: Rows | None  # None: never populated
    stale: bool


class Counter(Fact):
    """A sequence, read before and after the dump, because sequences do not belong to a snapshot.

    `column` is the furthest value in the column that owns it, None when there is none.
    """

    before: int
    after: int
    step: int
    column: int | None = None

    @property
    def behind(self) -> bool:
        """Whether it would give a value again that its column has."""
        return self.column is not None and (self.column - self.before) * self.step > 0

    def admits(self, value: int) -> bool:
        low, high = sorted((self.before, self.after))
        return low <= value <= high


class Proof(Fact):
    """`schema_text` is the SHA-256 of every definition as SQL; keys are schema-qualified, quoted names.

    `large_object_rights` hashes owner, rights and comment of each large object, which no definition holds.
    """

    tables: dict[str, Rows]
    views: dict[str, View]
    sequences: dict[str, Counter]
    large_objects: Rows
    large_object_rights: str | None = None
    schema_text: str

    @property
    def rows(self) -> int:
        return sum(each.count for each in self.tables.values())


class Extension(Fact):
    name: str
    version: str


class Properties(Fact):
    """What belongs to a database but is not in its dump.

    `settings` are ALTER DATABASE … SET, `role_settings` ALTER ROLE … IN DATABASE … SET, by role. `access`
    is the access list, each entry as PostgreSQL writes it. `roles` are those that the database refers to, and
    `role_attributes` what each may do in the whole server, such as LOGIN. `connections` is the limit of them,
    -1 for none.
    """

    owner: str
    encoding: str
    collate: str
    ctype: str
    access: tuple[str, ...] | None
    settings: tuple[str, ...]
    role_settings: dict[str, tuple[str, ...]]
    roles: tuple[str, ...]
    role_attributes: dict[str, tuple[str, ...]] | None = None
    extensions: tuple[Extension, ...]
    connections: int | None = None


ON_COPY = ("owner", "encoding", "collate", "ctype", "access", "settings", "role_settings", "extensions")


def differences(expected: Proof, found: Proof) -> tuple[str, ...]:
    """One sentence for each thing in which a copy differs; `found` was read while nobody wrote."""
    lines = [
        *_rows("table", expected.tables, found.tables),
        *_rows("materialized view", _fresh(expected, expected), _fresh(expected, found)),
        *_sequences(expected.sequences, found.sequences),
    ]
    if expected.large_objects != found.large_objects:
        lines.append("large objects differ")
    if expected.large_object_rights not in (None, found.large_object_rights):
        lines.append("large objects have other owners, rights or comments")
    if expected.schema_text != found.schema_text:
        lines.append("definitions differ (tables, indexes, constraints, triggers, views or rights)")
    return tuple(lines)


def only(proof: Proof, tables: Collection[str]) -> Proof:
    """What a copy must hold when of all rows those of `tables` alone were loaded: no view has any either."""
    nothing = Rows(count=0, sum="0")
    return proof.model_copy(
        update={
            "tables": {name: rows if name in tables else nothing for name, rows in proof.tables.items()},
            "views": dict.fromkeys(proof.views, View(rows=None, stale=False)),
        }
    )


def unlike(expected: Properties, found: Properties) -> tuple[str, ...]:
    """One sentence for each property that a copy does not have; roles are the server's and not compared."""
    names = ON_COPY if expected.connections is None else (*ON_COPY, "connections")
    return tuple(
        f"the database's {name} is {getattr(found, name)} instead of {getattr(expected, name)}"
        for name in names
        if getattr(found, name) != getattr(expected, name)
    )


def _fresh(expected: Proof, of: Proof) -> dict[str, Rows]:
    """Only what was fresh in the original can be compared; one that was never populated counts as empty."""
    fresh = {name for name, view in expected.views.items() if not view.stale}
    fresh |= of.views.keys() - expected.views.keys()
    nothing = Rows(count=-1, sum="never populated")
    return {name: view.rows or nothing for name, view in of.views.items() if name in fresh}


def _rows(kind: str, expected: dict[str, Rows], found: dict[str, Rows]) -> list[str]:
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        want, have = expected.get(name), found.get(name)
        if want is None or have is None:
            lines.append(f"{kind} {name} is {'missing' if have is None else 'not in the backup'}")
        elif want.count != have.count:
            lines.append(f"{kind} {name} has {have.count} rows instead of {want.count}")
        elif want != have:
            lines.append(f"{kind} {name} has other content in its {have.count} rows")
    return lines


def _sequences(expected: dict[str, Counter], found: dict[str, Counter]) -> list[str]:
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        want, have = expected.get(name), found.get(name)
        if want is None or have is None:
            lines.append(f"sequence {name} is {'missing' if have is None else 'not in the backup'}")
        elif not want.admits(have.before):
            lines.append(f"sequence {name} stands at {have.before} instead of {want.after}")
        elif have.behind and not want.behind:  # in the original, rows may have been given values by hand
            lines.append(f"sequence {name} stands at {have.before}, and its column is at {have.column}")
    return lines
