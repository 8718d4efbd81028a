"""Backups that are damaged, foreign or too new: each is refused before the first write."""

from __future__ import annotations

import io
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyrage
import pytest
from pydantic import SecretStr

from platformctl.backends.keys import signing
from platformctl.backends.objects import packing
from platformctl.errors import (
    PlatformError,
    PreconditionError,
    RestoreRefusedError,
    StepError,
    UnhealthyError,
)
from platformctl.events import Notice
from platformctl.operations import manifest
from platformctl.operations.backup_create import create
from platformctl.operations.backup_list import list_backups
from platformctl.operations.backup_verify import verify
from platformctl.operations.catalogue import DATA, MANIFEST
from platformctl.operations.context import Context
from platformctl.operations.manifest import Manifest
from platformctl.operations.restore import restore, what_is_lost
from platformctl.operations.restore_preflight import preflight
from tests.backups import NAMES, edit, file_of, read
from tests.database import names, rows, run
from tests.failures import told

Environment = Callable[..., Context]


def refused(ctx: Context, backup: str) -> PlatformError:
    before = rows(ctx)
    with pytest.raises(PlatformError) as raised:
        restore(ctx, backup)
    assert isinstance(raised.value, PreconditionError), raised.value
    assert "Nothing was touched" in raised.value.state
    assert rows(ctx) == before
    assert names(ctx) == []
    return raised.value


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_bit_anywhere_is_refused(environment: Environment, name: str) -> None:
    ctx = environment()
    made = create(ctx)
    path = file_of(ctx, made.id, name)
    good = path.read_bytes()
    seeded = random.Random(7)
    for offset in [0, len(good) - 1, *(seeded.randrange(len(good)) for _ in range(58))]:
        path.write_bytes(
            good[:offset] + bytes([good[offset] ^ (1 << seeded.randrange(8))]) + good[offset + 1 :]
        )
        with pytest.raises(RestoreRefusedError):
            preflight(ctx, made.id, into_foreign=False)
    failure = refused(environment(), made.id)
    if name == DATA:
        told(23, failure)
    path.write_bytes(good)
    preflight(ctx, made.id, into_foreign=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_at_any_length_is_refused(environment: Environment, name: str) -> None:
    ctx = environment()
    made = create(ctx)
    path = file_of(ctx, made.id, name)
    good = path.read_bytes()
    for length in [0, 1, len(good) // 2, len(good) - 1, *range(2, len(good), len(good) // 25)]:
        path.write_bytes(good[:length])
        with pytest.raises(RestoreRefusedError):
            preflight(ctx, made.id, into_foreign=False)
    failure = refused(environment(), made.id)
    if name == DATA:
        told(24, failure)


def test_latest_passes_over_a_damaged_manifest_but_not_over_one_that_the_disk_does_not_give(
    environment: Environment,
) -> None:
    ctx = environment()
    older, newer = create(ctx), create(ctx)
    path = file_of(ctx, newer.id, MANIFEST)
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    assert preflight(ctx, "latest", into_foreign=False).manifest.id == older.id
    path.unlink()
    path.symlink_to("/proc/self/mem")  # opens, and answers the first read with an I/O error
    failure = refused(environment(), "latest")
    assert failure.reference == "backup/unread"
    assert newer.id in failure.message
    assert "Input/output error" in failure.cause


def test_missing_data_is_refused_and_verify_says_so(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    file_of(ctx, made.id, DATA).unlink()
    told(24, refused(environment(), made.id))
    with pytest.raises(UnhealthyError) as raised:
        verify(ctx, every=True)
    assert raised.value.data.damaged == (made.id,)


def test_the_data_of_another_backup_is_refused(environment: Environment) -> None:
    ctx = environment()
    first = create(ctx)
    run(ctx, "DELETE FROM items.items WHERE id = 7")
    second = create(environment())
    paths = [file_of(ctx, each.id, DATA) for each in (first, second)]
    contents = [each.read_bytes() for each in paths]
    for path, content in zip(paths, reversed(contents), strict=True):
        path.write_bytes(content)
    refused(environment(), first.id)
    refused(environment(), second.id)


def test_the_manifest_of_another_backup_is_refused(environment: Environment) -> None:
    ctx = environment()
    first, second = create(ctx), create(environment())
    shutil.copy(file_of(ctx, first.id, MANIFEST), file_of(ctx, second.id, MANIFEST))
    assert "belongs to another backup" in refused(environment(), second.id).cause


def test_latest_passes_over_a_broken_backup_and_says_so(environment: Environment) -> None:
    first, second = create(environment()), create(environment())
    ctx = environment()
    newest, older = sorted((first.id, second.id), reverse=True)
    file_of(ctx, newest, MANIFEST).write_bytes(b"{}")
    states = {each.id: each.state for each in list_backups(ctx).backups}
    assert states == {newest: "broken", older: "whole"}
    assert restore(ctx).backup == older
    assert any(newest in each.text for each in ctx.report.of(Notice))


def test_a_backup_of_a_newer_server_is_refused(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    edit(
        ctx,
        made.id,
        lambda each: each.model_copy(update={"source": each.source.model_copy(update={"major": 17})}),
    )
    failure = refused(environment(), made.id)
    assert failure.reference == "restore/version"
    assert "PostgreSQL 17" in failure.message


def test_a_backup_of_another_cluster_needs_a_word_more(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    edit(
        ctx,
        made.id,
        lambda each: each.model_copy(update={"source": each.source.model_copy(update={"system_id": "1"})}),
    )
    folder = file_of(ctx, made.id, MANIFEST).parent
    other = folder.parent.with_name("1") / made.id
    other.parent.mkdir()
    folder.rename(other)
    assert "--into-foreign" in refused(environment(), "latest").fix
    failure = refused(environment(), made.id)
    assert "--into-foreign" in failure.fix
    told(29, failure)
    assert [each.state for each in list_backups(environment()).backups] == ["foreign"]
    newest = create(environment())
    assert f"Backup {made.id} is of another database cluster" in what_is_lost(environment())[1]
    again = environment()
    assert restore(again, "latest").backup == newest.id
    assert any(f"restore {made.id} --into-foreign" in each.text for each in again.report.of(Notice))
    assert restore(environment(), made.id, into_foreign=True).backup == made.id


def test_a_disk_without_room_is_refused_in_bytes(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    edit(
        ctx,
        made.id,
        lambda each: each.model_copy(update={"source": each.source.model_copy(update={"size": 1 << 60})}),
    )
    failure = refused(environment(), made.id)
    assert "are missing" in failure.cause
    told(35, failure)


@pytest.mark.parametrize(
    ("mode", "field", "value", "said"),
    [
        (41, "collate", "xx_XX.UTF-8", "locale"),
        (38, "extensions", [{"name": "plpgsql", "version": "99"}], "extensions"),
    ],
)
def test_what_the_server_lacks_is_named(
    environment: Environment, mode: int, field: str, value: object, said: str
) -> None:
    ctx = environment()
    made = create(ctx)

    def change(each: Manifest) -> Manifest:
        document = each.model_dump(mode="json")
        document["properties"][field] = value
        import json

        return Manifest.model_validate_json(json.dumps(document))

    edit(ctx, made.id, change)
    failure = refused(environment(), made.id)
    assert failure.reference == f"restore/{said}"
    assert said in failure.message
    told(mode, failure)


def test_a_proof_that_does_not_match_drops_the_copy_and_keeps_the_live_database(
    environment: Environment,
) -> None:
    """The manifest promises one row more than the data holds."""
    ctx = environment()
    made = create(ctx)

    def change(each: Manifest) -> Manifest:
        table = each.proof.tables["items.items"]
        tables = each.proof.tables | {"items.items": table.model_copy(update={"count": table.count + 1})}
        return each.model_copy(update={"proof": each.proof.model_copy(update={"tables": tables})})

    edit(ctx, made.id, change)
    before = rows(ctx)
    with pytest.raises(PlatformError) as raised:
        restore(environment(), made.id)
    assert raised.value.reference == "restore/unproven"
    assert raised.value.cause == "table items.items has 500 rows instead of 501"
    assert rows(ctx) == before
    assert names(ctx) == []


def test_an_unknown_id_is_told(environment: Environment) -> None:
    create(environment())
    assert refused(environment(), "20200101T000000Z-abcdef").reference == "backup/unknown"


def test_without_any_backup_the_fix_is_to_make_one(environment: Environment) -> None:
    assert refused(environment(), "latest").fix == "platformctl backup create"


def test_a_key_that_does_not_fit_is_named_before_anything_is_read(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    file_of(ctx, made.id, DATA).unlink()  # so that whoever reads it first says something else
    key = Path(ctx.backends.keys.location())
    (signer,) = [line for line in key.read_text().splitlines() if line.startswith("# signer")]
    fitting = ctx.backends.keys.opens()[0]
    other = pyrage.x25519.Identity.generate()
    key.write_text(f"{signer}\n{other}\n")
    failure = refused(environment(), made.id)
    assert failure.reference == "backup/key"
    assert f"encrypted to {fitting}" in failure.cause
    assert f"opens {other.to_public()}" in failure.cause
    told(27, failure)


def test_a_backup_of_an_unknown_signer_is_refused(environment: Environment) -> None:
    ctx = environment()
    made = create(ctx)
    path = file_of(ctx, made.id, MANIFEST)
    path.write_bytes(manifest.render(read(ctx, path), partial(signing.sign, signing.generate())))
    failure = refused(environment(), made.id)
    assert "not signed by anybody who is trusted" in failure.cause
    told(49, failure)
    assert [each.state for each in list_backups(ctx).backups] == ["broken"]


def test_data_that_somebody_encrypted_to_the_same_recipient_is_refused(environment: Environment) -> None:
    """Whoever knows the recipient can encrypt to it: that it opens proves nothing, the signature does."""
    ctx = environment()
    made = create(ctx)
    path = file_of(ctx, made.id, DATA)
    recipient = pyrage.x25519.Recipient.from_str(ctx.backends.keys.opens()[0])
    path.write_bytes(pyrage.encrypt(b"forged", [recipient]))
    assert refused(environment(), made.id).reference == "backup/damaged"


def test_a_refused_password_of_the_database_is_told_as_that(environment: Environment) -> None:
    create(environment())
    ctx = environment()

    class Other:
        """A secret store that was put back as it was before the database was made."""

        def get(self, name: str) -> SecretStr:
            return SecretStr("of another database")

    database = replace(ctx.backends.database, secrets=Other())
    other = replace(ctx, backends=replace(ctx.backends, database=database))
    for act in (create, restore):
        begun = time.monotonic()
        with pytest.raises(PreconditionError) as raised:
            act(other)
        assert time.monotonic() - begun < 2
        told(26, raised.value)
    assert [each.state for each in list_backups(other).backups] != []  # the catalogue needs no database


def test_a_script_in_the_place_of_an_archive_is_not_run(environment: Environment, tmp_path: Path) -> None:
    """Whoever has our keys could sign any bytes: what psql would run is no archive, and nothing loads it."""
    ctx = environment()
    made, before = create(ctx), rows(ctx)
    trap = tmp_path / "trap"
    script = f"\\! touch {trap}\nCOPY (SELECT 1) TO PROGRAM 'touch {trap}';\n".encode()
    path = file_of(ctx, made.id, DATA)
    with path.open("wb") as target:
        packed = packing.pack(io.BytesIO(script), target, ctx.backends.keys.recipients())
    part = {name: getattr(packed, name) for name in packed.__slots__}
    edit(
        ctx,
        made.id,
        lambda each: each.model_copy(update={"data": each.data.model_copy(update=part)}),
    )
    with pytest.raises(StepError) as raised:
        restore(environment(), made.id)
    told(11, raised.value)
    assert (rows(ctx), names(ctx), trap.exists()) == (before, [], False)
    with pytest.raises(UnhealthyError):
        verify(environment(), made.id)
