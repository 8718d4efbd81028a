"""Findings as JUnit XML, the form that CI servers show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from platformctl.errors import PlatformError
from platformctl.events import Finding


def write_junit(file: Path, verb: str, findings: Sequence[Finding]) -> None:
    """One test case a finding: `fail` is a failure, `unknown` is skipped with its reason."""
    failed = sum(each.status == "fail" for each in findings)
    unknown = sum(each.status == "unknown" for each in findings)
    suite = ElementTree.Element(
        "testsuite",
        name=f"platformctl {verb}",
        tests=str(len(findings)),
        failures=str(failed),
        errors="0",
        skipped=str(unknown),
    )
    for each in findings:
        case = ElementTree.SubElement(suite, "testcase", classname=f"platformctl.{verb}", name=each.id)
        if each.status == "fail":
            failure = ElementTree.SubElement(case, "failure", message=each.message)
            failure.text = "\n".join(part for part in (each.evidence, each.fix) if part)
        elif each.status == "unknown":
            ElementTree.SubElement(case, "skipped", message=each.message)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise PlatformError(
            f"the report {file} could not be written",
            cause=str(error),
            state="The checks themselves ran to their end.",
            fix="repeat the command with another --junit FILE",
            reference="report/unwritten",
        ) from error
