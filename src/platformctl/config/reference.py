"""The schema as a document: the Markdown reference and the JSON Schema, both made from the models."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Literal, get_args, get_origin

from platformctl.config.schema import PlatformConfig
from platformctl.config.tree import NAME, Setting, settings

_BEGINNING = """\
# Configuration

Written by `platformctl config docs`; change the descriptions in `src/platformctl/config/schema.py` instead.

No file is needed: without one, every setting has the default named here. What is set is read in this order,
and the later one wins, setting by setting (a list is replaced as a whole):

1. `platform.yaml` in the working directory, or the file named by `--file` or `PLATFORMCTL_FILE`;
2. `environments/ENV.yaml` beside it, where ENV is the environment's name;
3. the variable named in the table. Text stands there as it is, numbers and `true` or `false` too; lists and
   whole sections are JSON, for example `PLATFORMCTL__GATEWAY__HOSTS='["api.example.org"]'`.

`platformctl config show` tells each value and where it comes from, `platformctl config check` all that is
wrong. A password or key never stands in the configuration: `platformctl secrets set` keeps it.
Editors can use [platform.schema.json](platform.schema.json).
"""


def markdown() -> str:
    """The reference of every setting, a table for each section."""
    parts = [_BEGINNING]
    for section, members in groupby(settings(), key=lambda each: each.path[:-1]):
        title = ".".join(section) or "platform.yaml"
        intro = _section_description(section)
        parts.append("\n".join([f"## {title}", "", *([intro, ""] if intro else []), *_table(members)]) + "\n")
    return "\n".join(parts)


def json_schema() -> dict[str, Any]:
    """JSON Schema of platform.yaml and of its overlays."""
    schema = PlatformConfig.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "platform.yaml"}


def _section_description(section: tuple[str, ...]) -> str:
    model: Any = PlatformConfig
    text = ""
    for key in section:
        if key == NAME:
            text += f" {NAME} is one of: auth, users, items, gateway."
            continue
        field = next(f for name, f in model.model_fields.items() if (f.alias or name) == key)
        text = field.description or ""
        model = get_args(field.annotation)[1] if get_origin(field.annotation) is dict else field.annotation
    return text


def _table(members: Iterable[Setting]) -> list[str]:
    rows = ["| setting | value | default | example | variable | meaning |", "|---|---|---|---|---|---|"]
    for each in members:
        default = each.field.get_default(call_default_factory=True)
        example = (each.field.examples or [default])[0]
        cells = (
            f"`{each.path[-1]}`",
            allowed(each),
            "none" if default is None else f"`{_plain(default)}`",
            f"`{_plain(example)}`",
            f"`{each.variable}`",
            (each.field.description or "").replace("|", "\\|"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def allowed(setting: Setting) -> str:
    """Which values a setting takes, in a few words."""
    form = setting.field.annotation
    if get_origin(form) is Literal:
        return " or ".join(f"`{_plain(value)}`" for value in get_args(form))
    if bool in setting.kinds:
        return "`true` or `false`"
    if int in setting.kinds:
        lowest = next(each.ge for each in setting.field.metadata if hasattr(each, "ge"))
        highest = next(each.le for each in setting.field.metadata if hasattr(each, "le"))
        return f"{lowest} to {highest}"
    return "list of texts" if tuple in setting.kinds else "text"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
