"""Keys of backups as files of this user: one opens backups, one signs them, one signs results of drills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from platformctl.backends.calls import mutation
from platformctl.backends.keys import signing
from platformctl.backends.keys.protocol import Signature
from platformctl.errors import StateError
from platformctl.shell import files
from platformctl.shell.runner import Runner

IDENTITY = "AGE-SECRET-KEY-1"
SIGNER = "# signer: "
DRILLER = "# drill: "
HEAD = """\
# The key of the backups of {name}. Whoever has it can read them all; without it nobody can.
# Keep a copy away from this machine. The format is that of age-keygen.
"""


class FileKeys:
    """`backup.key` opens backups and names the signers to believe, so that alone it is enough to restore.

    Whoever signs a backup cannot claim that it was restored: that is another key's to say.

    `chosen` is the file that the configuration names in its place; nothing is ever written there.
    """

    def __init__(
        self,
        folder: Path,
        runner: Runner,
        chosen: str | None = None,
        further: Sequence[str] = (),
        signers: Sequence[str] = (),
    ) -> None:
        self.runner = runner
        self._file = Path(chosen) if chosen else folder / "backup.key"
        self._chosen = chosen is not None
        self._signing = folder / "signing.key"
        self._drilling = folder / "drill.key"
        self._further = tuple(further)
        self._signers = frozenset(signers)

    def location(self) -> str:
        return str(self._file)

    def exist(self) -> bool:
        return self._chosen or self._file.exists()

    @mutation("make the key of the backups in {self._file}")
    def make(self) -> bool:
        _make_missing(self._signing)
        if not self._chosen:
            files.sweep(self._file)
        return self._name(SIGNER, self.sign(b"").signer)

    @mutation("make the key that signs results of drills in {self._drilling}")
    def make_driller(self) -> bool:
        _make_missing(self._drilling)
        return self._file.exists() and self._name(DRILLER, self.sign_result(b"").signer)

    def recipients(self) -> Sequence[str]:
        return tuple(dict.fromkeys((*self.opens()[:1], *self._further)))

    def opens(self) -> Sequence[str]:
        import pyrage

        identities = [pyrage.x25519.Identity.from_str(each.get_secret_value()) for each in self.identities()]
        return tuple(str(each.to_public()) for each in identities)

    def identities(self) -> Sequence[SecretStr]:
        """The newest first, which is the one that new backups are encrypted to. Raises StateError."""
        import pyrage

        found = [line for line in self._lines() if line.startswith(IDENTITY)]
        try:
            for each in found:
                pyrage.x25519.Identity.from_str(each)
        except pyrage.IdentityError as error:
            raise self._unusable(str(error)) from error
        if not found:
            raise self._unusable(f"no line begins with {IDENTITY}")
        return tuple(SecretStr(each) for each in found)

    def sign(self, document: bytes) -> Signature:
        with _readable(self._signing, "backups", "backup create"):
            return signing.sign(SecretStr(self._signing.read_text()), document)

    def sign_result(self, document: bytes) -> Signature:
        with _readable(self._drilling, "results of drills", "backup drill"):
            return signing.sign(SecretStr(self._drilling.read_text()), document, signing.RESULT)

    def trusted(self) -> frozenset[str]:
        own = {self.sign(b"").signer} if self._signing.exists() else set()
        return frozenset(self._named(SIGNER) | own | self._signers)

    def drillers(self) -> frozenset[str]:
        own = {self.sign_result(b"").signer} if self._drilling.exists() else set()
        return frozenset(self._named(DRILLER) | own)

    @mutation("delete the keys of the backups in {self._signing.parent}")
    def forget(self) -> None:
        with files.storage(self._signing.parent):
            for each in (self._signing, self._drilling, self._signing.parent / "backup.key"):
                each.unlink(missing_ok=True)
            if self._signing.parent.exists():
                self._signing.parent.rmdir()

    def _new(self) -> str:
        import pyrage

        identity = pyrage.x25519.Identity.generate()
        folder = self._file.parent
        head = HEAD.format(name=f"{folder.parent.name}/{folder.name.removesuffix('.keys')}")
        return f"{head}# public key: {identity.to_public()}\n{identity}\n"

    def _name(self, kind: str, signer: str) -> bool:
        """Write the signer into the key file; answers whether that changed it."""
        if self._chosen or signer in self._named(kind):
            return False
        text = self._file.read_text() if self._file.exists() else self._new()
        files.write_whole(self._file, f"{text}{kind}{signer}\n")
        return True

    def _named(self, kind: str) -> set[str]:
        return {line.removeprefix(kind) for line in self._lines() if line.startswith(kind)}

    def _lines(self) -> list[str]:
        if not self._chosen and not self._file.exists():
            return []
        try:
            return [line.strip() for line in self._file.read_text().splitlines()]
        except (OSError, ValueError) as error:
            raise self._unusable(str(error)) from error

    def _unusable(self, cause: str) -> StateError:
        return StateError(
            "the key of the backups cannot be used",
            cause=f"{self._file}: {cause}",
            fix=f"put the key back into {self._file}, or name another file in backup.key",
            reference="keys/unusable",
        )


def _make_missing(key: Path) -> None:
    files.private_directory(key.parent)
    files.sweep(key)
    if not key.exists():
        files.write_whole(key, signing.generate().get_secret_value())


@contextmanager
def _readable(key: Path, what: str, maker: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError) as error:  # TypeError: it has a passphrase
        raise StateError(
            f"the key that signs {what} cannot be read",
            cause=f"{key}: {error}",
            fix=f"put it back; or move it away, and the next platformctl {maker} makes another",
            reference="keys/signing",
        ) from error
