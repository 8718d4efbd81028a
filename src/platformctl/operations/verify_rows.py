"""Carries rows out: sends each promise's steps, has the answers judged, and makes one finding of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from platformctl.backends.web.protocol import Visit
from platformctl.diagnosis.answers import Expected, judge
from platformctl.events import Finding, Status
from platformctl.operations.contract.cast import Cast, LackingError
from platformctl.operations.contract.steps import (
    Claim,
    Meanwhile,
    Probe,
    Promise,
    Step,
    Steps,
    Together,
    Unsure,
    Wait,
    sentence,
)
from platformctl.operations.waiting import Clock
from platformctl.tools.http import Answer, Ask, Raw, UnusableError

MOST_EVIDENCE = 6  # lines of one row


class OverdueError(Exception):
    """The time for all checks is used up."""


@dataclass(slots=True)
class Kept:
    """How one promise was kept: `wrong` says what is not as promised, `unsure` why it cannot be judged."""

    sentence: str
    wrong: list[str] = field(default_factory=list)
    unsure: str = ""
    asked: int = 0
    parked: tuple[Steps, Meanwhile, Future[tuple[Answer, ...]]] | None = None

    def note(self, asks: Sequence[Ask | Raw], expected: Expected, answers: Sequence[Answer]) -> None:
        self.asked += len(asks)
        for ask, answer in zip(asks, answers, strict=True):
            self.wrong += [f"{ask}: {words}" for words in judge(expected, answer)]

    @property
    def status(self) -> Status:
        return "fail" if self.wrong else "unknown" if self.unsure else "pass"


@dataclass(slots=True)
class Stage:
    """Where promises are carried out; after `deadline` on `clock` nothing more is asked."""

    visit: Visit
    clock: Clock
    deadline: float
    known: dict[Promise, Kept] = field(default_factory=dict)

    def carry(self, promise: Promise, cast: Cast) -> Kept:
        """Once: what stands in two rows is asked in the first."""
        if promise not in self.known:
            self.known[promise] = self._guarded(promise(cast), Kept(sentence(promise)))
        return self.known[promise]

    def _guarded(self, steps: Steps, kept: Kept, answer: Any = None) -> Kept:
        try:
            self.follow(steps, kept, answer)
        except LackingError as lacking:
            kept.unsure = str(lacking)
        except OverdueError:
            kept.unsure = "not asked: the time for all checks was used up"
        except UnusableError as unusable:
            if not kept.wrong:
                kept.wrong.append(str(unusable))
        return kept

    def resume(self, promises: Sequence[Kept]) -> None:
        """Go on with those that wait for what takes long."""
        for kept in promises:
            if kept.parked is not None:
                steps, step, answers = kept.parked
                kept.parked = None
                kept.note(step.asks, step.expected, answers.result())
                self._guarded(steps, kept, answers.result())

    def follow(self, steps: Steps, kept: Kept, answer: Any = None) -> Any:
        """What the steps return. Raises LackingError, OverdueError or UnusableError."""
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                return end.value
            if isinstance(step, Meanwhile):
                kept.parked = (steps, step, self.visit.begin(step.asks))
                return None
            answer = self._take(step, kept)

    def _take(self, step: Step, kept: Kept) -> Any:
        if self.clock.elapsed() > self.deadline:
            raise OverdueError
        match step:
            case Probe(ask, expected):
                answer = self.visit.ask(ask)
                kept.note([ask], expected, [answer])
                return answer
            case Together(asks, expected):
                answers = self.visit.together(asks)
                kept.note(asks, expected, answers)
                return answers
            case Wait(seconds):
                self.clock.sleep(seconds)
            case Claim(holds, words):
                kept.wrong += [] if holds else [words]
            case Unsure(why):
                kept.unsure = why
        return None


def finding(name: str, promises: Sequence[Kept]) -> Finding:
    """One row: what failed counts more than what nobody could judge."""
    wrong = [each for each in promises if each.status == "fail"]
    unsure = [each for each in promises if each.status == "unknown"]
    details = {
        "promises": {each.sentence: each.status for each in promises},
        "asked": sum(each.asked for each in promises),
    }
    if wrong:
        told = f"{len(wrong)} of {_count(promises)} broken" if len(promises) > 1 else "not as promised"
        return Finding(name, "fail", told, _evidence(wrong, lambda each: each.wrong), "", details)
    if unsure:
        told = f"{len(unsure)} of {_count(promises)} not judged" if len(promises) > 1 else "not judged"
        return Finding(name, "unknown", told, _evidence(unsure, lambda each: [each.unsure]), "", details)
    told = f"{_count(promises)} kept" if len(promises) > 1 else "as promised"
    return Finding(name, "pass", told, "", "", details)


def _count(promises: Sequence[Kept]) -> str:
    return f"{len(promises)} promises"


def _evidence(promises: Sequence[Kept], words: Callable[[Kept], Sequence[str]]) -> str:
    """The sentence, then what came instead; several promises with one reason are told together."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    for each in promises:
        reasons.setdefault(tuple(dict.fromkeys(words(each))), []).append(each.sentence)
    lines = []
    for reason, sentences in reasons.items():
        lines += [f"{each}:" for each in sentences[:-1]] + [f"{sentences[-1]}:"]
        lines += [f"  {each}" for each in reason[:MOST_EVIDENCE]]
        lines += [f"  and {len(reason) - MOST_EVIDENCE} more"] if len(reason) > MOST_EVIDENCE else []
    return "\n".join(lines)
