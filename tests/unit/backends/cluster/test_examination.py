from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from platformctl.backends.cluster.examination import unwatched
from platformctl.backends.cluster.layout import Layout


def test_what_point_in_time_left_when_it_was_turned_off_is_named_with_how_to_delete_it(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path, tmp_path)
    layout.archive.mkdir(parents=True)
    (layout.archive / "log.gz").write_bytes(bytes(3_000_000))
    former = tmp_path / "point-in-time.former-1"
    shutil.copytree(layout.point_in_time, former)
    (on,) = unwatched(layout, in_use=True)
    assert on.evidence == str(former)
    (off,) = unwatched(layout, in_use=False)
    assert off.evidence == f"{layout.point_in_time}, {former}"
    assert "6 MB" in off.message
    subprocess.run(shlex.split(off.fix.partition("them, ")[2]), check=True)
    assert list(unwatched(layout, in_use=False)) == []
