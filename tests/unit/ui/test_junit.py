from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from platformctl.events import Finding
from platformctl.ui.junit import write_junit


def test_no_is_a_failure_and_unknown_is_skipped_with_its_reason(tmp_path: Path) -> None:
    findings = [
        Finding("a", "pass", "well"),
        Finding("b", "fail", "<broken> & told", "seen", "platformctl up"),
        Finding("c", "unknown", "not asked"),
    ]
    write_junit(tmp_path / "new" / "report.xml", "health", findings)
    suite = ElementTree.parse(tmp_path / "new" / "report.xml").getroot()
    assert suite.attrib == {
        "name": "platformctl health",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    first, second, third = suite
    assert list(first) == []
    assert second[0].tag == "failure"
    assert second[0].attrib["message"] == "<broken> & told"
    assert second[0].text == "seen\nplatformctl up"
    assert third[0].attrib["message"] == "not asked"
