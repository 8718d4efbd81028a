"""The rules of the source tree as functions: a module in, its violations out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Module:
    """`name` is dotted; `tree` the parsed source."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def within(self, *packages: str) -> bool:
        return any(self.name == each or self.name.startswith(f"{each}.") for each in packages)


def module(name: str, text: str) -> Module:
    return Module(name, text, ast.parse(text))


def modules(package: str) -> list[Module]:
    found = []
    for file in sorted((SRC / package).rglob("*.py")):
        parts = file.relative_to(SRC).with_suffix("").parts
        found.append(module(".".join(parts).removesuffix(".__init__"), file.read_text()))
    return found


def broken(rule: Callable[[Module], Iterator[str]], checked: list[Module]) -> list[str]:
    return [f"{each.name}: {words}" for each in checked for words in rule(each)]


# What only some packages may import. A name that is not here may be imported anywhere.
ONLY_IN = {
    "typer": ("platformctl.cli",),
    "rich": ("platformctl.ui", "platformctl.cli"),
    "subprocess": ("platformctl.shell",),
    "signal": ("platformctl.shell",),
    "multiprocessing": ("platformctl.shell",),
    "boto3": ("platformctl.backends",),
    "botocore": ("platformctl.backends",),
    "urllib3": ("platformctl.backends",),
    "kubernetes": ("platformctl.backends",),
    "hvac": ("platformctl.backends",),
    "pyhelm3": ("platformctl.backends",),
    "python_terraform": ("platformctl.backends", "platformctl.tools"),
    "psycopg": ("platformctl.backends",),
    "pyrage": ("platformctl.backends",),
    "zstandard": ("platformctl.backends",),
    "httpx": ("platformctl.backends",),
    "fastapi": (),
    "sqlalchemy": (),
    "starlette": (),
    "uvicorn": (),
    "asyncpg": (),
}
LAZY = (
    "boto3",
    "botocore",
    "urllib3",
    "kubernetes",
    "hvac",
    "pyhelm3",
    "psycopg",
    "pyrage",
    "zstandard",
    "httpx",
    "watchfiles",
)
STARTS = ("create_subprocess_exec", "create_subprocess_shell", "kill", "killpg", "system", "popen", "fork")


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """The first name of each imported package, with its statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name.partition(".")[0], node) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node


def foreign_imports(checked: Module) -> Iterator[str]:
    for name, node in imports(checked.tree):
        if name in ONLY_IN and not checked.within(*ONLY_IN[name]):
            yield f"line {node.lineno} imports {name}, which only {ONLY_IN[name] or 'no package here'} may"


def eager_imports(checked: Module) -> Iterator[str]:
    """SDKs imported while the module itself is being imported; annotations may name them."""
    eager = [node for node in checked.tree.body if not _only_for_types(node)]
    for name, node in imports(ast.Module([each for each in eager if not _definition(each)], [])):
        if name in LAZY:
            yield f"line {node.lineno} imports {name} at once"


def started_processes(checked: Module) -> Iterator[str]:
    if checked.within("platformctl.shell"):
        return
    for node in ast.walk(checked.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in STARTS
            and isinstance(node.value, ast.Name)
            and node.value.id in ("os", "asyncio")
        ):
            yield f"line {node.lineno} uses {node.value.id}.{node.attr}"


PROGRAMS = (
    "platformctl.__main__",
    "platformctl.backends.cluster.launch",
    "platformctl.shell.segment",
)  # each is a process of its own
DOOR = "platformctl.cli"  # its __init__ alone is the exit door


def ways_out(checked: Module) -> Iterator[str]:
    """print, sys.exit, typer.Exit and a caught or raised bare Exception, outside the exit door."""
    for node in ast.walk(checked.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "exit")
        ):
            yield f"line {node.lineno} calls {node.func.id}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            words = f"{node.value.id}.{node.attr}"
            if words == "sys.exit" and checked.name not in PROGRAMS:
                yield f"line {node.lineno} uses sys.exit"
            if words in ("typer.Exit", "typer.Abort") and checked.name != DOOR:
                yield f"line {node.lineno} uses {words}"
        if isinstance(node, ast.ExceptHandler) and checked.name != DOOR and _swallows(node):
            yield f"line {node.lineno} catches every exception"
        if isinstance(node, ast.Raise) and _called(node.exc) in (
            "Exception",
            "BaseException",
            "RuntimeError",
        ):
            yield f"line {node.lineno} raises a bare {_called(node.exc)}"


def _swallows(node: ast.ExceptHandler) -> bool:
    """`except Exception` in any form; `except BaseException: …; raise` only looks on."""
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = {each.id if isinstance(each, ast.Name) else None for each in kinds}
    if node.type is None or "Exception" in names:
        return True
    last = node.body[-1]
    return "BaseException" in names and not (isinstance(last, ast.Raise) and last.exc is None)


def _called(node: ast.expr | None) -> str | None:
    named = node.func if isinstance(node, ast.Call) else node
    return named.id if isinstance(named, ast.Name) else None


def _definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
