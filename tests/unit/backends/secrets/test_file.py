"""Secrets in one encrypted file: what is kept, what is shown, and what a damaged file does."""

from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from platformctl.backends.secrets.file import FileSecrets
from platformctl.errors import PreconditionError, StateError
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner


def store(folder: Path) -> FileSecrets:
    return FileSecrets(folder / "secrets.age", folder / "secrets.key", RealRunner(lambda *_: None))


def put_many(folder: Path, name: str) -> None:
    for number in range(5):
        store(folder).put(f"items/{name}{number}", SecretStr(f"value {number}"))


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-5], lambda raw: raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:]]
)
def test_a_damaged_file_is_told_and_not_replaced(tmp_path, damage):
    secrets = store(tmp_path)
    secrets.put("auth/SMTP_PASSWORD", SecretStr("first"))
    file = tmp_path / "secrets.age"
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    with pytest.raises(StateError) as error:
        secrets.put("auth/SMTP_PASSWORD", SecretStr("second"))
    assert "cannot be opened" in error.value.message
    assert file.read_bytes() == damaged


def test_a_missing_key_is_told_and_no_new_one_made(tmp_path):
    secrets = store(tmp_path)
    secrets.put("auth/SMTP_PASSWORD", SecretStr("first"))
    (tmp_path / "secrets.key").unlink()
    with pytest.raises(StateError):
        secrets.get("auth/SMTP_PASSWORD")
    with pytest.raises(StateError):
        secrets.put("auth/OTHER", SecretStr("x"))
    assert not (tmp_path / "secrets.key").exists()


def test_two_writers_never_lose_a_value(tmp_path):
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(put_many, [tmp_path] * 3, "abc"))
    assert len(store(tmp_path).list()) == 15


def test_every_version_is_kept_and_the_newest_is_given(tmp_path):
    secrets = store(tmp_path)
    secrets.put("auth/SMTP_PASSWORD", SecretStr("first"))
    secrets.put("auth/SMTP_PASSWORD", SecretStr("second"))
    assert secrets.get("auth/SMTP_PASSWORD").get_secret_value() == "second"
    assert secrets.get("auth/SMTP_PASSWORD", 1).get_secret_value() == "first"
    assert secrets.get("auth/SMTP_PASSWORD", 3) is None
    assert secrets.get("auth/UNKNOWN") is None


def test_the_same_value_again_makes_no_new_version(tmp_path):
    secrets = store(tmp_path)
    secrets.put("auth/SMTP_PASSWORD", SecretStr("same"))
    assert secrets.put("auth/SMTP_PASSWORD", SecretStr("same")).version == 1


@pytest.mark.parametrize("value", ["half a pair: \udcff", "nothing\0behind"])
def test_a_value_that_no_process_could_be_given_is_never_stored(tmp_path, value):
    with pytest.raises(PreconditionError) as raised:
        store(tmp_path).put("auth/KEY", SecretStr(value))
    assert value not in raised.value.message + raised.value.cause
    assert store(tmp_path).list() == ()


def test_a_fingerprint_tells_values_apart_and_differs_between_environments(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = store(tmp_path / "a"), store(tmp_path / "b")
    first = one.put("auth/SMTP_PASSWORD", SecretStr("value")).fingerprint
    assert one.put("auth/SMTP_PASSWORD", SecretStr("another")).fingerprint != first
    assert other.put("auth/SMTP_PASSWORD", SecretStr("value")).fingerprint != first


def test_only_the_user_may_read_and_the_file_shows_no_value(tmp_path):
    secrets = store(tmp_path)
    secrets.put("auth/SMTP_PASSWORD", SecretStr("open sesame"))
    for name in ("secrets.age", "secrets.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert b"sesame" not in (tmp_path / name).read_bytes()
    assert "sesame" not in repr(secrets.list()) + repr(secrets.get("auth/SMTP_PASSWORD"))


def test_a_rehearsal_stores_nothing_and_tells_the_name_alone(tmp_path):
    told = []
    secrets = FileSecrets(tmp_path / "secrets.age", tmp_path / "secrets.key", RehearsalRunner(told.append))
    secrets.put("auth/SMTP_PASSWORD", SecretStr("open sesame"))
    assert list(tmp_path.iterdir()) == []
    assert "auth/SMTP_PASSWORD" in told[0].words
    assert "sesame" not in told[0].words
