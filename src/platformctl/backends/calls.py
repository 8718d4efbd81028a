"""Decorators that lead a backend's library calls through the runner, like any command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def mutation(words: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A method that changes something; audited, and narrated in a rehearsal as `words`, arguments filled in.

    The class keeps its runner in `self.runner`. `words` may name parameters in braces; never a secret.
    """
    return _through_the_runner(words, mutates=True)


def observation(words: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A method that only reads; a rehearsal runs it too."""
    return _through_the_runner(words, mutates=False)


def _through_the_runner(words: str, *, mutates: bool) -> Callable[[Callable[P, T]], Callable[P, T]]:
    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(method)

        @functools.wraps(method)
        def call(*args: Any, **named: Any) -> T:
            bound = signature.bind(*args, **named)
            bound.apply_defaults()
            spoken = words.format(**bound.arguments)
            return args[0].runner.call(spoken, lambda: method(*args, **named), mutates=mutates)

        return call

    return decorate
