from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from platformctl.backends.point_in_time.protocol import Base, Reach
from platformctl.backends.point_in_time.recovery import Recovery
from platformctl.backends.point_in_time.segments import gap
from platformctl.errors import PreconditionError, StepError
from platformctl.operations.point_in_time import window
from platformctl.shell.runner import RealRunner
from tests.database import Starter, database

LOG = "0000000100000000000000"


def recovery(folder: Path, pid: int, patience: float = 300.0) -> Recovery:
    """In which the server of `pid` says that it recovers."""
    (folder / "log").write_text("")
    (folder / "postmaster.pid").write_text(f"{pid}\n{folder}\n0\n1\n{folder}\n\nstandby \n")
    live = database(folder, Starter(), RealRunner(lambda words, outcome: None), port=1, name="platform")
    return Recovery(live, folder, patience)


@pytest.mark.timeout(20)
def test_a_server_that_was_killed_while_it_recovers_is_not_waited_for(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    for _ in range(2):  # not yet waited for, and gone
        with pytest.raises(StepError) as raised:
            recovery(tmp_path, gone.pid)._await(tmp_path, tmp_path / "log")
        assert raised.value.reference == "restore/at-unreached"
        gone.wait()


@pytest.mark.timeout(20)
def test_a_recovery_that_stands_still_ends(tmp_path: Path) -> None:
    with pytest.raises(StepError) as raised:
        recovery(tmp_path, os.getpid(), 0.2)._await(tmp_path, tmp_path / "log")
    assert raised.value.cause == "it said nothing for 0.2 s"


@pytest.mark.timeout(20)
def test_a_recovery_ends_before_it_takes_the_live_databases_last_room(tmp_path: Path) -> None:
    greedy = replace(recovery(tmp_path, os.getpid()), spare=1 << 60)
    with pytest.raises(PreconditionError) as raised:
        greedy._await(tmp_path, tmp_path / "log")
    assert raised.value.reference == "disk/full"
    assert "not touched" in raised.value.state


@pytest.mark.parametrize(
    ("newest", "found", "last", "missing"),
    [
        ("", (), None, ()),
        ("02", ("02",), None, ()),  # older than what is needed
        ("04", ("03", "04"), "04", ()),
        ("06", ("03", "06"), "03", ("04", "05")),
        ("04", ("04",), None, ("03",)),
        ("05", (), None, ("03", "04", "05")),
    ],
)
def test_a_hole_in_the_row_is_found(
    newest: str, found: tuple[str, ...], last: str | None, missing: tuple[str, ...]
) -> None:
    answer = gap(f"{LOG}03", newest and LOG + newest, [LOG + each for each in found])
    assert answer == (last and LOG + last, tuple(LOG + each for each in missing))


def test_a_log_is_followed_by_the_next() -> None:
    names = ["0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001"]
    assert gap(names[0], names[2], names) == (names[2], ())
    assert gap(names[0], names[2], names[::2]) == (names[0], (names[1],))


def test_the_window_is_shown_in_seconds_that_can_be_asked_for() -> None:
    def reach(begins: float, until: float) -> Reach:
        return Reach(Base("", begins, 1, ""), until)

    assert window([reach(0.2, 9.9), reach(5.5, 20.5)]) == "from 1970-01-01T00:00:01Z to 1970-01-01T00:00:20Z"
    apart = window([reach(1, 2), reach(5, 6)])
    assert apart.count("from") == 2
    assert " or from 1970-01-01T00:00:05Z" in apart
