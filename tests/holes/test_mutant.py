"""What the campaign says of holes whose end is known."""

from __future__ import annotations

import pytest

from tests.holes.hole import Hole
from tests.holes.mutant import CampaignError, check_without_holes, try_hole

FILE, LINE = "gateway/client_address.py", "if not hops:"
TEST = "gateway/test_client_address.py::test_a_client_is_counted_by_what_it_owns"
OTHER = "gateway/test_client_address.py::test_only_what_trusted_proxies_wrote_is_believed"
LIMIT = 60.0

pytestmark = pytest.mark.soak  # each of them runs pytest on a copy of the services


def hole(new: str, test: str = OTHER, *, file: str = FILE, old: str = LINE) -> Hole:
    return Hole("a hole", file, old, new, (test,))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (hole("if not hops"), "pytest ended with"),
        (hole("if not hops:", f"{OTHER}_never"), "pytest ended with"),
        (hole("if not a_hop:", old="if not a_hop:"), "is 0 times in"),
        (hole("-> None:", file="items/service.py", old="-> NoReturn:"), "no process has imported"),
    ],
    ids=["code that is none", "a test that is none", "a line that is none", "code that no test sees"],
)
def test_what_says_nothing_about_the_tests_is_no_find(wrong: Hole, why: str) -> None:
    with pytest.raises(CampaignError, match=why):
        try_hole(wrong, LIMIT)


def test_a_hole_that_the_tests_do_not_look_at_survives() -> None:
    assert try_hole(hole("if hops is None:", TEST), LIMIT) == []


def test_a_hole_that_is_found_has_the_name_of_the_test() -> None:
    (found,) = try_hole(hole("if hops is None:"), LIMIT)
    assert found.startswith("test_only_what_trusted_proxies_wrote_is_believed[0-")


def test_tests_that_do_not_end_are_ended_and_no_find() -> None:
    with pytest.raises(CampaignError, match="did not end within"):
        try_hole(hole("while not hops:\n        continue\n    if not hops:"), 5)


def test_without_a_hole_tests_run_on_the_copy() -> None:
    check_without_holes((hole("if hops is None:"),), LIMIT)
