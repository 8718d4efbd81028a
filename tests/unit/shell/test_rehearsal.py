from __future__ import annotations

from pathlib import Path

from platformctl.events import Narrated
from platformctl.shell.command import Command
from platformctl.shell.rehearsal import RehearsalRunner
from tests.support import Heard


def test_a_rehearsal_narrates_every_kind_of_change_and_makes_none(tmp_path: Path) -> None:
    heard = Heard()
    runner = RehearsalRunner(heard)
    file = tmp_path / "made"
    touch = Command(("touch", str(file)), mutates=True)
    assert runner.run(touch).lines == ()
    with runner.pipe(touch) as stream:
        assert stream.read() == b""
    with runner.feed(touch) as stream:
        stream.write(b"lost")
    assert runner.call("make it", lambda: file.write_text("x"), mutates=True) is None
    runner.become(touch)
    assert not file.exists()
    assert heard.events == [*[Narrated(f"touch {file}")] * 3, Narrated("make it"), Narrated(f"touch {file}")]


def test_a_rehearsal_reads_for_real(tmp_path: Path) -> None:
    heard = Heard()
    runner = RehearsalRunner(heard)
    (tmp_path / "a").write_text("content")
    cat = Command(("cat", str(tmp_path / "a")), mutates=False)
    assert runner.run(cat).text == "content"
    with runner.pipe(cat) as stream:
        assert stream.read() == b"content"
    with runner.feed(Command(("cat",), mutates=False)) as stream:
        stream.write(b"x")
    assert runner.call("read it", lambda: 5, mutates=False) == 5
    assert heard.events == []
