from __future__ import annotations

import pytest

from platformctl import errors
from platformctl.errors import CancelledRunError, ExitCode, MissingToolError, PlatformError


def classes() -> list[type[PlatformError]]:
    return [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, PlatformError)
    ]


def test_exit_codes_are_the_documented_ones() -> None:
    codes = {"OK": 0, "FAILED": 1, "USAGE": 2, "CONFIG": 3, "PRECONDITION": 4, "UNHEALTHY": 5}
    codes |= {"DECLINED": 6, "CHANGES": 7, "BUG": 70, "INTERRUPTED": 130, "TERMINATED": 143}
    assert {each.name: each.value for each in ExitCode} == codes


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_codes_that_promise_that_nothing_was_touched_say_so(kind: type[PlatformError]) -> None:
    if kind is CancelledRunError:
        error: PlatformError = CancelledRunError("x", signal_number=15)
        assert error.exit_code == 143
        return
    error = kind("x")
    if kind is MissingToolError:  # also raised in mid-verb, so cli/told.py says what is true
        assert error.state == ""
        return
    promised = error.exit_code in (ExitCode.CONFIG, ExitCode.PRECONDITION, ExitCode.DECLINED)
    assert (error.state == "Nothing was touched.") == promised


def test_every_subject_has_a_reference_of_its_own() -> None:
    references = [kind.reference for kind in classes()]
    assert len(set(references)) == len(references)


def test_a_reference_can_be_made_more_precise() -> None:
    assert errors.CommandError("x", reference="command/timeout").reference == "command/timeout"
    assert errors.CommandError("x").reference == "command/failed"
