"""A state directory belongs to one configuration and one version."""

from __future__ import annotations

import json

import pytest

from platformctl.backends.cluster import origin
from platformctl.errors import StateError


def test_another_configuration_of_the_same_name_is_refused_with_the_way_out(tmp_path):
    mark = tmp_path / "origin.json"
    origin.write(mark, tmp_path / "one")
    with pytest.raises(StateError) as error:
        origin.check(mark, tmp_path / "two")
    assert str(tmp_path / "one") in error.value.message
    assert "platform:" in error.value.fix
    assert error.value.exit_code == 4


def test_another_version_is_refused(tmp_path):
    mark = tmp_path / "origin.json"
    mark.write_text(json.dumps({"version": 99, "origin": str(tmp_path)}))
    with pytest.raises(StateError, match="another version"):
        origin.check(mark, tmp_path)


def test_a_torn_mark_is_told_with_the_way_out(tmp_path):
    mark = tmp_path / "origin.json"
    mark.write_text('{"ver')
    with pytest.raises(StateError) as error:
        origin.check(mark, tmp_path)
    assert str(mark) in error.value.fix


def test_an_unmarked_directory_is_free_and_a_marked_one_is_ours(tmp_path):
    mark = tmp_path / "origin.json"
    assert origin.check(mark, tmp_path) is False
    origin.write(mark, tmp_path)
    assert origin.check(mark, tmp_path) is True
