from __future__ import annotations

import stat
from pathlib import Path

import pyrage
import pytest

from platformctl.backends.keys import signing
from platformctl.backends.keys.files import FileKeys
from platformctl.backends.keys.protocol import Signature
from platformctl.errors import StateError
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from tests.support import Heard

RUNNER = RealRunner(lambda words, outcome: None)


def made(folder: Path, **settings: object) -> FileKeys:
    keys = FileKeys(folder / "local.keys", RUNNER, **settings)
    keys.make()
    return keys


def test_keys_are_made_once_and_only_for_this_user(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "local.keys", RUNNER)
    assert not keys.exist()
    assert keys.make() is True
    first = {each: each.read_text() for each in (tmp_path / "local.keys").iterdir()}
    assert {each.name for each in first} == {"backup.key", "signing.key"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in first} == {0o600}
    assert keys.make() is False
    assert {each: each.read_text() for each in first} == first


def test_a_rehearsal_makes_none(tmp_path: Path) -> None:
    FileKeys(tmp_path / "local.keys", RehearsalRunner(Heard())).make()
    assert list(tmp_path.iterdir()) == []


def test_the_key_file_alone_says_what_opens_and_whom_to_believe(tmp_path: Path) -> None:
    keys = made(tmp_path)
    alone = FileKeys(tmp_path / "other" / "local.keys", RUNNER, chosen=keys.location())
    assert alone.opens() == keys.opens() == keys.recipients()
    assert alone.trusted() == keys.trusted() == {keys.sign(b"x").signer}


def test_a_new_signer_is_added_to_the_key_file(tmp_path: Path) -> None:
    keys = made(tmp_path)
    former = keys.sign(b"").signer
    (tmp_path / "local.keys" / "signing.key").unlink()
    assert keys.make() is True
    assert keys.trusted() == {former, keys.sign(b"").signer}
    assert keys.sign(b"").signer != former


def test_drills_are_signed_by_a_key_of_their_own_that_the_key_file_names(tmp_path: Path) -> None:
    keys = made(tmp_path)
    assert keys.drillers() == frozenset()
    assert keys.make_driller() is True
    assert keys.make_driller() is False
    driller = keys.sign_result(b"x").signer
    alone = FileKeys(tmp_path / "other" / "local.keys", RUNNER, chosen=keys.location())
    assert alone.drillers() == keys.drillers() == {driller}
    assert driller not in alone.trusted()
    assert stat.S_IMODE((tmp_path / "local.keys" / "drill.key").stat().st_mode) == 0o600
    assert keys.opens() == alone.opens()


def test_what_is_signed_for_one_purpose_is_not_signed_for_another() -> None:
    key = signing.generate()
    assert not signing.verifies(signing.sign(key, b"a"), b"a", signing.RESULT)
    assert not signing.verifies(signing.sign(key, b"a", signing.RESULT), b"a")
    assert signing.verifies(signing.sign(key, b"a", signing.RESULT), b"a", signing.RESULT)


def test_a_key_file_that_the_configuration_names_is_never_written(tmp_path: Path) -> None:
    chosen = tmp_path / "usb.key"
    chosen.write_text(Path(made(tmp_path / "a").location()).read_text())
    before = chosen.read_bytes()
    keys = FileKeys(tmp_path / "b" / "local.keys", RUNNER, chosen=str(chosen))
    assert keys.make() is False
    assert chosen.read_bytes() == before
    assert keys.sign(b"").signer in keys.trusted()


def test_further_recipients_and_signers_count(tmp_path: Path) -> None:
    other = str(pyrage.x25519.Identity.generate().to_public())
    signer = signing.sign(signing.generate(), b"").signer
    keys = made(tmp_path, further=[other], signers=[signer])
    assert keys.recipients() == (*keys.opens(), other)
    assert signer in keys.trusted()


def test_several_identities_open_and_the_first_is_for_new_backups(tmp_path: Path) -> None:
    keys = made(tmp_path)
    (former,) = keys.opens()
    path, newer = Path(keys.location()), pyrage.x25519.Identity.generate()
    path.write_text(f"{newer}\n{path.read_text()}")
    assert keys.opens() == (str(newer.to_public()), former)
    assert keys.recipients() == (str(newer.to_public()),)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "AGE-SECRET-KEY-1NONSENSE\n", "\udcff"])
def test_a_key_file_without_a_key_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    keys = made(tmp_path)
    Path(keys.location()).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StateError) as raised:
        keys.recipients()
    assert raised.value.reference == "keys/unusable"
    assert keys.location() in raised.value.cause


def test_a_named_key_file_that_is_missing_is_told(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "local.keys", RUNNER, chosen=str(tmp_path / "gone.key"))
    with pytest.raises(StateError, match="cannot be used"):
        keys.trusted()


@pytest.mark.parametrize("text", ["", "nonsense", "\udcff"])
def test_a_signing_key_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    keys = made(tmp_path)
    (tmp_path / "local.keys" / "signing.key").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StateError) as raised:
        keys.sign(b"x")
    assert raised.value.reference == "keys/signing"


def test_forgotten_keys_are_gone_and_a_named_one_stays(tmp_path: Path) -> None:
    keys = made(tmp_path)
    keys.make_driller()
    kept = tmp_path / "usb.key"
    kept.write_text(Path(keys.location()).read_text())
    FileKeys(tmp_path / "local.keys", RUNNER, chosen=str(kept)).forget()
    assert [each.name for each in tmp_path.iterdir()] == ["usb.key"]
    keys.forget()


def test_a_signature_is_only_of_its_document_and_by_its_signer() -> None:
    key, other = signing.generate(), signing.generate()
    signature = signing.sign(key, b"a")
    assert signing.verifies(signature, b"a")
    assert not signing.verifies(signature, b"b")
    assert not signing.verifies(Signature(signing.sign(other, b"a").signer, signature.value), b"a")
    for nonsense in ("", "ed25519:", "ed25519:AAAA", "x"):
        assert not signing.verifies(Signature(nonsense, signature.value), b"a")
        assert not signing.verifies(Signature(signature.signer, nonsense), b"a")
