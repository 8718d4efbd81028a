"""What a promise is made of: a generator of steps that gets the answer to each; it sends nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platformctl.diagnosis.answers import Expected
from platformctl.operations.contract.cast import Cast
from platformctl.tools.http import Ask, Raw


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask, and expect; the answer comes back."""

    ask: Ask | Raw
    expected: Expected


@dataclass(frozen=True, slots=True)
class Together:
    """Ask all at once, without waiting when one is answered 429; the answers come back in this order."""

    asks: Sequence[Ask | Raw]
    expected: Expected


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Like Together, for what takes long: other promises are looked at until the answers are there."""

    asks: Sequence[Ask | Raw]
    expected: Expected


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Claim:
    """Something beyond one answer; `words` tell what is wrong when it does not hold."""

    holds: bool
    words: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The promise cannot be judged here, for this reason."""

    why: str


Step = Probe | Together | Meanwhile | Wait | Claim | Unsure
Steps = Generator[Step, Any, Any]
Promise = Callable[[Cast], Steps]  # its name is its sentence
Rows = Mapping[str, Sequence[Promise]]


def sentence(promise: Promise) -> str:
    return promise.__name__.replace("_", " ")
