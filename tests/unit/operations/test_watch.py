"""Which services a saved file concerns."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.operations.watch import affected

ALL = ("auth", "users", "items", "gateway")


@pytest.mark.parametrize(
    ("saved", "services"),
    [
        (["items/app.py"], ("items",)),
        (["items/app.py", "auth/models.py"], ("auth", "items")),
        (["common/app.py"], ALL),
        (["common/app.py", "items/app.py"], ALL),
        (["__init__.py"], ALL),
        (["auth/migrations/versions/0002.py"], ("auth",)),
        (["items/__pycache__/app.cpython-311.pyc"], ()),
        (["items/.app.py.swp", "items/app.py~", "items/.#app.py", "items/app.py.tmp"], ()),
    ],
)
def test_a_services_own_file_concerns_it_alone_and_any_other_concerns_all(saved, services):
    assert affected([Path(each) for each in saved]) == services
