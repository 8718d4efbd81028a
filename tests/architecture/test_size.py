"""Budgets: small files, short functions, few parameters, plain names."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator

import pytest

from tests.architecture.rules import SRC, Module, broken, module, modules

MEDIAN, LONGEST, FUNCTION, PARAMETERS = 80, 300, 40, 5
BANNED_FILES = {"utils", "util", "helpers", "helper", "common", "misc"}
BANNED_CLASSES = re.compile(r"(Manager|Handler|Processor)$")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(checked: Module) -> Iterator[Function]:
    return (
        node for node in ast.walk(checked.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def long_functions(checked: Module) -> Iterator[str]:
    for each in functions(checked):
        length = (each.end_lineno or 0) - each.lineno + 1
        if length > FUNCTION:
            yield f"{each.name} has {length} lines"


def wide_functions(checked: Module) -> Iterator[str]:
    """Excepted are option handlers, and fields: what a constructor takes by keyword only."""
    for each in functions(checked):
        fields = each.args.kwonlyargs if each.name == "__init__" else []
        named = [one for one in ast.walk(each.args) if isinstance(one, ast.arg) and one not in fields]
        count = sum(one.arg not in ("self", "cls") for one in named)
        if count > PARAMETERS and not _handles_options(each):
            yield f"{each.name} takes {count} parameters"


def _handles_options(function: Function) -> bool:
    words = " ".join(ast.unparse(each) for each in function.decorator_list)
    return bool(
        re.search(
            r"\b(command|callback|reads|changes)\(|\brouter\.|\bapp\.(get|post|put|patch|delete)", words
        )
    )


def long_files(checked: Module) -> Iterator[str]:
    if checked.lines > LONGEST:
        yield f"has {checked.lines} lines"


def banned_names(checked: Module) -> Iterator[str]:
    if set(checked.name.split(".")) & BANNED_FILES and checked.within("platformctl"):
        yield "is named after nothing"
    for node in ast.walk(checked.tree):
        if isinstance(node, ast.ClassDef) and BANNED_CLASSES.search(node.name):
            yield f"class {node.name} is named after nothing"


def undescribed(checked: Module) -> Iterator[str]:
    if checked.tree.body and not ast.get_docstring(checked.tree):
        yield "does not say what belongs in it"


RULES = [long_functions, wide_functions, long_files, banned_names, undescribed]


@pytest.mark.parametrize("package", ["platformctl", "services"])
@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_its_budget(rule, package: str) -> None:  # type: ignore[no-untyped-def]
    assert broken(rule, modules(package)) == []


@pytest.mark.parametrize("package", ["platformctl", "services"])
def test_the_median_file_is_short(package: str) -> None:
    assert statistics.median(each.lines for each in modules(package) if each.lines) <= MEDIAN


def test_every_file_of_the_source_was_looked_at() -> None:
    files = {file for package in ("platformctl", "services") for file in (SRC / package).rglob("*.py")}
    assert len(files) == len(modules("platformctl")) + len(modules("services")) > 50


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (long_functions, "platformctl.x", "def f():\n" + "    g()\n" * 40),
        (wide_functions, "platformctl.x", "def f(a, b, c, *, d, e, f): pass"),
        (long_files, "platformctl.x", "g()\n" * 301),
        (banned_names, "platformctl.shell.utils", "x = 1"),
        (banned_names, "platformctl.x", "class DeployManager: pass"),
        (undescribed, "platformctl.x", "x = 1"),
    ],
)
def test_the_budget_finds_what_it_forbids(rule, name: str, text: str) -> None:  # type: ignore[no-untyped-def]
    assert len(list(rule(module(name, text)))) == 1


def test_a_handler_may_have_as_many_parameters_as_its_verb_has_options() -> None:
    text = "@changes(Damage.NONE)\ndef f(a, b, c, d, e, f): pass"
    assert list(wide_functions(module("platformctl.cli.x", text))) == []
