"""What drills and restores left beside a backup: write-once results, of which only trusted ones count."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from platformctl.errors import PlatformError
from platformctl.events import Notice
from platformctl.operations import drill_record
from platformctl.operations.context import Context
from platformctl.operations.drill_record import Drilled, Result
from platformctl.operations.manifest import Manifest

if TYPE_CHECKING:
    from platformctl.operations.catalogue import Entry

FOLDER = "drills"
KEY = re.compile(rf"{FOLDER}/\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}\.json")
LARGEST = 1024 * 1024  # bytes of a result; anything bigger is none


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest result that counts says of a backup; `how` is '' when there is none."""

    how: str = ""
    at: str = ""
    failure: str = ""

    @property
    def proven(self) -> bool:
        return bool(self.how) and not self.failure

    @property
    def words(self) -> str:
        return f"{self.how} of {self.at}" if self.proven else ""


def keys(prefix: str, found: Collection[str]) -> tuple[str, ...]:
    """Those of `found` that are results of the backup at `prefix`, the newest first."""
    mine = [each for each in found if KEY.fullmatch(each.removeprefix(f"{prefix}/"))]
    return tuple(sorted(mine, reverse=True))


def results(ctx: Context, entry: Entry) -> Iterator[Result]:
    """Those that count, the newest first; one that does not is told when its turn comes."""
    for key in entry.results if entry.manifest else ():
        try:
            with ctx.backends.objects.reader(key) as stream:
                found = drill_record.parse(stream.read(LARGEST), ctx.backends.keys.drillers())
        except PlatformError as error:
            ctx.report(Notice(f"{key} counts as no drill: {error.message}: {error.cause}"))
            continue
        if entry.manifest is not None and found.backup == of(entry.manifest):
            yield found
        else:
            ctx.report(Notice(f"{key} counts as no drill: it is the result of another backup"))


def only_since(entry: Entry, moment: float) -> Entry:
    """The entry with the results alone whose names say that they are of `moment` or later."""
    first = f"{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%SZ}"
    return replace(entry, results=tuple(each for each in entry.results if each.rpartition("/")[2] >= first))


def standing(ctx: Context, entry: Entry) -> Standing:
    found = next(results(ctx, entry), None)
    if found is None:
        return Standing()
    failure = f"the drill of {found.time} failed: {found.why}" if found.outcome == "failed" else ""
    return Standing(found.kind, found.time, failure)


def suspicion(ctx: Context, entry: Entry) -> str:
    """What speaks against a readable backup, in its manifest or from a drill; '' when nothing does."""
    assert entry.manifest is not None
    return entry.manifest.suspect or standing(ctx, entry).failure


def newest(ctx: Context, known: Sequence[Entry], count: int = 10) -> tuple[Result, ...]:
    """Of the newest backups that have any: what a prediction is made from."""
    passed = (each for entry in known if entry.results for each in islice(results(ctx, entry), 1))
    return tuple(islice((each for each in passed if each.outcome == "passed"), count))


def of(manifest: Manifest) -> Drilled:
    return Drilled(
        id=manifest.id,
        platform=manifest.platform,
        environment=manifest.environment,
        system_id=manifest.source.system_id,
        data=manifest.data.sha256,
        database_size=manifest.source.size,
        plain_size=manifest.data.plain_size,
        stored_size=manifest.data.size,
        rows=manifest.rows,
    )


def write(ctx: Context, entry: Entry, result: Result) -> str:
    """For whoever holds the environment's lock; answers the key of the object."""
    if ctx.backends.keys.make_driller() and not ctx.runner.rehearses:
        place = ctx.backends.keys.location()
        ctx.report(Notice(f"{place} now names who signs results of drills: copy it elsewhere again"))
    name = f"{datetime.fromtimestamp(result.at, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    key = f"{entry.prefix}/{FOLDER}/{name}.json"
    with ctx.backends.objects.writer(key) as target:
        target.write(drill_record.render(result, ctx.backends.keys.sign_result))
    try:  # of a run that was killed while it wrote; who only restores sweeps nowhere else
        ctx.backends.objects.sweep(f"{entry.prefix}/{FOLDER}")
    except PlatformError as error:
        ctx.report(Notice(f"what a killed run left beside backup {entry.id} stays: {error.message}"))
    return key
