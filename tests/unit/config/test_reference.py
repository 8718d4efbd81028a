"""The reference, the JSON Schema and the template say what the schema says; the committed files are these."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from platformctl.config import reference
from platformctl.config.load import load
from platformctl.config.paths import packed
from platformctl.config.schema import SERVICES, PlatformConfig
from platformctl.config.tree import NAME, Setting, flat, settings

ROOT = Path(__file__).resolve().parents[3]
CASES = Path(__file__).parent / "cases"
RIGHT = sorted(set(CASES.glob("*.ok.yaml")) - set(CASES.glob("empty-sections*")))  # null is no object there
ALL = [pytest.param(each, id=each.dotted) for each in settings()]


def test_the_committed_reference_is_the_generated_one() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == reference.markdown(), "run: make docs"


def test_the_committed_json_schema_is_the_generated_one() -> None:
    committed = json.loads((ROOT / "docs/platform.schema.json").read_text())
    assert committed == reference.json_schema(), "run: make docs"


@pytest.mark.parametrize("setting", ALL)
def test_every_setting_is_described_with_an_example_that_is_valid(setting: Setting) -> None:
    assert setting.field.description
    assert setting.field.description.endswith(".")
    (example,) = setting.field.examples or []
    tree: object = example
    for key in reversed(setting.path):
        tree = {("items" if key == NAME else key): tree}
    if setting.dotted == "mail.smtp":
        tree["mail"]["from"] = "a@b.org"
    if setting.path[:2] == ("gateway", "tls"):
        tree["gateway"]["tls"] = {"certificate": "a.pem", "key": "a.key"} | tree["gateway"]["tls"]
    if setting.path[0] == "objects" and setting.path[1] != "directory":
        lock = {"lock_days": 1} if setting.path[1] == "object_lock" else {}
        lock |= {"object_lock": "governance"} if setting.path[1] == "lock_days" else {}
        tree["objects"] = {"kind": "s3", "bucket": "shop-backups"} | lock | tree["objects"]
    PlatformConfig.model_validate(tree)


@pytest.mark.parametrize("setting", ALL)
def test_every_setting_stands_in_the_reference_with_its_variable(setting: Setting) -> None:
    assert f"`{setting.variable}`" in reference.markdown()


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_editors_accept_what_is_right(case: Path) -> None:
    document = YAML(typ="safe").load(case) or {}
    jsonschema.validate(document, reference.json_schema())


@pytest.mark.parametrize(
    "text", ["{gatway: {}}", "{gateway: {port: 0}}", "{services: {itmes: {}}}", "{platform: A}"]
)
def test_editors_refuse_what_is_wrong(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(text), reference.json_schema())


def test_the_template_shows_every_setting_with_its_default_or_an_example(tmp_path: Path) -> None:
    text = (packed("templates") / "platform.yaml").read_text().replace("{platform}", "platform")
    setting = re.compile(r"# ( *[a-z_]+:( +[^ ].*)?)$")
    uncommented = [found[1] for line in text.splitlines() if (found := setting.fullmatch(line))]
    file = tmp_path / "platform.yaml"
    file.write_text("\n".join(["platform: platform", "target: local", *uncommented]))
    loaded = load(file, "local", {})
    values, defaults = dict(flat(loaded.config)), dict(flat(PlatformConfig()))
    assert len(values) == len(settings()) + 2 * (len(SERVICES) - 1)
    for path, value in values.items():
        assert loaded.provenance[".".join(map(str, path))].startswith(str(file))
        assert defaults[path] in (value, None), path
