"""A real backup is drilled by the real services: it is proven then, and retention keeps it."""

from __future__ import annotations

import json
from typing import Any

from tests.environment import SINGLE, Environment

TIGHT = {
    "PLATFORMCTL__BACKUP__KEEP__DAILY": "0",
    "PLATFORMCTL__BACKUP__KEEP__WEEKLY": "0",
    "PLATFORMCTL__BACKUP__KEEP__MONTHLY": "0",
    **SINGLE,
    "PLATFORMCTL__SERVICES__GATEWAY__REPLICAS": "1",
}


def states(environment: Environment) -> dict[str, str]:
    return {each["id"]: each["state"] for each in environment.run("backup", "list").data["backups"]}


def test_a_drilled_backup_is_proven_and_outlives_newer_ones(make_environment: Any) -> None:
    environment: Environment = make_environment(**TIGHT)
    assert environment.run("up").code == 0
    (first,) = states(environment)

    answer = environment.run("backup", "drill")
    drilled = answer.data
    assert (drilled["backup"], drilled["outcome"]) == (first, "passed")
    kept, asked = (int(each) for each in drilled["contract"].removesuffix(" rows kept").split(" of "))
    assert kept == asked > 25  # the superuser's rows included
    findings = {each["id"]: each["status"] for each in answer.answer["findings"]}
    assert set(findings.values()) == {"pass"}
    assert findings["drill.verify"] == findings["POST /items"] == "pass"
    assert not environment.state.with_name("local.drill").exists()
    print(json.dumps(drilled["sections"]))

    later = [environment.run("backup", "create").data["id"] for _ in range(4)]
    assert environment.run("backup", "prune", "--yes").data["deleted"] == [later[1], later[0]]
    assert states(environment) == {later[3]: "whole", later[2]: "whole", first: "proven"}
    assert environment.run("health").code == 0
