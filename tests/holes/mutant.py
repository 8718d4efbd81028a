"""A copy of the services with one hole in it, and what the tests say to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.holes.hole import FOLDER, Hole
from tests.holes.holes import HOLES
from tests.records import ROOT

SERVICES = ROOT / "src" / "services"
FAILED = 1  # pytest's code for tests that failed; every other one but 0 says that something else went wrong
ENDING_SECONDS = 20
# At the end of a module: each process that imports it says so, with what it was started as.
WITNESS = """
with open(__file__ + ".ran", "a") as _ran:
    _ran.write(" ".join(__import__("sys").orig_argv) + "\\n")
"""


class CampaignError(Exception):
    """What was tried says nothing about the tests."""


@dataclass(frozen=True)
class Copy:
    """`folder` comes first in the PYTHONPATH of the tests and of all that they start."""

    folder: Path

    def read(self, file: str) -> str:
        return (self.folder / "services" / file).read_text()

    def watch(self, file: str, text: str) -> None:
        (self.folder / "services" / file).write_text(text + WITNESS)

    def programs(self, file: str) -> list[str]:
        """The processes that have imported a file that is watched."""
        ran = self.folder / "services" / f"{file}.ran"
        return ran.read_text().splitlines() if ran.exists() else []

    def failures(self, tests: tuple[str, ...], limit: float) -> list[str]:
        """Names of the tests that failed. Raises CampaignError for every other end than good or bad."""
        report = self.folder / "report.xml"
        code, said = self._run(["--exitfirst", "--junitxml", str(report), *tests], limit)
        if code not in (0, FAILED):
            raise CampaignError(f"pytest ended with {code}: {said[-2000:]}")
        cases = ElementTree.parse(report).iter("testcase")
        failed = [each.attrib["name"] for each in cases if each.find("failure") is not None]
        if code == FAILED and not failed:
            raise CampaignError(f"no test failed, but what it needs: {said[-2000:]}")
        return failed

    def _run(self, arguments: list[str], limit: float) -> tuple[int, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        paths = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        program = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", *arguments]
        with (self.folder / "said").open("w+") as said:
            child = subprocess.Popen(
                program,
                cwd=ROOT,
                env=kept | {"PYTHONPATH": os.pathsep.join(paths)},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            try:
                child.wait(limit)
            except subprocess.TimeoutExpired:
                raise CampaignError(f"the tests did not end within {limit:g} s") from None
            finally:
                _end(child)
            said.seek(0)
            return child.returncode, said.read()


def try_hole(hole: Hole, limit: float) -> list[str]:
    """The tests that find the hole. Raises CampaignError when they did not even see it."""
    with copied() as copy:
        text = copy.read(hole.file)
        if text.count(hole.old) != 1:
            raise CampaignError(f"what is to be replaced is {text.count(hole.old)} times in {hole.file}")
        copy.watch(hole.file, hole.cut(text))
        failed = copy.failures(_paths(hole), limit)
        if not copy.programs(hole.file):
            raise CampaignError(f"no process has imported the changed {hole.file}")
        return failed


def check_without_holes(holes: tuple[Hole, ...], limit: float) -> None:
    """Without a hole the tests pass, on the copy, also in the services that they start."""
    with copied() as copy:
        copy.watch("__init__.py", copy.read("__init__.py"))
        failed = copy.failures(tuple(dict.fromkeys(test for each in holes for test in _paths(each))), limit)
        if failed:
            raise CampaignError(f"fails without any hole: {', '.join(failed)}")
        programs = copy.programs("__init__.py")
        kinds = ("pytest", "services.common.serve", "services.common.migrate") if holes == HOLES else ("",)
        if unseen := [each for each in kinds if not any(f"-m {each}" in one for one in programs)]:
            raise CampaignError(f"the copy is not what these processes run: {unseen}")


@contextmanager
def copied() -> Iterator[Copy]:
    folder = Path(tempfile.mkdtemp(prefix="pctl-holes-"))
    try:
        shutil.copytree(SERVICES, folder / "services")
        yield Copy(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _paths(hole: Hole) -> tuple[str, ...]:
    return tuple(FOLDER + each for each in hole.tests)


def _end(child: subprocess.Popen[bytes]) -> None:
    """With all that it has started; it may still be running."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(ENDING_SECONDS)
