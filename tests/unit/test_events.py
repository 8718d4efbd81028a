from __future__ import annotations

import pytest

from platformctl.events import StepDone, StepFailed, StepProgress, StepStarted, step
from tests.support import Heard


def test_a_step_that_fails_is_reported_as_failed_and_its_error_passes() -> None:
    heard = Heard()
    with pytest.raises(KeyError), step(heard, "start"):
        raise KeyError
    started, failed = heard.events
    assert started == StepStarted("start")
    assert isinstance(failed, StepFailed)
    assert failed.seconds >= 0


def test_a_step_tells_how_far_it_is_and_ends_with_its_detail() -> None:
    heard = Heard()
    with step(heard, "copy") as current:
        current.progress("table a", 0.5)
        current.detail = "3 tables"
    assert heard.events[1] == StepProgress("copy", "table a", 0.5)
    assert isinstance(heard.events[2], StepDone)
    assert heard.events[2].detail == "3 tables"
