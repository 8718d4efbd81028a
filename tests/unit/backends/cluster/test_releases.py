"""Releases are named by their content and appear whole or not at all."""

from __future__ import annotations

import py_compile

import pytest

from platformctl.backends.cluster import releases
from platformctl.errors import StateError


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    (folder / "auth").mkdir(parents=True)
    (folder / "auth" / "app.py").write_text("ONE = 1\n")
    (folder / "auth" / "other.py").write_text("TWO = 2\n")
    return folder


@pytest.fixture
def layout(place):
    place.layout.prepare()
    return place.layout


def make(layout, code, former=None, **settings):
    release = releases.describe(code, "1", {"auth": settings}, {})
    releases.store(layout, release, code, former)
    return release


def test_a_release_that_is_gone_is_told_with_the_way_out(layout):
    with pytest.raises(StateError) as error:
        releases.document(layout, "0123456789ab")
    assert "history" in error.value.fix
    assert releases.stored(layout, "0123456789ab") is None


def test_a_copy_that_fails_leaves_nothing_behind(layout, code):
    release = releases.describe(code, "1", {}, {})
    (code / "auth" / "link.py").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        releases.store(layout, release, code, None)
    assert list(layout.releases.iterdir()) == []


def test_the_id_follows_code_settings_and_secret_versions(code):
    base = releases.describe(code, "1", {"auth": {"A": "1"}}, {"auth/X": 1}).id
    assert releases.describe(code, "1", {"auth": {"A": "2"}}, {"auth/X": 1}).id != base
    assert releases.describe(code, "1", {"auth": {"A": "1"}}, {"auth/X": 2}).id != base
    assert releases.describe(code, "2", {"auth": {"A": "1"}}, {"auth/X": 1}).id != base
    assert releases.describe(code, "1", {"auth": {"A": "1"}}, {"auth/X": 1}).id == base
    (code / "auth" / "app.py").write_text("ONE = 2\n")
    assert releases.describe(code, "1", {"auth": {"A": "1"}}, {"auth/X": 1}).id != base


def test_what_python_and_editors_leave_makes_no_new_release(code):
    base = releases.describe(code, "1", {}, {}).id
    py_compile.compile(str(code / "auth" / "app.py"))
    (code / "auth" / ".app.py.swp").write_text("x")
    (code / "auth" / "app.py~").write_text("x")
    assert releases.describe(code, "1", {}, {}).id == base


def test_a_stored_release_reads_back_as_it_was(layout, code):
    release = make(layout, code, LOG_LEVEL="DEBUG")
    assert releases.stored(layout, release.id) == release


def test_a_changed_file_never_meets_what_was_compiled_of_its_former_self(layout, code):
    first = make(layout, code)
    for name in ("app.py", "other.py"):
        py_compile.compile(str(layout.releases / first.id / "services" / "auth" / name))
    (code / "auth" / "app.py").write_text("ONE = 7\n")  # the same size, and perhaps the same second
    second = make(layout, code, former=first.id)
    compiled = [each.name for each in (layout.releases / second.id).rglob("*.pyc")]
    assert [name.split(".")[0] for name in compiled] == ["other"]


def test_sweeping_keeps_what_is_named_and_removes_half_made_copies(layout, code):
    release = make(layout, code)
    (layout.releases / ".new-abc").mkdir()
    (layout.releases / "unnamed").mkdir()
    releases.sweep(layout, {release.id})
    assert [each.name for each in layout.releases.iterdir()] == [release.id]


def test_each_service_keeps_its_own_choice(layout):
    releases.choose(layout, "auth", "one")
    releases.choose(layout, "users", "two")
    assert releases.chosen(layout) == {"auth": "one", "users": "two"}
