"""Encrypts and decrypts a stream with age, in constant memory; compression and hashes are in packing.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr

from platformctl.errors import BackupError, ConfigError

T = TypeVar("T")


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Target(Protocol):
    def write(self, data: bytes, /) -> int: ...


def seal(source: Source, target: Target, recipients: Sequence[str]) -> None:
    """Raises ConfigError when one is no age recipient."""
    import pyrage

    keys = [_recipient(each) for each in recipients]
    with _Stream(source, target) as stream:
        pyrage.encrypt_io(stream, stream, keys)


def unseal(source: Source, target: Target, identities: Sequence[SecretStr]) -> None:
    """Every chunk is authenticated before it is written, the end as well (age's STREAM).

    Raises BackupError: `backup/key` when no identity opens it, else `backup/damaged`.
    """
    import pyrage

    keys = [pyrage.x25519.Identity.from_str(each.get_secret_value()) for each in identities]
    try:
        with _Stream(source, target) as stream:
            pyrage.decrypt_io(stream, stream, keys)
    except _CannotBeOpened as error:
        unfit = str(error) == "No matching keys found"
        raise BackupError(
            "no key that is here opens the backup" if unfit else "the stored data cannot be decrypted",
            cause="it is encrypted to other recipients" if unfit else str(error),
            fix="platformctl backup key" if unfit else "platformctl backup verify --all",
            reference="backup/key" if unfit else "backup/damaged",
        ) from error


class _CannotBeOpened(Exception):
    """What age itself said, as apart from an error of the source or the target."""


class _Stream:
    """Both ends as age wants them; it swallows what they raise, so that is kept and raised again.

    age goes on for one more write after a failure. Neither end is asked again by then: it may be out of step,
    and what it said of that would be taken for the cause.
    """

    def __init__(self, source: Source, target: Target) -> None:
        self._source, self._target = source, target
        self._raised: BaseException | None = None

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        import pyrage

        if self._raised is not None:
            raise self._raised
        if isinstance(error, (OSError, IndexError, pyrage.DecryptError)):  # IndexError: of a cut header
            raise _CannotBeOpened(str(error)) from error

    def read(self, size: int = -1) -> bytes:
        return self._kept(lambda: self._source.read(size))

    def write(self, data: bytes) -> int:
        return self._kept(lambda: self._target.write(data))

    def flush(self) -> None:
        return

    def _kept(self, act: Callable[[], T]) -> T:
        if self._raised is not None:
            raise self._raised
        try:
            return act()
        except BaseException as error:
            self._raised = error
            raise


def _recipient(text: str) -> Any:
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise ConfigError(
            f"backup.recipients holds {text}, which is no age recipient",
            cause=str(error),
            fix="correct it; age-keygen -y KEYFILE prints the recipient of a key",
        ) from error
