"""`platformctl config`: show, check and document the configuration."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from platformctl.cli.options import Operation, group, reads

app = group("Show, check and document the configuration.")


@app.command("show")
@reads(unloaded=True)
def show() -> Operation:
    """Show every setting, its value and where it comes from."""
    from platformctl.operations.config import show

    return show


@app.command("check")
@reads(unloaded=True, junit=True)
def check() -> Operation:
    """Tell everything that is wrong with the configuration, at once."""
    from platformctl.operations.config import check

    return check


@app.command("docs")
@reads(offline=True)
def docs(
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FOLDER", help="Write all generated references into this folder."),
    ] = None,
) -> Operation:
    """Print the reference of every setting, as Markdown."""
    from platformctl.operations.config import docs, write_docs

    if write is None:
        return docs
    from platformctl.cli.reference import markdown

    return partial(write_docs, write, {"cli.md": markdown})


@app.command("schema")
@reads(offline=True)
def schema() -> Operation:
    """Print the JSON Schema of platform.yaml, for editors."""
    from platformctl.operations.config import schema

    return schema
