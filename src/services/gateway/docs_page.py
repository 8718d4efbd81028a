"""The page at /docs: the merged OpenAPI document as a list for people; needs no scripts and no network."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
summary { cursor: pointer; padding: .3rem 0; }
code { font-family: ui-monospace, monospace; }
.method { display: inline-block; width: 4.5rem; font-weight: 600; }
.what { color: GrayText; }
:root { color-scheme: light dark; }
td { padding-right: 1.5rem; vertical-align: top; }
"""
_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>$style</style></head>
<body><h1>$title</h1><p>Version <code>$version</code> · <a href="/openapi.json">OpenAPI document</a></p>
$sections</body></html>
""")
_digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    b"content-security-policy",
    f"default-src 'none'; style-src 'sha256-{_digest}'; frame-ancestors 'none'".encode(),
)


def page(document: dict[str, Any]) -> bytes:
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    return _PAGE.substitute(
        title=escape(document["info"]["title"]),
        version=escape(document["info"]["version"]),
        style=_STYLE,
        sections="".join(f"<h2>{escape(tag)}</h2>{''.join(rows)}" for tag, rows in sections.items()),
    ).encode()


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    summary = escape(operation.get("summary", ""))
    head = f'<code><span class="method">{method.upper()}</span> {escape(path)}</code>'
    return (
        f'<details><summary>{head} <span class="what">{summary}</span></summary>{_body(operation)}</details>'
    )


def _body(operation: dict[str, Any]) -> str:
    rows = [
        (f"{parameter['name']} ({parameter['in']})", parameter.get("description", _type(parameter["schema"])))
        for parameter in operation.get("parameters", [])
    ]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(("body", f"{media_type}: {_type(content.get('schema', {}))}"))
    for status, answer in operation.get("responses", {}).items():
        rows.append((status, answer.get("description", "")))
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td></tr>" for name, text in rows
    )
    said = f"<p>{escape(operation['description'])}</p>" if operation.get("description") else ""
    return f"{said}<table>{cells}</table>"


def _type(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return name or " or ".join(_type(each) for each in schema.get("anyOf", [])) or schema.get("type", "any")
