"""A file becomes a layer: its bytes are checked and parsed here, its nodes become values in nodes.py."""

from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from platformctl.config import nodes
from platformctl.config.layer import Layer
from platformctl.config.problems import Place, shown

LARGEST = 256 * 1024  # bytes; far above any real configuration, far below what stalls the parser


def read(path: Path, source: str) -> Layer:
    """Never raises for a file that cannot be read or is not YAML: the layer holds the problems."""
    layer = Layer(source)
    text = _text(path, layer)
    if text is None:
        return layer
    root = _parse(text, layer)
    if root is not None:
        nodes.take(root, layer)
    return layer


def _text(path: Path, layer: Layer) -> str | None:
    start = Place(layer.source, 1, 1)
    try:
        raw = content(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        layer.at(Place(layer.source), (), f"cannot be read: {reason}")
        return None
    if len(raw) > LARGEST:
        layer.at(Place(layer.source), (), f"is larger than {LARGEST // 1024} KiB")
    elif raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        layer.at(start, (), "begins with a byte order mark: save it as UTF-8 without one")
    elif not raw.strip():
        layer.at(start, (), "is empty: write at least a comment, or remove the file")
    elif b"\0" in raw:
        layer.at(_position(raw, raw.index(b"\0"), layer), (), "contains a NUL byte")
    else:
        return _decoded(raw, layer)
    return None


def content(path: Path) -> bytes:
    """Raises OSError or ValueError; what is too large comes without its end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not make us wait
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        return file.read(LARGEST + 1)


def _decoded(raw: bytes, layer: Layer) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        layer.at(_position(raw, error.start, layer), (), "is not UTF-8 text")
        return None


def _position(raw: bytes, offset: int, layer: Layer) -> Place:
    before = raw[:offset]
    return Place(layer.source, before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1)


def _parse(text: str, layer: Layer) -> Node | None:
    try:
        return YAML(typ="rt").compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(layer.source, mark.line + 1, mark.column + 1) if mark else Place(layer.source)
        layer.at(place, (), _syntax(error))
    except ReaderError as error:
        place = _position(text.encode(), len(text[: error.position].encode()), layer)
        layer.at(place, (), "contains a control character")
    except RecursionError:
        layer.at(Place(layer.source), (), "is nested too deeply")
    except (YAMLError, ValueError, TypeError, AttributeError, AssertionError, LookupError) as error:
        # the parser's own slips on input that no editor writes
        layer.at(Place(layer.source), (), f"is not YAML: {shown(type(error).__name__)}")
    return None


def _syntax(error: MarkedYAMLError) -> str:
    problem = shown(error.problem or "") or "unexpected text"
    if "'\\\\t'" in problem or "\\t" in problem:
        return "a tab stands where YAML allows only spaces: indent with spaces"
    if "another document" in problem:
        return "a second document begins here: a configuration is one document, without `---` between"
    context = f" {shown(error.context)}" if error.context else ""
    return f"is not YAML: {problem}{context}"
