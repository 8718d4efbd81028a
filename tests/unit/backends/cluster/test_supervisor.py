"""supervisord itself: starting, losing and ending it, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from platformctl.backends.cluster import orphans
from platformctl.backends.cluster.layout import Layout
from platformctl.errors import StateError, StepError


def until(check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.05)


def test_without_a_supervisor_every_question_has_an_answer_or_a_clear_error(place):
    assert place.supervisor.answers() is False
    assert place.supervisor.pid() is None
    assert place.supervisor.programs() == ()
    with pytest.raises(StepError) as error:
        place.supervisor.start("postgres")
    assert error.value.fix == "platformctl up"


def test_an_unknown_program_is_refused_in_words(place):
    place.boot()
    with pytest.raises(StepError, match="refuses getProcessInfo nobody"):
        place.supervisor.start("nobody")


def test_a_killed_process_is_started_again(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    (victim,) = (each for each in place.supervisor.programs() if each.name == "auth-0")
    os.kill(victim.pid, signal.SIGKILL)

    def healed():
        (now,) = (each for each in place.supervisor.programs() if each.name == "auth-0")
        return now.pid not in (None, victim.pid)

    until(healed)


def test_a_process_that_a_killed_run_left_stopping_is_waited_for_and_replaced(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    (slow,) = (each for each in place.supervisor.programs() if each.name == "auth-0")
    os.kill(slow.pid, signal.SIGSTOP)  # so that it does not end by itself
    place.supervisor._ask("stopProcess", slow.address, False)
    assert place.supervisor.state(slow.address) == "stopping"
    place.supervisor.replace(slow.address, patience=1)
    assert place.supervisor.state(slow.address) in ("starting", "running")


def test_a_killed_supervisor_leaves_orphans_and_they_are_ended(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    assert orphans.find(place.layout.root, place.supervisor.pid()) == []
    os.kill(place.supervisor.pid(), signal.SIGKILL)
    until(lambda: not place.supervisor.answers())
    left = orphans.find(place.layout.root, None)
    assert len(left) == 2
    orphans.end(left, grace=3)
    assert not any(psutil.pid_exists(each.pid) for each in left)
    place.supervisor.boot(place.programs())
    place.rollout.one_by_one(place.release(), ["auth"])


def test_a_supervisor_that_hangs_is_an_orphan_too(place):
    place.boot()
    hanging = place.supervisor.pid()
    os.kill(hanging, signal.SIGSTOP)
    found = orphans.find(place.layout.root, None)
    assert [each.pid for each in found] == [hanging]
    orphans.end(found, grace=3)
    until(lambda: not psutil.pid_exists(hanging))


def test_booting_again_changes_nothing(place):
    place.boot()
    before = place.supervisor.pid()
    place.records.clear()
    place.supervisor.boot(place.programs())
    assert place.supervisor.pid() == before
    assert place.records == []


def test_a_changed_list_of_programs_reaches_a_running_supervisor(place):
    place.boot()
    running = place.supervisor.pid()
    first, *_ = place.programs()
    place.supervisor.boot([first])
    assert {each.group for each in place.supervisor.programs()} == {"auth"}
    assert place.supervisor.pid() == running


def test_a_list_that_a_killed_run_wrote_and_did_not_apply_is_applied_by_the_next(place):
    place.boot()
    first, *_ = place.programs()
    place.layout.supervisor_configuration.write_text(place.supervisor._text([first]))
    assert not place.supervisor.looks_after([first])
    place.supervisor.boot([first])
    assert place.supervisor.looks_after([first])
    assert {each.group for each in place.supervisor.programs()} == {"auth"}


def test_a_process_that_does_not_end_is_killed_when_shutting_down(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth"])
    (slow,) = (each for each in place.supervisor.programs() if each.name == "auth-0")
    os.kill(slow.pid, signal.SIGSTOP)
    place.supervisor.shut_down(dict.fromkeys(place.patience, 0.5))
    assert orphans.find(place.layout.root, None) == []


def test_shutting_down_ends_every_process(place):
    place.boot()
    place.rollout.one_by_one(place.release(), ["auth", "gateway"])
    place.supervisor.shut_down(place.patience)
    assert orphans.find(place.layout.root, None) == []


def test_two_environments_side_by_side_do_not_see_each_other(make_place):
    one, other = make_place("one"), make_place("other")
    one.boot()
    other.boot()
    one.rollout.one_by_one(one.release(), ["auth"])
    other.supervisor.shut_down(other.patience)
    assert one.supervisor.answers()
    assert orphans.find(one.layout.root, one.supervisor.pid()) == []


def test_a_path_that_would_end_a_line_is_refused(tmp_path):
    with pytest.raises(StateError, match="cannot be used"):
        Layout.of(tmp_path / "with #a comment" / "state #2", {})


def test_a_sockets_directory_of_somebody_else_is_refused(tmp_path):
    layout = Layout.of(tmp_path / "state", {"XDG_RUNTIME_DIR": str(tmp_path)})
    layout.sockets.symlink_to(tmp_path)
    with pytest.raises(StateError, match="not a private directory"):
        layout.prepare()


def test_socket_paths_stay_short_below_a_long_state_directory(tmp_path):
    layout = Layout.of(tmp_path / ("long" * 40), {"XDG_RUNTIME_DIR": f"/{'r' * 80}"})
    assert len(f"{layout.control_socket('gateway-10')}.4194304") <= 107


def test_the_sockets_of_the_last_start_are_found_without_its_environment(tmp_path):
    first = Layout.of(tmp_path / "state", {"XDG_RUNTIME_DIR": str(tmp_path)})
    first.prepare()
    assert Layout.of(tmp_path / "state", {}).sockets == first.sockets
