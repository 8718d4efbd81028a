"""The configuration's own verbs: what show, check and docs answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.errors import ConfigError
from platformctl.events import Event, Finding
from platformctl.operations.config import check, docs, schema, show, write_docs
from platformctl.operations.context import Unloaded


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_reports_every_problem_as_a_finding(folder: Path) -> None:
    (folder / "platform.yaml").write_text("target: aws\ngateway: {prot: 1}\n")
    events: list[Event] = []
    with pytest.raises(ConfigError, match="has 2 errors"):
        check(Unloaded(None, "local", events.append))
    found = [(each.id, each.status, each.evidence) for each in events if isinstance(each, Finding)]
    assert found == [
        ("config/target", "fail", "platform.yaml:1:9"),
        ("config/gateway.prot", "fail", "platform.yaml:2:11"),
    ]


def test_check_says_that_a_configuration_is_right() -> None:
    events: list[Event] = []
    assert check(Unloaded(None, "local", events.append)) is None
    assert [(each.id, each.status) for each in events if isinstance(each, Finding)] == [("config", "pass")]


def test_show_refuses_a_wrong_configuration(folder: Path) -> None:
    (folder / "platform.yaml").write_text("target: aws\n")
    with pytest.raises(ConfigError):
        show(Unloaded(None, "local", print))


def test_show_names_the_files_that_were_read(folder: Path) -> None:
    assert show(Unloaded(None, "local", print)).files == f"none; it would be {folder}/platform.yaml"
    (folder / "environments").mkdir()
    names = ("platform.yaml", "environments/staging.yaml")
    for name in names:
        (folder / name).write_text("{}\n")
    assert show(Unloaded(None, "staging", print)).files == ", ".join(str(folder / name) for name in names)


def test_show_tells_where_each_value_comes_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "platform.yaml").write_text("platform: shop\ngateway:\n  port: 9000\n  trusted_hops: 1\n")
    (folder / "environments").mkdir()
    (folder / "environments/staging.yaml").write_text("gateway: {trusted_hops: 2}\n")
    monkeypatch.setenv("PLATFORMCTL__SERVICES__ITEMS__REPLICAS", "3")
    shown = {row.setting: (row.value, row.source) for row in show(Unloaded(None, "staging", print)).settings}
    assert shown["platform"] == ("shop", "platform.yaml:1")
    assert shown["gateway.port"] == (9000, "platform.yaml:3")
    assert shown["gateway.trusted_hops"] == (2, "environments/staging.yaml:1")
    assert shown["services.items.replicas"] == (3, "PLATFORMCTL__SERVICES__ITEMS__REPLICAS")
    assert shown["services.auth.replicas"] == (2, "default")
    assert shown["mail.from"] == (None, "default")


def test_docs_that_cannot_be_written_are_told(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_docs(folder / "file", {})


def test_docs_are_written_into_a_new_folder(folder: Path) -> None:
    written = write_docs(folder / "new/docs", {"other.md": lambda: "other\n"})
    assert [Path(each).name for each in written.files] == [
        "configuration.md",
        "platform.schema.json",
        "other.md",
    ]
    assert (folder / "new/docs/configuration.md").read_text().rstrip() == docs()
    assert (folder / "new/docs/platform.schema.json").read_text() == f"{schema()}\n"
    assert (folder / "new/docs/other.md").read_text() == "other\n"
