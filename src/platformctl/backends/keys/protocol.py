"""The keys of backups: whom they are encrypted to and whose signature is believed, wherever keys are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Signature:
    """`signer` is the public key, `ed25519:` and base64; `value` the signature in base64."""

    signer: str
    value: str


class Keys(Protocol):
    """Outlives the environment, as its backups do. Raises StateError when a key cannot be read."""

    def location(self) -> str:
        """Where the key that opens the backups lies, for a person who has to copy it."""

    def exist(self) -> bool:
        """Whether there is a key that opens backups."""

    def make(self) -> bool:
        """Make what is missing to write backups; answers whether what has to be copied changed."""

    def recipients(self) -> Sequence[str]:
        """Whom new backups are encrypted to: age recipients, the one that belongs to our own key first."""

    def opens(self) -> Sequence[str]:
        """The age recipients whose identities are here: what is encrypted to one of them can be read."""

    def identities(self) -> Sequence[SecretStr]: ...
    def sign(self, document: bytes) -> Signature: ...
    def trusted(self) -> frozenset[str]:
        """The signers whose signature is believed."""

    def make_driller(self) -> bool:
        """Make what is missing to sign results of drills; answers whether what has to be copied changed."""

    def sign_result(self, document: bytes) -> Signature: ...
    def drillers(self) -> frozenset[str]:
        """Those whose signature of a drill's result is believed; the signer of a backup is none of them."""

    def forget(self) -> None:
        """Delete the keys, once no backup is left that they belong to."""
